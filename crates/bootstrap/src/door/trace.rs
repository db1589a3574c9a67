//! W3C Trace Context: one trace from the request at the door to the webhook at the sink (D55).
//!
//! A sound `traceparent` is continued with a span of our own, anything else starts a new trace. The handler finds
//! the ids of that span as [`TraceContext`] and puts them into the journal row; the answer repeats them as a
//! header. Where telemetry is exported, they are the ids of an exported span.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{self, HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use telemetry::http::{ServerDuration, answered, known, server_span};
use telemetry::{Span, Stopwatch};

/// The header, in and out.
pub const TRACEPARENT: &str = telemetry::traceparent::HEADER;

/// Where this request stands in its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// `00-<trace id>-<our span id>-<flags>`, for the journal row and outgoing messages.
    pub traceparent: String,
    /// The 32 hex digits people search for.
    pub trace_id: String,
}

impl TraceContext {
    /// A new trace.
    pub fn start() -> Self {
        Self::at(&server_span(None))
    }

    /// Continues the caller's trace, or starts one.
    pub fn of(headers: &HeaderMap) -> Self {
        Self::at(&server_span(only(headers)))
    }

    /// The same with the span itself.
    pub(crate) fn begin<T>(
        span: impl FnOnce(Option<&str>) -> Span,
        request: &http::Request<T>,
    ) -> (Span, Self) {
        let span = span(only(request.headers()));
        let context = Self::at(&span);
        (span, context)
    }

    fn at(span: &Span) -> Self {
        Self { traceparent: span.traceparent(), trace_id: span.trace_id() }
    }
}

/// The header's value, if there is just one.
fn only(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let only = values.next().filter(|_| values.next().is_none());
    only.and_then(|value| value.to_str().ok())
}

impl<S: Send + Sync> FromRequestParts<S> for TraceContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let known = parts.extensions.get::<TraceContext>().cloned();
        Ok(known.unwrap_or_else(|| TraceContext::of(&parts.headers)))
    }
}

/// Middleware: answers inside a span of the trace, logs and measures the answer, repeats the context. The
/// instrument is an extension, because a test's door may have none.
pub(crate) async fn follow(mut request: Request, next: Next) -> Response {
    let (span, context) = TraceContext::begin(server_span, &request);
    let header = HeaderValue::from_str(&context.traceparent).expect("hex digits and hyphens");
    request.extensions_mut().insert(context);
    let mut response = span.around(answer(request, next, &span)).await;
    response.headers_mut().insert(TRACEPARENT, header);
    response
}

/// Logs method, route and status; never the address itself, which may hold a person's text.
async fn answer(request: Request, next: Next, span: &Span) -> Response {
    let started = Stopwatch::start();
    let method = known(request.method().as_str());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let durations = request.extensions().get::<ServerDuration>().cloned();
    let response = next.run(request).await;
    let (route, took) = (route.as_ref().map(MatchedPath::as_str), started.elapsed());
    let (status, elapsed_ms) = (response.status().as_u16(), took.as_millis() as u64);
    answered(span, method, route, status);
    if let Some(durations) = durations {
        durations.answered(method, route, status, took);
    }
    let route = route.unwrap_or("none");
    if route.contains("/v1/") {
        tracing::info!(method, route, status, elapsed_ms, "request answered");
    } else {
        tracing::debug!(method, route, status, elapsed_ms, "request answered");
    }
    response
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[rstest]
    #[case::sound("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true)]
    #[case::not_sampled("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", true)]
    #[case::zero_span("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false)]
    #[case::empty("", false)]
    fn a_sound_trace_is_continued_and_any_other_replaced(#[case] text: &str, #[case] continued: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, text.parse().unwrap());
        let context = TraceContext::of(&headers);
        assert_eq!(context.trace_id == TRACE, continued);
        assert!(telemetry::traceparent::parse(&context.traceparent).is_some(), "{}", context.traceparent);
        assert!(context.traceparent.contains(&context.trace_id));
        assert_ne!(context.traceparent, text, "the span is our own");
    }

    #[test]
    fn two_headers_start_a_new_trace() {
        let mut headers = HeaderMap::new();
        for span in ["00f067aa0ba902b7", "00f067aa0ba902b8"] {
            headers.append(TRACEPARENT, format!("00-{TRACE}-{span}-01").parse().unwrap());
        }
        assert_ne!(TraceContext::of(&headers).trace_id, TRACE);
    }
}
