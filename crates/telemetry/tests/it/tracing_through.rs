//! One trace from the door through two rooms to the webhook, as the crates call these functions.

use telemetry::{around, db, http, messaging};
use testkit::otlp::{Span, SpanKind, hex};

use crate::world::{trace_id, traceparent, world};

#[test]
fn one_trace_runs_from_the_report_to_the_attempt() {
    let world = world();
    let door = http::server_span(Some(&traceparent(5, true)));
    let reported = door.traceparent();
    world.runtime.block_on(door.around(async { drop(db::transaction_span()) }));
    http::answered(&door, "POST", Some("/intake/v1/streets/{street}/reports"), 201);
    drop(door);
    let routed = room("triage-intake-normal", "intake.report.accepted", &reported);
    let dispatched = room("notification-triage-normal", "triage.case.joined", &routed);
    let attempt = http::client_span(&dispatched, 2, || Some(("bus.example".to_owned(), Some(443)))).unwrap();
    let sent = attempt.traceparent();
    http::ended(&attempt, Some(200), None);
    drop(attempt);

    let spans = world.trace(&trace_id(5));
    let names: Vec<&str> = line(&spans, &sent[36..52]).iter().map(|span| span.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "POST",
            "process triage.case.joined",
            "publish triage.case.joined",
            "process intake.report.accepted",
            "publish intake.report.accepted",
            "POST /intake/v1/streets/{street}/reports",
        ]
    );
    let transaction = spans.iter().find(|span| span.name == "transaction").unwrap();
    assert_eq!(hex(&transaction.parent_span_id), reported[36..52]);
}

/// Publishes and processes a message as relay and consumer do; returns what the message causes carries.
fn room(consumer: &str, event_type: &str, stored: &str) -> String {
    let publish = messaging::publish_span(event_type, "id", stored).unwrap();
    let header = publish.traceparent();
    drop(publish);
    let process = messaging::process_span(consumer, event_type, "id", &header).unwrap();
    let unsampled = messaging::process_span(consumer, event_type, "id", &traceparent(6, false));
    assert!(unsampled.is_none());
    let batch = messaging::batch_span(consumer, 2, [&process].into_iter()).unwrap();
    let inside = async { db::transaction_span().unwrap().traceparent() };
    let transaction = world().runtime.block_on(around(Some(&batch), inside));
    assert_eq!(telemetry::trace_id(&transaction), batch.trace_id());
    let (caused, batch_id) = (process.traceparent(), batch.trace_id());
    drop((process, batch));
    linked(&batch_id, &caused);
    caused
}

/// The batch is a trace of its own that leads to its message and back.
fn linked(batch: &str, message: &str) {
    let spans = world().trace(batch);
    let batch_span = spans.iter().find(|span| span.kind() == SpanKind::Consumer).unwrap();
    assert!(batch_span.parent_span_id.is_empty(), "it begins a trace");
    let to: Vec<String> = batch_span.links.iter().map(|link| hex(&link.span_id)).collect();
    assert_eq!(to, [&message[36..52]]);
    let own = world().trace(telemetry::trace_id(message));
    let process = own.iter().find(|span| hex(&span.span_id) == message[36..52]).unwrap();
    assert_eq!(hex(&process.links[0].trace_id), batch);
}

/// From a span up to where its trace began.
fn line<'a>(spans: &'a [Span], last: &str) -> Vec<&'a Span> {
    let by_id = |id: &str| spans.iter().find(|span| hex(&span.span_id) == id);
    std::iter::successors(by_id(last), |span| by_id(&hex(&span.parent_span_id))).collect()
}

#[test]
fn a_batch_without_recorded_messages_has_no_span() {
    let _world = world();
    assert!(messaging::batch_span("triage-intake-normal", 256, [].into_iter()).is_none());
}
