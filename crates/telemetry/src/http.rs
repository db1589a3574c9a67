//! HTTP: the span and the duration of a request at our door, the span of a request we send.
//!
//! Names and attributes are OpenTelemetry's conventions, with two kept out on purpose: `url.path` and `url.full`
//! may hold a person's text or a partner's secret.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, HTTP_REQUEST_METHOD, HTTP_REQUEST_RESEND_COUNT, HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE,
    SERVER_ADDRESS, SERVER_PORT, URL_SCHEME,
};
use opentelemetry_semantic_conventions::metric::HTTP_SERVER_REQUEST_DURATION;

use crate::Metrics;
use crate::span::Span;
use crate::traceparent;

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// The convention's buckets, in seconds, and the two seconds that `docs/slo.toml` promises.
const BUCKETS: [f64; 15] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.0, 2.5, 5.0, 7.5, 10.0];

/// The span of a request at our door. It continues the caller's trace if the header is sound.
pub fn server_span(traceparent: Option<&str>) -> Span {
    Span::entry(SpanKind::Server, "request", traceparent.and_then(traceparent::parse))
}

/// What is known once the request was answered. `route` is the pattern of the route table, never the path.
pub fn answered(span: &Span, method: &str, route: Option<&str>, status: u16) {
    if !span.recorded() {
        return;
    }
    let method = known(method);
    span.rename(|| route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}")));
    span.set(HTTP_REQUEST_METHOD, method);
    span.set(URL_SCHEME, "http");
    span.set(HTTP_RESPONSE_STATUS_CODE, i64::from(status));
    if let Some(route) = route {
        span.set(HTTP_ROUTE, route.to_owned());
    }
    if status >= 500 {
        span.failed(status.to_string());
    }
}

/// One of the standard's methods, or `_OTHER`: a method is the caller's own text.
pub fn known(method: &str) -> &'static str {
    METHODS.into_iter().find(|known| *known == method).unwrap_or("_OTHER")
}

/// `http.server.request.duration`, by method, route and status.
#[derive(Debug, Clone)]
pub struct ServerDuration(opentelemetry::metrics::Histogram<f64>);

impl ServerDuration {
    /// Makes the instrument.
    pub fn new(metrics: &Metrics) -> Self {
        let help = "Duration of HTTP requests at the door.";
        Self(metrics.raw_histogram(HTTP_SERVER_REQUEST_DURATION, help, "s", &BUCKETS))
    }

    /// A request was answered; its labels come from our route table and our own statuses.
    pub fn answered(&self, method: &str, route: Option<&str>, status: u16, took: Duration) {
        let mut labels = vec![
            KeyValue::new(HTTP_REQUEST_METHOD, known(method)),
            KeyValue::new(URL_SCHEME, "http"),
            KeyValue::new(HTTP_RESPONSE_STATUS_CODE, i64::from(status)),
        ];
        labels.extend(route.map(|route| KeyValue::new(HTTP_ROUTE, route.to_owned())));
        if status >= 500 {
            labels.push(KeyValue::new(ERROR_TYPE, status.to_string()));
        }
        self.0.record(took.as_secs_f64(), &labels);
    }
}

/// The span of one POST to somebody else: its id is the `traceparent` to send. Nothing unless the trace is
/// recorded; only then `server` is asked for host and port. `attempt` counts from 1.
pub fn client_span(
    traceparent: &str,
    attempt: u32,
    server: impl FnOnce() -> Option<(String, Option<u16>)>,
) -> Option<Span> {
    let span = Span::child(SpanKind::Client, traceparent, || "POST".to_owned())?;
    span.set(HTTP_REQUEST_METHOD, "POST");
    let (host, port) = server().unzip();
    if let Some(host) = host {
        span.set(SERVER_ADDRESS, host);
    }
    if let Some(port) = port.flatten() {
        span.set(SERVER_PORT, i64::from(port));
    }
    if attempt > 1 {
        span.set(HTTP_REQUEST_RESEND_COUNT, i64::from(attempt - 1));
    }
    Some(span)
}

/// How it ended: the status, if there was one; otherwise, or beside it, a code out of a bounded set.
pub fn ended(span: &Span, status: Option<u16>, failure: Option<&'static str>) {
    if let Some(status) = status {
        span.set(HTTP_RESPONSE_STATUS_CODE, i64::from(status));
    }
    match (failure, status) {
        (Some(_), Some(status)) => span.failed(status.to_string()),
        (Some(code), None) => span.failed(code),
        (None, _) => {}
    }
}
