//! Merged cases (并案): those that bodies have are called off with all their orders, each once, all of a batch in the same
//! statements. The case that goes on is triage's to say: nothing of it is touched here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use messaging::ApplyError;
use pg::ScopedTx;

use super::calendars::Calendars;
use super::save::{By, save_said, say};
use super::{Room, matters};
use crate::core::merged::MergedCase;
use crate::store::cases::StoredCase;
use crate::store::{self, Key};

/// Ends what is open of them. A case that is over stays as it ended, one whose plan never went out is no case here, and one
/// whose voices went into a case that is over by now keeps its orders. One that was merged itself is not over: its matter goes on.
pub(crate) async fn merge(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    merged: Vec<MergedCase>,
    consumer: &str,
) -> Result<(), ApplyError> {
    let held = merged.into_iter().filter(|merged| merged.routed);
    let merged: BTreeMap<Key, MergedCase> = held.map(|merged| (merged.key(), merged)).collect();
    if merged.is_empty() {
        return Ok(());
    }
    let cases = ending(tx, &merged).await?;
    let keys: Vec<Key> = cases.iter().map(key).collect();
    let orders = store::orders::lock_of_cases(tx, &keys).await?;
    let mut matters = matters(cases, orders);
    let calendars = Calendars::of(room, tx, now, &matters).await?;
    let mut said = Vec::new();
    for matter in &mut matters {
        let Some(merged) = merged.get(&(matter.tenant(), matter.case.id.as_uuid())) else { continue };
        let clocks = calendars.of_matter(matter);
        let clocks = clocks.ok_or(ApplyError::NotYet("the calendar of a merged case is not here"))?;
        let ended = matter.merged(merged, clocks, now);
        ended.map_err(|refusal| ApplyError::Refused(refusal.to_string()))?;
        let by = By { otherwise: consumer, traceparent: Some(&merged.traceparent), note: "" };
        said.extend(say(room, now, matter, by));
    }
    save_said(room, tx, &matters, &said).await?;
    Ok(())
}

fn key(of: &StoredCase) -> Key {
    (of.case.tenant, of.case.id.as_uuid())
}

/// Those whose orders end, locked. So are the cases that take their voices: if one of these was closed before this was heard here,
/// nobody acts on it any more, and a duty does not end for a case without one. Merges that follow each other may be heard the other
/// way round, so a case that was merged in its turn passes for one that goes on.
async fn ending(
    tx: &mut ScopedTx,
    merged: &BTreeMap<Key, MergedCase>,
) -> Result<Vec<StoredCase>, ApplyError> {
    let both: BTreeSet<Key> = merged.values().flat_map(|merged| [merged.key(), merged.other()]).collect();
    let cases = store::cases::lock(tx, &Vec::from_iter(both)).await?;
    let known: BTreeMap<Key, bool> = cases.iter().map(|of| (key(of), of.case.over())).collect();
    if merged.keys().any(|key| !known.contains_key(key)) {
        // Danger may have raised its lane since it was routed, and lanes do not wait for each other.
        return Err(ApplyError::NotYet("a merged case is not routed here yet"));
    }
    let mut ending = Vec::new();
    for of in cases.into_iter().filter(|of| !of.case.phase.ended()) {
        let Some(merged) = merged.get(&key(&of)) else { continue };
        match known.get(&merged.other()) {
            // It has gone out, or nothing could be merged into it: another lane brings it.
            None => return Err(ApplyError::NotYet("the case that stays is not routed here yet")),
            Some(true) => {
                let (tenant, subject_id) = (of.case.tenant, of.case.id);
                tracing::warn!(%tenant, %subject_id, "orders of a merged case stay, the other case is over");
            }
            Some(false) => ending.push(of),
        }
    }
    Ok(ending)
}
