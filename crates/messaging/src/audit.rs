//! Verifying the record: whether the journal of a service is still what its seals say (I11).
//!
//! A seal hashes the rows of a batch and the seal before it, so whoever changes, removes or adds a row in between has
//! to make every later seal anew. That too is seen where a *checkpoint* was kept outside of the database: each relay
//! logs the heads of its chains every minute, and `streetwise audit checkpoint` prints them.
//! [`walk`] decides, without a database; [`verify`] reads one tenant's chain in one snapshot and names the first fault;
//! [`Record::proof`] takes some events out with all that proves them.
//! Not here: why a row is as it is, and mending. A chain is never made anew.

mod checkpoint;
mod fault;
mod proof;
pub mod walk;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ids::TenantId;
use pg::Error;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

pub use checkpoint::Checkpoint;
pub use fault::Fault;
pub use proof::{Proof, ProvenRow, ProvenSeal};
use walk::{Seal, Walk};

use crate::chain::{self, Content};
use crate::store::audit_trail::{self as store, Entry};
use crate::store::refill::id_before;

/// Seals read together.
const PAGE: i64 = 100;

/// What is known of one tenant's chain in one service after a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The newest seal, unless there is none.
    pub head: Option<Checkpoint>,
    /// Seals looked at.
    pub seals: u64,
    /// Journal rows whose hash was computed anew.
    pub rows: u64,
    /// The first thing that is wrong.
    pub fault: Option<Fault>,
}

/// One service's record, opened for looking.
#[derive(Debug)]
pub struct Record {
    service: &'static str,
    connection: PgConnection,
    /// The least id of the journal's oldest day: rows before it have served their time.
    kept_from: Uuid,
    since: Option<Since>,
}

/// Where a look begins: an instant, and the least id that can be minted from then on.
#[derive(Debug, Clone, Copy)]
struct Since {
    at: jiff_sqlx::Timestamp,
    id: Uuid,
}

impl Record {
    /// Opens the schema as its owner. With `since_ms` only what was recorded in so many milliseconds is looked at, and
    /// the seal before it is believed.
    pub async fn open(admin_url: &str, service: &'static str, since_ms: Option<i64>) -> Result<Self, Error> {
        let mut connection = pg::migrate::as_owner(admin_url, service).await?;
        let kept_from = store::kept_from(&mut connection).await?;
        let since = match since_ms {
            // In this order: what has an id from then on was sealed after the instant.
            Some(ms) => {
                let at = store::ago(&mut connection, ms).await?;
                Some(Since { at, id: id_before(&mut connection, ms).await? })
            }
            None => None,
        };
        Ok(Self { service, connection, kept_from, since })
    }

    /// Tenants that have rows or seals here.
    pub async fn tenants(&mut self) -> Result<BTreeSet<TenantId>, Error> {
        let since = self.since.map(|since| since.id);
        let found = store::tenants(&mut self.connection, since).await?;
        found.into_iter().map(tenant).collect()
    }

    /// The newest seal of a tenant, if it has any.
    pub async fn head(&mut self, tenant: TenantId) -> Result<Option<Checkpoint>, Error> {
        let head = store::head(&mut self.connection, tenant.as_i64()).await?;
        head.map(|head| checkpoint(self.service, tenant, head.n, &head.root)).transpose()
    }

    /// Walks one tenant's chain in one snapshot of the database; `kept` are its checkpoints, by seal.
    pub async fn verify(
        &mut self,
        tenant: TenantId,
        kept: &BTreeMap<i64, [u8; 32]>,
    ) -> Result<Verified, Error> {
        let (service, kept_from, since) = (self.service, self.kept_from, self.since);
        let mut tx = pg::migrate::one_snapshot(&mut self.connection).await?;
        let mut walk = begin(&mut tx, tenant, since).await?;
        let begun = walk.n();
        let mut seen = Verified { head: None, seals: 0, rows: 0, fault: None };
        loop {
            let seals = store::seals_after(&mut tx, tenant.as_i64(), walk.n(), PAGE).await?;
            if seals.is_empty() {
                seen.fault = walk.end(kept).err();
                break;
            }
            let contents = contents(&mut tx, tenant, &seals, kept_from).await?;
            seen.rows += contents.len() as u64;
            seen.seals += seals.len() as u64;
            seen.fault = seals.iter().find_map(|seal| walk.step(seal, &contents, kept_from, kept).err());
            if seen.fault.is_some() {
                break;
            }
        }
        if seen.fault.is_none() {
            let floor = since.map_or(kept_from, |since| since.id.max(kept_from));
            seen.fault = outside(&mut tx, tenant.as_i64(), floor, begun).await?;
        }
        if walk.n() > 0 {
            seen.head = Some(checkpoint(service, tenant, walk.n(), &walk.head())?);
        }
        tx.rollback().await?;
        Ok(seen)
    }

    /// Closes the connection.
    pub async fn close(self) -> Result<(), Error> {
        Ok(self.connection.close().await?)
    }
}

/// At the first seal, or behind the last that was made before `since`.
async fn begin(tx: &mut PgConnection, tenant: TenantId, since: Option<Since>) -> Result<Walk, Error> {
    let Some(since) = since else { return Ok(Walk::genesis()) };
    match store::seal_before(tx, tenant.as_i64(), since.at).await? {
        Some(seal) => Ok(Walk::behind(&seal)),
        None => Ok(Walk::genesis()),
    }
}

/// The stored and the computed hash of each row that the seals name and the journal still keeps.
async fn contents(
    tx: &mut PgConnection,
    tenant: TenantId,
    seals: &[Seal],
    kept_from: Uuid,
) -> Result<HashMap<Uuid, walk::Hashes>, Error> {
    let ids: Vec<Uuid> =
        seals.iter().flat_map(|seal| seal.event_ids.iter().copied()).filter(|id| *id >= kept_from).collect();
    let mut contents = HashMap::new();
    for ids in ids.chunks(10_000) {
        for entry in store::entries(tx, tenant.as_i64(), ids).await? {
            contents.insert(entry.id, hashes(tenant, &entry)?);
        }
    }
    Ok(contents)
}

fn hashes(tenant: TenantId, entry: &Entry) -> Result<walk::Hashes, Error> {
    let computed = chain::content_sha256(&Content {
        id: entry.id,
        event_type: &entry.event_type,
        tenant,
        aggregate_id: entry.aggregate_id,
        version: entry.version as u64,
        at: entry.at.to_jiff(),
        actor: &entry.actor,
        purpose: entry.purpose.as_deref(),
        payload: &entry.payload,
    });
    Ok(walk::Hashes { stored: hash(&entry.content_sha256, "journal.content_sha256")?, computed })
}

/// What no walk sees: a row that no seal names, and one that two name.
async fn outside(tx: &mut PgConnection, tenant: i64, floor: Uuid, n: i64) -> Result<Option<Fault>, Error> {
    if let Some(event) = store::unsealed(tx, tenant, floor, n).await? {
        return Ok(Some(Fault::Unsealed { event }));
    }
    Ok(store::sealed_twice(tx, tenant, n).await?.map(|event| Fault::SealedTwice { event }))
}

fn checkpoint(service: &str, tenant: TenantId, n: i64, root: &[u8]) -> Result<Checkpoint, Error> {
    Ok(Checkpoint { service: service.to_owned(), tenant, seal: n, root: hash(root, "seals.root")? })
}

fn tenant(of: i64) -> Result<TenantId, Error> {
    TenantId::from_i64(of).map_err(|_| Error::impossible_row("seals.tenant_id"))
}

fn hash(bytes: &[u8], place: &'static str) -> Result<[u8; 32], Error> {
    bytes.try_into().map_err(|_| Error::impossible_row(place))
}
