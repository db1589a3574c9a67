//! What stands before every server: who calls is proved before the message is read, unless the server is one for strangers, and what machines ask of the
//! door itself (health, reflection) ends when the process does.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::HttpBody;
use futures_util::future::BoxFuture;
use hyper::body::{Bytes, Frame, SizeHint};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tower::Layer;

use super::Call;
use super::follow::method_of;
use super::incoming::Proved;
use super::knock::{Knock, Open};
use crate::identity::Authenticator;

/// The layer around all servers, inside [`super::Follow`]. A call of our own methods finds itself as [`Call`], a stranger's as
/// [`Knock`].
#[derive(Debug, Clone)]
pub(super) struct Front {
    pub authenticator: Authenticator,
    pub open: Open,
    pub ending: CancellationToken,
}

impl<S> Layer<S> for Front {
    type Service = Fronted<S>;

    fn layer(&self, inner: S) -> Fronted<S> {
        Fronted { inner, front: self.clone() }
    }
}

/// Servers with the front before them.
#[derive(Debug, Clone)]
pub struct Fronted<S> {
    inner: S,
    front: Front,
}

impl<S, Q> Service<http::Request<Q>> for Fronted<S>
where
    S: Service<http::Request<Q>, Response = http::Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Q>) -> Self::Future {
        let Some(method) = method_of(request.uri().path()) else {
            let (answering, ending) = (self.inner.call(request), self.front.ending.clone());
            return Box::pin(async move { Ok(answering.await?.map(|body| until(ending, body))) });
        };
        if self.front.open.takes(method) {
            let knock = Knock::begun(&request);
            request.extensions_mut().insert(knock);
            return Box::pin(self.inner.call(request));
        }
        match Call::begun(&self.front, &request) {
            Ok(call) => {
                if let Some(connection) = request.extensions().get::<Proved>() {
                    connection.note();
                }
                request.extensions_mut().insert(call);
                Box::pin(self.inner.call(request))
            }
            Err(problem) => Box::pin(async { Ok(Status::from(problem).into_http()) }),
        }
    }
}

fn until(ending: CancellationToken, body: Body) -> Body {
    let ending = Box::pin(ending.cancelled_owned());
    Body::new(Until { body, ending, ended: false })
}

/// A body that says `UNAVAILABLE` once the process begins to end, unless it has something to say.
struct Until {
    body: Body,
    ending: Pin<Box<WaitForCancellationFutureOwned>>,
    ended: bool,
}

impl HttpBody for Until {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Self { body, ending, ended } = self.get_mut();
        if *ended {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        if ending.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        *ended = true;
        let mut trailers = http::HeaderMap::new();
        let told = Status::unavailable("正在停止 / ending; call again").add_header(&mut trailers);
        Poll::Ready(Some(told.map(|()| Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn a_stream_without_end_ends_with_the_process() {
        let ending = CancellationToken::new();
        let silent =
            axum::body::Body::from_stream(futures_util::stream::pending::<Result<Bytes, Infallible>>());
        let mut body = until(ending.clone(), Body::new(silent));
        let mut next = async || poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        assert!(futures_util::FutureExt::now_or_never(next()).is_none(), "nothing to say, and going on");
        ending.cancel();
        let trailers =
            next().await.expect("a last frame").expect("no error").into_trailers().expect("trailers");
        assert_eq!(trailers["grpc-status"], "14");
        assert!(next().await.is_none());
    }
}
