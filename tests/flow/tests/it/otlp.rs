//! One trace from the report at the door to the attempt at the body's webhook, as it arrives at a collector from
//! six real processes, with logs and metrics beside it.

use std::time::Duration;

use harness::cluster::{Cluster, SERVICES};
use harness::{load, streets};
use serde_json::json;
use testkit::otlp::{Collector, Span, attribute, hex};
use testkit::wait;

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_runs_from_the_report_to_the_webhook_attempt() {
    let collector = Collector::start().await.unwrap();
    let cluster = exporting(&collector).await;
    let answered = report(&cluster).await;
    assert_eq!(&answered[3..35], TRACE_ID);

    let attempt = async || {
        let spans = trace(&collector);
        let received = cluster.sink.received();
        let header = received.iter().find_map(|request| {
            let header = request.headers.get("traceparent")?.to_str().ok()?;
            (header.get(3..35)? == TRACE_ID).then(|| header[36..52].to_owned())
        })?;
        // What the receiver was given is the id of an exported span, and all of its ancestors have arrived.
        let line = line(&spans, &header);
        (line.last()?.1.name.starts_with("POST /intake/")).then_some(line)
    };
    let line = wait::until(Duration::from_secs(30), attempt).await.unwrap_or_else(|| {
        let spans = trace(&collector);
        panic!("{:#?}", spans.iter().map(|(from, span)| (from, &span.name)).collect::<Vec<_>>())
    });
    let seen: Vec<(&str, &str)> =
        line.iter().map(|(from, span)| (from.as_str(), span.name.as_str())).collect();
    assert_eq!(
        seen,
        [
            ("notification", "POST"),
            ("notification", "process dispatch.order.dispatched"),
            ("dispatch", "publish dispatch.order.dispatched"),
            ("dispatch", "process triage.case.routed"),
            ("triage", "publish triage.case.routed"),
            ("triage", "process intake.report.accepted"),
            ("intake", "publish intake.report.accepted"),
            ("intake", "POST /intake/v1/streets/{street}/reports"),
        ]
    );
    let door = &line.last().unwrap().1;
    assert_eq!(answered[36..52], hex(&door.span_id), "the answer names the exported span");
    assert_eq!(attribute(&door.attributes, "http.response.status_code").as_deref(), Some("201"));
    beside(&collector).await;
    let wire = collector.wire();
    assert!(!wire.contains(load::CANARY) && !wire.contains("13812345678"), "a canary was sent");
}

/// All services restarted with the standard variables and nothing else.
async fn exporting(collector: &Collector) -> Cluster {
    let cluster = Cluster::start(1).await.unwrap();
    let endpoint = collector.endpoint();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
        ("OTEL_TRACES_SAMPLER", "parentbased_always_off"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "100"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
    ];
    for service in SERVICES {
        cluster.start_service(service, &variables).await.unwrap();
    }
    cluster.await_ready(&SERVICES, Duration::from_secs(30)).await.unwrap();
    cluster
}

/// A report of a caller who records; returns the `traceparent` of the answer.
async fn report(cluster: &Cluster) -> String {
    let url = format!("{}/intake/v1/streets/{}/reports", cluster.url("intake"), streets::code(1));
    let body = json!({
        "text": "公交306路改道绕行，取消站点，出行不便",
        "item": "TRA-01",
        "place": {"lon": 100.0, "lat": 20.0, "datum": "wgs84"},
        "reporter": {"contact": load::CANARY},
    });
    let request = cluster.http().post(&url).bearer_auth(cluster.token("grid-worker"));
    let request = request.header("idempotency-key", "0f8fad5b-d9cb-469f-a165-70867728950e");
    let request = request.header("traceparent", format!("00-{TRACE_ID}-00f067aa0ba902b7-01"));
    let answer = request.json(&body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 201);
    answer.headers()["traceparent"].to_str().unwrap().to_owned()
}

fn trace(collector: &Collector) -> Vec<(String, Span)> {
    collector.spans().into_iter().filter(|(_, span)| hex(&span.trace_id) == TRACE_ID).collect()
}

/// From a span up to where its trace began.
fn line(spans: &[(String, Span)], last: &str) -> Vec<(String, Span)> {
    let by_id = |id: &str| spans.iter().find(|(_, span)| hex(&span.span_id) == id).cloned();
    std::iter::successors(by_id(last), |(_, span)| by_id(&hex(&span.parent_span_id))).collect()
}

/// Every service also sent its log lines and its instruments.
async fn beside(collector: &Collector) {
    let complete = async || {
        let (logs, metrics) = (collector.logs(), collector.metrics());
        let all = SERVICES.iter().all(|service| {
            logs.iter().any(|(from, _)| from == service)
                && metrics
                    .iter()
                    .any(|(from, metric)| from == service && metric.name == "db.client.connection.count")
        });
        let in_trace = logs.iter().any(|(_, record)| hex(&record.trace_id) == TRACE_ID);
        (all && in_trace).then_some(())
    };
    wait::until(Duration::from_secs(20), complete).await.expect("logs and metrics of every service");
}
