//! Plans that were drawn anew: each is followed once, by the case as it is now, in the order of arrival. A plan that is older than
//! the last one heard of changes nothing ([`orders::Case::plan_version`]), so lanes and replicas may bring them in any order.

use std::collections::BTreeSet;

use ids::{CaseId, TenantId};
use jiff::Timestamp;
use messaging::ApplyError;
use pg::ScopedTx;

use super::calendars::Calendars;
use super::open::Command;
use super::save::{By, save};
use super::{Room, matters};
use crate::core::clocks::{Hours, Openings};
use crate::core::matter::Matter;
use crate::core::routed::Redrawn;
use crate::store::{self, Key};

/// Follows them, for cases that are known. Those they have opened themselves know their plans already.
pub(super) async fn known(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    commands: &[Command],
    consumer: &str,
) -> Result<(), ApplyError> {
    let redrawn = commands.iter().filter_map(|command| Some((command, command.routed.redrawn.as_ref()?)));
    let redrawn: Vec<(&Command, &Redrawn)> = redrawn.collect();
    if redrawn.is_empty() {
        return Ok(());
    }
    let keys: BTreeSet<Key> = redrawn.iter().map(|(command, _)| key(command)).collect();
    let keys = Vec::from_iter(keys);
    let cases = store::cases::lock(tx, &keys).await?;
    let orders = store::orders::lock_of_cases(tx, &keys).await?;
    let mut matters = matters(cases, orders);
    let calendars = Calendars::of(room, tx, now, &matters).await?;
    let amended = follow_all(room, &calendars, &mut matters, &redrawn, now)?;
    let amended: Vec<&Matter> = matters.iter().filter(|matter| amended.contains(&matter.key())).collect();
    if !amended.is_empty() {
        store::cases::amend(tx, &amended).await?;
    }
    save(room, tx, now, &mut matters, By::itself(consumer)).await?;
    Ok(())
}

fn key(command: &Command) -> Key {
    (command.routed.tenant, command.routed.case_id.as_uuid())
}

/// Returns the cases whose facts are other ones since.
fn follow_all(
    room: &Room,
    calendars: &Calendars,
    matters: &mut [Matter],
    redrawn: &[(&Command, &Redrawn)],
    now: Timestamp,
) -> Result<BTreeSet<(TenantId, CaseId)>, ApplyError> {
    let (mut openings, mut amended) = (Openings::default(), BTreeSet::new());
    for (command, redrawn) in redrawn.iter().copied() {
        let of = key(command);
        let known = matters.iter_mut().find(|matter| (matter.tenant(), matter.case.id.as_uuid()) == of);
        let Some(matter) = known else { continue };
        if follow(room, calendars, matter, (command, redrawn), &mut openings, now)? {
            amended.insert(matter.key());
        }
    }
    Ok(amended)
}

fn follow<'c>(
    room: &Room,
    calendars: &Calendars,
    matter: &mut Matter,
    (command, redrawn): (&'c Command, &Redrawn),
    openings: &mut Openings<'c>,
    now: Timestamp,
) -> Result<bool, ApplyError> {
    let refused = |refusal: orders::Refusal| ApplyError::Refused(refusal.to_string());
    // Without them a suspension that is over would last until the order ends.
    let clocks = calendars.of_matter(matter);
    let clocks = clocks.ok_or(ApplyError::NotYet("the calendar of a re-routed case is not here"))?;
    matter.end_suspensions(clocks, now).map_err(refused)?;
    let hours = Hours { case: &command.calendar, of_bodies: &command.of_bodies };
    let mint = || room.mint_order(now);
    matter.reroute(&command.routed, redrawn, (hours, openings), now, mint).map_err(refused)
}
