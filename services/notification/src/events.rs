//! Named logs and metrics. Labels are bounded: codes of our own, never a tenant or an endpoint.

use std::time::Duration;

use prometheus::{Histogram, HistogramOpts, IntCounterVec, Opts, Registry};

use crate::core::outcome::Outcome;

/// The instruments of this service.
#[derive(Debug, Clone)]
pub struct Events {
    verdicts: IntCounterVec,
    attempts: IntCounterVec,
    attempt_seconds: Histogram,
}

impl Events {
    /// Registers them; a second set in one registry counts for itself.
    pub fn new(registry: &Registry) -> Self {
        let counter = |name: &str, help: &str, label: &str| {
            let counter =
                IntCounterVec::new(Opts::new(name, help), &[label]).expect("constant names are sound");
            registry.register(Box::new(counter.clone())).ok();
            counter
        };
        let buckets = vec![0.005, 0.02, 0.1, 0.5, 2.0, 5.0, 15.0];
        let seconds =
            HistogramOpts::new("notification_attempt_duration_seconds", "Duration of webhook attempts.");
        let attempt_seconds =
            Histogram::with_opts(seconds.buckets(buckets)).expect("constant names are sound");
        registry.register(Box::new(attempt_seconds.clone())).ok();
        Self {
            verdicts: counter("notification_verdicts_total", "Verdicts on deliveries.", "verdict"),
            attempts: counter("notification_attempts_total", "Webhook attempts by outcome.", "outcome"),
            attempt_seconds,
        }
    }

    /// An attempt ended.
    pub fn attempt_ended(&self, outcome: &Outcome, took: Duration) {
        self.attempts.with_label_values(&[outcome.code()]).inc();
        self.attempt_seconds.observe(took.as_secs_f64());
    }

    /// A delivery got its verdict: delivered, dead_lettered or suppressed.
    pub fn verdict(&self, verdict: &'static str) {
        self.verdicts.with_label_values(&[verdict]).inc();
    }

    /// Webhooks to an endpoint end here until a person or a new address changes that.
    pub fn endpoint_disabled(&self, owner: ids::TenantId, key: &str, reason: &'static str) {
        tracing::error!(tenant = %owner, endpoint = key, reason, "endpoint is disabled");
    }

    /// Attempts whose process died before it recorded them.
    pub fn attempts_lost(&self, attempts: usize) {
        if attempts > 0 {
            tracing::warn!(attempts, "attempts ended without a record and are sent again");
        }
    }
}

/// A stored secret is sealed under another key than the mounted one: its endpoint waits for the right key.
pub fn secret_does_not_open(owner: ids::TenantId, error: &seal::OpenError) {
    tracing::error!(tenant = %owner, %error, "endpoint secret does not open");
}
