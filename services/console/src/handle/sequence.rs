//! Gives committed lines their positions, of many tenants in one transaction.
//!
//! The tenants' rows of `positions` are locked first and the waiting lines are read after that, so two sequencers
//! never see the same line waiting. A line that is committed late gets a late position: a reader's cursor is never
//! passed by (`tests/it/positions.rs`). Positions, what waited and the last position change together: no gaps.
//!
//! A thorough round begins after the tenant the round before ended with, so each has its turn; between those, quick
//! rounds take what was heard in the last seconds. When a round fails, it is halved until the tenant at fault is alone;
//! that one is left out for a while, the others go on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use ids::TenantId;
use jiff::{SignedDuration, Timestamp};
use pg::{ScopedTx, TenantScope};
use uuid::Uuid;

use super::Room;
use crate::core::line::{Line, sort_out};
use crate::core::placed::Placed;
use crate::core::sequence::{Waiting, in_order};
use crate::store;
use crate::store::positions::Given;

/// Tenants of one transaction, and lines of each. The rest waits for a later round.
const TENANTS_MAX: usize = 64;
const LINES_MAX: i64 = 512;
/// Lines of a quick round in all.
const FRESH_MAX: i64 = 4_096;
/// Tenants of a quick round: narrow rows, locked for some milliseconds.
const FRESH_TENANTS_MAX: usize = 512;
/// How far back a quick round looks: a line waits at most [`HOLD_FOR`] for what it follows from.
const FRESH_FOR: SignedDuration = SignedDuration::from_secs(3);
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
    /// What this process has given a position, as far as it knows.
    placed: Mutex<Placed>,
}

/// What came of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Round {
    /// Lines that got a position.
    pub lines: usize,
    /// There was more than fits: the next look has to be thorough, for the oldest lines come first.
    pub full: bool,
}

/// Which lines a round looks at. What was settled before stays in the indexes until a vacuum, and whoever begins at
/// the oldest steps over all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// What was heard in the last seconds, of all tenants.
    Quick,
    /// The oldest lines of the tenants whose turn it is.
    Thorough,
}

impl Turns {
    /// Nothing is known to have its position any more. To be called when a look failed or was given up: behind a
    /// connection that broke may stand a database that was set back.
    pub(crate) fn forget(&mut self) {
        self.placed = Mutex::default();
    }
}

/// Looks at the next tenants.
pub(crate) async fn round(room: &Room, turns: &mut Turns, look: Look) -> Result<Round, pg::Error> {
    let (now, tenants) = next(room, turns, look).await?;
    let mut failed = Vec::new();
    let round = of_tenants(room, &tenants, look, &turns.placed, &mut failed).await?;
    turns.aside.extend(failed.into_iter().map(|tenant| (tenant, now + ASIDE_FOR)));
    room.events.sequenced(round.lines);
    // Whom a thorough look leaves out has a turn soon.
    let crowded = look == Look::Quick && tenants.len() >= FRESH_TENANTS_MAX;
    Ok(Round { full: round.full || crowded, ..round })
}

/// Whose lines are looked at, in order.
async fn next(room: &Room, turns: &mut Turns, look: Look) -> Result<(Timestamp, Vec<TenantId>), pg::Error> {
    let mut tx = room.house.pool.begin(TenantScope::of_claim()).await?;
    let now = room.house.clock.now(&mut tx).await?;
    turns.aside.retain(|_, until| *until > now);
    let mut tenants = match look {
        Look::Quick => fresh(&mut tx, turns, now).await?,
        Look::Thorough => in_turn(&mut tx, turns).await?,
    };
    tx.commit().await?;
    tenants.retain(|tenant| !turns.aside.contains_key(tenant));
    tenants.sort();
    Ok((now, tenants))
}

/// Tenants with lines heard just now; if they are too many, those whose thorough look is further away come first.
async fn fresh(tx: &mut ScopedTx, turns: &Turns, now: Timestamp) -> Result<Vec<TenantId>, pg::Error> {
    let mut tenants = store::positions::tenants_fresh(tx, now - FRESH_FOR, FRESH_MAX).await?;
    tenants.retain(|tenant| !turns.aside.contains_key(tenant));
    tenants.sort_by_key(|tenant| (tenant.as_i64() > turns.after, *tenant));
    tenants.truncate(FRESH_TENANTS_MAX);
    Ok(tenants)
}

/// The tenants after the last one, from the first again when there are none left.
async fn in_turn(tx: &mut ScopedTx, turns: &mut Turns) -> Result<Vec<TenantId>, pg::Error> {
    let mut tenants = store::positions::tenants_waiting(tx, turns.after, TENANTS_MAX as i64).await?;
    let room_left = TENANTS_MAX - tenants.len();
    if room_left > 0 && turns.after > 0 {
        let first = store::positions::tenants_waiting(tx, 0, room_left as i64).await?;
        let looked_at = turns.after;
        tenants.extend(first.into_iter().filter(|tenant| tenant.as_i64() <= looked_at));
    }
    turns.after = tenants.last().map_or(0, |tenant| tenant.as_i64());
    Ok(tenants)
}

/// All of them in one transaction, or in two halves if that fails; who fails alone is named in `failed`.
fn of_tenants<'a>(
    room: &'a Room,
    tenants: &'a [TenantId],
    look: Look,
    placed: &'a Mutex<Placed>,
    failed: &'a mut Vec<TenantId>,
) -> BoxFuture<'a, Result<Round, pg::Error>> {
    Box::pin(async move {
        if tenants.is_empty() {
            return Ok(Round { lines: 0, full: false });
        }
        match pg::retrying(|| once(room, tenants, look, placed)).await {
            Ok((grown, full)) => {
                let tenants: Vec<TenantId> = grown.iter().map(|grown| grown.tenant).collect();
                room.live.tell(&tenants).await;
                Ok(Round { lines: grown.iter().map(|grown| grown.lines).sum(), full })
            }
            Err(error) if matches!(error.kind(), pg::Kind::Unavailable | pg::Kind::RanIntoAnother) => {
                Err(error)
            }
            Err(error) if tenants.len() == 1 => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, tenant = %tenants[0], "lines of a tenant get their positions later");
                failed.push(tenants[0]);
                Ok(Round { lines: 0, full: false })
            }
            Err(_) => {
                let (one, two) = tenants.split_at(tenants.len() / 2);
                let one = of_tenants(room, one, look, placed, failed).await?;
                let two = of_tenants(room, two, look, placed, failed).await?;
                Ok(Round { lines: one.lines + two.lines, full: one.full || two.full })
            }
        }
    })
}

/// One transaction; returns the tenants that have grown, and whether there was more than fits.
async fn once(
    room: &Room,
    tenants: &[TenantId],
    look: Look,
    placed: &Mutex<Placed>,
) -> Result<(Vec<Grown>, bool), pg::Error> {
    let mut tx = room.house.pool.begin(TenantScope::of_subjects(tenants.iter().copied())).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let numbers: Vec<i64> = tenants.iter().map(|tenant| tenant.as_i64()).collect();
    store::positions::enter(&mut tx, &numbers).await?;
    let locked = store::positions::lock(&mut tx, &numbers).await?;
    let numbers: Vec<i64> = locked.iter().map(|(tenant, _)| tenant.as_i64()).collect();
    let lines = match look {
        Look::Quick => store::positions::fresh(&mut tx, &numbers, now - FRESH_FOR, FRESH_MAX).await?,
        Look::Thorough => store::positions::oldest(&mut tx, &numbers, LINES_MAX).await?,
    };
    let full = fills(&lines, look);
    let (mut waiting, asked) = sort_out(&lines, &memory(placed), now - HOLD_FOR);
    if !asked.is_empty() {
        waiting.extend(store::positions::waiting(&mut tx, &asked, now - HOLD_FOR).await?);
    }
    let (given, grown) = positions(&locked, waiting);
    if !given.events.is_empty() {
        let tenants: Vec<i64> = grown.iter().map(|grown| grown.tenant.as_i64()).collect();
        let lasts: Vec<i64> = grown.iter().map(|grown| grown.last).collect();
        store::positions::give(&mut tx, &given).await?;
        store::positions::settled(&mut tx, &given).await?;
        store::positions::advance(&mut tx, &tenants, &lasts).await?;
    }
    tx.commit().await?;
    let given: BTreeSet<Uuid> = given.events.into_iter().collect();
    let given = lines.iter().filter(|line| given.contains(&line.event_id));
    memory(placed).remember(given.flat_map(Line::facts));
    Ok((grown, full))
}

/// Whether a look may have left lines of its kind behind.
fn fills(lines: &[Line], look: Look) -> bool {
    match look {
        Look::Quick => lines.len() as i64 >= FRESH_MAX,
        Look::Thorough => {
            let mut of = BTreeMap::<i64, i64>::new();
            lines.iter().for_each(|line| *of.entry(line.tenant_id).or_default() += 1);
            of.into_values().any(|lines| lines >= LINES_MAX)
        }
    }
}

/// Facts are whole or not there, whoever panicked.
fn memory(placed: &Mutex<Placed>) -> MutexGuard<'_, Placed> {
    placed.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Grown {
    tenant: TenantId,
    last: i64,
    lines: usize,
}

/// The positions after each tenant's last one.
fn positions(locked: &[(TenantId, i64)], waiting: Vec<(i64, Waiting)>) -> (Given, Vec<Grown>) {
    let mut of: BTreeMap<i64, Vec<Waiting>> = BTreeMap::new();
    for (tenant, line) in waiting {
        of.entry(tenant).or_default().push(line);
    }
    let (mut given, mut grown) = (Given::default(), Vec::new());
    for (tenant, before) in locked {
        let lines = in_order(of.remove(&tenant.as_i64()).unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(tenant_id: i64, count: i64) -> Vec<Line> {
        let line = Line {
            tenant_id,
            event_id: Uuid::nil(),
            heard_at: Timestamp::UNIX_EPOCH,
            cause: None,
            traits: None,
        };
        vec![line; count as usize]
    }

    #[test]
    fn a_look_is_full_by_the_bound_of_its_kind() {
        let full = |counts: &[i64], look| {
            let all: Vec<Line> = counts.iter().zip(1..).flat_map(|(n, tenant)| lines(tenant, *n)).collect();
            fills(&all, look)
        };
        assert!(full(&[LINES_MAX], Look::Thorough) && full(&[1, LINES_MAX], Look::Thorough));
        assert!(!full(&[LINES_MAX - 1, LINES_MAX - 1], Look::Thorough) && !full(&[], Look::Thorough));
        assert!(full(&[FRESH_MAX / 2, FRESH_MAX / 2], Look::Quick));
        assert!(!full(&[FRESH_MAX / 2, FRESH_MAX / 2 - 1], Look::Quick));
    }
}
