//! Heads of chains, told every minute: a log line is kept where the database's administrators cannot change it.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt;
use ids::TenantId;
use tokio::time::Interval;

use super::sealing::NewSeal;
use crate::audit::Checkpoint;

/// What is cut off and made anew within this time of its sealing is not told apart from what was.
const EVERY: Duration = Duration::from_secs(60);

/// The newest seal of each tenant since it was last told.
pub(crate) struct Heads {
    service: &'static str,
    fresh: BTreeMap<i64, (i64, [u8; 32])>,
    every: Interval,
}

impl Heads {
    pub(crate) fn new(service: &'static str) -> Self {
        Self { service, fresh: BTreeMap::new(), every: pg::apart(EVERY) }
    }

    /// These were made.
    pub(crate) fn sealed(&mut self, seals: &[NewSeal]) {
        self.fresh.extend(seals.iter().map(|seal| (seal.tenant_id, (seal.n, seal.root))));
    }

    /// Tells them, if a minute has passed.
    pub(crate) fn tell_in_time(&mut self) {
        if self.every.tick().now_or_never().is_some() {
            self.tell();
        }
    }

    /// Tells them now: `streetwise audit verify --checkpoints` reads these lines.
    pub(crate) fn tell(&mut self) {
        for (tenant, (seal, root)) in std::mem::take(&mut self.fresh) {
            let Ok(tenant) = TenantId::from_i64(tenant) else { continue };
            let head = Checkpoint { service: self.service.to_owned(), tenant, seal, root };
            let (service, root) = (self.service, head.root_hex());
            tracing::info!(service, %tenant, seal, root, "seal checkpoint");
        }
    }
}
