//! Connections of the gRPC door: as many at once as the HTTP door has, and none that does not say soon who it is.
//!
//! A connection is free to stay once a call on it was proved. Probes make a new one each time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Stream, stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};
use tonic::transport::server::Connected;

use crate::listen;

/// The preface of HTTP/2 and an empty SETTINGS frame (RFC 9113 §3.4): after them pings find out who is gone.
const HELLO_BYTES: usize = 24 + 9;
/// How long a client may take for them.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// How long until a first call is proved.
const PROVED_WITHIN: Duration = Duration::from_secs(30);

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
        let (proved, over) = (Proved::default(), Box::pin(tokio::time::sleep(HELLO_WITHIN)));
        let stranger = Some(Stranger { bytes: 0, over });
        Some((Ok(Connection { stream, proved, stranger, _slot: slot }), (listener, slots)))
    })
}

/// Whether a call of a connection was proved to be somebody's.
#[derive(Debug, Clone, Default)]
pub(super) struct Proved(Arc<AtomicBool>);

impl Proved {
    pub(super) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A connection, its place among the others, and who it is not yet.
pub(super) struct Connection {
    stream: TcpStream,
    proved: Proved,
    stranger: Option<Stranger>,
    _slot: OwnedSemaphorePermit,
}

struct Stranger {
    bytes: usize,
    over: Pin<Box<Sleep>>,
}

impl Connected for Connection {
    type ConnectInfo = Proved;

    fn connect_info(&self) -> Proved {
        self.proved.clone()
    }
}

impl Stranger {
    /// Counts what was read; has more time once it has greeted.
    fn heard(&mut self, bytes: usize) {
        let greeted = self.bytes >= HELLO_BYTES;
        self.bytes = self.bytes.saturating_add(bytes);
        if !greeted && self.bytes >= HELLO_BYTES {
            self.over.as_mut().reset(Instant::now() + PROVED_WITHIN);
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, proved, stranger, .. } = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(stream).poll_read(context, buffer);
        if proved.0.load(Ordering::Relaxed) {
            *stranger = None;
        }
        let Some(stranger) = stranger else { return read };
        stranger.heard(buffer.filled().len() - before);
        if read.is_pending() && stranger.over.as_mut().poll(context).is_ready() {
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
    async fn who_is_nobody_in_time_is_cut_and_who_was_proved_is_not() {
        const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        let (listener, address) = listening().await;
        let mut accepted = pin!(connections(listener, 3));
        let mut clients = Vec::new();
        for greeting in [&GREETING[..3], GREETING, GREETING] {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(greeting).await.unwrap();
            let mut connection = accepted.next().await.unwrap().unwrap();
            connection.read_exact(&mut vec![0; greeting.len()]).await.unwrap();
            clients.push((client, connection));
        }
        clients[2].1.connect_info().note();
        // Time moves on by itself while nothing else happens.
        tokio::time::pause();
        for (n, within) in [HELLO_WITHIN, PROVED_WITHIN].into_iter().enumerate() {
            let began = Instant::now();
            assert_eq!(clients[n].1.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
            // Timers of tokio go by milliseconds.
            assert!(began.elapsed() < within + Duration::from_secs(1), "{:?}", began.elapsed());
        }
        let stays = tokio::time::timeout(2 * PROVED_WITHIN, clients[2].1.read_u8());
        assert!(stays.await.is_err(), "it is free to stay");
    }
}
