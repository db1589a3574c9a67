//! One exporter and one collector for all tests: both are the process's.

use std::sync::LazyLock;

use telemetry::settings::Sampling;
use telemetry::{Metrics, Settings, Telemetry, init_with};
use testkit::otlp::{Collector, Span, hex};
use tokio::runtime::Runtime;

pub struct World {
    pub runtime: Runtime,
    pub collector: Collector,
    pub metrics: Metrics,
    telemetry: Telemetry,
}

/// Nothing that begins here is recorded by itself, so a test decides by the flag of its `traceparent`.
static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let collector = runtime.block_on(Collector::start()).unwrap();
    let settings = Settings { endpoint: Some(collector.endpoint()), sampling: Sampling::Ratio(0.0) };
    let (telemetry, metrics) = {
        let _inside = runtime.enter();
        (init_with("intake", &settings), Metrics::new("intake"))
    };
    World { runtime, collector, metrics, telemetry }
});

/// Ask for it first: spans made before it exists are nobody's.
pub fn world() -> &'static World {
    &WORLD
}

impl World {
    /// Everything said so far has arrived.
    pub fn flush(&self) {
        self.telemetry.flush();
    }

    /// The spans of a trace.
    pub fn trace(&self, trace_id: &str) -> Vec<Span> {
        self.flush();
        let spans = self.collector.spans().into_iter().map(|(_, span)| span);
        spans.filter(|span| hex(&span.trace_id) == trace_id).collect()
    }
}

/// A trace of its own for each test.
pub fn traceparent(trace: u8, sampled: bool) -> String {
    format!("00-{trace:032x}-00f067aa0ba902b7-0{}", u8::from(sampled))
}

pub fn trace_id(trace: u8) -> String {
    format!("{trace:032x}")
}
