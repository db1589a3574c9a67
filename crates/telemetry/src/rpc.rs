//! RPC: the span and the duration of a call at our door.

use std::time::Duration;

use opentelemetry::trace::SpanKind;

use crate::labels::label;
use crate::metrics::{Histogram, Metrics};
use crate::span::Span;
use crate::traceparent;

const SYSTEM: &str = "grpc";
/// The names of all statuses.
const STATUSES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
const SECONDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The span of a call, e.g. of `streetwise.dispatch.v1.OrderService/WatchOrders`. It continues the caller's trace if the
/// metadata's `traceparent` is sound.
pub fn server_span(method: &'static str, traceparent: Option<&str>) -> Span {
    let span = Span::entry(SpanKind::Server, method, traceparent.and_then(traceparent::parse));
    span.set("rpc.system.name", SYSTEM);
    span.set("rpc.method", method);
    span
}

/// How the call ended: the name of its gRPC status, e.g. `OK`.
pub fn ended(span: &Span, status: &'static str) {
    span.set("rpc.response.status_code", status);
    if matches!(
        status,
        "UNKNOWN" | "DEADLINE_EXCEEDED" | "UNIMPLEMENTED" | "INTERNAL" | "UNAVAILABLE" | "DATA_LOSS"
    ) {
        span.failed(status);
    }
}

/// `rpc.server.call.duration`, by method and status.
#[derive(Debug, Clone)]
pub struct ServerDuration(Histogram<3>);

impl ServerDuration {
    /// Makes the instrument for these methods.
    pub fn new(metrics: &Metrics, methods: &[&'static str]) -> Self {
        let status = label("rpc.response.status_code", STATUSES);
        let labels = [label("rpc.system.name", [SYSTEM]), label("rpc.method", methods), status];
        Self(metrics.histogram(
            "rpc.server.call.duration",
            "Duration of calls at the door.",
            "s",
            &SECONDS,
            labels,
        ))
    }

    /// A call ended.
    pub fn ended(&self, method: &str, status: &str, took: Duration) {
        self.0.record([SYSTEM, method, status], took.as_secs_f64());
    }
}
