//! Tenants that are removed: heard of once, forgotten by every replica, deleted until nothing is left.
//!
//! What is left to do stands in the schema itself, so whoever is interrupted is followed by the next look. The deletion
//! is the owner's function (`remove_tenant`): a service's own role still cannot delete from its journal.

use contract::document::Header;
use ids::TenantId;
use jiff::Timestamp;
use pg::ScopedTx;

use super::{Head, next_revision};

/// A removal as its service knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Who is gone.
    pub tenant: TenantId,
    /// Its district.
    pub district: TenantId,
    /// The generation that said so.
    pub generation: u64,
    /// When this service heard of it.
    pub heard_at: Timestamp,
    /// When nothing of it was left here; nothing while something is.
    pub removed_at: Option<Timestamp>,
    /// Rows deleted so far.
    pub rows_removed: u64,
}

struct Row {
    tenant_id: i64,
    district_id: i64,
    generation: i64,
    heard_at: jiff_sqlx::Timestamp,
    removed_at: Option<jiff_sqlx::Timestamp>,
    rows_removed: i64,
}

impl TryFrom<Row> for Removal {
    type Error = pg::Error;
    fn try_from(row: Row) -> Result<Self, pg::Error> {
        let tenant = |id| TenantId::from_i64(id).map_err(|_| pg::Error::impossible_row("removals.tenant_id"));
        let counted = |n| u64::try_from(n).map_err(|_| pg::Error::impossible_row("removals.rows_removed"));
        Ok(Self {
            tenant: tenant(row.tenant_id)?,
            district: tenant(row.district_id)?,
            generation: counted(row.generation)?,
            heard_at: row.heard_at.to_jiff(),
            removed_at: row.removed_at.map(|at| at.to_jiff()),
            rows_removed: counted(row.rows_removed)?,
        })
    }
}

/// Keeps a removal if it is newer than what is known of the tenant. It counts as a revision: replicas forget.
pub(crate) async fn keep(tx: &mut ScopedTx, header: &Header) -> Result<bool, pg::Error> {
    let district = header.parent.unwrap_or(header.tenant);
    let revision = next_revision(tx).await?;
    let kept = sqlx::query!(
        "INSERT INTO removals (tenant_id, district_id, generation, revision, heard_at)
         SELECT $1, $2, $3, $4, clock_timestamp()
         WHERE NOT EXISTS (SELECT FROM tenant_documents d WHERE d.tenant_id = $1 AND d.generation > $3)
         ON CONFLICT (tenant_id) DO UPDATE
             SET generation = excluded.generation, revision = excluded.revision, heard_at = excluded.heard_at,
                 removed_at = NULL, rows_removed = 0
             WHERE excluded.generation > removals.generation",
        header.tenant.as_i64(),
        district.as_i64(),
        header.generation as i64,
        revision,
    )
    .execute(&mut **tx)
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// The generation that removed a tenant, if one ever did.
pub async fn generation(tx: &mut ScopedTx, tenant: TenantId) -> Result<Option<u64>, pg::Error> {
    let generation =
        sqlx::query_scalar!("SELECT generation FROM removals WHERE tenant_id = $1", tenant.as_i64())
            .fetch_optional(&mut **tx)
            .await?;
    Ok(generation.and_then(|generation| u64::try_from(generation).ok()))
}

/// What is known of a tenant's removal; nothing for one that came back.
pub async fn of(tx: &mut ScopedTx, tenant: TenantId) -> Result<Option<Removal>, pg::Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT r.tenant_id, r.district_id, r.generation, r.heard_at, r.removed_at, r.rows_removed
         FROM removals r
         WHERE r.tenant_id = $1
           AND NOT EXISTS (SELECT FROM document_heads h WHERE h.tenant_id = $1 AND h.generation > r.generation)",
        tenant.as_i64(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Removal::try_from).transpose()
}

/// Every removed tenant that did not come back.
pub async fn all(tx: &mut ScopedTx) -> Result<Vec<Removal>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT r.tenant_id, r.district_id, r.generation, r.heard_at, r.removed_at, r.rows_removed
         FROM removals r
         WHERE NOT EXISTS (SELECT FROM document_heads h
             WHERE h.tenant_id = r.tenant_id AND h.generation > r.generation)
         ORDER BY r.tenant_id",
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Removal::try_from).collect()
}

/// Deletes some rows of a removed tenant; the scope holds it. Returns how many, and whether something is left.
pub async fn step(tx: &mut ScopedTx, tenant: TenantId, at_most: i32) -> Result<(u64, bool), pg::Error> {
    let row = sqlx::query!(
        r#"SELECT removed AS "removed!", left_over AS "left_over!" FROM remove_tenant($1, $2)"#,
        tenant.as_i64(),
        at_most,
    )
    .fetch_one(&mut **tx)
    .await?;
    let done = !row.left_over && row.removed == 0;
    sqlx::query!(
        "UPDATE removals SET rows_removed = rows_removed + $2::bigint,
             removed_at = CASE WHEN $3 THEN COALESCE(removed_at, clock_timestamp()) ELSE removed_at END
         WHERE tenant_id = $1 AND ($2::bigint > 0 OR ($3 AND removed_at IS NULL))",
        tenant.as_i64(),
        row.removed,
        done,
    )
    .execute(&mut **tx)
    .await?;
    let removed = u64::try_from(row.removed).map_err(|_| pg::Error::impossible_row("remove_tenant"))?;
    Ok((removed, !done))
}

/// Tenants removed after a revision, with theirs.
pub(crate) async fn after(tx: &mut ScopedTx, revision: i64) -> Result<Vec<Head>, pg::Error> {
    let heads = sqlx::query_as!(
        Head,
        "SELECT tenant_id, revision FROM removals WHERE revision > $1 ORDER BY revision",
        revision,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(heads)
}
