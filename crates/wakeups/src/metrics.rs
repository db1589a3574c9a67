//! What runners count.

use prometheus::{IntCounterVec, Opts, Registry};

use crate::Kind;

/// Counters of the runners of one process. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Metrics {
    put_off: IntCounterVec,
}

impl Metrics {
    /// Registers them, once per process.
    ///
    /// # Panics
    /// When the registry knows the name already: two sets in one process.
    pub fn register(registry: &Registry) -> Self {
        let help = "Wake-ups that could not be fired and were put off, each time.";
        let put_off = IntCounterVec::new(Opts::new("wakeups_put_off_total", help), &["kind"])
            .expect("a sound name and label");
        registry.register(Box::new(put_off.clone())).expect("registered once per process");
        Self { put_off }
    }

    pub(crate) fn put_off(&self, kind: Kind) {
        self.put_off.with_label_values(&[kind]).inc();
    }
}
