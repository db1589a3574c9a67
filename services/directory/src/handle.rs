//! Applying a manifest: lock → check → compile → compare → look after streets → keep and say → commit, in one
//! transaction.
//!
//! Two that apply the same tenant come one after the other: the second sees what the first made of it, so equal
//! manifests end in one generation and a stale `If-Match` is refused. Locks are taken district first.
//!
//! A rollback is an apply of an earlier generation's manifest: everything is checked against the pack and the rules
//! of today, and the history says which generation it is of. [`plan`] goes the same way up to keeping.
//! A text classifier is no part of a manifest: [`classifier`] publishes it, with generations of its own.

pub(crate) mod classifier;
pub(crate) mod offboard;
pub(crate) mod plan;
pub(crate) mod rotas;

use bootstrap::House;
use bytes::Bytes;
use contract::EventType;
use contract::document::{Document, DocumentBody, DocumentError, Kind, Part};
use ids::{EventId, Lane, TenantId};
use jiff::Timestamp;
use messaging::NewEvent;
use pg::{ScopedTx, TenantScope};
use routing::rules::check::{Effort, Finding};

use crate::config::Config;
use crate::core::{self, Compiled, Fault, Manifest, Terms};
use crate::store;
use crate::store::manifests::NewEntry;
use crate::store::tenants::Known;

/// Most bytes of an encoded document: the broker takes messages of up to 1 MiB, headers included.
const DOCUMENT_BYTES_MAX: usize = 1_000_000;

/// A manifest to be applied by somebody who may.
#[derive(Debug, Clone)]
pub(crate) struct Apply {
    pub manifest: Manifest,
    /// As it came, for the history.
    pub bytes: Bytes,
    /// The district the caller was admitted for.
    pub district: TenantId,
    pub precondition: Precondition,
    pub actor: String,
    pub traceparent: String,
    /// The earlier generation whose manifest this is, if it is a rollback.
    pub of_generation: Option<u64>,
}

/// What `If-Match` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// Nothing.
    None,
    /// That the tenant was applied before.
    Exists,
    /// That it still is of one of these generations; of none of ours when there is none. Said after what is wrong with the manifest
    /// itself.
    OneOf(Vec<u64>),
}

impl Precondition {
    /// Whether a tenant of this generation is what was asked for; 0 is one nobody has applied.
    fn met_by(&self, generation: u64) -> bool {
        match self {
            Precondition::None => true,
            Precondition::Exists => generation > 0,
            Precondition::OneOf(expected) => expected.contains(&generation),
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Applied {
    pub tenant: TenantId,
    pub kind: Kind,
    pub generation: u64,
    pub changed: bool,
    /// What is worth a look in what was published; nothing where nothing was.
    pub findings: Vec<Finding>,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Everything that is wrong with the manifest.
    Faulty(Vec<Fault>),
    /// A street before its district.
    DistrictMissing,
    /// It has moved since the caller looked.
    Stale,
    /// Not the caller's: it belongs to another district than the one the caller was admitted for.
    Unknown,
    /// A document would not fit into a message.
    TooLarge,
    /// The street of this code is being removed; what was its must be gone before another takes the code.
    BeingRemoved,
}

/// A refusal, or the world failing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    #[error("manifest refused")]
    Refused(Refusal),
    #[error("applying a manifest: {0}")]
    Failed(#[from] pg::Error),
}

impl From<Refusal> for ApplyError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<DocumentError> for ApplyError {
    fn from(error: DocumentError) -> Self {
        Self::Failed(pg::Error::broken("a document of ours does not read back", error))
    }
}

pub(crate) async fn apply(house: &House<()>, config: &Config, command: Apply) -> Result<Applied, ApplyError> {
    let tenant = command.manifest.tenant();
    let kind = kind(&command.manifest);
    let mut tx = house.pool.begin(scope(&command.manifest, command.district)).await?;
    let now = house.clock.now(&mut tx).await?;
    let district = if kind == Kind::District { tenant } else { command.district };
    if kind == Kind::Street && district == tenant {
        return Err(Refusal::Faulty(vec![Fault::kind_differs()]).into());
    }
    if kind == Kind::Street && !store::tenants::hold_district(&mut tx, district).await? {
        return Err(Refusal::DistrictMissing.into());
    }
    let known = store::tenants::lock(&mut tx, tenant, kind, district).await?;
    // Under the lock: whoever waited for a removal must see it.
    let floor = settled_removal(&mut tx, tenant, kind, district).await?;
    check(&command.manifest, command.district, &command.precondition, known)?;
    let unchanged =
        Applied { tenant, kind, generation: known.generation, changed: false, findings: Vec::new() };
    // Even where its pack has moved meanwhile: who goes back to where it stands asks for nothing.
    if command.of_generation == Some(known.generation) {
        return Ok(unchanged);
    }
    let pack = pack(&mut tx, &command.manifest).await?;
    let mut compiled = compile(config, command.manifest.clone(), pack.as_ref())?;
    let stored = store::documents::of_manifest(&mut tx, tenant).await?;
    let generation = known.generation.max(floor) + 1;
    core::stamp(&mut compiled, &decoded(&stored)?, generation);
    if compiled.says_the_same(&stored)? {
        return Ok(unchanged);
    }
    keep_streets_sound(&mut tx, now, &compiled, &stored).await?;
    if command.of_generation.is_some() {
        let faults = core::brought_back(compiled.people(), &decoded(&stored)?);
        if !faults.is_empty() {
            return Err(Refusal::Faulty(faults).into());
        }
    }
    let documents = compiled.documents(generation);
    publish(house, &mut tx, now, &command, &documents).await?;
    store::tenants::advance(&mut tx, tenant, known.generation, generation).await?;
    store::manifests::keep(&mut tx, &entry(&command, generation, now)).await?;
    pg::crash::point("directory.apply.before_commit");
    tx.commit().await?;
    pg::crash::point("directory.apply.after_commit");
    house.committed();
    // Behind the commit: none of it refuses, so nobody's lock is held for it (ADR 074).
    let findings = plan::findings(documents, pack, Effort::brief()).await;
    let findings = findings.unwrap_or_else(|_| core::not_looked_at());
    Ok(Applied { tenant, kind, generation, changed: true, findings })
}

/// The generation of the tombstone under which a street's code was given back, 0 for most: who is onboarded again
/// begins above it, so that readers move forward.
async fn settled_removal(
    tx: &mut ScopedTx,
    tenant: TenantId,
    kind: Kind,
    district: TenantId,
) -> Result<u64, ApplyError> {
    let removal = match kind {
        Kind::District => None,
        Kind::Street => store::removals::newest(tx, district, tenant).await?,
    };
    match removal {
        None => Ok(0),
        Some(removal) if removal.settled_at.is_some() => Ok(removal.generation.unsigned_abs()),
        Some(_) => Err(Refusal::BeingRemoved.into()),
    }
}

/// The tenant and its district. A district moves with its streets in view: their codes lie in its own, so this is no
/// list that could lag.
fn scope(manifest: &Manifest, district: TenantId) -> TenantScope {
    let tenant = manifest.tenant();
    let streets = if kind(manifest) == Kind::District { core::codes_within(tenant) } else { Vec::new() };
    TenantScope::of_principal(streets.into_iter().chain([tenant])).with_district([district])
}

/// What must hold before the manifest's content matters. `district` is the one the caller was admitted for.
fn check(
    manifest: &Manifest,
    district: TenantId,
    precondition: &Precondition,
    known: Known,
) -> Result<(), Refusal> {
    // The view the caller was admitted by may lag behind; the row does not.
    if known.generation > 0 && known.district != district {
        return Err(Refusal::Unknown);
    }
    if !precondition.met_by(known.generation) {
        return Err(Refusal::Stale);
    }
    if known.kind != kind(manifest) {
        return Err(Refusal::Faulty(vec![Fault::kind_differs()]));
    }
    if manifest.district() != district {
        return Err(Refusal::Faulty(vec![Fault::district_differs()]));
    }
    Ok(())
}

/// The core of the district a street stands on; a district stands on none.
async fn pack(tx: &mut ScopedTx, manifest: &Manifest) -> Result<Option<Document>, ApplyError> {
    let Manifest::Street(street) = manifest else { return Ok(None) };
    let stored = store::documents::one(tx, street.spec.district, Part::Core).await?;
    Ok(Some(Document::decode(&stored.ok_or(Refusal::DistrictMissing)?.body)?))
}

fn compile(config: &Config, manifest: Manifest, pack: Option<&Document>) -> Result<Compiled, ApplyError> {
    let terms = Terms { variables: &config.variables, demo_allowed: config.demo_allowed };
    let faulty = |faults| ApplyError::Refused(Refusal::Faulty(faults));
    match (manifest, pack.map(|pack| (&pack.header, &pack.body))) {
        (Manifest::District(district), _) => core::compile_district(*district, terms).map_err(faulty),
        (Manifest::Street(street), Some((header, DocumentBody::District(core)))) => {
            core::compile_street(*street, core, header.generation, terms).map_err(faulty)
        }
        (Manifest::Street(_), _) => Err(Refusal::DistrictMissing.into()),
    }
}

/// Refuses a district that a street of it would not stand on, or whose calendar says something else under a version that
/// clocks count by already. The district's row is locked, and a street's apply
/// holds it, so no street is applied meanwhile.
async fn keep_streets_sound(
    tx: &mut ScopedTx,
    now: Timestamp,
    compiled: &Compiled,
    stored: &[Vec<u8>],
) -> Result<(), ApplyError> {
    let Compiled::District(made) = compiled else { return Ok(()) };
    let before = decoded(stored)?.into_iter().find_map(|document| match document.body {
        DocumentBody::District(core) => Some(core),
        _ => None,
    });
    let Some(before) = before else { return Ok(()) };
    let streets = decoded(&store::documents::of_streets(tx, made.core.code).await?)?;
    let mut faults = core::not_raised(&before, &made.core);
    faults.extend(core::withdrawn(&before, &made.core, now));
    faults.extend(core::broken_by(&before, &made.core, &streets));
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Faulty(faults).into()) }
}

fn decoded(stored: &[Vec<u8>]) -> Result<Vec<Document>, DocumentError> {
    stored.iter().map(|bytes| Document::decode(bytes)).collect()
}

/// Keeps the documents in this service's own schema and says them. Both parts move together, so that a
/// generation is one state of a tenant.
async fn publish(
    house: &House<()>,
    tx: &mut ScopedTx,
    now: Timestamp,
    command: &Apply,
    documents: &[Document],
) -> Result<(), ApplyError> {
    let mut events = Vec::new();
    for document in documents {
        let payload = encoded(document)?;
        let kept = snapshot::keep(tx, &document.header, &payload).await?;
        pg::rows_affected("keeping a newer document", u64::from(kept), 1)?;
        let id = EventId(house.minter.mint(now));
        events.push(event(id, now, command, document, payload.into()));
    }
    Ok(house.outbox.append(tx, &events).await?)
}

/// A document as it travels, if a message can hold it.
fn encoded(document: &Document) -> Result<Vec<u8>, ApplyError> {
    let payload = document.encode()?;
    if payload.len() > DOCUMENT_BYTES_MAX { Err(Refusal::TooLarge.into()) } else { Ok(payload) }
}

fn entry(command: &Apply, generation: u64, at: Timestamp) -> NewEntry<'_> {
    NewEntry {
        tenant: command.manifest.tenant(),
        generation,
        actor: &command.actor,
        at,
        manifest: &command.bytes,
        of_generation: command.of_generation,
    }
}

fn event(id: EventId, at: Timestamp, command: &Apply, document: &Document, payload: Bytes) -> NewEvent {
    let header = &document.header;
    NewEvent {
        id,
        event_type: document_type(header.part),
        tenant: header.tenant,
        lane: Lane::Normal,
        aggregate_id: core::aggregate_id(header.tenant, header.part),
        version: header.generation,
        at,
        actor: command.actor.clone(),
        purpose: None,
        traceparent: command.traceparent.clone(),
        drill: false,
        payload,
    }
}

fn document_type(part: Part) -> EventType {
    match part {
        Part::Core => EventType::DocumentCore,
        Part::Territory => EventType::DocumentTerritory,
        Part::People => EventType::DocumentPeople,
        Part::Classifier => EventType::DocumentClassifier,
    }
}

fn kind(manifest: &Manifest) -> Kind {
    match manifest {
        Manifest::District(_) => Kind::District,
        Manifest::Street(_) => Kind::Street,
    }
}
