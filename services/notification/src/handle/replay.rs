//! A person replays a dead letter: the same id and bytes, the schedule from its beginning.

use bootstrap::Admitted;
use uuid::Uuid;
use wakeups::Wakeup;

use super::Room;
use super::fan_out::KIND;
use crate::store::deliveries::{self, Settled};
use crate::store::health;

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// No such delivery in this street.
    #[error("no such delivery")]
    Unknown,
    /// It is delivered, suppressed or still being tried.
    #[error("delivery is not dead-lettered")]
    NotDead,
    /// The database said no, or nothing at all.
    #[error("replaying a delivery")]
    Database(#[from] pg::Error),
}

/// Sets a dead letter back to pending, due now. Its endpoint counts as working again: a person has looked.
pub async fn replay(room: &Room, admitted: &Admitted, id: Uuid) -> Result<(), ReplayError> {
    let scope = admitted.scope().with_district([admitted.district]);
    let mut tx = room.house.pool.begin(scope).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let found = deliveries::lock(&mut tx, &[(admitted.tenant, id)]).await?;
    let delivery = found.into_iter().next().ok_or(ReplayError::Unknown)?;
    let Some(endpoint) = delivery.endpoint.filter(|_| delivery.state == "dead_lettered") else {
        return Err(ReplayError::NotDead);
    };
    let pending = Settled {
        key: delivery.key,
        state: "pending",
        reason: None,
        uncounted: delivery.attempts,
        verdicts: delivery.verdicts,
        next_attempt_at: Some(now),
        decided_at: None,
    };
    deliveries::settle(&mut tx, &[pending]).await?;
    health::forget(&mut tx, &[endpoint]).await?;
    let wakeup = Wakeup { tenant: admitted.tenant, kind: KIND, subject_id: id, due_at: now };
    wakeups::arm(&mut tx, &[wakeup]).await?;
    tx.commit().await?;
    tracing::info!(tenant = %admitted.tenant, delivery = %id, actor = admitted.principal.subject(), "delivery is replayed");
    room.house.committed();
    Ok(())
}
