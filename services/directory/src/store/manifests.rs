//! What was applied, as it came.

use ids::TenantId;
use jiff::Timestamp;
use pg::ScopedTx;

/// One row of the history.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub generation: i64,
    pub actor: String,
    pub at: jiff_sqlx::Timestamp,
    pub sha256: String,
    pub manifest_bytes: i32,
    /// Of a rollback: the generation whose manifest it is.
    pub of_generation: Option<i64>,
}

/// What a generation is kept as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewEntry<'a> {
    pub tenant: TenantId,
    pub generation: u64,
    pub actor: &'a str,
    pub at: Timestamp,
    pub manifest: &'a [u8],
    pub of_generation: Option<u64>,
}

/// Keeps a generation.
pub(crate) async fn keep(tx: &mut ScopedTx, entry: &NewEntry<'_>) -> Result<(), pg::Error> {
    let at: jiff_sqlx::Timestamp = entry.at.into();
    let kept = sqlx::query!(
        "INSERT INTO directory.manifests (tenant_id, generation, actor, at, manifest, of_generation)
         VALUES ($1, $2, $3, $4, $5, $6)",
        entry.tenant.as_i64(),
        entry.generation as i64,
        entry.actor,
        at as _,
        entry.manifest,
        entry.of_generation.map(|generation| generation as i64),
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("keeping a manifest", kept.rows_affected(), 1)
}

/// The manifest of a generation, byte for byte.
pub(crate) async fn one(
    tx: &mut ScopedTx,
    tenant: TenantId,
    generation: i64,
) -> Result<Option<Vec<u8>>, pg::Error> {
    let found = sqlx::query_scalar!(
        "SELECT manifest FROM directory.manifests WHERE tenant_id = $1 AND generation = $2",
        tenant.as_i64(),
        generation,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found)
}

/// Whether the tenant has this generation: what a cursor must name.
pub(crate) async fn has(tx: &mut ScopedTx, tenant: TenantId, generation: i64) -> Result<bool, pg::Error> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM directory.manifests WHERE tenant_id = $1 AND generation = $2) AS "found!""#,
        tenant.as_i64(),
        generation,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(found)
}

/// The newest generations below `before`, newest first, at most `limit`.
pub(crate) async fn history(
    tx: &mut ScopedTx,
    tenant: TenantId,
    before: i64,
    limit: i64,
) -> Result<Vec<Entry>, pg::Error> {
    let entries = sqlx::query_as!(
        Entry,
        r#"SELECT generation, actor, at, encode(sha256(manifest), 'hex') AS "sha256!",
               octet_length(manifest) AS "manifest_bytes!", of_generation
           FROM directory.manifests WHERE tenant_id = $1 AND generation < $2
           ORDER BY generation DESC LIMIT $3"#,
        tenant.as_i64(),
        before,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(entries)
}
