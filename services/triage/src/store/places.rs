//! Where open cases lie, when a street redraws its territory.

use ids::TenantId;
use pg::ScopedTx;
use uuid::Uuid;

use super::cases::{OpenCase, Row};

/// Of these streets, each with the generation it is of now, those with open cases placed by an older one.
pub(crate) async fn behind(
    tx: &mut ScopedTx,
    streets: &[(TenantId, u64)],
) -> Result<Vec<TenantId>, pg::Error> {
    let tenants: Vec<i64> = streets.iter().map(|(tenant, _)| tenant.as_i64()).collect();
    let generations: Vec<i64> = streets.iter().map(|(_, generation)| *generation as i64).collect();
    let behind = sqlx::query_scalar!(
        r#"SELECT s.tenant_id AS "tenant_id!"
           FROM UNNEST($1::bigint[], $2::bigint[]) AS s (tenant_id, generation)
           WHERE EXISTS (
               SELECT FROM triage.cases c
               WHERE c.tenant_id = s.tenant_id AND c.placed_by < s.generation AND c.closed_at IS NULL)"#,
        &tenants,
        &generations,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read =
        |tenant| TenantId::from_i64(tenant).map_err(|_| pg::Error::impossible_row("triage.cases.tenant_id"));
    behind.into_iter().map(read).collect()
}

/// Open cases of a street placed by an older generation than this, at most `limit`.
pub(crate) async fn older(
    tx: &mut ScopedTx,
    street: TenantId,
    generation: u64,
    limit: i64,
) -> Result<Vec<OpenCase>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT c.tenant_id, c.case_id, c.case_no, c.item, c.text, c.lon, c.lat, c.datum, c.address, c.drill, c.lane,
             c.voices, c.version, c.opened_at, c.bodies, c.community, c.grid, c.placed_by,
             c.standing, c.held_by, c.closed_at, c.voices_left
         FROM triage.cases c
         WHERE c.tenant_id = $1 AND c.placed_by < $2 AND c.closed_at IS NULL
         ORDER BY c.placed_by
         LIMIT $3
         FOR UPDATE",
        street.as_i64(),
        generation as i64,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Open cases of a street in the order of their numbers' making, after one of them: a page for a simulation.
pub(crate) async fn open(
    tx: &mut ScopedTx,
    street: TenantId,
    after: Uuid,
    limit: i64,
) -> Result<Vec<OpenCase>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT c.tenant_id, c.case_id, c.case_no, c.item, c.text, c.lon, c.lat, c.datum, c.address, c.drill, c.lane,
             c.voices, c.version, c.opened_at, c.bodies, c.community, c.grid, c.placed_by,
             c.standing, c.held_by, c.closed_at, c.voices_left
         FROM triage.cases c
         WHERE c.tenant_id = $1 AND c.case_id > $2 AND c.closed_at IS NULL
         ORDER BY c.case_id
         LIMIT $3",
        street.as_i64(),
        after,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Keeps where they lie now, and by which generation. Those that moved have a new version.
pub(crate) async fn keep(tx: &mut ScopedTx, placed: &[OpenCase]) -> Result<(), pg::Error> {
    let tenants: Vec<i64> = placed.iter().map(|case| case.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = placed.iter().map(|case| case.case_id.as_uuid()).collect();
    let versions: Vec<i64> = placed.iter().map(|case| case.version as i64).collect();
    let communities: Vec<Option<i64>> =
        placed.iter().map(|case| case.community.map(TenantId::as_i64)).collect();
    let grids: Vec<Option<&str>> = placed.iter().map(|case| case.grid.as_deref()).collect();
    let placed_by: Vec<i64> = placed.iter().map(|case| case.placed_by as i64).collect();
    let kept = sqlx::query!(
        "UPDATE triage.cases c
         SET version = p.version, community = p.community, grid = p.grid, placed_by = p.placed_by
         FROM UNNEST($1::bigint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[])
             AS p (tenant_id, case_id, version, community, grid, placed_by)
         WHERE c.tenant_id = p.tenant_id AND c.case_id = p.case_id",
        &tenants,
        &ids,
        &versions,
        &communities as &[Option<i64>],
        &grids as &[Option<&str>],
        &placed_by,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("placing cases anew", kept.rows_affected(), placed.len())
}
