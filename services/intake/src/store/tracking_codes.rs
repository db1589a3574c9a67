//! From the hash of a code to its report. Never the code.

use ids::{ReportId, TenantId};
use pg::ScopedTx;
use uuid::Uuid;

/// The hash of one report's code.
pub(crate) struct NewCode {
    pub code_sha256: [u8; 32],
    pub tenant: TenantId,
    pub report_id: ReportId,
}

/// Keeps hashes.
pub(crate) async fn insert(tx: &mut ScopedTx, codes: &[NewCode]) -> Result<(), pg::Error> {
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| code.code_sha256.to_vec()).collect();
    let tenants: Vec<i64> = codes.iter().map(|code| code.tenant.as_i64()).collect();
    let reports: Vec<Uuid> = codes.iter().map(|code| code.report_id.as_uuid()).collect();
    let kept = sqlx::query!(
        "INSERT INTO intake.tracking_codes (code_sha256, tenant_id, report_id)
         SELECT code_sha256, tenant_id, report_id
         FROM UNNEST($1::bytea[], $2::bigint[], $3::uuid[]) AS c (code_sha256, tenant_id, report_id)",
        &hashes,
        &tenants,
        &reports,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("keeping tracking codes", kept.rows_affected(), codes.len())
}
