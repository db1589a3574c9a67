//! What applying a manifest would do: the way of [`super::apply`] without its locks, up to keeping. Writes nothing.
//!
//! It is true of the generation it names. Whoever applies with that one as `If-Match` gets what was shown, or a
//! refusal; a district that moves in between may still refuse a street.

use bootstrap::House;
use contract::document::{Document, DocumentBody, Kind, Part};
use ids::TenantId;
use pg::ScopedTx;
use routing::rules::check::{Effort, Finding};
use tokio::sync::Semaphore;

use super::{
    ApplyError, Precondition, Refusal, check, compile, decoded, encoded, keep_streets_sound, kind, pack,
    scope,
};
use crate::config::Config;
use crate::core::{self, Changes, Fault, Manifest};
use crate::store;
use crate::store::tenants::Known;

/// A manifest that somebody who may apply it wants to look at first.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub manifest: Manifest,
    /// The district the caller was admitted for.
    pub district: TenantId,
}

/// What would come of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    pub tenant: TenantId,
    pub kind: Kind,
    /// The generation it stands on; 0 for a tenant nobody has applied.
    pub generation: u64,
    pub changed: bool,
    pub changes: Changes,
    /// Of a district: how many streets stand on it, all of which would stay sound.
    pub streets: Option<i64>,
    /// Of a street that would be redrawn: its territory, as it would travel. Triage says what it does to open cases.
    pub territory: Option<Vec<u8>>,
    /// The core as it would travel. Triage says what it would have done to past cases.
    pub core: Vec<u8>,
    /// What is worth a look in its rules.
    pub findings: Vec<Finding>,
}

pub(crate) async fn plan(house: &House<()>, config: &Config, command: Plan) -> Result<Planned, ApplyError> {
    let Plan { manifest, district } = command;
    let (tenant, kind) = (manifest.tenant(), kind(&manifest));
    if kind == Kind::Street && district == tenant {
        return Err(Refusal::Faulty(vec![Fault::kind_differs()]).into());
    }
    let mut tx = house.pool.begin(scope(&manifest, district)).await?;
    let now = house.clock.now(&mut tx).await?;
    let stored = store::documents::of_manifest(&mut tx, tenant).await?;
    let before = decoded(&stored)?;
    let known = known(&before).unwrap_or(Known { kind, district, generation: 0 });
    check(&manifest, district, &Precondition::None, known)?;
    let pack = pack(&mut tx, &manifest).await?;
    let mut compiled = compile(config, manifest, pack.as_ref())?;
    core::stamp(&mut compiled, &before, known.generation + 1);
    let streets = streets(&mut tx, tenant, kind).await?;
    let mut planned = Planned {
        tenant,
        kind,
        generation: known.generation,
        changed: false,
        changes: Changes::default(),
        streets,
        territory: None,
        core: Vec::new(),
        findings: Vec::new(),
    };
    let after = compiled.documents(known.generation + 1);
    let encoded = after.iter().map(encoded).collect::<Result<Vec<_>, _>>()?;
    planned.core = after
        .iter()
        .zip(&encoded)
        .find(|(document, _)| document.header.part == Part::Core)
        .map_or_else(Vec::new, |(_, bytes)| bytes.clone());
    if !compiled.says_the_same(&stored)? {
        keep_streets_sound(&mut tx, now, &compiled, &stored).await?;
        planned.changed = true;
        planned.territory = redrawn(&before, &after).and_then(|n| encoded.into_iter().nth(n));
        planned.changes = core::changes(&before, &after, pack.as_ref())?;
    }
    tx.commit().await?;
    planned.findings = findings(after, pack, Effort::thorough()).await?;
    Ok(planned)
}

/// Looked for beside: a large set of rules takes seconds of one core.
pub(super) async fn findings(
    documents: Vec<Document>,
    pack: Option<Document>,
    effort: Effort,
) -> Result<Vec<Finding>, pg::Error> {
    // One at a time: whoever asks twice waits for himself, not for the core that others need. Whoever publishes does not wait for
    // those who only look.
    static LOOKING: Semaphore = Semaphore::const_new(1);
    static PUBLISHING: Semaphore = Semaphore::const_new(1);
    let turn = if effort == Effort::brief() { &PUBLISHING } else { &LOOKING };
    let _permit = turn.acquire().await;
    let looking = tokio::task::spawn_blocking(move || core::findings(&documents, pack.as_ref(), effort));
    looking.await.map_err(|error| pg::Error::broken("looking at rules", error))
}

/// The tenant as its documents say: both parts are one state of it, whatever is applied meanwhile.
fn known(documents: &[Document]) -> Option<Known> {
    let header = &documents.first()?.header;
    let district = header.parent.unwrap_or(header.tenant);
    Some(Known { kind: header.kind, district, generation: header.generation })
}

async fn streets(tx: &mut ScopedTx, tenant: TenantId, kind: Kind) -> Result<Option<i64>, pg::Error> {
    match kind {
        Kind::District => store::tenants::streets_of(tx, tenant).await.map(Some),
        Kind::Street => Ok(None),
    }
}

/// Which of the documents is a territory that differs from the one of now. A street that never said where it lies has
/// an empty one; one that nobody applied has none, and is drawn for the first time: no case can be at stake.
fn redrawn(before: &[Document], after: &[Document]) -> Option<usize> {
    let drawn = |document: &Document| match &document.body {
        DocumentBody::Territory(territory) => Some(territory.clone()),
        _ => None,
    };
    let now = before.iter().find_map(drawn)?;
    after.iter().position(|document| drawn(document).is_some_and(|then| now.layers != then.layers))
}
