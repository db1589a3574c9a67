//! The deletion log. A row is the district's; the street it names is no tenant any more.

use ids::{IdempotencyKey, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

/// A row.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub n: i64,
    pub removed_id: i64,
    pub generation: i64,
    pub key: Uuid,
    pub actor: String,
    pub reason: String,
    pub at: jiff_sqlx::Timestamp,
    pub settled_at: Option<jiff_sqlx::Timestamp>,
    pub settled_by: Option<String>,
    pub report: Option<serde_json::Value>,
}

/// What a removal is written down as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewEntry<'a> {
    pub district: TenantId,
    pub removed: TenantId,
    pub generation: u64,
    pub key: IdempotencyKey,
    pub actor: &'a str,
    pub reason: &'a str,
    pub at: Timestamp,
}

/// Writes a removal down.
pub(crate) async fn keep(tx: &mut ScopedTx, entry: NewEntry<'_>) -> Result<(), pg::Error> {
    let at: jiff_sqlx::Timestamp = entry.at.into();
    let kept = sqlx::query!(
        "INSERT INTO directory.removal_log (tenant_id, removed_id, generation, key, actor, reason, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        entry.district.as_i64(),
        entry.removed.as_i64(),
        entry.generation as i64,
        entry.key.as_uuid(),
        entry.actor,
        entry.reason,
        at as _,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("writing a removal down", kept.rows_affected(), 1)
}

/// The newest removal of a street.
pub(crate) async fn newest(
    tx: &mut ScopedTx,
    district: TenantId,
    removed: TenantId,
) -> Result<Option<Entry>, pg::Error> {
    let entry = sqlx::query_as!(
        Entry,
        r#"SELECT n, removed_id, generation, key, actor, reason, at, settled_at AS "settled_at: _", settled_by, report
           FROM directory.removal_log WHERE tenant_id = $1 AND removed_id = $2
           ORDER BY generation DESC LIMIT 1"#,
        district.as_i64(),
        removed.as_i64(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(entry)
}

/// Removals of a district below `before`, newest first, at most `limit`.
pub(crate) async fn listed(
    tx: &mut ScopedTx,
    district: TenantId,
    before: i64,
    limit: i64,
) -> Result<Vec<Entry>, pg::Error> {
    let entries = sqlx::query_as!(
        Entry,
        r#"SELECT n, removed_id, generation, key, actor, reason, at, settled_at AS "settled_at: _", settled_by, report
           FROM directory.removal_log WHERE tenant_id = $1 AND n < $2
           ORDER BY n DESC LIMIT $3"#,
        district.as_i64(),
        before,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(entries)
}

/// Settles a removal that is not settled yet.
pub(crate) async fn settle(
    tx: &mut ScopedTx,
    district: TenantId,
    removed: TenantId,
    actor: &str,
    at: Timestamp,
    report: &serde_json::Value,
) -> Result<(), pg::Error> {
    let at: jiff_sqlx::Timestamp = at.into();
    let settled = sqlx::query!(
        "UPDATE directory.removal_log SET settled_at = $3, settled_by = $4, report = $5
         WHERE tenant_id = $1 AND removed_id = $2 AND settled_at IS NULL",
        district.as_i64(),
        removed.as_i64(),
        at as _,
        actor,
        report,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("settling a removal", settled.rows_affected(), 1)
}
