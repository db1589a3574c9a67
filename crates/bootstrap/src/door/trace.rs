//! W3C Trace Context: one trace from the request at the door to the webhook at the sink (D55).
//!
//! A sound `traceparent` is continued with a span id of our own, anything else starts a new trace. The handler
//! finds it as [`TraceContext`], puts it into the journal row, and the answer repeats it as a header.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tracing::Instrument;

/// The header, in and out.
pub const TRACEPARENT: &str = "traceparent";

/// Where this request stands in its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// `00-<trace id>-<our span id>-<flags>`, for the journal row and outgoing messages.
    pub traceparent: String,
    /// The 32 hex digits people search for.
    pub trace_id: String,
}

impl TraceContext {
    /// A new trace, sampled.
    pub fn start() -> Self {
        // All zeros is the invalid id; a draw of it is as likely as guessing a key, and costs one lost trace.
        Self::with_span(format!("{:032x}", rand::random::<u128>()), "01")
    }

    /// Continues the caller's trace, or starts one.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let only = values.next().filter(|_| values.next().is_none());
        match only.and_then(|value| value.to_str().ok()).and_then(parse) {
            Some((trace_id, flags)) => Self::with_span(trace_id.to_owned(), flags),
            None => Self::start(),
        }
    }

    fn with_span(trace_id: String, flags: &str) -> Self {
        let traceparent = format!("00-{trace_id}-{:016x}-{flags}", rand::random::<u64>());
        Self { traceparent, trace_id }
    }
}

/// Trace id and flags, if the text is a `traceparent` of this or a later version (W3C Trace Context §3.2).
fn parse(text: &str) -> Option<(&str, &str)> {
    let (head, rest) = text.split_at_checked(55)?;
    let mut parts = head.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let later = version != "00" && (rest.is_empty() || rest.starts_with('-'));
    let known_length = rest.is_empty() || later;
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let set = |part: &str| part.bytes().any(|b| b != b'0');
    let sound = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    (known_length && sound && version != "ff" && set(trace) && set(span)).then_some((trace, flags))
}

impl<S: Send + Sync> FromRequestParts<S> for TraceContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let known = parts.extensions.get::<TraceContext>().cloned();
        Ok(known.unwrap_or_else(|| TraceContext::of(&parts.headers)))
    }
}

/// Middleware: sets the context, logs the answer inside a span of the trace, repeats the context.
pub(crate) async fn follow(mut request: Request, next: Next) -> Response {
    let context = TraceContext::of(request.headers());
    let header = HeaderValue::from_str(&context.traceparent).expect("hex digits and hyphens");
    let span = tracing::info_span!("request", trace_id = %context.trace_id);
    request.extensions_mut().insert(context);
    let mut response = answer(request, next).instrument(span).await;
    response.headers_mut().insert(TRACEPARENT, header);
    response
}

/// Logs method, route and status; never the address itself, which may hold a person's text.
async fn answer(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<axum::extract::MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("none", |route| route.as_str());
    let (status, elapsed_ms) = (response.status().as_u16(), started.elapsed().as_millis() as u64);
    if route.contains("/v1/") {
        tracing::info!(%method, route, status, elapsed_ms, "request answered");
    } else {
        tracing::debug!(%method, route, status, elapsed_ms, "request answered");
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
    #[case::later("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", true)]
    #[case::longer("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", false)]
    #[case::later_glued("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more", false)]
    #[case::version_ff("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false)]
    #[case::upper_case("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false)]
    #[case::zero_trace("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false)]
    #[case::zero_span("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false)]
    #[case::moved_hyphen("00-4bf92f3577b34da6a3ce929d0e0e47360-0f067aa0ba902b7-01", false)]
    #[case::short("00-4bf92f", false)]
    #[case::empty("", false)]
    fn a_sound_trace_is_continued_and_any_other_replaced(#[case] text: &str, #[case] continued: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, text.parse().unwrap());
        let context = TraceContext::of(&headers);
        assert_eq!(context.trace_id == TRACE, continued);
        assert!(parse(&context.traceparent).is_some(), "{}", context.traceparent);
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
