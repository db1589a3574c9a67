//! Giving positions: `console.positions`, `console.unsequenced`, and the `position` of `console.timeline`.

use ids::TenantId;
use pg::ScopedTx;
use uuid::Uuid;

use crate::core::sequence::Waiting;

/// Tenants that have lines without a position.
pub(crate) async fn tenants_waiting(tx: &mut ScopedTx, limit: i64) -> Result<Vec<TenantId>, pg::Error> {
    let tenants = sqlx::query_scalar!(
        "SELECT DISTINCT tenant_id FROM console.unsequenced ORDER BY tenant_id LIMIT $1",
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read =
        |tenant| TenantId::from_i64(tenant).map_err(|_| pg::Error::impossible_row("unsequenced.tenant_id"));
    tenants.into_iter().map(read).collect()
}

/// Locks the tenant's row, made if need be, and returns the last position given.
pub(crate) async fn lock(tx: &mut ScopedTx, tenant: TenantId) -> Result<i64, pg::Error> {
    let last = sqlx::query_scalar!(
        // An update that changes nothing locks the row, and reads it as the one before left it.
        "INSERT INTO console.positions AS p (tenant_id, last) VALUES ($1, 0)
         ON CONFLICT (tenant_id) DO UPDATE SET last = p.last
         RETURNING last",
        tenant.as_i64(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(last)
}

/// The lines that wait, oldest ids first. Call it after [`lock`]: what another gave meanwhile is then seen.
pub(crate) async fn waiting(
    tx: &mut ScopedTx,
    tenant: TenantId,
    limit: i64,
) -> Result<Vec<Waiting>, pg::Error> {
    let rows = sqlx::query!(
        "SELECT t.event_id, t.event_type, t.at, t.version
         FROM console.unsequenced u
         JOIN console.timeline t ON t.tenant_id = u.tenant_id AND t.event_id = u.event_id
         WHERE u.tenant_id = $1
         ORDER BY u.event_id
         LIMIT $2",
        tenant.as_i64(),
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    let line = |event_id, event_type, at: jiff_sqlx::Timestamp, version| Waiting {
        event_id,
        event_type,
        at: at.to_jiff(),
        version,
    };
    Ok(rows.into_iter().map(|row| line(row.event_id, row.event_type, row.at, row.version)).collect())
}

/// Gives the lines the positions after `last`, in their order.
pub(crate) async fn give(
    tx: &mut ScopedTx,
    tenant: TenantId,
    last: i64,
    lines: &[Uuid],
) -> Result<(), pg::Error> {
    let given = sqlx::query!(
        "UPDATE console.timeline t SET position = $2 + n.nth
         FROM UNNEST($3::uuid[]) WITH ORDINALITY AS n (event_id, nth)
         WHERE t.tenant_id = $1 AND t.event_id = n.event_id AND t.position IS NULL",
        tenant.as_i64(),
        last,
        lines,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("giving positions", given.rows_affected(), lines.len())
}

/// Keeps the last position given.
pub(crate) async fn advance(tx: &mut ScopedTx, tenant: TenantId, last: i64) -> Result<(), pg::Error> {
    let kept =
        sqlx::query!("UPDATE console.positions SET last = $2 WHERE tenant_id = $1", tenant.as_i64(), last,)
            .execute(&mut **tx)
            .await?;
    pg::rows_affected("keeping the last position", kept.rows_affected(), 1)
}

/// These lines wait no longer.
pub(crate) async fn settled(tx: &mut ScopedTx, tenant: TenantId, lines: &[Uuid]) -> Result<(), pg::Error> {
    let gone = sqlx::query!(
        "DELETE FROM console.unsequenced WHERE tenant_id = $1 AND event_id = ANY ($2)",
        tenant.as_i64(),
        lines,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("settling lines", gone.rows_affected(), lines.len())
}

/// The last position given; 0 before the first.
pub(crate) async fn last(tx: &mut ScopedTx, tenant: TenantId) -> Result<i64, pg::Error> {
    let last =
        sqlx::query_scalar!("SELECT last FROM console.positions WHERE tenant_id = $1", tenant.as_i64(),)
            .fetch_optional(&mut **tx)
            .await?;
    Ok(last.unwrap_or(0))
}
