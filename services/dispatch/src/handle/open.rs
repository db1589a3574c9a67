//! Routed cases: each is opened once, with its orders, all of a batch in the same statements. Plans that were drawn anew come the
//! same way, and are followed by [`reroute`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ids::{CaseId, TenantId};
use jiff::{SignedDuration, Timestamp};
use messaging::ApplyError;
use pg::ScopedTx;
use sla::Calendar;

use super::save::{By, save};
use super::{Room, calendars, matters, reroute};
use crate::core::clocks::{Hours, Openings};
use crate::core::matter::Matter;
use crate::core::routed::RoutedCase;
use crate::store::calendars::Publication;
use crate::store::{self, Key};
use crate::tenants::BodyHours;

/// A routed case and the calendars it counts on, as they were when the message was read.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub routed: Arc<RoutedCase>,
    pub calendar: Arc<Calendar>,
    /// Of bodies that keep hours of their own.
    pub of_bodies: BodyHours,
}

impl Command {
    /// The publications that its clocks begin to count on.
    fn used(&self) -> impl Iterator<Item = Publication> {
        let tenant = self.routed.tenant;
        let own = self.routed.duties.iter().filter_map(|duty| self.of_bodies.get(&duty.body));
        own.chain([&self.calendar]).map(move |calendar| Publication { tenant, calendar: calendar.clone() })
    }
}

/// Opens what is new; a case that is known already is left as it is, unless its plan was drawn anew. Two lanes, or two replicas, may
/// bring the new plan before the first one: then it opens the case, and the first one finds it there.
pub(crate) async fn open(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    commands: Vec<Command>,
    consumer: &str,
) -> Result<(), ApplyError> {
    let matters = opened(room, now, &commands)?;
    let used: Vec<Publication> = commands.iter().flat_map(Command::used).collect();
    calendars::keep(room, tx, now, used).await?;
    let entered = store::cases::insert_new(tx, &matters).await?;
    let mut matters: Vec<Matter> =
        matters.into_iter().filter(|matter| entered.contains(&matter.key())).collect();
    let repeated = repeated(tx, now, &commands, &entered).await?;
    matters.extend(repeated);
    save(room, tx, now, &mut matters, By::itself(consumer)).await?;
    reroute::known(room, tx, now, &commands, consumer).await?;
    let fresh = commands.iter().map(|command| &command.routed);
    for routed in
        fresh.filter(|routed| entered.contains(&(routed.tenant, routed.case_id)) && !routed.facts.drill)
    {
        routed.accepted_at.iter().for_each(|accepted_at| room.metrics.dispatched(*accepted_at, now));
    }
    Ok(())
}

/// Closed cases whose matter came again in a case that was entered now (D10: triage names them, and here it is decided what
/// that means). A case that triage knows and we do not is no case that we closed.
async fn repeated(
    tx: &mut ScopedTx,
    now: Timestamp,
    commands: &[Command],
    entered: &BTreeSet<(TenantId, CaseId)>,
) -> Result<Vec<Matter>, ApplyError> {
    let routed = commands.iter().map(|command| &command.routed);
    let routed = routed.filter(|routed| entered.contains(&(routed.tenant, routed.case_id)));
    let again: BTreeMap<(TenantId, CaseId), (Key, SignedDuration)> = routed
        .filter_map(|routed| {
            let (earlier, within) = routed.repeats?;
            Some(((routed.tenant, routed.case_id), ((routed.tenant, earlier.as_uuid()), within)))
        })
        .collect();
    if again.is_empty() {
        return Ok(Vec::new());
    }
    let keys: BTreeSet<Key> = again.values().map(|(earlier, _)| *earlier).collect();
    let keys = Vec::from_iter(keys);
    let cases = store::cases::lock(tx, &keys).await?;
    let orders = store::orders::lock_of_cases(tx, &keys).await?;
    let mut matters = matters(cases, orders);
    for ((_, by), (earlier, within)) in again {
        let matter = matters.iter_mut().find(|m| (m.tenant(), m.case.id.as_uuid()) == earlier);
        if let Some(matter) = matter {
            let refused = |refusal: orders::Refusal| ApplyError::Refused(refusal.to_string());
            matter.repeated(by, within, now).map_err(refused)?;
        }
    }
    Ok(matters)
}

/// In the order of keys, which everybody locks in; the same case twice in a batch is one.
fn opened(room: &Room, now: Timestamp, commands: &[Command]) -> Result<Vec<Matter>, ApplyError> {
    let mut openings = Openings::default();
    let mut fresh: BTreeMap<(TenantId, CaseId), Matter> = BTreeMap::new();
    for Command { routed, calendar, of_bodies } in commands {
        if fresh.contains_key(&(routed.tenant, routed.case_id)) {
            continue;
        }
        let hours = Hours { case: calendar, of_bodies };
        let matter = Matter::open(routed, (hours, &mut openings), now, || room.mint_order(now));
        let matter = matter.map_err(|refusal| ApplyError::Refused(refusal.to_string()))?;
        fresh.insert(matter.key(), matter);
    }
    Ok(fresh.into_values().collect())
}
