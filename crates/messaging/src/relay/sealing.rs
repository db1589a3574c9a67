//! Sealing a batch: one row per tenant that continues the tenant's chain (D11).
//!
//! The heads are read first, then the rows that are still pending. A relay that lost its shard in between sees
//! either a head that holds its events, or a newer one and its events pending no more (a batch is deleted before the
//! next is sealed), or it continues a head that is no longer the last and fails on the key. So nothing is sealed twice.

use std::collections::{BTreeMap, HashMap, HashSet};

use ids::TenantId;
use pg::{Pool, TenantScope};
use uuid::Uuid;

use super::event::Sealed;
use super::shards::Pending;
use super::sql::Columns;
use super::{RelayError, sql};
use crate::chain;

/// A new row of `seals`.
pub(crate) struct NewSeal {
    pub tenant_id: i64,
    pub n: i64,
    pub first_position: i64,
    pub event_ids: Vec<Uuid>,
    pub prev: [u8; 32],
    pub root: [u8; 32],
}

/// What became of pending rows.
#[derive(Default)]
pub(crate) struct Batch {
    /// Ready to publish, in the order of the pending rows: urgent first.
    pub events: Vec<Sealed>,
    /// Without a journal row, or deleted meanwhile by the shard's new holder.
    pub missing: Vec<Pending>,
    /// Seals that were made for them.
    pub seals: Vec<NewSeal>,
}

/// Seals the pending rows that are not sealed yet.
pub(crate) async fn seal(pool: &Pool, pending: &[Pending]) -> Result<Batch, RelayError> {
    let mut tx = pool.begin(scope(pending.iter().map(|row| row.tenant_id))).await?;
    let of_scope = tenants(&tx);
    let heads = sql::last_seals(&mut tx, &of_scope).await?;
    let rows = sql::load(&mut tx, &Columns::of(pending.iter())).await?;
    let rows = in_order(pending, rows);
    let heads: HashMap<i64, &sql::SealHead> = heads.iter().map(|head| (head.tenant_id, head)).collect();
    let mut seals = Vec::new();
    for (tenant_id, rows) in by_tenant(&rows) {
        let head = heads.get(&tenant_id).copied();
        let sealed: HashSet<Uuid> =
            head.map(|head| head.event_ids.iter().copied().collect()).unwrap_or_default();
        let fresh: Vec<&sql::JournalRow> = rows.into_iter().filter(|row| !sealed.contains(&row.id)).collect();
        if !fresh.is_empty() {
            seals.push(next_seal(tenant_id, head, &fresh)?);
        }
    }
    if !seals.is_empty() {
        sql::insert_seals(&mut tx, &seals).await?;
    }
    tx.commit().await?;
    Ok(Batch { seals, ..batch(pending, rows) })
}

/// The events of rows a predecessor sealed.
pub(crate) async fn load(pool: &Pool, pending: &[Pending]) -> Result<Batch, RelayError> {
    if pending.is_empty() {
        return Ok(Batch::default());
    }
    let mut tx = pool.begin(scope(pending.iter().map(|row| row.tenant_id))).await?;
    let rows = sql::load(&mut tx, &Columns::of(pending.iter())).await?;
    tx.commit().await?;
    Ok(batch(pending, in_order(pending, rows)))
}

/// Event ids of the last seal of each tenant: all that can be sealed and still pending.
pub(crate) async fn already_sealed(pool: &Pool, of: &[TenantId]) -> Result<Vec<Uuid>, RelayError> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = pool.begin(scope(of.iter().map(|tenant| tenant.as_i64()))).await?;
    let of_scope = tenants(&tx);
    let heads = sql::last_seals(&mut tx, &of_scope).await?;
    tx.commit().await?;
    Ok(heads.into_iter().flat_map(|head| head.event_ids).collect())
}

fn next_seal(
    tenant_id: i64,
    head: Option<&sql::SealHead>,
    fresh: &[&sql::JournalRow],
) -> Result<NewSeal, RelayError> {
    let prev: [u8; 32] = match head {
        None => chain::GENESIS,
        Some(head) => head.root.as_slice().try_into().map_err(|_| pg::Error::impossible_row("seals.root"))?,
    };
    Ok(NewSeal {
        tenant_id,
        n: head.map_or(1, |head| head.n + 1),
        first_position: head.map_or(1, |head| head.first_position + head.event_ids.len() as i64),
        event_ids: fresh.iter().map(|row| row.id).collect(),
        prev,
        root: chain::root(&prev, fresh.iter().map(|row| row.content_sha256.as_slice())),
    })
}

fn by_tenant(rows: &[sql::JournalRow]) -> BTreeMap<i64, Vec<&sql::JournalRow>> {
    let mut grouped: BTreeMap<i64, Vec<&sql::JournalRow>> = BTreeMap::new();
    for row in rows {
        grouped.entry(row.tenant_id).or_default().push(row);
    }
    grouped
}

/// Back in the order of the pending rows: urgent first.
fn in_order(pending: &[Pending], rows: Vec<sql::JournalRow>) -> Vec<sql::JournalRow> {
    let mut by_id: HashMap<Uuid, sql::JournalRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    pending.iter().filter_map(|row| by_id.remove(&row.journal_id)).collect()
}

fn batch(pending: &[Pending], rows: Vec<sql::JournalRow>) -> Batch {
    let mut missing = Vec::new();
    if rows.len() < pending.len() {
        let loaded: HashSet<Uuid> = rows.iter().map(|row| row.id).collect();
        missing.extend(pending.iter().filter(|row| !loaded.contains(&row.journal_id)));
    }
    let mut of: HashMap<Uuid, Pending> = pending.iter().map(|row| (row.journal_id, *row)).collect();
    let events = rows.into_iter().filter_map(|row| Some(Sealed::of(of.remove(&row.id)?, row)));
    Batch { events: events.collect(), missing, seals: Vec::new() }
}

fn scope(tenants: impl Iterator<Item = i64>) -> TenantScope {
    TenantScope::of_subjects(tenants.filter_map(|tenant| TenantId::from_i64(tenant).ok()))
}

fn tenants(tx: &pg::ScopedTx) -> Vec<i64> {
    tx.scope().tenants().map(TenantId::as_i64).collect()
}
