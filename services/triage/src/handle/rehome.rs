//! A street redrew its territory: its open cases are placed anew, each with a line on its timeline where it moved.
//!
//! What is left to do is in the rows (`placed_by`), so whoever is interrupted is followed by the next look, here or in
//! another replica, and a case that was opened meanwhile by the old map is found by it. Orders stay with who holds
//! them; tenants never change: what lies outside of its street now stays the street's, in no community.

use std::collections::BTreeSet;
use std::sync::Arc;

use contract::EventType;
use contract::document::Territory;
use contract::proto::triage as wire;
use ids::{Lane, TenantId};
use jiff::Timestamp;
use messaging::NewEvent;
use pg::TenantScope;
use snapshot::StreetView;
use territory::StreetTerritory;
use uuid::Uuid;

use super::docket::{item_name, state};
use super::{Room, Said};
use crate::store;
use crate::store::cases::OpenCase;
use crate::tenants::{Placed, Street, places};

/// Cases of one transaction at most.
const CASES_MAX: i64 = 500;
/// Streets asked about in one statement at most.
const STREETS_MAX: usize = 100;
/// Moved cases that a simulation names; the others are counted.
pub(crate) const NAMED_MAX: usize = 500;

/// Places every open case by the newest territory of its street. Returns how many were looked at.
pub async fn all(room: &Room) -> Result<usize, pg::Error> {
    let view = room.house.snapshot.view();
    let drawing: Vec<_> = view.streets().filter(|street| street.of.has_territory()).cloned().collect();
    let mut looked_at = 0;
    for chunk in drawing.chunks(STREETS_MAX) {
        let behind = behind(room, chunk).await?;
        for street in chunk.iter().filter(|street| behind.contains(&street.code)) {
            loop {
                let cases = some(room, street).await?;
                looked_at += cases;
                if cases < CASES_MAX as usize {
                    break;
                }
            }
        }
    }
    Ok(looked_at)
}

async fn behind(room: &Room, streets: &[Arc<StreetView<Street>>]) -> Result<BTreeSet<TenantId>, pg::Error> {
    let generations: Vec<_> = streets.iter().map(|street| (street.code, street.generation)).collect();
    let scope = TenantScope::of_subjects(streets.iter().map(|street| street.code));
    let mut tx = room.house.pool.begin(scope).await?;
    let behind = store::places::behind(&mut tx, &generations).await?;
    tx.commit().await?;
    Ok(behind.into_iter().collect())
}

/// One transaction, under the street's lock: joining reads and writes the same rows.
async fn some(room: &Room, street: &StreetView<Street>) -> Result<usize, pg::Error> {
    let mut tx = room.house.pool.begin(TenantScope::of_subjects([street.code])).await?;
    let now = room.house.clock.now(&mut tx).await?;
    store::desks::lock(&mut tx, &BTreeSet::from([street.code])).await?;
    let mut cases = store::places::older(&mut tx, street.code, street.generation, CASES_MAX).await?;
    if cases.is_empty() {
        return Ok(0);
    }
    let (mut said, day) = (Vec::new(), street.of.day(now));
    for case in &mut cases {
        if !street.of.drawn(day) {
            // Nothing is drawn today: a case stays where it was placed.
            case.placed_by = street.generation;
            continue;
        }
        let lies = street.of.locate(&case.place, day);
        if let Some(before) = place(case, lies, street.generation) {
            said.push(event(room, street, case, &before, now));
        }
    }
    store::places::keep(&mut tx, &cases).await?;
    room.house.outbox.append(&mut tx, &said).await?;
    pg::crash::point("triage.rehome.before_commit");
    tx.commit().await?;
    room.house.committed();
    room.events.rehomed(cases.len(), said.len());
    Ok(cases.len())
}

/// Puts a case where it lies now. Returns where it lay, if that was elsewhere.
fn place(case: &mut OpenCase, lies: Option<Placed>, generation: u64) -> Option<Placed> {
    let now = lies.unwrap_or(Placed { community: None, grid: None });
    case.placed_by = generation;
    let community = std::mem::replace(&mut case.community, now.community);
    let grid = std::mem::replace(&mut case.grid, now.grid);
    let before = Placed { community, grid };
    let moved = (before.community, &before.grid) != (case.community, &case.grid);
    case.version += u64::from(moved);
    moved.then_some(before)
}

fn event(
    room: &Room,
    street: &StreetView<Street>,
    case: &OpenCase,
    before: &Placed,
    now: Timestamp,
) -> NewEvent {
    let message = wire::CaseRehomed {
        case: Some(state(case, &item_name(&room.house.snapshot.view(), case.tenant, &case.item))),
        community_before: before.community.map_or_else(String::new, |code| code.to_string()),
        grid_before: before.grid.clone().unwrap_or_default(),
        street_generation: street.generation,
    };
    let said = Said {
        event_type: EventType::CaseRehomed,
        tenant: case.tenant,
        // Nobody waits for it; a redrawn street may say it of thousands of cases at once.
        lane: Lane::Bulk,
        aggregate_id: case.case_id.as_uuid(),
        version: case.version,
        actor: "territory",
        traceparent: "",
        drill: case.drill,
    };
    room.event(&said, now, &message)
}

/// What a territory that is not applied yet would do to the open cases of its street.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Simulated {
    /// Open cases looked at.
    pub open: usize,
    /// How many would lie elsewhere.
    pub moved: usize,
    /// How many of these would lie outside of the street.
    pub outside: usize,
    /// The first [`NAMED_MAX`] of those that would move.
    pub named: Vec<Move>,
}

/// One case that would lie elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    pub case_no: String,
    pub case_id: Uuid,
    pub from: Placed,
    /// Nothing outside of the street.
    pub to: Option<Placed>,
}

/// Why it cannot be said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unsimulated {
    /// The document does not compile; its text names features by code only.
    #[error("the territory does not compile: {0}")]
    Faulty(String),
    #[error("reading open cases: {0}")]
    Failed(#[from] pg::Error),
}

/// Holds every open case of a street against a territory, as it is drawn today. Writes nothing, locks nothing.
pub(crate) async fn simulate(
    room: &Room,
    scope: TenantScope,
    street: TenantId,
    territory: &Territory,
) -> Result<Simulated, Unsimulated> {
    let drawings = places::Drawings::proposed(territory).map_err(Unsimulated::Faulty)?;
    let view = room.house.snapshot.view();
    let known =
        view.street(street).ok_or_else(|| Unsimulated::Faulty("the street is not known".to_owned()))?;
    let (mut simulated, mut after) = (Simulated::default(), Uuid::nil());
    let mut tx = room.house.pool.begin(scope).await?;
    let drawn = drawings.on(known.of.day(room.house.clock.now(&mut tx).await?));
    loop {
        let page = store::places::open(&mut tx, street, after, CASES_MAX).await?;
        let Some(last) = page.last() else { break };
        after = last.case_id.as_uuid();
        for case in &page {
            look(&mut simulated, case, drawn);
        }
        if page.len() < CASES_MAX as usize {
            break;
        }
    }
    tx.commit().await?;
    Ok(simulated)
}

fn look(simulated: &mut Simulated, case: &OpenCase, drawn: Option<&StreetTerritory>) {
    simulated.open += 1;
    let Some(drawn) = drawn else { return };
    let to = places::locate(drawn, &case.place);
    let from = Placed { community: case.community, grid: case.grid.clone() };
    let stays = to.as_ref().map_or(from.community.is_none() && from.grid.is_none(), |to| *to == from);
    if stays {
        return;
    }
    simulated.moved += 1;
    simulated.outside += usize::from(to.is_none());
    if simulated.named.len() < NAMED_MAX {
        let (case_no, case_id) = (case.case_no.clone(), case.case_id.as_uuid());
        simulated.named.push(Move { case_no, case_id, from, to });
    }
}
