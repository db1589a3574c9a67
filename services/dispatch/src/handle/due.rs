//! Wake-ups: look at each claimed subject, let its machine say what time has done, arm the next.
//!
//! The claim holds the wake-up rows. Cases somebody else has are passed over; their rows stay and fire again, so
//! nothing is lost and nobody waits in a circle.

use std::collections::BTreeSet;

use ids::{BodyRef, CaseId};
use jiff::Timestamp;
use orders::Refusal;
use pg::ScopedTx;
use wakeups::{FireError, Wakeup};

use super::calendars::Calendars;
use super::save::{By, CASE, ORDER, save};
use super::{Room, matters};
use crate::core::matter::Matter;
use crate::store::{self, Key};

const CLOCK: &str = "clock";

/// Due orders.
pub(crate) async fn orders(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    due: Vec<Wakeup>,
) -> Result<usize, FireError> {
    let claimed: Vec<Key> = due.iter().map(|wakeup| (wakeup.tenant, wakeup.subject_id)).collect();
    let known = store::orders::belong(tx, &claimed).await?;
    let gone: Vec<Key> = claimed.iter().filter(|key| !known.contains_key(key)).copied().collect();
    wakeups::disarm(tx, ORDER, &gone).await?;
    let case_of = |((tenant, _), (case_id, _)): (&Key, &(CaseId, BodyRef))| (*tenant, case_id.as_uuid());
    let cases: BTreeSet<Key> = known.iter().map(case_of).collect();
    let cases = store::cases::lock_free(tx, &Vec::from_iter(cases)).await?;
    let ours: BTreeSet<Key> = cases.iter().map(|c| (c.case.tenant, c.case.id.as_uuid())).collect();
    let free = known.iter().filter(|order| ours.contains(&case_of(*order)));
    let orders = store::orders::lock(tx, &free.map(|(key, _)| *key).collect::<Vec<_>>()).await?;
    let (mut ready, mut moved) = (Vec::new(), gone.len());
    let matters = matters(cases, orders);
    let resuming = matters.iter().filter(|matter| !matter.suspensions_over(now).is_empty());
    let calendars = Calendars::of(room, tx, now, resuming).await?;
    for mut matter in matters {
        if !resumed(&calendars, &mut matter, now)? {
            continue;
        }
        matter.tick_orders(now).map_err(broken)?;
        moved += matter.orders.len();
        ready.push(matter);
    }
    save(room, tx, now, &mut ready, By::itself(CLOCK)).await?;
    Ok(moved)
}

/// Suspensions that are over end first, which needs the case's calendar. Without it the orders stay armed and fire
/// again: this replica has not loaded its documents yet.
fn resumed(calendars: &Calendars, matter: &mut Matter, now: Timestamp) -> Result<bool, FireError> {
    if matter.suspensions_over(now).is_empty() {
        return Ok(true);
    }
    let Some(publications) = calendars.of_matter(matter) else { return Ok(false) };
    matter.end_suspensions(publications, now).map_err(broken)?;
    Ok(true)
}

#[expect(clippy::needless_pass_by_value, reason = "it is the shape of map_err")]
fn broken(refusal: Refusal) -> FireError {
    FireError::Broken(refusal.to_string())
}

/// Due cases.
pub(crate) async fn cases(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    due: Vec<Wakeup>,
) -> Result<usize, FireError> {
    let claimed: Vec<Key> = due.iter().map(|wakeup| (wakeup.tenant, wakeup.subject_id)).collect();
    let cases = store::cases::lock_free(tx, &claimed).await?;
    let ours: Vec<Key> = cases.iter().map(|of| (of.case.tenant, of.case.id.as_uuid())).collect();
    // Who is informed stands in them. They change with their case locked only.
    let orders = store::orders::read_of_cases(tx, &ours).await?;
    let mut matters = matters(cases, orders);
    for matter in &mut matters {
        matter.tick_case(now).map_err(broken)?;
    }
    save(room, tx, now, &mut matters, By::itself(CLOCK)).await?;
    debug_assert!(due.iter().all(|wakeup| wakeup.kind == CASE));
    Ok(matters.len())
}
