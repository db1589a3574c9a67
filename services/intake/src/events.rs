//! Metrics of intake. No tenant and no text of a reporter is ever a label.

use ids::Lane;
use telemetry::{Counter, Gauge, Histogram, Metrics, label};

use crate::core::assign::Fault;
use crate::handle::Refusal;

/// What is counted.
#[derive(Debug, Clone)]
pub struct Events {
    accepted: Counter<1>,
    replayed: Counter<0>,
    refused: Counter<1>,
    outbox_rows: Gauge<0>,
    batches: Histogram<0>,
}

/// The reasons there are.
const REFUSALS: [Refusal; 8] = [
    Refusal::KeyReused,
    Refusal::UnknownStreet,
    Refusal::ContactRequired,
    Refusal::Unassignable(Fault::ItemRequired),
    Refusal::Overloaded,
    Refusal::QuotaExceeded { retry_after_s: 1 },
    Refusal::ContactUnsealed,
    Refusal::KeyUnavailable,
];

/// How many reports a writer takes at once, in steps.
const BATCH_REPORTS: [f64; 6] = [1.0, 4.0, 16.0, 64.0, 256.0, 512.0];

impl Events {
    /// Makes them; made twice, they are the same.
    pub fn new(metrics: &Metrics) -> Self {
        let counter = |name, help, label| metrics.counter(name, help, "{report}", [label]);
        let lanes = label("lane", Lane::ALL.map(Lane::as_str));
        let reasons = label("reason", REFUSALS.map(Refusal::reason));
        let (replayed, replayed_help) = ("intake.reports.replayed", "Answers given again for the same key.");
        let (batches, batches_help) = ("intake.batch.reports", "Reports taken by a writer at once.");
        Self {
            accepted: counter("intake.reports.accepted", "Reports put on the record.", lanes),
            replayed: metrics.counter(replayed, replayed_help, "{report}", []),
            refused: counter("intake.reports.refused", "Reports refused by the room, by reason.", reasons),
            outbox_rows: metrics.gauge(
                "intake.outbox.rows",
                "Events waiting for the broker, up to twice the mark.",
                "{row}",
                [],
            ),
            batches: metrics.histogram(batches, batches_help, "{report}", &BATCH_REPORTS, []),
        }
    }

    /// A report is on the record.
    pub fn accepted(&self, lane: Lane) {
        self.accepted.add([lane.as_str()], 1);
    }

    /// The same request came again.
    pub fn replayed(&self) {
        self.replayed.add([], 1);
    }

    /// The room said no.
    pub fn refused(&self, reason: &'static str) {
        self.refused.add([reason], 1);
    }

    /// A writer took so many reports.
    pub fn batch(&self, reports: usize) {
        self.batches.record([], reports as f64);
    }

    /// The outbox was looked at.
    pub fn outbox_measured(&self, rows: i64) {
        self.outbox_rows.set([], rows);
    }
}
