//! The last gate before a span leaves: whatever set it, only listed attributes pass.

use std::time::Duration;

use opentelemetry::trace::Status;
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use crate::redact::{Class, WITHHELD, class, mask};

/// An exporter behind the gate.
#[derive(Debug)]
pub(crate) struct Redacting<E>(pub E);

impl<E: SpanExporter> SpanExporter for Redacting<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(redact);
        self.0.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.0.shutdown()
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn redact(span: &mut SpanData) {
    span.name = mask(&span.name).into_owned().into();
    span.attributes.iter_mut().for_each(attribute);
    span.links.links.iter_mut().flat_map(|link| &mut link.attributes).for_each(attribute);
    for event in &mut span.events.events {
        event.name = mask(&event.name).into_owned().into();
        event.attributes.iter_mut().for_each(attribute);
    }
    if let Status::Error { description } = &mut span.status {
        *description = mask(description).into_owned().into();
    }
}

fn attribute(attribute: &mut KeyValue) {
    let kept = match (class(attribute.key.as_str()), &attribute.value) {
        (None, _) | (_, Value::Array(_)) => Some(WITHHELD.into()),
        (Some(Class::Text), Value::String(text)) => Some(mask(text.as_str()).into_owned().into()),
        (Some(_), _) => None,
    };
    if let Some(value) = kept {
        attribute.value = value;
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{Event, Link, Span as _, Tracer, TracerProvider};
    use opentelemetry_sdk::trace::SdkTracerProvider;

    use super::*;

    const PHONE: &str = "13800138000";

    #[derive(Debug, Clone, Default)]
    struct Kept(std::sync::Arc<std::sync::Mutex<Vec<SpanData>>>);

    impl SpanExporter for Kept {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().expect("no test panics inside").extend(batch);
            Ok(())
        }
    }

    /// Whatever a library may one day put into a span.
    #[test]
    fn a_canary_leaves_in_no_part_of_a_span() {
        let kept = Kept::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(Redacting(kept.clone())).build();
        let linked = crate::traceparent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        let linked = linked.expect("sound").context();
        let link = || Link::new(linked.clone(), vec![KeyValue::new("caller", PHONE)], 0);
        let builder = provider.tracer("test").span_builder(format!("call {PHONE}")).with_links(vec![link()]);
        let event =
            Event::new(format!("rang {PHONE}"), std::time::UNIX_EPOCH, vec![KeyValue::new("to", PHONE)], 0);
        let mut span = builder.with_events(vec![event]).start(&provider.tracer("test"));
        span.set_attributes([
            KeyValue::new("phone", PHONE),
            KeyValue::new("phone.number", 13_800_138_000_i64),
            KeyValue::new("phone.float", 13_800_138_000_f64),
            KeyValue::new("error", format!("no such person: {PHONE}")),
            KeyValue::new("http.route", Value::Array(vec![opentelemetry::StringValue::from(PHONE)].into())),
            KeyValue::new("http.request.method", "POST"),
        ]);
        span.set_status(Status::error(format!("busy: {PHONE}")));
        span.end();
        let kept = kept.0.lock().expect("no test panics inside");
        let text = format!("{kept:?}");
        assert!(!text.contains(PHONE) && !text.contains("13800138000"), "{text}");
        assert_eq!(text.matches(WITHHELD).count(), 10, "{text}");
        assert!(text.contains("POST"), "what is listed stays: {text}");
    }
}
