//! Saving what happened to any number of matters: states, stages, what turned clocks were, journal, wake-ups, each in one
//! statement.

use std::collections::BTreeMap;

use jiff::Timestamp;
use messaging::NewEvent;
use orders::{Case, Order};
use pg::ScopedTx;
use uuid::Uuid;
use wakeups::{Kind, Wakeup};

use super::Room;
use crate::core::case_clocks::PastCaseClocks;
use crate::core::matter::{Happened, Matter};
use crate::core::past::PastClocks;
use crate::core::stages;
use crate::store::stages::StageRow;
use crate::store::{self, Key};

/// Kind of an order's wake-up.
pub(crate) const ORDER: Kind = stages::ORDER;
/// Kind of a case's wake-up.
pub(crate) const CASE: Kind = stages::CASE;

/// On whose behalf a transaction changes something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct By<'a> {
    /// The journal's actor of events nobody did.
    pub otherwise: &'a str,
    /// Trace of the request, for what its caller did; everything else belongs to the report's trace.
    pub traceparent: Option<&'a str>,
    /// What the caller wrote.
    pub note: &'a str,
}

impl<'a> By<'a> {
    /// Not a person: `clock`, a consumer, a publication.
    pub fn itself(otherwise: &'a str) -> Self {
        Self { otherwise, traceparent: None, note: "" }
    }
}

/// Says what happened to matters in (tenant, case) order, and saves them. Their cases are locked, or were entered in
/// this transaction.
pub(super) async fn save(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    matters: &mut [Matter],
    by: By<'_>,
) -> Result<(), pg::Error> {
    let said: Vec<NewEvent> = matters.iter_mut().flat_map(|matter| say(room, now, matter, by)).collect();
    save_said(room, tx, matters, &said).await
}

/// Saves matters of which everything was said.
pub(super) async fn save_said(
    room: &Room,
    tx: &mut ScopedTx,
    matters: &[Matter],
    said: &[NewEvent],
) -> Result<(), pg::Error> {
    debug_assert!(matters.iter().all(|matter| matter.happened.is_empty()), "everything is said");
    states(tx, matters).await?;
    let rows: Vec<StageRow<'_>> = matters.iter().flat_map(stage_rows).collect();
    if !rows.is_empty() {
        store::stages::save(tx, &rows).await?;
    }
    let turned: Vec<&PastClocks> = matters.iter().flat_map(|matter| matter.turned.all()).collect();
    if !turned.is_empty() {
        store::past_clocks::insert(tx, &turned).await?;
    }
    let turned: Vec<&PastCaseClocks> = matters.iter().filter_map(|matter| matter.turned.of_case()).collect();
    if !turned.is_empty() {
        store::past_case_clocks::insert(tx, &turned).await?;
    }
    room.house.outbox.append(tx, said).await?;
    wake_ups(tx, matters).await
}

async fn states(tx: &mut ScopedTx, matters: &[Matter]) -> Result<(), pg::Error> {
    let stored = |matter: &Matter, id: Uuid| matter.stored_version(id);
    let cases: Vec<(&Case, u64)> = matters
        .iter()
        .filter_map(|matter| {
            let case = matter.changed_case()?;
            Some((case, stored(matter, case.id.as_uuid())?))
        })
        .collect();
    if !cases.is_empty() {
        store::cases::update(tx, &cases).await?;
    }
    let (mut issued, mut changed): (Vec<&Order>, Vec<(&Order, u64)>) = (Vec::new(), Vec::new());
    for matter in matters {
        for order in matter.changed_orders() {
            match stored(matter, order.id.as_uuid()) {
                None => issued.push(order),
                Some(version) => changed.push((order, version)),
            }
        }
    }
    if !changed.is_empty() {
        store::orders::update(tx, &changed).await?;
    }
    if !issued.is_empty() {
        store::orders::insert(tx, &issued).await?;
    }
    Ok(())
}

fn stage_rows(matter: &Matter) -> impl Iterator<Item = StageRow<'_>> {
    let (tenant, case_id) = matter.key();
    matter.changed_stages().map(move |(subject, stage)| StageRow { tenant, subject, case_id, stage })
}

/// What happened to a matter since it was asked last, as events.
pub(super) fn say(room: &Room, now: Timestamp, matter: &mut Matter, by: By<'_>) -> Vec<NewEvent> {
    let (told, happened) = (matter.informed(), std::mem::take(&mut matter.happened));
    let event = |happened: Happened| {
        // A drill's clocks run like any other's and are nobody's lateness.
        if let Some((subject_id, stage)) = happened.stage_event().filter(|_| !matter.facts.drill) {
            room.metrics.stage(matter.tenant(), subject_id, stage);
        }
        let said = happened.said(&matter.facts, by.note, &told);
        let trace = said.principal.as_ref().and(by.traceparent).unwrap_or(&matter.facts.traceparent);
        NewEvent {
            // Ids of one transaction sort as they were minted: the order in which things happened.
            id: room.house.minter.mint(now).into(),
            event_type: said.event_type,
            tenant: matter.tenant(),
            lane: matter.facts.lane,
            aggregate_id: said.aggregate_id,
            version: said.version,
            at: said.at,
            actor: said.principal.unwrap_or_else(|| by.otherwise.to_owned()),
            purpose: None,
            traceparent: trace.to_owned(),
            drill: matter.facts.drill,
            payload: said.payload,
        }
    };
    happened.into_iter().map(event).collect()
}

/// Arms or removes the wake-up of every subject that changed or was woken.
async fn wake_ups(tx: &mut ScopedTx, matters: &[Matter]) -> Result<(), pg::Error> {
    let mut arm = Vec::new();
    let mut off: BTreeMap<Kind, Vec<Key>> = BTreeMap::new();
    for matter in matters {
        let tenant = matter.tenant();
        for (kind, subject_id, wake_at) in to_wake(matter) {
            match wake_at {
                Some(due_at) => arm.push(Wakeup { tenant, kind, subject_id, due_at }),
                // What is new was never armed.
                None if matter.stored_version(subject_id).is_none() => {}
                None => off.entry(kind).or_default().push((tenant, subject_id)),
            }
        }
    }
    wakeups::arm(tx, &arm).await?;
    for (kind, subjects) in off {
        wakeups::disarm(tx, kind, &subjects).await?;
    }
    Ok(())
}

fn to_wake(matter: &Matter) -> impl Iterator<Item = (Kind, Uuid, Option<Timestamp>)> {
    let orders = matter.orders.iter().map(|o| (ORDER, o.id.as_uuid(), o.version, o.wake_at()));
    let case = &matter.case;
    let subjects = orders.chain([(CASE, case.id.as_uuid(), case.version, case.wake_at())]);
    let touched =
        |id: &Uuid, version: u64| matter.woken.contains(id) || matter.stored_version(*id) != Some(version);
    let touched = subjects.filter(move |(_, id, version, _)| touched(id, *version));
    touched.map(|(kind, id, _, wake_at)| (kind, id, wake_at))
}
