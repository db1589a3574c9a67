//! Metrics of console. No tenant and no text of a person is ever a label.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// What is counted. A batch that fails and is tried again counts again: these tell of work, not of rows.
#[derive(Debug, Clone)]
pub struct Events {
    heard: IntCounterVec,
    sequenced: IntCounter,
    live_readers: IntGauge,
}

impl Events {
    /// Registers all of them; once per registry.
    ///
    /// # Panics
    /// When the registry has one of the names already: a broken wiring.
    pub fn new(registry: &Registry) -> Self {
        let options = Opts::new("console_events_heard_total", "Events recorded, by publisher.");
        let heard = IntCounterVec::new(options, &["publisher"]).expect("a well-formed metric");
        let sequenced = IntCounter::new("console_lines_sequenced_total", "Timeline lines given a position.");
        let sequenced = sequenced.expect("a well-formed metric");
        let live_readers = IntGauge::new("console_live_readers", "Live streams open now.");
        let live_readers = live_readers.expect("a well-formed metric");
        registry.register(Box::new(heard.clone())).expect("each metric is registered once");
        registry.register(Box::new(sequenced.clone())).expect("each metric is registered once");
        registry.register(Box::new(live_readers.clone())).expect("each metric is registered once");
        Self { heard, sequenced, live_readers }
    }

    pub(crate) fn heard(&self, publisher: &str) {
        self.heard.with_label_values(&[publisher]).inc();
    }

    pub(crate) fn sequenced(&self, lines: usize) {
        self.sequenced.inc_by(lines as u64);
    }

    pub(crate) fn live_readers(&self, open: usize) {
        self.live_readers.set(open as i64);
    }
}
