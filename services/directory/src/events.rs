//! Named logs and counters of this service.

use ids::TenantId;
use prometheus::{IntCounterVec, Opts, Registry};

/// The instruments. Cloning shares them.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    applies: IntCounterVec,
}

impl Events {
    pub(crate) fn new(registry: &Registry) -> Self {
        let options =
            Opts::new("directory_applies_total", "Manifests by outcome: changed, unchanged, refused.");
        let applies = IntCounterVec::new(options, &["outcome"]).expect("a sound name and label");
        registry.register(Box::new(applies.clone())).expect("registered once per process");
        Self { applies }
    }

    pub(crate) fn applied(&self, tenant: TenantId, generation: u64, changed: bool) {
        let outcome = if changed { "changed" } else { "unchanged" };
        self.applies.with_label_values(&[outcome]).inc();
        tracing::info!(%tenant, generation, outcome, "manifest applied");
    }

    pub(crate) fn refused(&self, tenant: Option<TenantId>, code: &'static str, faults: usize) {
        self.applies.with_label_values(&["refused"]).inc();
        tracing::info!(tenant = tenant.map(tracing::field::display), code, faults, "manifest refused");
    }
}
