//! Messages of a tenant that is removed (注销): those of before are dropped on purpose and counted; later ones are of who
//! is onboarded again under its code, and come back until that is here. None is parked and none applied: the rows
//! would be taken for what the removal left.

use futures_util::future::BoxFuture;
use ids::TenantId;
use jiff::Timestamp;
use std::collections::BTreeMap;

use super::Apply;
use super::batch::Room;
use super::origin::Origin;
use super::trouble::growing;

/// Where a message stands whose tenant may have been removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its tenant is here.
    Present,
    /// It is of the tenant that was removed.
    Removed,
    /// Its tenant is removed, and the message is of who comes after.
    NotYet,
}

/// Who is no more, as the service knows it.
pub trait Removals: Send + Sync {
    /// Where a message of this tenant stands that was said at `said_at`. Without an instant: one that tells none.
    fn standing(&self, tenant: TenantId, said_at: Option<Timestamp>) -> Standing;

    /// So many of a tenant's messages were dropped.
    fn dropped(&self, tenant: TenantId, messages: usize) -> BoxFuture<'_, Result<(), pg::Error>>;
}

impl<A: Apply> Room<A> {
    /// Those that are to be applied, and those whose tenant is removed. A parked one of these is neither: it goes with the
    /// rows of its tenant.
    pub(super) async fn without_removed(&self, origins: Vec<Origin>) -> (Vec<Origin>, Vec<Origin>) {
        let Some(removals) = &self.removals else { return (origins, Vec::new()) };
        let standing = |origin: &Origin, tenant| {
            let envelope = contract::Envelope::read(origin.subject(), |name| origin.header(name)).ok();
            removals.standing(tenant, envelope.map(|envelope| envelope.time))
        };
        let (mut kept, mut dropped, mut counts) =
            (Vec::with_capacity(origins.len()), Vec::new(), BTreeMap::new());
        for origin in origins {
            let Some(tenant) = origin.tenant() else {
                kept.push(origin);
                continue;
            };
            match (standing(&origin, tenant), &origin) {
                (Standing::Present, _) => kept.push(origin),
                (Standing::NotYet, _) => self.send_back(&origin, growing(origin.attempts())).await,
                (Standing::Removed, Origin::Shelf(_)) => {}
                (Standing::Removed, Origin::Stream(_)) => {
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
