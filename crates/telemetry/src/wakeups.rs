//! Wake-ups: how late they fire.

use crate::labels::label;
use crate::metrics::{Counter, Histogram, Metrics};

const SECONDS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 30.0];

/// `wakeups.lateness`, by kind: from the due time to the claim, both by the database's clock; `wakeups.early` counts
/// those that were claimed before they were due, which never happens unless something is broken.
#[derive(Debug, Clone)]
pub struct Lateness {
    seconds: Histogram<1>,
    early: Counter<1>,
}

impl Lateness {
    /// Makes the instrument for one kind.
    pub fn new(metrics: &Metrics, kind: &str) -> Self {
        let help = "From the due time of a wake-up to its claim.";
        let seconds = metrics.histogram("wakeups.lateness", help, "s", &SECONDS, [label("kind", [kind])]);
        let help = "Wake-ups that were claimed before they were due.";
        Self { seconds, early: metrics.counter("wakeups.early", help, "{wakeup}", [label("kind", [kind])]) }
    }

    /// One was claimed this late; below zero, this early.
    pub fn claimed(&self, kind: &str, late_us: i64) {
        self.seconds.record([kind], late_us.max(0) as f64 / 1e6);
        if late_us < 0 {
            self.early.add([kind], 1);
        }
    }
}
