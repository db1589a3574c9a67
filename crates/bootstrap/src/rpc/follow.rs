//! The span and the duration of a call, from its headers to the last of its answer.
//!
//! Only methods of `proto/` are followed: health and reflection are asked by machines, again and again, and any other
//! name is the caller's own text.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::HttpBody;
use futures_util::future::BoxFuture;
use hyper::body::{Bytes, Frame};
use telemetry::rpc::{self, ServerDuration};
use telemetry::{Metrics, Span, Stopwatch};
use tonic::Code;
use tonic::body::Body;
use tonic::codegen::{Service, StdError, http};
use tower::Layer;

use super::ANSWER_WITHIN;
use crate::door::TraceContext;

/// The layer around all servers. The call finds its place in the trace as [`TraceContext`].
#[derive(Debug, Clone)]
pub(crate) struct Follow(ServerDuration);

impl Follow {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let methods: Vec<&'static str> = contract::proto::METHODS.iter().map(String::as_str).collect();
        Self(ServerDuration::new(metrics, &methods))
    }
}

impl<S> Layer<S> for Follow {
    type Service = Followed<S>;

    fn layer(&self, inner: S) -> Followed<S> {
        Followed { inner, durations: self.0.clone() }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Followed<S> {
    inner: S,
    durations: ServerDuration,
}

impl<S, Q, B> Service<http::Request<Q>> for Followed<S>
where
    S: Service<http::Request<Q>, Response = http::Response<B>>,
    S::Future: Send + 'static,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError>,
{
    type Response = http::Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Q>) -> Self::Future {
        let Some(method) = method_of(request.uri().path()) else {
            let answering = self.inner.call(request);
            return Box::pin(async move { Ok(answering.await?.map(Body::new)) });
        };
        let (span, trace) =
            TraceContext::begin(|traceparent| rpc::server_span(method, traceparent), &request);
        request.extensions_mut().insert(trace);
        let started = Stopwatch::start();
        let call =
            Call { span, started, method, durations: self.durations.clone(), status: None, begun: false };
        let answering = call.span.within(|| self.inner.call(request));
        Box::pin(async move {
            let answer = call.span.around(answering).await?;
            Ok(call.answered(answer))
        })
    }
}

/// Which method of ours a path names.
pub(super) fn method_of(path: &str) -> Option<&'static str> {
    let path = path.strip_prefix('/')?;
    contract::proto::METHODS.iter().map(String::as_str).find(|method| *method == path)
}

/// A call under way. Dropped, it has ended: with the status it was given, or because nobody waits for it any more.
struct Call {
    span: Span,
    started: Stopwatch,
    method: &'static str,
    durations: ServerDuration,
    status: Option<&'static str>,
    /// The head of the answer is there.
    begun: bool,
}

impl Call {
    /// An answer without a body says its status in its headers, any other in its trailers.
    fn answered<B>(mut self, answer: http::Response<B>) -> http::Response<Body>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError>,
    {
        self.begun = true;
        self.look(answer.headers());
        let (head, body) = answer.into_parts();
        http::Response::from_parts(head, Body::new(Answer { body: Body::new(body), call: self }))
    }

    fn look(&mut self, headers: &http::HeaderMap) {
        if let Some(status) = headers.get("grpc-status") {
            self.status = Some(name(Code::from_bytes(status.as_bytes())));
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        let status = self.status.unwrap_or(match self.begun {
            // Cut by our own bound, which lies outside of this layer.
            false if took >= ANSWER_WITHIN => name(Code::DeadlineExceeded),
            _ => name(Code::Cancelled),
        });
        rpc::ended(&self.span, status);
        self.durations.ended(self.method, status, took);
    }
}

/// The body of an answer with its call: what makes the body works inside the span.
struct Answer {
    body: Body,
    call: Call,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        let Self { body, call } = self.get_mut();
        let frame = ready!(call.span.within(|| Pin::new(body).poll_frame(context)));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    call.look(trailers);
                }
            }
            Some(Err(status)) => call.status = Some(name(status.code())),
            None => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

/// As the protocol writes it.
const fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tower::ServiceExt;

    use super::*;

    const METHOD: &str = "streetwise.dispatch.v1.OrderService/GetOrder";
    const COUNT: &str = "rpc_server_call_duration_seconds_count{rpc_method=\"streetwise.dispatch.v1.OrderService/\
                         GetOrder\",rpc_response_status_code=\"OK\",rpc_system_name=\"grpc\"}";

    /// Whether a call of this path is given a place in a trace, and what is measured of it.
    async fn asked(path: &str) -> (bool, Option<f64>) {
        let metrics = Metrics::default();
        let answer = |request: http::Request<Body>| async move {
            let traced = request.extensions().get::<TraceContext>().is_some();
            let answer =
                http::Response::builder().header("grpc-status", "0").header("traced", traced.to_string());
            Ok::<_, Infallible>(answer.body(Body::empty()).unwrap())
        };
        let service = Follow::new(&metrics).layer(tower::service_fn(answer));
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        let answer = service.oneshot(request).await.unwrap();
        let traced = answer.headers()["traced"] == "true";
        drop(answer);
        (traced, metrics.value(COUNT))
    }

    #[tokio::test]
    async fn calls_of_our_own_methods_are_followed_and_no_others() {
        assert_eq!(asked(&format!("/{METHOD}")).await, (true, Some(1.0)));
        assert_eq!(asked("/grpc.health.v1.Health/Check").await, (false, None));
        assert_eq!(asked("/13800138000").await, (false, None));
    }
}
