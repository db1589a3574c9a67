//! Metrics of intake. No tenant and no text of a reporter is ever a label.

use ids::Lane;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// What is counted.
#[derive(Debug, Clone)]
pub struct Events {
    accepted: IntCounterVec,
    replayed: IntCounter,
    refused: IntCounterVec,
    outbox_rows: IntGauge,
    batches: Histogram,
}

impl Events {
    /// Registers all of them; once per process.
    ///
    /// # Panics
    /// When the registry has one of the names already: a broken wiring.
    pub fn new(registry: &Registry) -> Self {
        let vec = |name: &str, help: &str, label: &str| {
            IntCounterVec::new(Opts::new(name, help), &[label]).expect("a well-formed metric")
        };
        let events = Self {
            accepted: vec("intake_reports_accepted_total", "Reports put on the record.", "lane"),
            replayed: IntCounter::new(
                "intake_reports_replayed_total",
                "Answers given again for the same key.",
            )
            .expect("a well-formed metric"),
            refused: vec("intake_reports_refused_total", "Reports refused by the room, by reason.", "reason"),
            outbox_rows: IntGauge::new(
                "intake_outbox_rows",
                "Events waiting for the broker, up to twice the mark.",
            )
            .expect("a well-formed metric"),
            batches: Histogram::with_opts(
                HistogramOpts::new("intake_batch_reports", "Reports taken by a writer at once.")
                    .buckets(vec![1.0, 4.0, 16.0, 64.0, 256.0, 512.0]),
            )
            .expect("a well-formed metric"),
        };
        let all: [Box<dyn prometheus::core::Collector>; 5] = [
            Box::new(events.accepted.clone()),
            Box::new(events.replayed.clone()),
            Box::new(events.refused.clone()),
            Box::new(events.outbox_rows.clone()),
            Box::new(events.batches.clone()),
        ];
        for metric in all {
            registry.register(metric).expect("each metric is registered once");
        }
        events
    }

    /// A report is on the record.
    pub fn accepted(&self, lane: Lane) {
        self.accepted.with_label_values(&[lane.as_str()]).inc();
    }

    /// The same request came again.
    pub fn replayed(&self) {
        self.replayed.inc();
    }

    /// The room said no.
    pub fn refused(&self, reason: &'static str) {
        self.refused.with_label_values(&[reason]).inc();
    }

    /// A writer took so many reports.
    pub fn batch(&self, reports: usize) {
        self.batches.observe(reports as f64);
    }

    /// The outbox was looked at.
    pub fn outbox_measured(&self, rows: i64) {
        self.outbox_rows.set(rows);
    }
}
