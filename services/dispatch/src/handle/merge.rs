//! Merged cases (并案): those that bodies have are called off with all their orders, each once, all of a batch in the same
//! statements. The case that goes on is triage's to say: nothing of it is touched here.

use std::collections::BTreeMap;

use jiff::Timestamp;
use messaging::ApplyError;
use pg::ScopedTx;

use super::calendars::Calendars;
use super::save::{By, save_said, say};
use super::{Room, matters};
use crate::core::merged::MergedCase;
use crate::store::{self, Key};

/// Ends what is open of them. A case that is over stays as it ended, and one whose plan never went out is no case here.
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
    let keys: Vec<Key> = merged.keys().copied().collect();
    let cases = store::cases::lock(tx, &keys).await?;
    if cases.len() < keys.len() {
        // Danger may have raised its lane since it was routed, and lanes do not wait for each other.
        return Err(ApplyError::NotYet("a merged case is not routed here yet"));
    }
    let orders = store::orders::lock_of_cases(tx, &keys).await?;
    let mut matters = matters(cases, orders);
    let calendars = Calendars::of(room, tx, now, &matters).await?;
    let mut said = Vec::new();
    for matter in matters.iter_mut().filter(|matter| !matter.case.phase.ended()) {
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
