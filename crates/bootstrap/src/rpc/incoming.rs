//! Connections of the gRPC door: as many at once as the HTTP door has, and none that does not begin to speak.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Stream, stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::listen;

/// The preface of HTTP/2 and an empty SETTINGS frame (RFC 9113 §3.4): after them pings find out who is gone.
const HELLO_BYTES: usize = 24 + 9;
/// How long a client may take for them.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// Accepts until dropped; beyond `connections_max` connections wait in the kernel's queue.
pub(super) fn connections(
    listener: TcpListener,
    connections_max: usize,
) -> impl Stream<Item = io::Result<Connection>> {
    let slots = Arc::new(Semaphore::new(connections_max));
    stream::unfold((listener, slots), async |(listener, slots)| {
        let (stream, slot) = listen::next(&listener, &slots).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "could not set nodelay");
        }
        let hello = Some(Hello { bytes: 0, over: Box::pin(tokio::time::sleep(HELLO_WITHIN)) });
        Some((Ok(Connection { stream, hello, _slot: slot }), (listener, slots)))
    })
}

/// A connection, its place among the others, and what is left of its greeting.
pub(super) struct Connection {
    stream: TcpStream,
    hello: Option<Hello>,
    _slot: OwnedSemaphorePermit,
}

struct Hello {
    bytes: usize,
    over: Pin<Box<Sleep>>,
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, hello, .. } = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(stream).poll_read(context, buffer);
        let Some(greeting) = hello else { return read };
        greeting.bytes += buffer.filled().len() - before;
        if greeting.bytes >= HELLO_BYTES {
            *hello = None;
        } else if read.is_pending() && greeting.over.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::{FutureExt, StreamExt};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn listening() -> (TcpListener, std::net::SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[tokio::test]
    async fn no_more_connections_than_places() {
        let (listener, address) = listening().await;
        let mut accepted = pin!(connections(listener, 1));
        let _clients =
            [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
        let first = accepted.next().await;
        assert!(accepted.next().now_or_never().is_none(), "the second waits");
        drop(first);
        assert!(accepted.next().await.is_some());
    }

    #[tokio::test]
    async fn who_does_not_greet_is_cut_and_who_did_is_not() {
        let (listener, address) = listening().await;
        let mut accepted = pin!(connections(listener, 2));
        let mut clients = Vec::new();
        for greeting in [&b"PRI"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"] {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(greeting).await.unwrap();
            clients.push((client, accepted.next().await.unwrap().unwrap(), greeting.len()));
        }
        // Time stands still but for timers nobody else waits for.
        for (_, connection, bytes) in &mut clients {
            connection.read_exact(&mut vec![0; *bytes]).await.unwrap();
        }
        tokio::time::pause();
        let over = clients[0].1.read_u8().await.unwrap_err();
        assert_eq!(over.kind(), io::ErrorKind::TimedOut);
        assert!(clients[1].1.read_u8().now_or_never().is_none());
    }
}
