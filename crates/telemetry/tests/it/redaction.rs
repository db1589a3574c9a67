//! A telephone number in every kind of field: none of it arrives.

use std::fmt;

use telemetry::{http, label, messaging};

use crate::world::{trace_id, traceparent, world};

const PHONE: &str = "13800138000";
const NUMBER: u64 = 13_800_138_000;

/// What a careless library might do.
#[derive(Debug)]
struct Caller {
    #[expect(dead_code, reason = "read by Debug")]
    phone: &'static str,
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("caller 138 0013 8000")
    }
}

impl std::error::Error for Caller {}

#[test]
fn no_canary_arrives() {
    let world = world();
    let caller = Caller { phone: PHONE };
    let span = http::server_span(Some(&traceparent(4, true)));
    world.runtime.block_on(span.around(async {
        tracing::error!(phone = PHONE, "canary as a text");
        tracing::error!(phone = NUMBER, "canary as a number");
        tracing::error!(phone = NUMBER as i64, "canary as a signed number");
        tracing::error!(phone = NUMBER as f64, "canary as a float");
        tracing::error!(phone = u128::from(NUMBER), "canary as a wide number");
        tracing::error!(phone = PHONE.as_bytes(), "canary as bytes");
        tracing::error!(phone = ?caller, "canary by Debug");
        tracing::error!(phone = %caller, "canary by Display");
        tracing::error!(phone = &caller as &dyn std::error::Error, "canary as an error");
        tracing::error!(error = &caller as &dyn std::error::Error, "canary in a listed error");
        tracing::error!(error = ?caller, "canary in a listed Debug");
        tracing::error!(reason = "ring wang@example.com or 138-0013-8000", "canary in a listed text");
        tracing::error!("canary in the message: {PHONE} {caller}");
    }));
    http::answered(&span, PHONE, Some("/v1/streets/{street}"), 200);
    drop(messaging::publish_span("intake.report.accepted", "id", &span.traceparent()));
    span.failed("no such caller: 13800138000".to_owned());
    drop(span);
    let counter = world.metrics.counter("canaries", "Canaries.", "", [label("who", ["nobody"])]);
    counter.add([PHONE], 1);
    world.flush();
    let (wire, scrape) = (world.collector.wire(), world.metrics.text().unwrap().1);
    assert_eq!(wire.matches("canary ").count(), 13, "all lines arrived");
    assert!(!world.trace(&trace_id(4)).is_empty(), "the span arrived");
    assert!(scrape.contains("canaries_total{who=\"other\"} 1"), "{scrape}");
    for canary in
        [PHONE, "138 0013 8000", "138-0013-8000", "13800138000.0", "wang@example.com", "49, 51, 56, 48"]
    {
        assert!(!wire.contains(canary), "{canary} was sent");
        assert!(!scrape.contains(canary), "{canary} is scraped");
    }
}
