//! The deletion log of a district.

use ids::TenantId;
use jiff::Timestamp;
use pg::ScopedTx;

/// A street that was removed.
#[derive(Debug, Clone)]
pub(crate) struct Offboarding {
    pub street: TenantId,
    pub generation: u64,
    pub actor: String,
    pub reason: String,
    pub at: Timestamp,
}

struct Row {
    street: i64,
    generation: i64,
    actor: String,
    reason: String,
    at: jiff_sqlx::Timestamp,
}

impl TryFrom<Row> for Offboarding {
    type Error = pg::Error;
    fn try_from(row: Row) -> Result<Self, pg::Error> {
        let impossible = || pg::Error::impossible_row("directory.offboardings");
        Ok(Self {
            street: TenantId::from_i64(row.street).map_err(|_| impossible())?,
            generation: u64::try_from(row.generation).map_err(|_| impossible())?,
            actor: row.actor,
            reason: row.reason,
            at: row.at.to_jiff(),
        })
    }
}

/// Enters one; append-only.
pub(crate) async fn keep(tx: &mut ScopedTx, district: TenantId, of: &Offboarding) -> Result<(), pg::Error> {
    let at: jiff_sqlx::Timestamp = of.at.into();
    let kept = sqlx::query!(
        "INSERT INTO directory.offboardings (tenant_id, street, generation, actor, reason, at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        district.as_i64(),
        of.street.as_i64(),
        of.generation as i64,
        of.actor,
        of.reason,
        at as _,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("entering an offboarding", kept.rows_affected(), 1)
}

/// The last one of a street.
pub(crate) async fn last(
    tx: &mut ScopedTx,
    district: TenantId,
    street: TenantId,
) -> Result<Option<Offboarding>, pg::Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT street, generation, actor, reason, at FROM directory.offboardings
         WHERE tenant_id = $1 AND street = $2 ORDER BY generation DESC LIMIT 1",
        district.as_i64(),
        street.as_i64(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Offboarding::try_from).transpose()
}

/// All of a district, newest first, at most so many.
pub(crate) async fn list(
    tx: &mut ScopedTx,
    district: TenantId,
    limit: i64,
) -> Result<Vec<Offboarding>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT street, generation, actor, reason, at FROM directory.offboardings
         WHERE tenant_id = $1 ORDER BY at DESC, street LIMIT $2",
        district.as_i64(),
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Offboarding::try_from).collect()
}
