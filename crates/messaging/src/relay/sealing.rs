//! Sealing a batch: one row per tenant that continues the tenant's chain (D11).

use std::collections::{BTreeMap, HashSet};

use contract::Envelope;
use ids::{Lane, TenantId};
use pg::{Pool, TenantScope};
use uuid::Uuid;

use super::shards::Pending;
use super::{RelayError, Sealed, sql};
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

/// Seals the pending rows that are not sealed yet and returns all of them, ready to publish, in the order given.
pub(crate) async fn seal(pool: &Pool, pending: &[Pending]) -> Result<Vec<Sealed>, RelayError> {
    let mut tx = pool.begin(scope(pending.iter().map(|row| row.tenant_id))).await?;
    let rows = sql::load(&mut tx, pending).await?;
    let of_scope = tenants(&tx);
    let heads = sql::last_seals(&mut tx, &of_scope).await?;
    let mut seals = Vec::new();
    for (tenant_id, rows) in by_tenant(&rows) {
        let head = heads.iter().find(|head| head.tenant_id == tenant_id);
        let sealed: HashSet<Uuid> =
            head.map(|head| head.event_ids.iter().copied().collect()).unwrap_or_default();
        let fresh: Vec<&sql::JournalRow> = rows.into_iter().filter(|row| !sealed.contains(&row.id)).collect();
        if !fresh.is_empty() {
            seals.push(next_seal(tenant_id, head, &fresh)?);
        }
    }
    sql::insert_seals(&mut tx, &seals).await?;
    tx.commit().await?;
    in_order(pending, rows)
}

/// The events of rows a predecessor sealed.
pub(crate) async fn load(pool: &Pool, pending: &[Pending]) -> Result<Vec<Sealed>, RelayError> {
    if pending.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = pool.begin(scope(pending.iter().map(|row| row.tenant_id))).await?;
    let rows = sql::load(&mut tx, pending).await?;
    tx.commit().await?;
    in_order(pending, rows)
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
fn in_order(pending: &[Pending], rows: Vec<sql::JournalRow>) -> Result<Vec<Sealed>, RelayError> {
    let mut by_id: BTreeMap<Uuid, sql::JournalRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    let missing = || pg::Error::impossible_row("outbox_pending.journal_id");
    pending.iter().map(|row| sealed(by_id.remove(&row.journal_id).ok_or_else(missing)?)).collect()
}

fn sealed(row: sql::JournalRow) -> Result<Sealed, RelayError> {
    let impossible = pg::Error::impossible_row;
    let envelope = Envelope {
        id: row.id.into(),
        event_type: row.event_type.parse().map_err(|_| impossible("journal.event_type"))?,
        time: row.at.to_jiff(),
        tenant: TenantId::from_i64(row.tenant_id).map_err(|_| impossible("journal.tenant_id"))?,
        lane: Lane::from_rank(row.lane).map_err(|_| impossible("journal.lane"))?,
        aggregate_id: row.aggregate_id,
        version: row.version as u64,
        traceparent: row.traceparent,
        drill: row.drill,
    };
    Ok(Sealed { envelope, payload: row.payload.into() })
}

fn scope(tenants: impl Iterator<Item = i64>) -> TenantScope {
    TenantScope::of_subjects(tenants.filter_map(|tenant| TenantId::from_i64(tenant).ok()))
}

fn tenants(tx: &pg::ScopedTx) -> Vec<i64> {
    tx.scope().tenants().map(TenantId::as_i64).collect()
}
