//! SQL of parked messages.

use pg::ScopedTx;
use uuid::Uuid;

use crate::parking::Again;

/// A message to be parked.
pub(crate) struct NewParked {
    pub id: Uuid,
    pub tenant_id: Option<i64>,
    pub subject: String,
    pub headers: serde_json::Value,
    pub payload: Vec<u8>,
}

/// A parked message as a person sees it: everything but headers and payload.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id.
    pub id: Uuid,
    /// Whose, by its subject; `None` if that names no tenant.
    pub tenant_id: Option<i64>,
    /// The consumer that could not apply it.
    pub consumer: String,
    /// Its subject.
    pub subject: String,
    /// Why: names of constraints and columns, no values.
    pub reason: String,
    /// Since how many seconds, by the database's clock.
    pub age_s: i64,
    /// How often it was tried again since.
    pub attempts: i32,
    /// It is tried again by itself; otherwise it waits for a person.
    pub retried: bool,
}

/// How many messages wait.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// For a person.
    pub person: i64,
    /// For documents, or for a replay that was asked for.
    pub retried: i64,
}

/// A row its consumer may try.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub id: Uuid,
    pub subject: String,
    pub headers: serde_json::Value,
    pub payload: Vec<u8>,
    pub attempts: i32,
}

/// A row that is being decided on.
pub(crate) struct Locked {
    pub tenant_id: Option<i64>,
    pub consumer: String,
    pub acts: i32,
}

/// Seconds until a row is tried again.
fn delay_s(again: Again) -> Option<f64> {
    match again {
        Again::Never => None,
        Again::InMs(ms) => Some(ms as f64 / 1_000.0),
    }
}

/// Parks messages; `parked_at` is the database's time. A row that is there already stays as it is.
pub(crate) async fn insert(
    tx: &mut ScopedTx,
    consumer: &str,
    rows: &[NewParked],
    reason: &str,
    again: Again,
) -> Result<(), pg::Error> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let tenants: Vec<Option<i64>> = rows.iter().map(|row| row.tenant_id).collect();
    let subjects: Vec<String> = rows.iter().map(|row| row.subject.clone()).collect();
    let headers: Vec<serde_json::Value> = rows.iter().map(|row| row.headers.clone()).collect();
    let payloads: Vec<&[u8]> = rows.iter().map(|row| row.payload.as_slice()).collect();
    sqlx::query!(
        "INSERT INTO parked (id, tenant_id, consumer, subject, headers, payload, reason, parked_at, retry_at)
         SELECT m.id, m.tenant_id, $1, m.subject, m.headers, m.payload, $2, clock_timestamp(),
             clock_timestamp() + make_interval(secs => $8)
         FROM UNNEST($3::uuid[], $4::bigint[], $5::text[], $6::jsonb[], $7::bytea[])
             AS m (id, tenant_id, subject, headers, payload)
         ON CONFLICT (id) DO NOTHING",
        consumer,
        reason,
        &ids,
        &tenants as &[Option<i64>],
        &subjects,
        &headers,
        &payloads as &[&[u8]],
        delay_s(again),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Rows of a consumer whose time has come, the longest waiting first.
pub(crate) async fn due(tx: &mut ScopedTx, consumer: &str, limit: i64) -> Result<Vec<Due>, pg::Error> {
    let rows = sqlx::query_as!(
        Due,
        "SELECT id, subject, headers, payload, attempts FROM parked
         WHERE consumer = $1 AND settled_at IS NULL AND retry_at <= clock_timestamp()
         ORDER BY retry_at LIMIT $2",
        consumer,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// One more attempt that did not apply it.
pub(crate) async fn put_back(
    tx: &mut ScopedTx,
    id: Uuid,
    reason: Option<&str>,
    again: Again,
) -> Result<(), pg::Error> {
    sqlx::query!(
        "UPDATE parked SET attempts = attempts + 1, reason = COALESCE($2, reason),
             retry_at = clock_timestamp() + make_interval(secs => $3)
         WHERE id = $1 AND settled_at IS NULL",
        id,
        reason,
        delay_s(again),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Applied, in the transaction of the effect.
pub(crate) async fn applied(tx: &mut ScopedTx, ids: &[Uuid]) -> Result<(), pg::Error> {
    sqlx::query!(
        "UPDATE parked SET settled_at = clock_timestamp(), settled_as = 'applied', retry_at = NULL
         WHERE id = ANY($1) AND settled_at IS NULL",
        ids,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An unsettled row, locked until the transaction ends.
pub(crate) async fn lock(tx: &mut ScopedTx, id: Uuid) -> Result<Option<Locked>, pg::Error> {
    let row = sqlx::query_as!(
        Locked,
        "SELECT tenant_id, consumer, acts FROM parked WHERE id = $1 AND settled_at IS NULL FOR UPDATE",
        id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row)
}

/// A person wants it tried again, now.
pub(crate) async fn ask_replay(
    tx: &mut ScopedTx,
    id: Uuid,
    actor: &str,
    why: &str,
) -> Result<u64, pg::Error> {
    let marked = sqlx::query!(
        "UPDATE parked SET retry_at = clock_timestamp(), acts = acts + 1, acted_by = $2, acted_why = $3
         WHERE id = $1 AND settled_at IS NULL",
        id,
        actor,
        why,
    )
    .execute(&mut **tx)
    .await?;
    Ok(marked.rows_affected())
}

/// A person gives it up.
pub(crate) async fn discard(tx: &mut ScopedTx, id: Uuid, actor: &str, why: &str) -> Result<u64, pg::Error> {
    let marked = sqlx::query!(
        "UPDATE parked SET settled_at = clock_timestamp(), settled_as = 'discarded', retry_at = NULL,
             acts = acts + 1, acted_by = $2, acted_why = $3
         WHERE id = $1 AND settled_at IS NULL",
        id,
        actor,
        why,
    )
    .execute(&mut **tx)
    .await?;
    Ok(marked.rows_affected())
}

/// Unsettled rows of a tenant or of all, oldest first; neither headers nor payload.
pub(crate) async fn list(
    tx: &mut ScopedTx,
    tenant: Option<i64>,
    limit: i64,
) -> Result<Vec<Listed>, pg::Error> {
    let rows = sqlx::query_as!(
        Listed,
        r#"SELECT id, tenant_id, consumer, subject, reason, attempts, retry_at IS NOT NULL AS "retried!",
                  EXTRACT(EPOCH FROM clock_timestamp() - parked_at)::bigint AS "age_s!"
           FROM parked
           WHERE settled_at IS NULL AND ($1::bigint IS NULL OR tenant_id = $1)
           ORDER BY parked_at LIMIT $2"#,
        tenant,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// How many rows wait, by what they wait for.
pub(crate) async fn counts(tx: &mut ScopedTx) -> Result<Counts, pg::Error> {
    let counts = sqlx::query_as!(
        Counts,
        r#"SELECT count(*) FILTER (WHERE retry_at IS NULL) AS "person!",
                  count(retry_at) AS "retried!"
           FROM parked WHERE settled_at IS NULL"#,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(counts)
}
