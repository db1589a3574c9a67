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
