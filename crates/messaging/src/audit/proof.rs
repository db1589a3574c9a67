//! The proof of some events: their rows, and every seal from the first that holds one of them to the newest. Whoever has
//! it checks it with nothing but SHA-256 (`chain`), and holds the newest root against what was kept outside.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use ids::TenantId;
use pg::Error;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::walk::Seal;
use super::{PAGE, Record};
use crate::store::audit_trail::{self as store, Entry};

/// Rows of one service with their seals. Hashes and payloads are in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Whose journal.
    pub service: String,
    /// Of which tenant, 12 digits.
    pub tenant: String,
    /// The rows, by id.
    pub rows: Vec<ProvenRow>,
    /// Seals without a gap, up to the newest.
    pub seals: Vec<ProvenSeal>,
}

/// A journal row, all that is hashed of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProvenRow {
    /// Id of the event.
    pub id: Uuid,
    /// What happened.
    pub event_type: String,
    /// To what.
    pub aggregate_id: Uuid,
    /// Its version after it.
    pub version: i64,
    /// When, RFC 3339.
    pub at: String,
    /// The same in microseconds since 1970, as it is hashed.
    pub at_us: i64,
    /// Who: an opaque subject, `clock` or a consumer.
    pub actor: String,
    /// Why something was read, where that is on the record.
    pub purpose: Option<String>,
    /// The event, a Protobuf message of its type.
    pub payload: String,
    /// The hash the row carries.
    pub content_sha256: String,
}

/// A seal with the hashes it was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProvenSeal {
    /// From 1.
    pub n: i64,
    /// Root of the seal before it.
    pub prev: String,
    /// Hashes of the rows it seals, in order.
    pub contents: Vec<String>,
    /// SHA-256 of `prev` and `contents`.
    pub root: String,
}

impl Record {
    /// The proof of these events of a tenant, as far as they are this service's; nothing if none is. An event that no seal
    /// holds yet is left out: it is sealed within a second, and proven then.
    pub async fn proof(&mut self, tenant: TenantId, events: &BTreeSet<Uuid>) -> Result<Option<Proof>, Error> {
        let (service, of, events) = (self.service, tenant.as_i64(), Vec::from_iter(events.iter().copied()));
        let mut tx = pg::migrate::one_snapshot(&mut self.connection).await?;
        let Some(first) = store::first_seal_of(&mut tx, of, &events).await? else { return Ok(None) };
        let mut seals = Vec::new();
        let mut sealed = BTreeSet::new();
        let mut behind = first - 1;
        loop {
            let page = store::seals_after(&mut tx, of, behind, PAGE).await?;
            let Some(last) = page.last() else { break };
            behind = last.n;
            sealed.extend(page.iter().flat_map(|seal| seal.event_ids.iter().copied()));
            let hashes = hashes_of(&mut tx, of, &page).await?;
            seals.extend(page.iter().map(|seal| proven(seal, &hashes)));
        }
        let sealed: Vec<Uuid> = events.into_iter().filter(|event| sealed.contains(event)).collect();
        let mut rows = store::entries(&mut tx, of, &sealed).await?;
        rows.sort_by_key(|row| row.id);
        tx.rollback().await?;
        let rows = rows.into_iter().map(row).collect();
        Ok(Some(Proof { service: service.to_owned(), tenant: tenant.to_string(), rows, seals }))
    }
}

/// The hash that each row of these seals carries. Of a day that has served its time there are none: such a seal cannot be
/// computed anew, and the checker says so.
async fn hashes_of(
    tx: &mut PgConnection,
    tenant: i64,
    seals: &[Seal],
) -> Result<HashMap<Uuid, Vec<u8>>, Error> {
    let ids: Vec<Uuid> = seals.iter().flat_map(|seal| seal.event_ids.iter().copied()).collect();
    let mut hashes = HashMap::new();
    for ids in ids.chunks(10_000) {
        hashes.extend(store::hashes(tx, tenant, ids).await?);
    }
    Ok(hashes)
}

fn proven(seal: &Seal, hashes: &HashMap<Uuid, Vec<u8>>) -> ProvenSeal {
    let contents = seal.event_ids.iter().filter_map(|id| hashes.get(id)).map(|hash| hex(hash)).collect();
    ProvenSeal { n: seal.n, prev: hex(&seal.prev), contents, root: hex(&seal.root) }
}

fn row(entry: Entry) -> ProvenRow {
    let at = entry.at.to_jiff();
    ProvenRow {
        id: entry.id,
        event_type: entry.event_type,
        aggregate_id: entry.aggregate_id,
        version: entry.version,
        at: at.to_string(),
        at_us: at.as_microsecond(),
        actor: entry.actor,
        purpose: entry.purpose,
        payload: hex(&entry.payload),
        content_sha256: hex(&entry.content_sha256),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes everything");
        text
    })
}
