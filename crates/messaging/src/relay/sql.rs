//! The relay's SQL. Pending rows hold ids only and are read without a scope, on the connection that holds the
//! locks (D4); journal and seals are tenant tables and are read in a scoped transaction.

use pg::ScopedTx;
use sqlx::PgConnection;
use uuid::Uuid;

use super::sealing::NewSeal;
use super::shards::Pending;

/// What the relay needs of a journal row.
pub(crate) struct JournalRow {
    pub tenant_id: i64,
    pub id: Uuid,
    pub at: jiff_sqlx::Timestamp,
    pub event_type: String,
    pub lane: i16,
    pub aggregate_id: Uuid,
    pub version: i64,
    pub traceparent: String,
    pub drill: bool,
    pub payload: Vec<u8>,
    pub content_sha256: Vec<u8>,
}

/// The newest seal of a tenant.
pub(crate) struct SealHead {
    pub tenant_id: i64,
    pub n: i64,
    pub first_position: i64,
    pub event_ids: Vec<Uuid>,
    pub root: Vec<u8>,
}

pub(crate) async fn try_lock(
    connection: &mut PgConnection,
    space: i32,
    shard: i32,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1, $2) AS "locked!""#, space, shard)
        .fetch_one(connection)
        .await
}

pub(crate) async fn pending(
    connection: &mut PgConnection,
    shards: &[i16],
    rows_max: i64,
) -> Result<Vec<Pending>, sqlx::Error> {
    sqlx::query_as!(
        Pending,
        "SELECT journal_id, tenant_id FROM outbox_pending
         WHERE shard = ANY($1) ORDER BY lane, journal_id LIMIT $2",
        shards,
        rows_max,
    )
    .fetch_all(connection)
    .await
}

pub(crate) async fn tenants_pending(
    connection: &mut PgConnection,
    shards: &[i16],
) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!("SELECT DISTINCT tenant_id FROM outbox_pending WHERE shard = ANY($1)", shards)
        .fetch_all(connection)
        .await
}

pub(crate) async fn pending_among(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<Vec<Pending>, sqlx::Error> {
    sqlx::query_as!(
        Pending,
        "SELECT journal_id, tenant_id FROM outbox_pending WHERE journal_id = ANY($1) ORDER BY lane, journal_id",
        ids,
    )
    .fetch_all(connection)
    .await
}

pub(crate) async fn delete_pending(connection: &mut PgConnection, ids: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM outbox_pending WHERE journal_id = ANY($1)", ids).execute(connection).await?;
    Ok(())
}

/// The bounds on `id` let the planner leave out all other days' partitions.
pub(crate) async fn load(tx: &mut ScopedTx, pending: &[Pending]) -> Result<Vec<JournalRow>, sqlx::Error> {
    let ids: Vec<Uuid> = pending.iter().map(|row| row.journal_id).collect();
    let tenants: Vec<i64> = pending.iter().map(|row| row.tenant_id).collect();
    let (first, last) = (ids.iter().min().copied(), ids.iter().max().copied());
    sqlx::query_as!(
        JournalRow,
        r#"SELECT j.tenant_id, j.id, j.at AS "at!", j.event_type, j.lane, j.aggregate_id, j.version,
                  j.traceparent, j.drill, j.payload, j.content_sha256
           FROM UNNEST($1::bigint[], $2::uuid[]) AS p (tenant_id, journal_id)
           JOIN journal j ON j.tenant_id = p.tenant_id AND j.id = p.journal_id
           WHERE j.id BETWEEN $3 AND $4"#,
        &tenants,
        &ids,
        first,
        last,
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn last_seals(tx: &mut ScopedTx, tenants: &[i64]) -> Result<Vec<SealHead>, sqlx::Error> {
    sqlx::query_as!(
        SealHead,
        "SELECT s.tenant_id, s.n, s.first_position, s.event_ids, s.root
         FROM UNNEST($1::bigint[]) AS t (id)
         CROSS JOIN LATERAL (SELECT * FROM seals WHERE tenant_id = t.id ORDER BY n DESC LIMIT 1) s",
        tenants,
    )
    .fetch_all(&mut **tx)
    .await
}

/// A conflict on (tenant, n) means another relay sealed: the statement fails and this relay starts anew.
pub(crate) async fn insert_seals(tx: &mut ScopedTx, seals: &[NewSeal]) -> Result<(), sqlx::Error> {
    for seal in seals {
        sqlx::query!(
            "INSERT INTO seals (tenant_id, n, first_position, event_ids, prev, root)
             VALUES ($1, $2, $3, $4, $5, $6)",
            seal.tenant_id,
            seal.n,
            seal.first_position,
            &seal.event_ids,
            &seal.prev[..],
            &seal.root[..],
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}
