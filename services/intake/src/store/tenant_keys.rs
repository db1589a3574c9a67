//! Wrapped data keys.

use ids::TenantId;
use jiff::Timestamp;
use pg::ScopedTx;

/// Keeps a wrapped key unless the tenant has one.
pub(crate) async fn offer(
    tx: &mut ScopedTx,
    tenant: TenantId,
    wrapped: &[u8],
    now: Timestamp,
) -> Result<(), pg::Error> {
    sqlx::query!(
        "INSERT INTO intake.tenant_keys (tenant_id, wrapped, made_at) VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id) DO NOTHING",
        tenant.as_i64(),
        wrapped,
        jiff_sqlx::Timestamp::from(now) as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The tenant's wrapped key, if it has one.
pub(crate) async fn found(tx: &mut ScopedTx, tenant: TenantId) -> Result<Option<Vec<u8>>, pg::Error> {
    let wrapped =
        sqlx::query_scalar!("SELECT wrapped FROM intake.tenant_keys WHERE tenant_id = $1", tenant.as_i64())
            .fetch_optional(&mut **tx)
            .await?;
    Ok(wrapped)
}

/// The tenant's wrapped key.
pub(crate) async fn stored(tx: &mut ScopedTx, tenant: TenantId) -> Result<Vec<u8>, pg::Error> {
    let wrapped =
        sqlx::query_scalar!("SELECT wrapped FROM intake.tenant_keys WHERE tenant_id = $1", tenant.as_i64())
            .fetch_one(&mut **tx)
            .await?;
    Ok(wrapped)
}
