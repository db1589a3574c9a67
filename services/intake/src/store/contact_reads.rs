//! Who read which contact.

use ids::{ReportId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

/// One reading.
pub(crate) struct NewRead<'a> {
    pub read_id: Uuid,
    pub tenant: TenantId,
    pub report_id: ReportId,
    pub actor: &'a str,
    pub purpose: &'static str,
    pub at: Timestamp,
}

/// The sealed contact of a report: nothing where there is no such report, `None` inside where it has no contact.
pub(crate) async fn sealed(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_id: ReportId,
) -> Result<Option<Option<Vec<u8>>>, pg::Error> {
    let sealed = sqlx::query_scalar!(
        "SELECT contact_sealed FROM intake.reports WHERE tenant_id = $1 AND report_id = $2",
        tenant.as_i64(),
        report_id.as_uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(sealed)
}

/// Records a reading.
pub(crate) async fn keep(tx: &mut ScopedTx, read: &NewRead<'_>) -> Result<(), pg::Error> {
    let kept = sqlx::query!(
        "INSERT INTO intake.contact_reads (tenant_id, read_id, report_id, actor, purpose, read_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        read.tenant.as_i64(),
        read.read_id,
        read.report_id.as_uuid(),
        read.actor,
        read.purpose,
        jiff_sqlx::Timestamp::from(read.at) as _,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("recording a reading", kept.rows_affected(), 1)
}
