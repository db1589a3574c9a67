//! What was answered before.

use ids::{ReportId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

/// A request that was accepted.
pub(crate) struct Accepted {
    pub report_id: ReportId,
    pub body_sha256: Vec<u8>,
    pub accepted_at: Timestamp,
}

/// A request to be entered.
pub(crate) struct Entry {
    pub tenant: TenantId,
    pub report_id: ReportId,
    pub body_sha256: [u8; 32],
}

/// Those of the requests that were accepted before.
pub(crate) async fn accepted_before(
    tx: &mut ScopedTx,
    requests: &[Entry],
) -> Result<Vec<Accepted>, pg::Error> {
    let (tenants, reports) = keys(requests);
    let rows = sqlx::query!(
        "SELECT i.report_id, i.body_sha256, i.accepted_at
         FROM UNNEST($1::bigint[], $2::uuid[]) AS r (tenant_id, report_id)
         JOIN intake.idempotency i ON i.tenant_id = r.tenant_id AND i.report_id = r.report_id",
        &tenants,
        &reports,
    )
    .fetch_all(&mut **tx)
    .await?;
    let accepted = rows.into_iter().map(|row| Accepted {
        report_id: row.report_id.into(),
        body_sha256: row.body_sha256,
        accepted_at: row.accepted_at.to_jiff(),
    });
    Ok(accepted.collect())
}

/// Enters requests; returns those nobody entered before. One that is being entered by another transaction is
/// waited for, so the answer is final. In order of ids, so that two batches cannot wait for each other.
pub(crate) async fn enter(
    tx: &mut ScopedTx,
    requests: &[Entry],
    now: Timestamp,
) -> Result<Vec<ReportId>, pg::Error> {
    let (tenants, reports) = keys(requests);
    let bodies: Vec<Vec<u8>> = requests.iter().map(|request| request.body_sha256.to_vec()).collect();
    let fresh = sqlx::query_scalar!(
        "INSERT INTO intake.idempotency (tenant_id, report_id, body_sha256, accepted_at)
         SELECT tenant_id, report_id, body_sha256, $4
         FROM UNNEST($1::bigint[], $2::uuid[], $3::bytea[]) AS r (tenant_id, report_id, body_sha256)
         ORDER BY tenant_id, report_id
         ON CONFLICT (tenant_id, report_id) DO NOTHING
         RETURNING report_id",
        &tenants,
        &reports,
        &bodies,
        jiff_sqlx::Timestamp::from(now) as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(fresh.into_iter().map(ReportId).collect())
}

fn keys(requests: &[Entry]) -> (Vec<i64>, Vec<Uuid>) {
    requests.iter().map(|request| (request.tenant.as_i64(), request.report_id.as_uuid())).unzip()
}
