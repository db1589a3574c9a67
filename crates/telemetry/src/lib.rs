//! Tracing, metrics, context through messages.
//!
//! Logs are JSON on stderr: the message can be read alone, the fields are searchable. No personal data, no
//! secrets, no payloads are ever logged. Deliberately not here yet: OTLP export.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging for a process. The filter is `STREETWISE_LOG` (default `info`); a second call does nothing.
pub fn init(service: &'static str) {
    let filter =
        EnvFilter::try_from_env("STREETWISE_LOG").unwrap_or_else(|_| EnvFilter::new("info,async_nats=warn"));
    let json = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
    if tracing_subscriber::registry().with(filter).with(json).try_init().is_ok() {
        tracing::info!(service, version = env!("CARGO_PKG_VERSION"), "starting");
    }
}

/// The trace id of a W3C `traceparent`, or empty: what people search for and the timeline shows.
pub fn trace_id(traceparent: &str) -> &str {
    traceparent.split('-').nth(1).unwrap_or_default()
}
