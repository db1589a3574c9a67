//! Due deliveries, handed to the room inside the claim's transaction.

use std::sync::Arc;

use ids::TenantId;
use jiff::Timestamp;
use pg::ScopedTx;
use wakeups::{Fire, FireError, Kind, Wakeup};

use crate::handle::{Room, claim, fan_out};

/// Fires wake-ups of deliveries.
pub struct Claim(pub Arc<Room>);

impl Fire for Claim {
    const KIND: Kind = fan_out::KIND;

    /// A district's endpoints keep their secrets and health with the district.
    fn districts(&self, tenants: &[TenantId]) -> Vec<TenantId> {
        let view = self.0.house.snapshot.view();
        tenants.iter().filter_map(|tenant| view.district_of(*tenant)).collect()
    }

    async fn fire(&self, tx: &mut ScopedTx, now: Timestamp, due: Vec<Wakeup>) -> Result<usize, FireError> {
        claim::claim(&self.0, tx, now, &due).await?;
        // Each is armed anew or disarmed.
        Ok(due.len())
    }
}
