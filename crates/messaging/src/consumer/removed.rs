//! Messages of a tenant that is removed (注销): dropped on purpose and counted, never parked and never applied.

use futures_util::future::BoxFuture;
use ids::TenantId;
use jiff::Timestamp;
use std::collections::BTreeMap;

use super::Apply;
use super::batch::Room;
use super::origin::Origin;

/// Who is no more, as the service knows it.
pub trait Removals: Send + Sync {
    /// Whether a message of this tenant, said at `said_at`, is of one that was removed. Without an instant: of a message
    /// that tells none.
    fn removed(&self, tenant: TenantId, said_at: Option<Timestamp>) -> bool;

    /// So many of a tenant's messages were dropped.
    fn dropped(&self, tenant: TenantId, messages: usize) -> BoxFuture<'_, Result<(), pg::Error>>;
}

impl<A: Apply> Room<A> {
    /// Those that are to be applied, and those whose tenant is removed. A parked one is neither: it goes with the rows
    /// of its tenant.
    pub(super) async fn without_removed(&self, origins: Vec<Origin>) -> (Vec<Origin>, Vec<Origin>) {
        let Some(removals) = &self.removals else { return (origins, Vec::new()) };
        let of_removed = |origin: &Origin| {
            let tenant = origin.tenant()?;
            let envelope = contract::Envelope::read(origin.subject(), |name| origin.header(name)).ok();
            removals.removed(tenant, envelope.map(|envelope| envelope.time)).then_some(tenant)
        };
        let (mut kept, mut dropped, mut counts) =
            (Vec::with_capacity(origins.len()), Vec::new(), BTreeMap::new());
        for origin in origins {
            match (of_removed(&origin), &origin) {
                (None, _) => kept.push(origin),
                (Some(_), Origin::Shelf(_)) => {}
                (Some(tenant), Origin::Stream(_)) => {
                    *counts.entry(tenant).or_insert(0) += 1;
                    dropped.push(origin);
                }
            }
        }
        self.count("dropped", dropped.len());
        for (tenant, messages) in counts {
            tracing::info!(consumer = self.consumer, %tenant, messages, "messages of a removed tenant are dropped");
            if let Err(error) = removals.dropped(tenant, messages).await {
                tracing::warn!(consumer = self.consumer, error = %error, "dropped messages were not counted");
            }
        }
        (kept, dropped)
    }
}
