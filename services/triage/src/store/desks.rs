//! The lock that makes one replica at a time decide about a tenant's cases (D35).

use std::collections::BTreeSet;

use ids::TenantId;
use pg::ScopedTx;

/// Takes the tenants' locks, in order, until the transaction ends. A tenant's row is made when it is first needed.
pub(crate) async fn lock(tx: &mut ScopedTx, tenants: &BTreeSet<TenantId>) -> Result<(), pg::Error> {
    let tenants: Vec<i64> = tenants.iter().map(|tenant| tenant.as_i64()).collect();
    make(tx, &tenants).await?;
    let locked = sqlx::query_scalar!(
        "SELECT tenant_id FROM triage.desks WHERE tenant_id = ANY($1) ORDER BY tenant_id FOR UPDATE",
        &tenants,
    )
    .fetch_all(&mut **tx)
    .await?;
    pg::rows_affected("locking tenants", locked.len() as u64, tenants.len())
}

/// Takes the locks nobody has. A runner holds wake-ups, which a person's act removes while it holds the lock: if the runner
/// waited here, the two could wait for each other. What it passes over stays armed and fires again.
pub(crate) async fn lock_free(
    tx: &mut ScopedTx,
    tenants: &BTreeSet<TenantId>,
) -> Result<BTreeSet<TenantId>, pg::Error> {
    let tenants: Vec<i64> = tenants.iter().map(|tenant| tenant.as_i64()).collect();
    let locked = sqlx::query_scalar!(
        "SELECT tenant_id FROM triage.desks WHERE tenant_id = ANY($1) ORDER BY tenant_id FOR UPDATE SKIP LOCKED",
        &tenants,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read =
        |tenant| TenantId::from_i64(tenant).map_err(|_| pg::Error::impossible_row("triage.desks.tenant_id"));
    locked.into_iter().map(read).collect()
}

async fn make(tx: &mut ScopedTx, tenants: &[i64]) -> Result<(), pg::Error> {
    sqlx::query!(
        "INSERT INTO triage.desks (tenant_id)
         SELECT tenant_id FROM UNNEST($1::bigint[]) AS d (tenant_id) ORDER BY tenant_id
         ON CONFLICT (tenant_id) DO NOTHING",
        tenants,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
