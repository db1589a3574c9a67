//! SQL of refilling the streams after a restore: as the owner of one schema at a time, on connections of its own.

use sqlx::PgConnection;
use uuid::Uuid;

/// What is known of an event before it is decided who lacks it.
pub(crate) struct Said {
    pub tenant_id: i64,
    pub id: Uuid,
    pub event_type: String,
    pub lane: i16,
}

/// Rows to be published once more, as columns for UNNEST.
#[derive(Default)]
pub(crate) struct Again {
    pub shards: Vec<i16>,
    pub lanes: Vec<i16>,
    pub ids: Vec<Uuid>,
    pub tenants: Vec<i64>,
}

/// Events after an id, in the order of their ids.
pub(crate) async fn said_after(
    connection: &mut PgConnection,
    after: Uuid,
    rows_max: i64,
) -> Result<Vec<Said>, sqlx::Error> {
    sqlx::query_as!(
        Said,
        "SELECT tenant_id, id, event_type, lane FROM journal WHERE id > $1 ORDER BY id LIMIT $2",
        after,
        rows_max,
    )
    .fetch_all(connection)
    .await
}

/// Of these events, those that are the newest of their subject: a stream of documents keeps no others.
pub(crate) async fn newest_documents(connection: &mut PgConnection) -> Result<Vec<Said>, sqlx::Error> {
    sqlx::query_as!(
        Said,
        "SELECT DISTINCT ON (tenant_id, event_type) tenant_id, id, event_type, lane FROM journal
         WHERE event_type LIKE 'directory.document.%'
         ORDER BY tenant_id, event_type, version DESC",
    )
    .fetch_all(connection)
    .await
}

/// Messages that a consumer has neither applied nor parked for good.
pub(crate) async fn lacking(
    connection: &mut PgConnection,
    consumer: &str,
    ids: &[Uuid],
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT m.id AS "id!" FROM UNNEST($2::uuid[]) AS m (id)
         WHERE NOT EXISTS (SELECT FROM inbox i WHERE i.consumer = $1 AND i.message_id = m.id)
             AND NOT EXISTS (SELECT FROM parked p WHERE p.consumer = $1 AND p.headers ->> 'ce-id' = m.id::text)"#,
        consumer,
        ids,
    )
    .fetch_all(connection)
    .await
}

/// The first id of the instant so many milliseconds ago, by the database.
pub(crate) async fn id_before(connection: &mut PgConnection, ms: i64) -> Result<Uuid, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint - $1::bigint), 12, '0')
            || '00000000000000000000')::uuid AS "id!""#,
        ms,
    )
    .fetch_one(connection)
    .await
}

/// Puts them where the relay finds them; returns how many were not there yet.
pub(crate) async fn put_again(connection: &mut PgConnection, rows: &Again) -> Result<u64, sqlx::Error> {
    let put = sqlx::query!(
        "INSERT INTO outbox_again (shard, lane, journal_id, tenant_id)
         SELECT * FROM UNNEST($1::smallint[], $2::smallint[], $3::uuid[], $4::bigint[])
         ON CONFLICT DO NOTHING",
        &rows.shards,
        &rows.lanes,
        &rows.ids,
        &rows.tenants,
    )
    .execute(connection)
    .await?;
    Ok(put.rows_affected())
}
