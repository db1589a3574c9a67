//! The history of published classifiers. The weights are in the newest document.

use ids::{IdempotencyKey, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;

/// One row: a publication, or a withdrawal, which has nothing of a model.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub generation: i64,
    pub actor: String,
    pub at: jiff_sqlx::Timestamp,
    pub sha256: Option<String>,
    pub bytes: Option<i32>,
    pub labels: Option<i32>,
    pub examples: Option<i64>,
    pub threshold_permille: Option<i32>,
}

/// What is kept of a model beside its weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub sha256: String,
    pub bytes: i32,
    pub labels: i32,
    pub examples: i64,
    pub threshold_permille: i32,
}

/// What a generation is kept as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewEntry<'a> {
    pub tenant: TenantId,
    pub generation: u64,
    pub key: IdempotencyKey,
    pub actor: &'a str,
    pub at: Timestamp,
    /// Nothing of a withdrawal.
    pub model: Option<&'a Facts>,
}

/// Keeps a generation.
pub(crate) async fn keep(tx: &mut ScopedTx, entry: &NewEntry<'_>) -> Result<(), pg::Error> {
    let at: jiff_sqlx::Timestamp = entry.at.into();
    let kept = sqlx::query!(
        "INSERT INTO directory.classifiers
             (tenant_id, generation, key, actor, at, sha256, bytes, labels, examples, threshold_permille)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        entry.tenant.as_i64(),
        entry.generation as i64,
        entry.key.as_uuid(),
        entry.actor,
        at as _,
        entry.model.map(|model| model.sha256.as_str()),
        entry.model.map(|model| model.bytes),
        entry.model.map(|model| model.labels),
        entry.model.map(|model| model.examples),
        entry.model.map(|model| model.threshold_permille),
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("keeping a classifier's entry", kept.rows_affected(), 1)
}

/// The newest entries below `before`, newest first, at most `limit`.
pub(crate) async fn history(
    tx: &mut ScopedTx,
    tenant: TenantId,
    before: i64,
    limit: i64,
) -> Result<Vec<Entry>, pg::Error> {
    let entries = sqlx::query_as!(
        Entry,
        r#"SELECT generation, actor, at, sha256, bytes, labels, examples, threshold_permille
           FROM directory.classifiers WHERE tenant_id = $1 AND generation < $2
           ORDER BY generation DESC LIMIT $3"#,
        tenant.as_i64(),
        before,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(entries)
}

/// The newest entry.
pub(crate) async fn newest(tx: &mut ScopedTx, tenant: TenantId) -> Result<Option<Entry>, pg::Error> {
    Ok(history(tx, tenant, i64::MAX, 1).await?.pop())
}

/// The entry of a generation: what a cursor must name.
pub(crate) async fn has(tx: &mut ScopedTx, tenant: TenantId, generation: i64) -> Result<bool, pg::Error> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM directory.classifiers WHERE tenant_id = $1 AND generation = $2) AS "found!""#,
        tenant.as_i64(),
        generation,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(found)
}

/// The entry a request with this key has made.
pub(crate) async fn made_by(
    tx: &mut ScopedTx,
    tenant: TenantId,
    key: IdempotencyKey,
) -> Result<Option<Entry>, pg::Error> {
    let entry = sqlx::query_as!(
        Entry,
        r#"SELECT generation, actor, at, sha256, bytes, labels, examples, threshold_permille
           FROM directory.classifiers WHERE tenant_id = $1 AND key = $2"#,
        tenant.as_i64(),
        key.as_uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(entry)
}
