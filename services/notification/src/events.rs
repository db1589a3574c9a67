//! Named logs and metrics. Labels are bounded: codes of our own, never a tenant or an endpoint.

use std::time::Duration;

use telemetry::{Counter, Histogram, Metrics, label};

use crate::core::outcome::Outcome;

const VERDICTS: [&str; 3] = ["delivered", "dead_lettered", "suppressed"];
/// Up to a minute, with the two seconds of `order-to-first-attempt` (docs/slo.toml) among them.
const FIRST_ATTEMPT_SECONDS: [f64; 12] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];
const ATTEMPT_SECONDS: [f64; 7] = [0.005, 0.02, 0.1, 0.5, 2.0, 5.0, 15.0];

/// The instruments of this service.
#[derive(Debug, Clone)]
pub struct Events {
    verdicts: Counter<1>,
    attempts: Counter<1>,
    attempt_seconds: Histogram<0>,
    first_attempt_seconds: Histogram<0>,
    unopened: Counter<0>,
}

impl Events {
    /// Makes them; made twice, they are the same.
    pub fn new(metrics: &Metrics) -> Self {
        let verdict = [label("verdict", VERDICTS)];
        let outcome = [label("outcome", Outcome::CODES)];
        let (attempt, help) = ("notification.attempt.duration", "Duration of webhook attempts.");
        let first = "notification.order_to_attempt.duration";
        let first_help = "From an order's dispatch to the first webhook attempt.";
        let unopened_help =
            "Stored secrets that were sealed under another key, each time one was to be used.";
        Self {
            verdicts: metrics.counter(
                "notification.verdicts",
                "Verdicts on deliveries.",
                "{verdict}",
                verdict,
            ),
            attempts: metrics.counter(
                "notification.attempts",
                "Webhook attempts by outcome.",
                "{attempt}",
                outcome,
            ),
            attempt_seconds: metrics.histogram(attempt, help, "s", &ATTEMPT_SECONDS, []),
            first_attempt_seconds: metrics.histogram(first, first_help, "s", &FIRST_ATTEMPT_SECONDS, []),
            unopened: metrics.counter("notification.secrets.unopened", unopened_help, "{secret}", []),
        }
    }

    /// An attempt ended.
    pub fn attempt_ended(&self, outcome: &Outcome, took: Duration) {
        self.attempts.add([outcome.code()], 1);
        self.attempt_seconds.record([], took.as_secs_f64());
    }

    /// The first attempt to tell of an order begins, so long after its dispatch.
    pub fn first_attempt(&self, after: Duration) {
        self.first_attempt_seconds.record([], after.as_secs_f64());
    }

    /// A delivery got its verdict: delivered, dead_lettered or suppressed.
    pub fn verdict(&self, verdict: &'static str) {
        self.verdicts.add([verdict], 1);
    }

    /// Webhooks to an endpoint end here until a person or a new address changes that.
    pub fn endpoint_disabled(&self, owner: ids::TenantId, key: &str, reason: &'static str) {
        tracing::error!(tenant = %owner, endpoint = key, reason, "endpoint is disabled");
    }

    /// A stored secret is sealed under another key than the mounted one: its endpoint waits for the right key.
    pub fn secret_does_not_open(&self, owner: ids::TenantId, error: &seal::OpenError) {
        self.unopened.add([], 1);
        tracing::error!(tenant = %owner, %error, "endpoint secret does not open");
    }

    /// Attempts whose process died before it recorded them.
    pub fn attempts_lost(&self, attempts: usize) {
        if attempts > 0 {
            tracing::warn!(attempts, "attempts ended without a record and are sent again");
        }
    }
}
