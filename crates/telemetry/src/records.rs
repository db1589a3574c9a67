//! Log events as OTLP records: the same redacted fields as the line, with the trace they were said in.

use opentelemetry::logs::{AnyValue, LogRecord, Logger, Severity};
use opentelemetry_sdk::logs::SdkLogger;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::fields::{Fields, Scalar};
use crate::lines::level;

/// What the way out itself says is not sent along it: it would feed itself.
const OF_THE_EXPORTER: &[&str] = &["opentelemetry", "tonic", "h2", "hyper", "tower"];

/// Hands events to the exporter.
#[derive(Debug)]
pub(crate) struct Records(pub SdkLogger);

impl<S: Subscriber> Layer<S> for Records {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let target = event.metadata().target();
        if OF_THE_EXPORTER.iter().any(|own| target.starts_with(own)) {
            return;
        }
        let fields = Fields::of(event);
        let level = level(event);
        let mut record = self.0.create_log_record();
        record.set_target(target);
        record.set_severity_number(severity(level));
        record.set_severity_text(level.as_str());
        record.set_body(AnyValue::from(fields.message));
        for (name, value) in fields.rest {
            record.add_attribute(name, any(value));
        }
        self.0.emit(record);
    }
}

fn severity(level: Level) -> Severity {
    match level {
        Level::ERROR => Severity::Error,
        Level::WARN => Severity::Warn,
        Level::INFO => Severity::Info,
        Level::DEBUG => Severity::Debug,
        Level::TRACE => Severity::Trace,
    }
}

fn any(value: Scalar) -> AnyValue {
    match value {
        Scalar::Bool(value) => value.into(),
        Scalar::Signed(value) => value.into(),
        Scalar::Unsigned(value) => {
            i64::try_from(value).map_or_else(|_| value.to_string().into(), AnyValue::from)
        }
        Scalar::Float(value) => value.into(),
        Scalar::Text(text) => text.into(),
    }
}
