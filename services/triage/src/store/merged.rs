//! Cases that bodies had and that went into another.

use ids::{CaseId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;

use super::cases::OpenCase;

/// A case that bodies have is over: its voices are another's. Nothing joins it, and nobody closed it.
pub(crate) async fn end(
    tx: &mut ScopedTx,
    case: &OpenCase,
    into: CaseId,
    now: Timestamp,
) -> Result<(), pg::Error> {
    let kept = sqlx::query!(
        "UPDATE triage.cases
         SET standing = 'merged', closed_at = $3, called_off = true, version = $4, merged_into = $5
         WHERE tenant_id = $1 AND case_id = $2 AND standing = 'open' AND closed_at IS NULL",
        case.tenant.as_i64(),
        case.case_id.as_uuid(),
        jiff_sqlx::Timestamp::from(now) as _,
        case.version as i64,
        into.as_uuid(),
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("merging a case", kept.rows_affected(), 1)
}

/// The case into which one went that bodies had.
pub(crate) async fn into(
    tx: &mut ScopedTx,
    (tenant, case_id): (TenantId, CaseId),
) -> Result<Option<CaseId>, pg::Error> {
    let went = sqlx::query_scalar!(
        "SELECT merged_into FROM triage.cases WHERE tenant_id = $1 AND case_id = $2",
        tenant.as_i64(),
        case_id.as_uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(went.map(CaseId::from))
}
