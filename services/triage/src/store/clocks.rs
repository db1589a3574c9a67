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

/// Entries of these streets without a clock: a build before this one put them there.
pub(crate) async fn without(
    tx: &mut ScopedTx,
    tenants: &[TenantId],
    rows_max: i64,
) -> Result<Vec<(TenantId, ReportId, Lane)>, pg::Error> {
    let tenants: Vec<i64> = tenants.iter().map(|tenant| tenant.as_i64()).collect();
    let rows = sqlx::query!(
        "SELECT r.tenant_id, r.report_id, r.lane
         FROM UNNEST($1::bigint[]) AS t (tenant_id)
         JOIN triage.reviews r ON r.tenant_id = t.tenant_id
         WHERE r.decided_at IS NULL AND r.due_at IS NULL
         LIMIT $2",
        &tenants,
        rows_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    let lane = |rank| Lane::from_rank(rank).map_err(|_| pg::Error::impossible_row("triage.reviews.lane"));
    rows.into_iter().map(|row| Ok((tenant(row.tenant_id)?, row.report_id.into(), lane(row.lane)?))).collect()
}

/// Gives them one. What has one by now keeps it.
pub(crate) async fn begin(
    tx: &mut ScopedTx,
    clocks: &[(TenantId, ReportId, Timestamp)],
) -> Result<(), pg::Error> {
    let tenants: Vec<i64> = clocks.iter().map(|(tenant, ..)| tenant.as_i64()).collect();
    let ids: Vec<Uuid> = clocks.iter().map(|(_, report_id, _)| report_id.as_uuid()).collect();
    let dues: Vec<jiff_sqlx::Timestamp> = clocks.iter().map(|(.., due_at)| (*due_at).into()).collect();
    sqlx::query!(
        "UPDATE triage.reviews r SET due_at = c.due_at
         FROM UNNEST($1::bigint[], $2::uuid[], $3::timestamptz[]) AS c (tenant_id, report_id, due_at)
         WHERE r.tenant_id = c.tenant_id AND r.report_id = c.report_id AND r.due_at IS NULL",
        &tenants,
        &ids,
        &dues,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn tenant(value: i64) -> Result<TenantId, pg::Error> {
    TenantId::from_i64(value).map_err(|_| pg::Error::impossible_row("triage.reviews.tenant_id"))
}
