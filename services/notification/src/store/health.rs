//! `endpoint_health`: which addresses fail, and since when.

use jiff::Timestamp;
use pg::ScopedTx;

use super::tenant;
use crate::tenants::EndpointId;

/// How one endpoint's address has been doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Which.
    pub endpoint: EndpointId,
    /// The address this is about.
    pub url: String,
    /// The first failure since the last success.
    pub failing_since: Option<Timestamp>,
    /// No more attempts since.
    pub disabled_at: Option<Timestamp>,
}

/// What is known of endpoints; nothing for those that never failed.
pub async fn of(tx: &mut ScopedTx, endpoints: &[EndpointId]) -> Result<Vec<Health>, pg::Error> {
    if endpoints.is_empty() {
        return Ok(Vec::new());
    }
    let (owners, keys) = columns(endpoints);
    let rows = sqlx::query!(
        r#"SELECT h.tenant_id, h.endpoint_key, h.url, h.failing_since, h.disabled_at
           FROM UNNEST($1::bigint[], $2::text[]) AS e (tenant_id, endpoint_key)
           JOIN notification.endpoint_health h ON h.tenant_id = e.tenant_id AND h.endpoint_key = e.endpoint_key"#,
        &owners,
        &keys,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut known = Vec::with_capacity(rows.len());
    for row in rows {
        known.push(Health {
            endpoint: EndpointId {
                tenant: tenant(row.tenant_id, "endpoint_health.tenant_id")?,
                key: row.endpoint_key,
            },
            url: row.url,
            failing_since: row.failing_since.map(jiff_sqlx::Timestamp::to_jiff),
            disabled_at: row.disabled_at.map(jiff_sqlx::Timestamp::to_jiff),
        });
    }
    Ok(known)
}

/// Keeps what is known of a failing endpoint.
pub async fn keep(tx: &mut ScopedTx, health: &Health) -> Result<(), pg::Error> {
    sqlx::query!(
        "INSERT INTO notification.endpoint_health AS h (tenant_id, endpoint_key, url, failing_since, disabled_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, endpoint_key) DO UPDATE
             SET url = excluded.url, failing_since = excluded.failing_since,
                 -- Somebody else may have disabled this address since it was looked up.
                 disabled_at = CASE WHEN h.url = excluded.url THEN coalesce(h.disabled_at, excluded.disabled_at)
                     ELSE excluded.disabled_at END",
        health.endpoint.tenant.as_i64(),
        health.endpoint.key,
        health.url,
        health.failing_since.map(jiff_sqlx::Timestamp::from) as Option<jiff_sqlx::Timestamp>,
        health.disabled_at.map(jiff_sqlx::Timestamp::from) as Option<jiff_sqlx::Timestamp>,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets the failures of addresses that work. One that is disabled stays so: what was under way when it said 410
/// may still succeed. Touches nothing for those without any, so a busy healthy endpoint has no hot row.
pub async fn worked(tx: &mut ScopedTx, addresses: &[(EndpointId, String)]) -> Result<(), pg::Error> {
    if addresses.is_empty() {
        return Ok(());
    }
    let (owners, keys): (Vec<i64>, Vec<String>) =
        addresses.iter().map(|(endpoint, _)| (endpoint.tenant.as_i64(), endpoint.key.clone())).unzip();
    let urls: Vec<String> = addresses.iter().map(|(_, url)| url.clone()).collect();
    sqlx::query!(
        "DELETE FROM notification.endpoint_health h
         USING UNNEST($1::bigint[], $2::text[], $3::text[]) AS e (tenant_id, endpoint_key, url)
         WHERE h.tenant_id = e.tenant_id AND h.endpoint_key = e.endpoint_key AND h.url = e.url
           AND h.disabled_at IS NULL",
        &owners,
        &keys,
        &urls,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets the failures of endpoints that a person wants tried again.
pub async fn forget(tx: &mut ScopedTx, endpoints: &[EndpointId]) -> Result<(), pg::Error> {
    let (owners, keys) = columns(endpoints);
    sqlx::query!(
        "DELETE FROM notification.endpoint_health h
         USING UNNEST($1::bigint[], $2::text[]) AS e (tenant_id, endpoint_key)
         WHERE h.tenant_id = e.tenant_id AND h.endpoint_key = e.endpoint_key",
        &owners,
        &keys,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn columns(endpoints: &[EndpointId]) -> (Vec<i64>, Vec<String>) {
    endpoints.iter().map(|endpoint| (endpoint.tenant.as_i64(), endpoint.key.clone())).unzip()
}
