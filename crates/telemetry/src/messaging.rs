//! Messaging: spans of publishing and processing, and the standard instruments of both.
//!
//! A message's `traceparent` points at the span that made it. Publishing adds a producer span to that trace and
//! sends that span's id; processing adds a consumer span to the trace of each message, whose id goes into what the
//! message causes. So one trace runs through all rooms. A batch is a span of its own that links to its messages.

use std::time::Duration;

use opentelemetry::trace::SpanKind;
use opentelemetry_semantic_conventions::attribute::{
    MESSAGING_BATCH_MESSAGE_COUNT, MESSAGING_CONSUMER_GROUP_NAME, MESSAGING_DESTINATION_NAME,
    MESSAGING_MESSAGE_ID, MESSAGING_OPERATION_NAME, MESSAGING_OPERATION_TYPE, MESSAGING_SYSTEM,
};
use opentelemetry_semantic_conventions::metric::MESSAGING_PROCESS_DURATION;

use crate::labels::label;
use crate::metrics::{Counter, Gauge, Histogram, Metrics};
use crate::span::Span;

const SYSTEM: &str = "nats";
/// The name it had when the standard was settled upon; newer conventions say `sent`.
const PUBLISHED_MESSAGES: &str = "messaging.client.published.messages";
const BATCH_SECONDS: [f64; 9] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0, 10.0];

/// The span of one publish; nothing unless the message's trace is recorded. Send its `traceparent`.
pub fn publish_span(event_type: &str, id: impl ToString, traceparent: &str) -> Option<Span> {
    let span = Span::child(SpanKind::Producer, traceparent, || format!("publish {event_type}"))?;
    operation(&span, "publish", "send");
    span.set(MESSAGING_DESTINATION_NAME, event_type.to_owned());
    span.set(MESSAGING_MESSAGE_ID, id.to_string());
    Some(span)
}

/// The span of one message on its way through a consumer; nothing unless its trace is recorded. What the message
/// causes carries its `traceparent`.
pub fn process_span(consumer: &str, event_type: &str, id: impl ToString, traceparent: &str) -> Option<Span> {
    let span = Span::child(SpanKind::Consumer, traceparent, || format!("process {event_type}"))?;
    operation(&span, "process", "process");
    span.set(MESSAGING_CONSUMER_GROUP_NAME, consumer.to_owned());
    span.set(MESSAGING_DESTINATION_NAME, event_type.to_owned());
    span.set(MESSAGING_MESSAGE_ID, id.to_string());
    Some(span)
}

/// The span of a batch of `messages`, of which these are recorded; nothing if none is. It links to them and they
/// to it.
pub fn batch_span<'a>(
    consumer: &str,
    messages: usize,
    recorded: impl Iterator<Item = &'a Span> + Clone,
) -> Option<Span> {
    recorded.clone().next()?;
    let span = Span::beside(SpanKind::Consumer, format!("process {consumer}"), recorded.clone().cloned())?;
    operation(&span, "process", "process");
    span.set(MESSAGING_CONSUMER_GROUP_NAME, consumer.to_owned());
    span.set(MESSAGING_BATCH_MESSAGE_COUNT, i64::try_from(messages).unwrap_or(i64::MAX));
    recorded.for_each(|message| message.link(&span));
    Some(span)
}

fn operation(span: &Span, name: &'static str, kind: &'static str) {
    span.set(MESSAGING_SYSTEM, SYSTEM);
    span.set(MESSAGING_OPERATION_NAME, name);
    span.set(MESSAGING_OPERATION_TYPE, kind);
}

/// The instruments of a relay.
#[derive(Debug, Clone)]
pub struct Publishing(Counter<3>);

impl Publishing {
    /// Makes them; `stream` is what the relay publishes on.
    pub fn new(metrics: &Metrics, stream: &str) -> Self {
        let labels = [
            label(MESSAGING_SYSTEM, [SYSTEM]),
            label(MESSAGING_DESTINATION_NAME, [stream]),
            label("outcome", ["acknowledged", "unacknowledged"]),
        ];
        let help = "Messages handed to the broker; what it did not acknowledge is published again.";
        Self(metrics.counter(PUBLISHED_MESSAGES, help, "{message}", labels))
    }

    /// The broker answered, or did not, for so many.
    pub fn published(&self, stream: &str, acknowledged: usize, unacknowledged: usize) {
        self.0.add([SYSTEM, stream, "acknowledged"], acknowledged as u64);
        self.0.add([SYSTEM, stream, "unacknowledged"], unacknowledged as u64);
    }
}

/// The instruments of a consumer.
#[derive(Debug, Clone)]
pub struct Processing {
    duration: Histogram<2>,
    messages: Counter<2>,
}

impl Processing {
    /// Makes them; `consumer` is the durable's name.
    pub fn new(metrics: &Metrics, consumer: &str) -> Self {
        let system = || label(MESSAGING_SYSTEM, [SYSTEM]);
        let group = || label(MESSAGING_CONSUMER_GROUP_NAME, [consumer]);
        let help = "Duration of processing one batch of messages, up to their acknowledgement.";
        let duration =
            metrics.histogram(MESSAGING_PROCESS_DURATION, help, "s", &BATCH_SECONDS, [system(), group()]);
        let outcome = label("outcome", ["applied", "parked", "later", "dropped"]);
        let help = "Messages by what became of them: applied, parked, sent back for later.";
        let messages = metrics.counter("messaging.settled.messages", help, "{message}", [group(), outcome]);
        Self { duration, messages }
    }

    /// A batch has been settled.
    pub fn batch(&self, consumer: &str, took: Duration) {
        self.duration.record([SYSTEM, consumer], took.as_secs_f64());
    }

    /// What became of messages: `applied`, `parked` or `later`.
    pub fn settled(&self, consumer: &str, outcome: &'static str, messages: usize) {
        self.messages.add([consumer, outcome], messages as u64);
    }
}

/// Messages that are parked, by what they wait for.
#[derive(Debug, Clone)]
pub struct Parked(Gauge<1>);

impl Parked {
    /// Makes it; whoever counts them sets it.
    pub fn new(metrics: &Metrics) -> Self {
        let help = "Messages that could not be applied, by what they wait for.";
        let waits_for = label("waits_for", ["person", "retry"]);
        Self(metrics.gauge("parked.messages", help, "{message}", [waits_for]))
    }

    /// They were counted: so many wait for a `person`, so many for a `retry`.
    pub fn counted(&self, person: i64, retry: i64) {
        self.0.set(["person"], person);
        self.0.set(["retry"], retry);
    }
}
