//! The database: the span of a transaction, and what the pool holds.

use opentelemetry::trace::SpanKind;
use opentelemetry_semantic_conventions::attribute::DB_SYSTEM_NAME;
use opentelemetry_semantic_conventions::metric::DB_CLIENT_CONNECTION_COUNT;

use crate::labels::label;
use crate::metrics::Metrics;
use crate::span::Span;

/// The span of a transaction inside the span this code runs in; nothing unless that one is recorded. Statements
/// are not recorded: their text is in the code, their values are people's. The schema is the service's own name.
pub fn transaction_span() -> Option<Span> {
    let span = Span::inner(SpanKind::Client, "transaction")?;
    span.set(DB_SYSTEM_NAME, "postgresql");
    Some(span)
}

/// `db.client.connection.count` by state; `connections` answers how many are open and how many of them idle.
pub fn pool_gauge(metrics: &Metrics, connections: impl Fn() -> (u32, usize) + Send + Sync + 'static) {
    let states = label("db.client.connection.state", ["idle", "used"]);
    let help = "Connections of the pool by state.";
    metrics.observed(DB_CLIENT_CONNECTION_COUNT, help, "{connection}", states, move || {
        let (open, idle) = connections();
        let idle = i64::try_from(idle).unwrap_or(i64::MAX);
        [("idle", idle), ("used", (i64::from(open) - idle).max(0))]
    });
}
