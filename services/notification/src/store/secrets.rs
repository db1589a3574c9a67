//! `tenant_keys`, `endpoint_secrets` and `rotated_secrets`: made once, never changed. A loser of a race reads the winner's.

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

/// One secret of an endpoint, sealed.
pub struct SealedSecret {
    /// Whose.
    pub endpoint: EndpointId,
    /// 0 for the first, then 1, 2, 3 …
    pub n: i32,
    /// As it is kept.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub made_at: Timestamp,
}

/// The newest secrets of endpoints, at most `limit` of each, by endpoint and the newest first.
pub async fn secrets(
    tx: &mut ScopedTx,
    endpoints: &[EndpointId],
    limit: usize,
) -> Result<Vec<SealedSecret>, pg::Error> {
    let owners: Vec<i64> = endpoints.iter().map(|endpoint| endpoint.tenant.as_i64()).collect();
    let keys: Vec<String> = endpoints.iter().map(|endpoint| endpoint.key.clone()).collect();
    let rows = sqlx::query!(
        r#"SELECT e.tenant_id AS "tenant_id!", e.endpoint_key AS "endpoint_key!", s.n AS "n!", s.sealed AS "sealed!",
             s.made_at AS "made_at!: jiff_sqlx::Timestamp"
         FROM UNNEST($1::bigint[], $2::text[]) AS e (tenant_id, endpoint_key)
         CROSS JOIN LATERAL (
             (SELECT r.n, r.sealed, r.made_at FROM notification.rotated_secrets r
              WHERE r.tenant_id = e.tenant_id AND r.endpoint_key = e.endpoint_key ORDER BY r.n DESC LIMIT $3)
             UNION ALL
             (SELECT 0, f.sealed, f.made_at FROM notification.endpoint_secrets f
              WHERE f.tenant_id = e.tenant_id AND f.endpoint_key = e.endpoint_key LIMIT 1)
         ) s
         ORDER BY e.tenant_id, e.endpoint_key, s.n DESC"#,
        &owners,
        &keys,
        limit as i64,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let owner = tenant(row.tenant_id, "endpoint_secrets.tenant_id")?;
        let endpoint = EndpointId { tenant: owner, key: row.endpoint_key };
        found.push(SealedSecret { endpoint, n: row.n, sealed: row.sealed, made_at: row.made_at.to_jiff() });
    }
    Ok(found)
}

/// Keeps the secret that follows as the `n`th; returns whether nobody else's did.
pub async fn keep_rotated(
    tx: &mut ScopedTx,
    now: Timestamp,
    endpoint: &EndpointId,
    n: i32,
    sealed: &[u8],
) -> Result<bool, pg::Error> {
    let kept = sqlx::query!(
        "INSERT INTO notification.rotated_secrets (tenant_id, endpoint_key, n, sealed, made_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
        endpoint.tenant.as_i64(),
        endpoint.key,
        n,
        sealed,
        jiff_sqlx::Timestamp::from(now) as jiff_sqlx::Timestamp,
    )
    .execute(&mut **tx)
    .await?;
    Ok(kept.rows_affected() == 1)
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
