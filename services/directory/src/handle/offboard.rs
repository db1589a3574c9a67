//! Removing a street: lock → check → enter in the deletion log → say → commit. Every service, this one included, then
//! deletes what it has (`bootstrap::removals`); what was applied goes with it.
//!
//! A street that is gone already answers with what is on the log: asking twice removes once.

use bootstrap::House;
use contract::EventType;
use contract::document::{Document, Kind};
use ids::{EventId, Lane, TenantId};
use messaging::NewEvent;
use pg::TenantScope;

use super::{ApplyError, Precondition, Refusal, encoded};
use crate::core;
use crate::store;
use crate::store::offboardings::Offboarding;

/// A street to be removed by somebody who may.
#[derive(Debug, Clone)]
pub(crate) struct Offboard {
    pub street: TenantId,
    /// The district the caller was admitted for.
    pub district: TenantId,
    pub precondition: Precondition,
    pub reason: String,
    pub actor: String,
    pub traceparent: String,
}

pub(crate) async fn offboard(house: &House<()>, command: Offboard) -> Result<Offboarding, ApplyError> {
    let Offboard { street, district, precondition, .. } = command;
    let mut tx = house.pool.begin(TenantScope::of_principal([street]).with_district([district])).await?;
    let now = house.clock.now(&mut tx).await?;
    let gone = snapshot::removal::of(&mut tx, street).await?.is_some();
    let known = store::tenants::hold(&mut tx, street).await?.filter(|_| !gone);
    let Some(known) = known else {
        return store::offboardings::last(&mut tx, district, street).await?.ok_or(Refusal::Unknown.into());
    };
    if known.district != district || known.kind != Kind::Street {
        return Err(Refusal::Unknown.into());
    }
    let fine = match precondition {
        Precondition::None | Precondition::Exists => true,
        Precondition::Generation(expected) => known.generation == expected,
        Precondition::Never => false,
    };
    if !fine {
        return Err(Refusal::Stale.into());
    }
    let generation = known.generation + 1;
    let Offboard { reason, actor, traceparent, .. } = command;
    let entered = Offboarding { street, generation, actor: actor.clone(), reason, at: now };
    store::offboardings::keep(&mut tx, district, &entered).await?;
    let document = Document::removal(street, district, generation);
    let payload = encoded(&document)?;
    let kept = snapshot::keep(&mut tx, &document.header, &payload).await?;
    pg::rows_affected("keeping a removal", u64::from(kept), 1)?;
    let event = NewEvent {
        id: EventId(house.minter.mint(now)),
        event_type: EventType::DocumentCore,
        tenant: street,
        lane: Lane::Normal,
        aggregate_id: core::aggregate_id(street, document.header.part),
        version: generation,
        at: now,
        actor,
        purpose: None,
        traceparent,
        drill: false,
        payload: payload.into(),
    };
    house.outbox.append(&mut tx, &[event]).await?;
    pg::crash::point("directory.offboard.before_commit");
    tx.commit().await?;
    house.committed();
    Ok(entered)
}
