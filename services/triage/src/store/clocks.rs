//! The clocks of reports that wait: which are due, and which have none.

use ids::{Lane, ReportId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

/// Entries of these streets whose time is over, the longest over first, so many at most. The streets' locks are held.
pub(crate) async fn due(
    tx: &mut ScopedTx,
    tenants: &[TenantId],
    now: Timestamp,
    rows_max: i64,
) -> Result<Vec<(TenantId, Uuid)>, pg::Error> {
    let tenants: Vec<i64> = tenants.iter().map(|tenant| tenant.as_i64()).collect();
    let rows = sqlx::query!(
        r#"SELECT r.tenant_id, r.report_id
         FROM UNNEST($1::bigint[]) AS t (tenant_id)
         JOIN triage.reviews r ON r.tenant_id = t.tenant_id
         WHERE r.decided_at IS NULL AND NOT r.reminded AND r.due_at <= $2
         ORDER BY r.due_at, r.report_id
         LIMIT $3"#,
        &tenants,
        jiff_sqlx::Timestamp::from(now) as _,
        rows_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(|row| Ok((tenant(row.tenant_id)?, row.report_id))).collect()
}

/// Those of these streets where entries wait without a clock that runs: a build before this one put them there, or
/// handed down what the district had been told of twice, whose clock had ended.
pub(crate) async fn streets_without(
    tx: &mut ScopedTx,
    tenants: &[TenantId],
) -> Result<Vec<TenantId>, pg::Error> {
    let tenants: Vec<i64> = tenants.iter().map(|tenant| tenant.as_i64()).collect();
    let rows = sqlx::query_scalar!(
        r#"SELECT t.tenant_id AS "tenant_id!"
         FROM UNNEST($1::bigint[]) AS t (tenant_id)
         WHERE EXISTS (SELECT FROM triage.reviews r
             WHERE r.tenant_id = t.tenant_id AND r.decided_at IS NULL
                 AND (r.due_at IS NULL OR (r.reminded AND r.desk = 'street')))"#,
        &tenants,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(tenant).collect()
}

/// Such entries of one street, whose lock is held.
pub(crate) async fn without(
    tx: &mut ScopedTx,
    street: TenantId,
    rows_max: i64,
) -> Result<Vec<(ReportId, Lane)>, pg::Error> {
    let rows = sqlx::query!(
        "SELECT r.report_id, r.lane FROM triage.reviews r
         WHERE r.tenant_id = $1 AND r.decided_at IS NULL
             AND (r.due_at IS NULL OR (r.reminded AND r.desk = 'street'))
         LIMIT $2",
        street.as_i64(),
        rows_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    let lane = |rank| Lane::from_rank(rank).map_err(|_| pg::Error::impossible_row("triage.reviews.lane"));
    rows.into_iter().map(|row| Ok((row.report_id.into(), lane(row.lane)?))).collect()
}

/// Gives them one.
pub(crate) async fn begin(
    tx: &mut ScopedTx,
    street: TenantId,
    clocks: &[(ReportId, Timestamp)],
) -> Result<(), pg::Error> {
    let ids: Vec<Uuid> = clocks.iter().map(|(report_id, _)| report_id.as_uuid()).collect();
    let dues: Vec<jiff_sqlx::Timestamp> = clocks.iter().map(|(_, due_at)| (*due_at).into()).collect();
    let begun = sqlx::query!(
        "UPDATE triage.reviews r SET due_at = c.due_at, reminded = false
         FROM UNNEST($2::uuid[], $3::timestamptz[]) AS c (report_id, due_at)
         WHERE r.tenant_id = $1 AND r.report_id = c.report_id AND r.decided_at IS NULL",
        street.as_i64(),
        &ids,
        &dues,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("beginning clocks of reviews", begun.rows_affected(), clocks.len())
}

fn tenant(value: i64) -> Result<TenantId, pg::Error> {
    TenantId::from_i64(value).map_err(|_| pg::Error::impossible_row("triage.reviews.tenant_id"))
}
