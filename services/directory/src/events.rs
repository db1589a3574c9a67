//! Named logs and counters of this service.

use ids::TenantId;
use telemetry::{Counter, Metrics, label};

/// The instruments. Cloning shares them.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    applies: Counter<1>,
}

impl Events {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let help = "Manifests by outcome: changed, unchanged, refused.";
        let outcome = [label("outcome", ["changed", "unchanged", "refused"])];
        Self { applies: metrics.counter("directory.applies", help, "{manifest}", outcome) }
    }

    pub(crate) fn applied(&self, tenant: TenantId, generation: u64, changed: bool) {
        let outcome = if changed { "changed" } else { "unchanged" };
        self.applies.add([outcome], 1);
        tracing::info!(%tenant, generation, outcome, "manifest applied");
    }

    pub(crate) fn refused(&self, tenant: Option<TenantId>, code: &'static str, faults: usize) {
        self.applies.add(["refused"], 1);
        tracing::info!(tenant = tenant.map(tracing::field::display), code, faults, "manifest refused");
    }
}
