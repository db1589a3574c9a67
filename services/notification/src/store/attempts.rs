//! `attempts`: one row a try, entered with its outcome. The claim keeps number and lease in the delivery's own row: a
//! try whose process died is entered as lost from there.

use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use super::{Key, columns};

/// The end of one attempt.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The delivery.
    pub key: Key,
    /// Which attempt, from 1.
    pub n: i32,
    /// When it was claimed.
    pub started_at: Timestamp,
    /// Stable code.
    pub outcome: &'static str,
    /// The HTTP status, if one came.
    pub status: Option<i16>,
    /// How long it took; nothing for one that was lost.
    pub duration_ms: Option<i32>,
}

/// Enters attempts that have ended. One begun by an earlier release has a row already, without an outcome.
pub async fn enter(tx: &mut ScopedTx, ended: &[Ended]) -> Result<(), pg::Error> {
    if ended.is_empty() {
        return Ok(());
    }
    let (tenants, ids) = columns(&ended.iter().map(|e| e.key).collect::<Vec<_>>());
    let numbers: Vec<i32> = ended.iter().map(|e| e.n).collect();
    let starts: Vec<jiff_sqlx::Timestamp> = ended.iter().map(|e| e.started_at.into()).collect();
    let outcomes: Vec<String> = ended.iter().map(|e| e.outcome.to_owned()).collect();
    let statuses: Vec<Option<i16>> = ended.iter().map(|e| e.status).collect();
    let durations: Vec<Option<i32>> = ended.iter().map(|e| e.duration_ms).collect();
    let entered = sqlx::query!(
        "INSERT INTO notification.attempts (tenant_id, delivery_id, n, started_at, outcome, status, duration_ms)
         SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::integer[], $4::timestamptz[], $5::text[], $6::smallint[],
             $7::integer[])
         ON CONFLICT (tenant_id, delivery_id, n) DO UPDATE
         SET outcome = excluded.outcome, status = excluded.status, duration_ms = excluded.duration_ms
         WHERE attempts.outcome IS NULL",
        &tenants,
        &ids,
        &numbers,
        &starts,
        &outcomes,
        &statuses as &[Option<i16>],
        &durations as &[Option<i32>],
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("entering attempts", entered.rows_affected(), ended.len())
}

/// An attempt as shown.
pub struct Attempt {
    /// The delivery.
    pub delivery_id: Uuid,
    /// 1 for the first.
    pub n: i32,
    /// When it was claimed.
    pub started_at: jiff_sqlx::Timestamp,
    /// Stable code.
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
