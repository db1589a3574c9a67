//! Plans that go out without a person: nobody decided in time, or a life is in danger. Better the plan as it was drawn than
//! none.

use std::collections::{BTreeMap, BTreeSet};

use ids::TenantId;
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;
use wakeups::{FireError, Wakeup};

use super::end::{End, release};
use super::{By, PLAN_REVIEW};
use crate::core::amend::Outcome;
use crate::handle::Room;
use crate::store;

/// Overdue plans that one batch of reports lets out at most.
const OVERDUE_MAX: i64 = 50;

/// The wake-ups are due: those whose street nobody has locked go out.
pub(crate) async fn lapse(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    due: Vec<Wakeup>,
) -> Result<usize, FireError> {
    let tenants: BTreeSet<TenantId> = due.iter().map(|wakeup| wakeup.tenant).collect();
    let ours = store::desks::lock_free(tx, &tenants).await?;
    let due = due.iter().filter(|wakeup| ours.contains(&wakeup.tenant));
    let keys: Vec<(TenantId, Uuid)> = due.map(|wakeup| (wakeup.tenant, wakeup.subject_id)).collect();
    out(room, tx, now, &keys, Outcome::Lapsed, "clock").await?;
    // Whatever has ended meanwhile needs no waking.
    wakeups::disarm(tx, PLAN_REVIEW, &keys).await?;
    Ok(keys.len())
}

/// What is due of these streets, whose locks are held, goes out. Some of it each time: the rest is due the next time, or fires.
pub(crate) async fn overdue(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    tenants: &[TenantId],
) -> Result<(), pg::Error> {
    if tenants.is_empty() {
        return Ok(());
    }
    let keys = store::plans::due(tx, tenants, now, OVERDUE_MAX).await?;
    out(room, tx, now, &keys, Outcome::Lapsed, "clock").await
}

/// Words of mortal danger have joined these cases: nobody waits any more (D15).
pub(crate) async fn press(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    keys: &[(TenantId, Uuid)],
) -> Result<(), pg::Error> {
    out(room, tx, now, keys, Outcome::Pressed, "triage").await
}

async fn out(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    keys: &[(TenantId, Uuid)],
    outcome: Outcome,
    subject: &str,
) -> Result<(), pg::Error> {
    if keys.is_empty() {
        return Ok(());
    }
    let entries = store::plans::load(tx, keys).await?;
    let waiting: Vec<_> = entries.iter().filter(|entry| entry.decided.is_none()).collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let wanted = waiting.iter().map(|entry| (entry.tenant, entry.case_id)).collect();
    let cases = store::cases::load(tx, &wanted).await?;
    let mut cases: BTreeMap<_, _> =
        cases.into_iter().map(|case| ((case.tenant, case.case_id), case)).collect();
    let mut ending = Vec::new();
    for ((tenant, case_id), case) in &mut cases {
        let entry = waiting.iter().find(|entry| (entry.tenant, entry.case_id) == (*tenant, *case_id));
        if let Some(entry) = entry {
            ending.push((case, *entry, entry.plan.clone()));
        }
    }
    let by = By { subject, traceparent: "" };
    release(room, tx, now, &mut ending, End { outcome, note: "", by, decided_as: None }).await
}
