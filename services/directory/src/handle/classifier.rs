//! Publishing a text classifier for a street or a district, and withdrawing it: lock → seen before? → compare → keep and say
//! → commit, in one transaction.
//!
//! A classifier is no part of a manifest: it is learned anew as people correct it, and what a manifest says must not move
//! for it. So its generations are counted by themselves, above the tombstone where a code was removed before. Going back
//! is publishing the older file again. The same request again, by its key, is answered the same.
//! Not here: whether it is better than the one before (`streetwise classifier retrain` measures that).

use bootstrap::House;
use contract::document::{Classifier, Document, DocumentBody, Kind, Part};
use ids::{EventId, IdempotencyKey, Lane, TenantId};
use jiff::Timestamp;
use messaging::NewEvent;
use pg::{ScopedTx, TenantScope};

use super::{ApplyError, Precondition, document_type, encoded};
use crate::core::{self, Offered};
use crate::store;
use crate::store::classifiers::{Entry, Facts, NewEntry};

/// What somebody who may wants to say of a tenant's classifier.
#[derive(Debug, Clone)]
pub(crate) struct Say {
    pub tenant: TenantId,
    /// The district the caller was admitted for.
    pub district: TenantId,
    /// The model; nothing to withdraw the one that is published.
    pub offered: Option<Offered>,
    pub precondition: Precondition,
    pub key: IdempotencyKey,
    pub actor: String,
    pub traceparent: String,
}

/// What came of it.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// As it stands; nothing where none was ever published.
    pub entry: Option<Entry>,
    /// False when it was so already.
    pub changed: bool,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Never applied, or another district's.
    Unknown,
    /// Another was published since the caller looked.
    Stale,
    /// The street is being removed.
    BeingRemoved,
    /// The key was used for another request.
    KeyReused,
    /// Labels that no item of the list has.
    Unlisted(Vec<String>),
    /// It would not fit into a message.
    TooLarge,
}

/// A refusal, or the world failing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClassifierError {
    #[error("classifier refused")]
    Refused(Refusal),
    #[error("publishing a classifier: {0}")]
    Failed(#[from] pg::Error),
}

impl From<Refusal> for ClassifierError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Publishes or withdraws. What is so already changes nothing.
pub(crate) async fn say(house: &House<()>, command: Say) -> Result<Said, ClassifierError> {
    let Say { tenant, district, .. } = command;
    let mut tx = house.pool.begin(TenantScope::of_principal([tenant]).with_district([district])).await?;
    let now = house.clock.now(&mut tx).await?;
    let floor = held(&mut tx, tenant, district).await?;
    let facts = command.offered.as_ref().map(facts);
    if let Some(before) = store::classifiers::made_by(&mut tx, tenant, command.key).await? {
        let same = facts_of(&before) == facts;
        return if same { Ok(said(Some(before), true)) } else { Err(Refusal::KeyReused.into()) };
    }
    let newest = store::classifiers::newest(&mut tx, tenant).await?;
    let generation = newest.as_ref().map_or(0, |entry| entry.generation.unsigned_abs());
    if !command.precondition.met_by(generation) {
        return Err(Refusal::Stale.into());
    }
    if newest.as_ref().and_then(facts_of) == facts {
        return Ok(said(newest, false));
    }
    listed(&mut tx, district, command.offered.as_ref()).await?;
    let generation = generation.max(floor) + 1;
    publish(house, &mut tx, now, &command, generation).await?;
    let (key, actor) = (command.key, command.actor.as_str());
    let entry = NewEntry { tenant, generation, key, actor, at: now, model: facts.as_ref() };
    store::classifiers::keep(&mut tx, &entry).await?;
    let kept = store::classifiers::newest(&mut tx, tenant).await?;
    pg::crash::point("directory.classifier.before_commit");
    tx.commit().await?;
    pg::crash::point("directory.classifier.after_commit");
    house.committed();
    Ok(said(kept, true))
}

fn said(entry: Option<Entry>, changed: bool) -> Said {
    Said { entry, changed }
}

/// Locks the tenant, its district first; answers the generation of the tombstone under which its code was given back, 0
/// for most.
async fn held(tx: &mut ScopedTx, tenant: TenantId, district: TenantId) -> Result<u64, ClassifierError> {
    let street = tenant != district;
    if street && !store::tenants::hold_district(tx, district).await? {
        return Err(Refusal::Unknown.into());
    }
    let known = store::tenants::held(tx, tenant).await?.filter(|known| known.district == district);
    let removal = if street { store::removals::newest(tx, district, tenant).await? } else { None };
    if removal.as_ref().is_some_and(|removal| removal.settled_at.is_none()) {
        return Err(Refusal::BeingRemoved.into());
    }
    let known = known.filter(|known| (known.kind == Kind::Street) == street);
    known.ok_or(Refusal::Unknown)?;
    Ok(removal.map_or(0, |removal| removal.generation.unsigned_abs()))
}

/// Refuses labels that are no items: the district's list is the street's too. Its row is held, so it stands still.
async fn listed(
    tx: &mut ScopedTx,
    district: TenantId,
    offered: Option<&Offered>,
) -> Result<(), ClassifierError> {
    let Some(offered) = offered else { return Ok(()) };
    let undecodable = |error| pg::Error::broken("a document of ours does not read back", error);
    let stored = store::documents::one(tx, district, Part::Core).await?.ok_or(Refusal::Unknown)?;
    let DocumentBody::District(core) = Document::decode(&stored.body).map_err(undecodable)?.body else {
        return Err(Refusal::Unknown.into());
    };
    match core::unlisted(&offered.labels, &core) {
        labels if labels.is_empty() => Ok(()),
        labels => Err(Refusal::Unlisted(labels.into_iter().map(str::to_owned).collect()).into()),
    }
}

async fn publish(
    house: &House<()>,
    tx: &mut ScopedTx,
    now: Timestamp,
    command: &Say,
    generation: u64,
) -> Result<(), ClassifierError> {
    let parent = Some(command.district).filter(|district| *district != command.tenant);
    let model = command.offered.as_ref().map(|offered| offered.model.clone());
    let document =
        Document::classifier(command.tenant, parent, generation, Classifier { model, published_at: now });
    let payload = encoded(&document).map_err(unsaid)?;
    let kept = snapshot::keep(tx, &document.header, &payload).await?;
    pg::rows_affected("keeping a newer classifier", u64::from(kept), 1)?;
    let event = NewEvent {
        id: EventId(house.minter.mint(now)),
        event_type: document_type(Part::Classifier),
        tenant: command.tenant,
        lane: Lane::Normal,
        aggregate_id: core::aggregate_id(command.tenant, Part::Classifier),
        version: generation,
        at: now,
        actor: command.actor.clone(),
        purpose: None,
        traceparent: command.traceparent.clone(),
        drill: false,
        payload: payload.into(),
    };
    Ok(house.outbox.append(tx, &[event]).await?)
}

/// Why a document cannot travel: too large, or the world failing.
fn unsaid(error: ApplyError) -> ClassifierError {
    match error {
        ApplyError::Failed(error) => error.into(),
        ApplyError::Refused(_) => Refusal::TooLarge.into(),
    }
}

fn facts(offered: &Offered) -> Facts {
    let model = &offered.model;
    Facts {
        sha256: model.sha256.clone(),
        bytes: model.bytes as i32,
        labels: model.labels as i32,
        examples: model.examples as i64,
        threshold_permille: i32::from(model.threshold_permille),
    }
}

/// Nothing of a withdrawal.
fn facts_of(entry: &Entry) -> Option<Facts> {
    Some(Facts {
        sha256: entry.sha256.clone()?,
        bytes: entry.bytes?,
        labels: entry.labels?,
        examples: entry.examples?,
        threshold_permille: entry.threshold_permille?,
    })
}
