//! What runners count.

use telemetry::wakeups::Lateness;
use telemetry::{Counter, Metrics, label};

use crate::{Kind, Wakeup};

/// The instruments of one runner; runners of one process share them and differ by kind.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    kind: Kind,
    put_off: Counter<1>,
    lateness: Lateness,
}

impl Measured {
    pub(crate) fn new(metrics: &Metrics, kind: Kind) -> Self {
        let help = "Wake-ups that could not be fired and were put off, each time.";
        let put_off = metrics.counter("wakeups.put_off", help, "{wakeup}", [label("kind", [kind])]);
        Self { kind, put_off, lateness: Lateness::new(metrics, kind) }
    }

    pub(crate) fn put_off(&self) {
        self.put_off.add([self.kind], 1);
    }

    pub(crate) fn claimed(&self, due: &[Wakeup], now: jiff::Timestamp) {
        for wakeup in due {
            self.lateness.claimed(self.kind, now.as_microsecond() - wakeup.due_at.as_microsecond());
        }
    }
}
