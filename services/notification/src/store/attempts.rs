//! `attempts`: one row a try, begun in the claim, ended in the record.

use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use super::{Key, columns};

/// Begins attempt `n` of each delivery.
pub async fn begin(tx: &mut ScopedTx, now: Timestamp, begun: &[(Key, i32)]) -> Result<(), pg::Error> {
    let (tenants, ids) = columns(&begun.iter().map(|(key, _)| *key).collect::<Vec<_>>());
    let numbers: Vec<i32> = begun.iter().map(|(_, n)| *n).collect();
    let made = sqlx::query!(
        "INSERT INTO notification.attempts (tenant_id, delivery_id, n, started_at)
         SELECT a.*, $4 FROM UNNEST($1::bigint[], $2::uuid[], $3::integer[]) AS a (tenant_id, delivery_id, n)",
        &tenants,
        &ids,
        &numbers,
        jiff_sqlx::Timestamp::from(now) as jiff_sqlx::Timestamp,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("beginning attempts", made.rows_affected(), begun.len())
}

/// Attempts whose lease ended without a record: they may or may not have been received.
pub async fn lose(tx: &mut ScopedTx, keys: &[Key]) -> Result<u64, pg::Error> {
    let (tenants, ids) = columns(keys);
    let lost = sqlx::query!(
        "UPDATE notification.attempts a SET outcome = 'lost'
         FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, delivery_id)
         WHERE a.tenant_id = k.tenant_id AND a.delivery_id = k.delivery_id AND a.outcome IS NULL",
        &tenants,
        &ids,
    )
    .execute(&mut **tx)
    .await?;
    Ok(lost.rows_affected())
}

/// The end of one attempt.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The delivery.
    pub key: Key,
    /// Which attempt.
    pub n: i32,
    /// Stable code.
    pub outcome: &'static str,
    /// The HTTP status, if one came.
    pub status: Option<i16>,
    /// How long it took.
    pub duration_ms: i32,
}

/// Ends attempts.
pub async fn end(tx: &mut ScopedTx, ended: &[Ended]) -> Result<(), pg::Error> {
    let (tenants, ids) = columns(&ended.iter().map(|e| e.key).collect::<Vec<_>>());
    let numbers: Vec<i32> = ended.iter().map(|e| e.n).collect();
    let outcomes: Vec<String> = ended.iter().map(|e| e.outcome.to_owned()).collect();
    let statuses: Vec<Option<i16>> = ended.iter().map(|e| e.status).collect();
    let durations: Vec<i32> = ended.iter().map(|e| e.duration_ms).collect();
    let saved = sqlx::query!(
        "UPDATE notification.attempts a SET outcome = e.outcome, status = e.status, duration_ms = e.duration_ms
         FROM UNNEST($1::bigint[], $2::uuid[], $3::integer[], $4::text[], $5::smallint[], $6::integer[])
             AS e (tenant_id, delivery_id, n, outcome, status, duration_ms)
         WHERE a.tenant_id = e.tenant_id AND a.delivery_id = e.delivery_id AND a.n = e.n",
        &tenants,
        &ids,
        &numbers,
        &outcomes,
        &statuses as &[Option<i16>],
        &durations,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("ending attempts", saved.rows_affected(), ended.len())
}

/// An attempt as shown.
pub struct Attempt {
    /// The delivery.
    pub delivery_id: Uuid,
    /// 1 for the first.
    pub n: i32,
    /// When it was claimed.
    pub started_at: jiff_sqlx::Timestamp,
    /// Stable code; absent while under way.
    pub outcome: Option<String>,
    /// The HTTP status.
    pub status: Option<i16>,
    /// How long it took.
    pub duration_ms: Option<i32>,
}

/// The attempts of some deliveries of one tenant, in order.
pub async fn of(
    tx: &mut ScopedTx,
    tenant: ids::TenantId,
    deliveries: &[Uuid],
) -> Result<Vec<Attempt>, pg::Error> {
    let attempts = sqlx::query_as!(
        Attempt,
        r#"SELECT delivery_id, n, started_at AS "started_at!", outcome, status, duration_ms
           FROM notification.attempts
           WHERE tenant_id = $1 AND delivery_id = ANY($2)
           ORDER BY delivery_id, n"#,
        tenant.as_i64(),
        deliveries,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(attempts)
}
