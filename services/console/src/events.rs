//! Metrics of console. No tenant and no text of a person is ever a label.

use telemetry::{Counter, Gauge, Metrics, label};

/// What is counted. A batch that fails and is tried again counts again: these tell of work, not of rows.
#[derive(Debug, Clone)]
pub struct Events {
    heard: Counter<1>,
    sequenced: Counter<0>,
    live_readers: Gauge<0>,
}

impl Events {
    /// Makes them; made twice, they are the same.
    pub fn new(metrics: &Metrics) -> Self {
        let publishers = [label("publisher", contract::topology::PUBLISHERS)];
        let (lines, help) = ("console.lines.sequenced", "Timeline lines given a position.");
        Self {
            heard: metrics.counter(
                "console.events.heard",
                "Events recorded, by publisher.",
                "{event}",
                publishers,
            ),
            sequenced: metrics.counter(lines, help, "{line}", []),
            live_readers: metrics.gauge("console.live.readers", "Live streams open now.", "{reader}", []),
        }
    }

    pub(crate) fn heard(&self, publisher: &str) {
        self.heard.add([publisher], 1);
    }

    pub(crate) fn sequenced(&self, lines: usize) {
        self.sequenced.add([], lines as u64);
    }

    pub(crate) fn live_readers(&self, open: usize) {
        self.live_readers.set([], open as i64);
    }
}
