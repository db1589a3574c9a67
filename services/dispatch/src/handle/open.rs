//! Routed cases: each is opened once, with its orders, all of a batch in the same statements.

use std::collections::BTreeMap;
use std::sync::Arc;

use ids::{CaseId, TenantId};
use jiff::Timestamp;
use messaging::ApplyError;
use orders::Starts;
use pg::ScopedTx;
use sla::Calendar;

use super::Room;
use super::save::{By, save};
use crate::core::matter::Matter;
use crate::core::routed::RoutedCase;
use crate::store;

/// A routed case and the calendar it counts on, as it was when the message was read.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub routed: Arc<RoutedCase>,
    pub calendar: Arc<Calendar>,
}

/// Opens what is new; a case that is known already is left as it is.
pub(crate) async fn open(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    commands: Vec<Command>,
    consumer: &str,
) -> Result<(), ApplyError> {
    let matters = opened(room, now, &commands)?;
    let entered = store::cases::insert_new(tx, &matters).await?;
    let matters: Vec<Matter> = matters.into_iter().filter(|matter| entered.contains(&matter.key())).collect();
    save(room, tx, now, &matters, By::itself(consumer)).await?;
    let fresh = commands.iter().map(|command| &command.routed);
    for routed in
        fresh.filter(|routed| entered.contains(&(routed.tenant, routed.case_id)) && !routed.facts.drill)
    {
        routed.accepted_at.iter().for_each(|accepted_at| room.metrics.dispatched(*accepted_at, now));
    }
    Ok(())
}

/// In the order of keys, which everybody locks in; the same case twice in a batch is one.
fn opened(room: &Room, now: Timestamp, commands: &[Command]) -> Result<Vec<Matter>, ApplyError> {
    let mut starts: BTreeMap<*const Calendar, Starts<'_>> = BTreeMap::new();
    let mut fresh: BTreeMap<(TenantId, CaseId), Matter> = BTreeMap::new();
    for Command { routed, calendar } in commands {
        if fresh.contains_key(&(routed.tenant, routed.case_id)) {
            continue;
        }
        // Cases of one street count on the same calendar in memory.
        let starts = starts.entry(Arc::as_ptr(calendar)).or_insert_with(|| Starts::new(calendar));
        let matter = Matter::open(routed, starts, now, || room.mint_order(now));
        let matter = matter.map_err(|refusal| ApplyError::Refused(refusal.to_string()))?;
        fresh.insert(matter.key(), matter);
    }
    Ok(fresh.into_values().collect())
}
