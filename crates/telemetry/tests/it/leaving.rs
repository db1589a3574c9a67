//! The three signals arrive; the scrape shows what is sent.

use telemetry::{db, http, label, messaging, rpc, wakeups};
use testkit::otlp::{attribute, hex};

use crate::world::{trace_id, traceparent, world};

#[test]
fn a_request_arrives_as_the_span_its_traceparent_names() {
    let world = world();
    let span = http::server_span(Some(&traceparent(1, true)));
    let stored = span.traceparent();
    http::answered(&span, "POST", Some("/intake/v1/streets/{street}/reports"), 503);
    drop(span);
    let sent = world.trace(&trace_id(1));
    let sent = &sent[..];
    let [sent] = sent else { panic!("one span: {sent:?}") };
    assert_eq!(stored, format!("00-{}-{}-01", hex(&sent.trace_id), hex(&sent.span_id)));
    assert_eq!(hex(&sent.parent_span_id), "00f067aa0ba902b7");
    assert_eq!(sent.name, "POST /intake/v1/streets/{street}/reports");
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/intake/v1/streets/{street}/reports"),
        ("http.response.status_code", "503"),
        ("error.type", "503"),
        ("url.scheme", "http"),
    ] {
        assert_eq!(attribute(&sent.attributes, key).as_deref(), Some(value), "{key}");
    }
}

#[test]
fn what_the_caller_did_not_sample_has_ids_and_is_not_sent() {
    let world = world();
    let span = http::server_span(Some(&traceparent(2, false)));
    http::answered(&span, "GET", None, 200);
    assert_eq!(span.trace_id(), trace_id(2));
    assert!(span.traceparent().ends_with("-00"));
    assert!(messaging::publish_span("intake.report.accepted", "id", &span.traceparent()).is_none());
    assert!(http::client_span(&span.traceparent(), 1, || unreachable!("nobody asks")).is_none());
    let inner = world.runtime.block_on(span.around(async { db::transaction_span() }));
    assert!(inner.is_none());
    drop(span);
    assert_eq!(world.trace(&trace_id(2)), []);
}

#[test]
fn a_log_line_arrives_with_the_trace_it_was_said_in() {
    let world = world();
    let span = http::server_span(Some(&traceparent(3, true)));
    let id = span.traceparent();
    world.runtime.block_on(span.around(async { tracing::warn!(rows = 7, over = true, "three is said") }));
    drop(span);
    world.flush();
    let logs = world.collector.logs();
    let (service, record) =
        logs.iter().find(|(_, log)| format!("{log:?}").contains("three is said")).unwrap();
    assert_eq!((service.as_str(), record.severity_text.as_str()), ("intake", "WARN"));
    assert_eq!(id, format!("00-{}-{}-01", hex(&record.trace_id), hex(&record.span_id)));
    assert_eq!(attribute(&record.attributes, "rows").as_deref(), Some("7"));
    assert_eq!(attribute(&record.attributes, "over").as_deref(), Some("true"));
}

/// One set of instruments, two readers: each name below is in both.
#[test]
fn the_scrape_and_otlp_show_the_same_instruments() {
    let world = world();
    let metrics = &world.metrics;
    let refused = metrics.counter("same.refused", "Refused.", "{report}", [label("reason", ["full"])]);
    refused.add(["full"], 3);
    let took = std::time::Duration::from_millis(20);
    http::ServerDuration::new(metrics).answered("POST", Some("/v1"), 201, took);
    rpc::ServerDuration::new(metrics, &["Orders/Watch"]).ended("Orders/Watch", "OK", took);
    messaging::Publishing::new(metrics, "intake").published("intake", 4, 0);
    messaging::Processing::new(metrics, "triage-intake-normal").batch("triage-intake-normal", took);
    messaging::Parked::new(metrics).counted(2, 9);
    db::pool_gauge(metrics, || (6, 4));
    wakeups::Lateness::new(metrics, "dispatch.due").claimed("dispatch.due", 120_000);
    world.flush();
    let sent: Vec<String> = world.collector.metrics().into_iter().map(|(_, metric)| metric.name).collect();
    for (name, series, level) in [
        ("same.refused", "same_refused_total{reason=\"full\"}", 3.0),
        (
            "http.server.request.duration",
            "http_server_request_duration_seconds_count{http_request_method=\"POST\",\
             http_response_status_code=\"201\",http_route=\"/v1\",url_scheme=\"http\"}",
            1.0,
        ),
        (
            "rpc.server.call.duration",
            "rpc_server_call_duration_seconds_count{rpc_method=\"Orders/Watch\",\
             rpc_response_status_code=\"OK\",rpc_system_name=\"grpc\"}",
            1.0,
        ),
        (
            "messaging.client.published.messages",
            "messaging_client_published_messages_total{messaging_destination_name=\"intake\",\
             messaging_system=\"nats\",outcome=\"acknowledged\"}",
            4.0,
        ),
        (
            "messaging.process.duration",
            "messaging_process_duration_seconds_count{\
             messaging_consumer_group_name=\"triage-intake-normal\",messaging_system=\"nats\"}",
            1.0,
        ),
        ("parked.messages", "parked_messages{waits_for=\"retry\"}", 9.0),
        (
            "db.client.connection.count",
            "db_client_connection_count{db_client_connection_state=\"used\"}",
            2.0,
        ),
        ("wakeups.lateness", "wakeups_lateness_seconds_bucket{kind=\"dispatch.due\",le=\"0.25\"}", 1.0),
    ] {
        assert!(sent.iter().any(|sent| sent == name), "{name} was not sent");
        assert_eq!(metrics.value(series), Some(level), "{series}\n{}", metrics.text().unwrap().1);
    }
}
