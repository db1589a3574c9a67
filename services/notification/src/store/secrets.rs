//! `tenant_keys` and `endpoint_secrets`: made once, never changed. A loser of a race reads the winner's.

use ids::TenantId;
use jiff::Timestamp;
use pg::ScopedTx;

use super::tenant;
use crate::tenants::EndpointId;

/// The wrapped data keys of owners.
pub async fn keys(tx: &mut ScopedTx, owners: &[TenantId]) -> Result<Vec<(TenantId, Vec<u8>)>, pg::Error> {
    let owners: Vec<i64> = owners.iter().map(|owner| owner.as_i64()).collect();
    let rows = sqlx::query!(
        "SELECT tenant_id, wrapped FROM notification.tenant_keys WHERE tenant_id = ANY($1)",
        &owners
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(|row| Ok((tenant(row.tenant_id, "tenant_keys.tenant_id")?, row.wrapped))).collect()
}

/// Keeps a data key if the owner has none.
pub async fn keep_key(
    tx: &mut ScopedTx,
    now: Timestamp,
    owner: TenantId,
    wrapped: &[u8],
) -> Result<(), pg::Error> {
    sqlx::query!(
        "INSERT INTO notification.tenant_keys (tenant_id, wrapped, made_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        owner.as_i64(),
        wrapped,
        jiff_sqlx::Timestamp::from(now) as jiff_sqlx::Timestamp,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The sealed secrets of endpoints.
pub async fn secrets(
    tx: &mut ScopedTx,
    endpoints: &[EndpointId],
) -> Result<Vec<(EndpointId, Vec<u8>)>, pg::Error> {
    let owners: Vec<i64> = endpoints.iter().map(|endpoint| endpoint.tenant.as_i64()).collect();
    let keys: Vec<String> = endpoints.iter().map(|endpoint| endpoint.key.clone()).collect();
    let rows = sqlx::query!(
        "SELECT s.tenant_id, s.endpoint_key, s.sealed
         FROM UNNEST($1::bigint[], $2::text[]) AS e (tenant_id, endpoint_key)
         JOIN notification.endpoint_secrets s ON s.tenant_id = e.tenant_id AND s.endpoint_key = e.endpoint_key",
        &owners,
        &keys,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let owner = tenant(row.tenant_id, "endpoint_secrets.tenant_id")?;
        found.push((EndpointId { tenant: owner, key: row.endpoint_key }, row.sealed));
    }
    Ok(found)
}

/// Keeps a secret if the endpoint has none; returns whether it had none.
pub async fn keep_secret(
    tx: &mut ScopedTx,
    now: Timestamp,
    endpoint: &EndpointId,
    sealed: &[u8],
) -> Result<bool, pg::Error> {
    let kept = sqlx::query!(
        "INSERT INTO notification.endpoint_secrets (tenant_id, endpoint_key, sealed, made_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        endpoint.tenant.as_i64(),
        endpoint.key,
        sealed,
        jiff_sqlx::Timestamp::from(now) as jiff_sqlx::Timestamp,
    )
    .execute(&mut **tx)
    .await?;
    Ok(kept.rows_affected() == 1)
}
