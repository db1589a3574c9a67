//! Gives committed lines their positions, of many tenants in one transaction.
//!
//! The tenants' rows of `positions` are locked first and the waiting lines are read after that, so two sequencers
//! never see the same line waiting. A line that is committed late gets a late position: a reader's cursor is never
//! passed by (`tests/it/positions.rs`). Positions, what waited and the last position change together: no gaps.
//!
//! A round begins after the tenant the round before ended with, so each has its turn. When a round fails, it is
//! halved until the tenant at fault is alone; that one is left out for a while, the others go on.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use ids::TenantId;
use jiff::{SignedDuration, Timestamp};
use pg::TenantScope;

use super::Room;
use crate::core::sequence::{Waiting, in_order};
use crate::store;
use crate::store::positions::Given;

/// Tenants of one transaction, and lines of each. The rest waits for a later round.
const TENANTS_MAX: i64 = 64;
const LINES_MAX: i64 = 256;
/// How long a line waits for what it follows from (ADR 023).
const HOLD_FOR: SignedDuration = SignedDuration::from_secs(2);
/// How long a tenant that failed alone is left out.
const ASIDE_FOR: SignedDuration = SignedDuration::from_secs(5);

/// Whose turn it is. Lost with the process, which costs nobody more than one turn.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// The last tenant looked at; 0 before the first.
    after: i64,
    /// Tenants left out until an instant of the database's.
    aside: BTreeMap<TenantId, Timestamp>,
}

/// Looks at the next tenants; returns how many lines got a position.
pub(crate) async fn round(room: &Room, turns: &mut Turns) -> Result<usize, pg::Error> {
    let (now, tenants) = next(room, turns).await?;
    let mut failed = Vec::new();
    let sequenced = of_tenants(room, &tenants, &mut failed).await?;
    turns.aside.extend(failed.into_iter().map(|tenant| (tenant, now + ASIDE_FOR)));
    room.events.sequenced(sequenced);
    Ok(sequenced)
}

/// The tenants after the last one, from the first again when there are none left.
async fn next(room: &Room, turns: &mut Turns) -> Result<(Timestamp, Vec<TenantId>), pg::Error> {
    let mut tx = room.house.pool.begin(TenantScope::of_claim()).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let mut tenants = store::positions::tenants_waiting(&mut tx, turns.after, TENANTS_MAX).await?;
    let room_left = TENANTS_MAX - tenants.len() as i64;
    if room_left > 0 && turns.after > 0 {
        let first = store::positions::tenants_waiting(&mut tx, 0, room_left).await?;
        let looked_at = turns.after;
        tenants.extend(first.into_iter().filter(|tenant| tenant.as_i64() <= looked_at));
    }
    tx.commit().await?;
    turns.after = tenants.last().map_or(0, |tenant| tenant.as_i64());
    turns.aside.retain(|_, until| *until > now);
    tenants.retain(|tenant| !turns.aside.contains_key(tenant));
    tenants.sort();
    Ok((now, tenants))
}

/// All of them in one transaction, or in two halves if that fails; who fails alone is named in `failed`.
fn of_tenants<'a>(
    room: &'a Room,
    tenants: &'a [TenantId],
    failed: &'a mut Vec<TenantId>,
) -> BoxFuture<'a, Result<usize, pg::Error>> {
    Box::pin(async move {
        if tenants.is_empty() {
            return Ok(0);
        }
        match pg::retrying(|| once(room, tenants)).await {
            Ok(sequenced) => {
                let grown: Vec<TenantId> = sequenced.iter().map(|(tenant, _)| *tenant).collect();
                room.live.tell(&grown).await;
                Ok(sequenced.iter().map(|(_, lines)| lines).sum())
            }
            Err(error) if matches!(error.kind(), pg::Kind::Unavailable | pg::Kind::RanIntoAnother) => {
                Err(error)
            }
            Err(error) if tenants.len() == 1 => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, tenant = %tenants[0], "lines of a tenant get their positions later");
                failed.push(tenants[0]);
                Ok(0)
            }
            Err(_) => {
                let (one, two) = tenants.split_at(tenants.len() / 2);
                Ok(of_tenants(room, one, failed).await? + of_tenants(room, two, failed).await?)
            }
        }
    })
}

/// One transaction; returns the tenants that have grown, and by how much.
async fn once(room: &Room, tenants: &[TenantId]) -> Result<Vec<(TenantId, usize)>, pg::Error> {
    let mut tx = room.house.pool.begin(TenantScope::of_subjects(tenants.iter().copied())).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let numbers: Vec<i64> = tenants.iter().map(|tenant| tenant.as_i64()).collect();
    store::positions::enter(&mut tx, &numbers).await?;
    let locked = store::positions::lock(&mut tx, &numbers).await?;
    let numbers: Vec<i64> = locked.iter().map(|(tenant, _)| tenant.as_i64()).collect();
    let waiting = store::positions::waiting(&mut tx, &numbers, now - HOLD_FOR, LINES_MAX).await?;
    let (given, grown) = positions(&locked, waiting);
    if !given.events.is_empty() {
        let tenants: Vec<i64> = grown.iter().map(|grown| grown.tenant.as_i64()).collect();
        let lasts: Vec<i64> = grown.iter().map(|grown| grown.last).collect();
        store::positions::give(&mut tx, &given).await?;
        store::positions::settled(&mut tx, &given).await?;
        store::positions::advance(&mut tx, &tenants, &lasts).await?;
    }
    tx.commit().await?;
    Ok(grown.into_iter().map(|grown| (grown.tenant, grown.lines)).collect())
}

struct Grown {
    tenant: TenantId,
    last: i64,
    lines: usize,
}

/// The positions after each tenant's last one.
fn positions(locked: &[(TenantId, i64)], waiting: Vec<(TenantId, Waiting)>) -> (Given, Vec<Grown>) {
    let mut of: BTreeMap<TenantId, Vec<Waiting>> = BTreeMap::new();
    for (tenant, line) in waiting {
        of.entry(tenant).or_default().push(line);
    }
    let (mut given, mut grown) = (Given::default(), Vec::new());
    for (tenant, before) in locked {
        let lines = in_order(of.remove(tenant).unwrap_or_default());
        let (mut last, count) = (*before, lines.len());
        for line in lines {
            last += 1;
            given.tenants.push(tenant.as_i64());
            given.positions.push(last);
            given.events.push(line.event_id);
            given.subjects.push(line.subject_id);
            given.early.push(line.early);
        }
        if count > 0 {
            grown.push(Grown { tenant: *tenant, last, lines: count });
        }
    }
    (given, grown)
}
