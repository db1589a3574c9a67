//! Tracing, metrics, context through messages.
//!
//! * [`init`] starts logging and, when a collector is named ([`settings`]), the export by OTLP; the [`Telemetry`]
//!   it returns flushes at the end of the process.
//! * Log events become JSON lines on stderr and OTLP records, both from the same redacted fields ([`redact`]).
//! * [`Span`]s follow one trace from the door through relay and consumers to the webhook: [`http`],
//!   [`messaging`], [`db`], [`rpc`]. Their ids are what journal rows and headers carry ([`traceparent`]).
//! * [`Metrics`] are instruments with bounded labels; scrape and OTLP read the same ones.
//!
//! Promises: no key leaves unless it is listed; nothing waits for a collector; what is not sampled costs a look at
//! a flag. Deliberately not here: anything that decides by what was measured.

pub mod db;
mod export;
mod fields;
pub mod http;
mod labels;
mod lines;
pub mod messaging;
pub mod metrics;
mod process;
mod records;
pub mod redact;
mod redacting;
pub mod rpc;
mod sampling;
pub mod settings;
mod span;
mod stopwatch;
pub mod tenants;
pub mod traceparent;
pub mod wakeups;

pub use labels::{Label, label};
pub use metrics::{Counter, Gauge, Histogram, Metrics};
pub use process::{Telemetry, init, init_with};
pub use settings::Settings;
pub use span::{Span, around};
pub use stopwatch::Stopwatch;
pub use tenants::TenantCounter;
pub use traceparent::trace_id;
