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

/// Words of mortal danger have joined these cases: nobody waits any more (D15).
pub(crate) async fn press(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    keys: &[(TenantId, Uuid)],
) -> Result<(), pg::Error> {
    if keys.is_empty() {
        return Ok(());
    }
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
    release(room, tx, now, &mut ending, End { outcome, note: "", by }).await
}
