//! Removing a street (注销): a tombstone in the place of its documents and a row of the deletion log, in one transaction.
//!
//! Every service, this one too, does the rest by itself when it hears the tombstone (`bootstrap::removal`). This one
//! waits with its own rows until the tombstone is published. The removal is settled when somebody reports that nothing
//! is left anywhere; until then the code cannot be onboarded again, so no old row can get into a new street.
//!
//! Not here: whether cases are still open. The directory asks no other service; the command line does, before it calls.

use bootstrap::House;
use contract::document::{Header, Kind, Part};
use ids::{EventId, IdempotencyKey, Lane, TenantId};
use jiff::Timestamp;
use messaging::NewEvent;
use pg::{ScopedTx, TenantScope};

use super::{Precondition, document_type};
use crate::core;
use crate::store::removals::NewEntry;
use crate::store::{self, removals::Entry};

/// A street to be removed by somebody who may.
#[derive(Debug, Clone)]
pub(crate) struct Offboard {
    pub street: TenantId,
    /// The district the caller was admitted for.
    pub district: TenantId,
    pub precondition: Precondition,
    pub key: IdempotencyKey,
    pub actor: String,
    pub reason: String,
    pub traceparent: String,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offboarded {
    pub street: TenantId,
    /// Of the tombstone.
    pub generation: u64,
    pub at: Timestamp,
    /// False when it was removed before, under another key.
    pub changed: bool,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Never applied, or another district's.
    Unknown,
    /// It has moved since the caller looked.
    Stale,
    /// A district: its streets are removed one by one, and it stays.
    NotAStreet,
    /// Settled too early: this service still has something of it.
    UnderWay,
}

/// A refusal, or the world failing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OffboardError {
    #[error("removal refused")]
    Refused(Refusal),
    #[error("removing a street: {0}")]
    Failed(#[from] pg::Error),
}

impl From<Refusal> for OffboardError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Says that a street is no more. The same again changes nothing.
pub(crate) async fn offboard(house: &House<()>, command: Offboard) -> Result<Offboarded, OffboardError> {
    let Offboard { street, district, .. } = command;
    let mut tx = house.pool.begin(scope(street, district)).await?;
    let now = house.clock.now(&mut tx).await?;
    if !store::tenants::hold_district(&mut tx, district).await? {
        return Err(Refusal::Unknown.into());
    }
    let known = store::tenants::held(&mut tx, street).await?;
    let generation = known.map_or(0, |known| known.generation);
    let before = store::removals::newest(&mut tx, district, street).await?;
    if let Some(before) = before.filter(|before| generation <= before.generation.unsigned_abs()) {
        return Ok(again(&command, &before));
    }
    let known = known.filter(|known| known.district == district).ok_or(Refusal::Unknown)?;
    if known.kind != Kind::Street {
        return Err(Refusal::NotAStreet.into());
    }
    if !command.precondition.met_by(generation) {
        return Err(Refusal::Stale.into());
    }
    let tombstone = tombstone(&mut tx, street, generation).await?;
    say(house, &mut tx, now, &command, tombstone).await?;
    store::tenants::advance(&mut tx, street, generation, tombstone).await?;
    store::removals::keep(&mut tx, entry(&command, tombstone, now)).await?;
    pg::crash::point("directory.offboard.before_commit");
    tx.commit().await?;
    pg::crash::point("directory.offboard.after_commit");
    house.committed();
    Ok(Offboarded { street, generation: tombstone, at: now, changed: true })
}

/// The generation of the tombstone: above every document of the street. Its classifiers are counted by themselves, and
/// what a removal leaves behind it is told by one number.
async fn tombstone(tx: &mut ScopedTx, street: TenantId, generation: u64) -> Result<u64, pg::Error> {
    let classifier = store::classifiers::newest(tx, street).await?;
    let classifier = classifier.map_or(0, |entry| entry.generation.unsigned_abs());
    Ok(generation.max(classifier) + 1)
}

fn again(command: &Offboard, before: &Entry) -> Offboarded {
    Offboarded {
        street: command.street,
        generation: before.generation.unsigned_abs(),
        at: before.at.to_jiff(),
        changed: before.key == command.key.as_uuid(),
    }
}

/// A tombstone for each part that the street has, and one for the core in any case: every service hears that.
async fn say(
    house: &House<()>,
    tx: &mut ScopedTx,
    now: Timestamp,
    command: &Offboard,
    generation: u64,
) -> Result<(), pg::Error> {
    let undecodable = |error| pg::Error::broken("a document of ours does not read back", error);
    let has = store::documents::parts(tx, command.street).await?;
    let parts =
        Part::ALL.into_iter().filter(|part| *part == Part::Core || has.iter().any(|p| p == part.as_str()));
    let mut events = Vec::new();
    for part in parts {
        let tombstone = Header::tombstone(command.street, command.district, part, generation);
        let payload = tombstone.encode().map_err(undecodable)?;
        snapshot::keep(tx, &tombstone, &payload).await?;
        events.push(NewEvent {
            id: EventId(house.minter.mint(now)),
            event_type: document_type(part),
            tenant: command.street,
            lane: Lane::Normal,
            aggregate_id: core::aggregate_id(command.street, part),
            version: generation,
            at: now,
            actor: command.actor.clone(),
            purpose: None,
            traceparent: command.traceparent.clone(),
            drill: false,
            payload: payload.into(),
        });
    }
    house.outbox.append(tx, &events).await
}

fn entry(command: &Offboard, generation: u64, at: Timestamp) -> NewEntry<'_> {
    NewEntry {
        district: command.district,
        removed: command.street,
        generation,
        key: command.key,
        actor: &command.actor,
        reason: &command.reason,
        at,
    }
}

/// Settles the removal of a street: what every service said stands in the deletion log, and the code is free again.
/// The same again changes nothing.
pub(crate) async fn settle(
    house: &House<()>,
    street: TenantId,
    district: TenantId,
    actor: &str,
    report: &serde_json::Value,
) -> Result<Entry, OffboardError> {
    let own = snapshot::removal::of(&house.pool, street).await?;
    let mut tx = house.pool.begin(scope(street, district)).await?;
    let now = house.clock.now(&mut tx).await?;
    if !store::tenants::hold_district(&mut tx, district).await? {
        return Err(Refusal::Unknown.into());
    }
    let entry = store::removals::newest(&mut tx, district, street).await?.ok_or(Refusal::Unknown)?;
    if entry.settled_at.is_some() {
        return Ok(entry);
    }
    let generation = entry.generation.unsigned_abs();
    let done = own.is_some_and(|own| own.generation == generation && own.done_at.is_some());
    if !done {
        return Err(Refusal::UnderWay.into());
    }
    store::removals::settle(&mut tx, district, street, actor, now, report).await?;
    let settled = store::removals::newest(&mut tx, district, street).await?.ok_or(Refusal::Unknown)?;
    tx.commit().await?;
    Ok(settled)
}

/// The street, and the district whose log it is.
fn scope(street: TenantId, district: TenantId) -> TenantScope {
    TenantScope::of_principal([street]).with_district([district])
}
