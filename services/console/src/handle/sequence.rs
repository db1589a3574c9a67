//! Gives committed lines their positions.
//!
//! The tenant's row of `positions` is locked first and the waiting lines are read after that, so two sequencers never
//! see the same line waiting. A line that is committed late gets a late position: a reader's cursor is never passed
//! by (`tests/it/positions.rs`). The last position and the lines' own change in one transaction: no gaps.

use ids::TenantId;
use pg::TenantScope;

use super::Room;
use crate::core::sequence::in_order;
use crate::store;

/// Tenants of one round, and lines of one of them in one transaction. The rest waits for the next round.
const TENANTS_MAX: i64 = 256;
const LINES_MAX: i64 = 500;

/// One look over all tenants; returns how many lines got a position.
pub(crate) async fn round(room: &Room) -> Result<usize, pg::Error> {
    let mut tx = room.house.pool.begin(TenantScope::of_claim()).await?;
    let waiting = store::positions::tenants_waiting(&mut tx, TENANTS_MAX).await?;
    tx.commit().await?;
    let mut sequenced = 0;
    for tenant in waiting {
        let lines = pg::retrying(|| of_tenant(room, tenant)).await?;
        if lines > 0 {
            room.live.tell(tenant).await;
        }
        sequenced += lines;
    }
    room.events.sequenced(sequenced);
    Ok(sequenced)
}

async fn of_tenant(room: &Room, tenant: TenantId) -> Result<usize, pg::Error> {
    let mut tx = room.house.pool.begin(TenantScope::of_subjects([tenant])).await?;
    let last = store::positions::lock(&mut tx, tenant).await?;
    let mut lines = store::positions::waiting(&mut tx, tenant, LINES_MAX).await?;
    in_order(&mut lines);
    let ids: Vec<_> = lines.iter().map(|line| line.event_id).collect();
    if !ids.is_empty() {
        store::positions::give(&mut tx, tenant, last, &ids).await?;
        store::positions::advance(&mut tx, tenant, last + ids.len() as i64).await?;
        store::positions::settled(&mut tx, tenant, &ids).await?;
    }
    tx.commit().await?;
    Ok(ids.len())
}
