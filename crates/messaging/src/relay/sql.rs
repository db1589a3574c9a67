//! The relay's SQL. Pending rows hold ids only and are read without a scope, on the connection that holds the
//! locks (D4); journal and seals are tenant tables and are read in a scoped transaction.

use ids::Lane;
use pg::ScopedTx;
use sqlx::PgConnection;
use uuid::Uuid;

use super::sealing::NewSeal;
use super::shards::Pending;

/// What the relay needs of a journal row, as it stands there: a newer version of the service may write types and
/// lanes this one does not know, and they are published all the same.
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

/// Columns of pending rows, for UNNEST.
pub(crate) struct Columns {
    shards: Vec<i16>,
    lanes: Vec<i16>,
    ids: Vec<Uuid>,
    tenants: Vec<i64>,
}

impl Columns {
    pub(crate) fn of<'a>(pending: impl Iterator<Item = &'a Pending> + Clone) -> Self {
        Self {
            shards: pending.clone().map(|row| row.shard).collect(),
            lanes: pending.clone().map(|row| row.lane).collect(),
            ids: pending.clone().map(|row| row.journal_id).collect(),
            tenants: pending.map(|row| row.tenant_id).collect(),
        }
    }
}

/// The session only deletes what the broker has: a delete that is lost is a publish that is repeated.
pub(crate) async fn commit_without_waiting(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT set_config('synchronous_commit', 'off', false) AS mode")
        .fetch_one(connection)
        .await?;
    Ok(())
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

/// The first rows of each shard in the order of its index, then the first of all: the outer sort is of a few thousand
/// rows, where one sort over all shards would read everything that waits.
pub(crate) async fn pending(
    connection: &mut PgConnection,
    shards: &[i16],
    rows_max: i64,
) -> Result<Vec<Pending>, sqlx::Error> {
    sqlx::query_as!(
        Pending,
        "SELECT p.journal_id, p.tenant_id, p.shard, p.lane
         FROM UNNEST($1::smallint[]) AS s (shard)
         CROSS JOIN LATERAL (
             SELECT journal_id, tenant_id, o.shard, lane FROM outbox_pending o
             WHERE o.shard = s.shard ORDER BY lane, journal_id LIMIT $2
         ) p
         ORDER BY p.lane, p.journal_id LIMIT $2",
        shards,
        rows_max,
    )
    .fetch_all(connection)
    .await
}

/// The same from an id on, of the lanes this version knows: the index is entered behind what was deleted before.
pub(crate) async fn pending_since(
    connection: &mut PgConnection,
    shards: &[i16],
    floor: Uuid,
    rows_max: i64,
) -> Result<Vec<Pending>, sqlx::Error> {
    let lanes = Lane::ALL.map(Lane::rank);
    sqlx::query_as!(
        Pending,
        "SELECT p.journal_id, p.tenant_id, p.shard, p.lane
         FROM UNNEST($1::smallint[]) AS s (shard)
         CROSS JOIN UNNEST($2::smallint[]) AS l (lane)
         CROSS JOIN LATERAL (
             SELECT journal_id, tenant_id, o.shard, o.lane FROM outbox_pending o
             WHERE o.shard = s.shard AND o.lane = l.lane AND o.journal_id >= $3 ORDER BY journal_id LIMIT $4
         ) p
         ORDER BY p.lane, p.journal_id LIMIT $4",
        shards,
        &lanes,
        floor,
        rows_max,
    )
    .fetch_all(connection)
    .await
}

/// The oldest pending row of all lanes, with the database's time.
pub(crate) struct Oldest {
    pub journal_id: Uuid,
    pub now: jiff_sqlx::Timestamp,
}

pub(crate) async fn oldest_pending(tx: &mut ScopedTx, shards: &[i16]) -> Result<Option<Oldest>, sqlx::Error> {
    let lanes = Lane::ALL.map(Lane::rank);
    sqlx::query_as!(
        Oldest,
        r#"SELECT p.journal_id, clock_timestamp() AS "now!"
           FROM UNNEST($1::smallint[]) AS s (shard)
           CROSS JOIN UNNEST($2::smallint[]) AS l (lane)
           CROSS JOIN LATERAL (
               SELECT journal_id FROM outbox_pending o
               WHERE o.shard = s.shard AND o.lane = l.lane ORDER BY journal_id LIMIT 1
           ) p
           ORDER BY p.journal_id LIMIT 1"#,
        shards,
        &lanes,
    )
    .fetch_optional(&mut **tx)
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
    shards: &[i16],
    ids: &[Uuid],
) -> Result<Vec<Pending>, sqlx::Error> {
    sqlx::query_as!(
        Pending,
        "SELECT journal_id, tenant_id, shard, lane FROM outbox_pending
         WHERE shard = ANY($1) AND journal_id = ANY($2) ORDER BY lane, journal_id",
        shards,
        ids,
    )
    .fetch_all(connection)
    .await
}

/// By key, one by one, as [`load`] reads: a join would read all that waits, and there is much of it when time is short.
pub(crate) async fn delete_pending(connection: &mut PgConnection, rows: &Columns) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM outbox_pending WHERE ctid = ANY (ARRAY(
             SELECT o.row FROM UNNEST($1::smallint[], $2::smallint[], $3::uuid[]) AS p (shard, lane, journal_id)
             CROSS JOIN LATERAL (SELECT ctid AS row FROM outbox_pending o
                 WHERE o.shard = p.shard AND o.lane = p.lane AND o.journal_id = p.journal_id LIMIT 1) o))",
        &rows.shards,
        &rows.lanes,
        &rows.ids,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Moves rows out of the way; returns how many were still there.
pub(crate) async fn quarantine(connection: &mut PgConnection, rows: &Columns) -> Result<u64, sqlx::Error> {
    let moved = sqlx::query!(
        "WITH gone AS (
             DELETE FROM outbox_pending o USING UNNEST($1::smallint[], $2::smallint[], $3::uuid[])
                 AS p (shard, lane, journal_id)
             WHERE o.shard = p.shard AND o.lane = p.lane AND o.journal_id = p.journal_id
             RETURNING o.journal_id, o.tenant_id, o.shard, o.lane
         )
         INSERT INTO outbox_quarantined (journal_id, tenant_id, shard, lane)
         SELECT journal_id, tenant_id, shard, lane FROM gone",
        &rows.shards,
        &rows.lanes,
        &rows.ids,
    )
    .execute(connection)
    .await?;
    Ok(moved.rows_affected())
}

/// Journal rows of what is still pending. The bounds on `id` let the planner leave out all other days' partitions, and
/// `LIMIT 1` keeps it from reading a table whole to join it.
pub(crate) async fn load(tx: &mut ScopedTx, rows: &Columns) -> Result<Vec<JournalRow>, sqlx::Error> {
    let (first, last) = (rows.ids.iter().min().copied(), rows.ids.iter().max().copied());
    sqlx::query_as!(
        JournalRow,
        r#"SELECT j.tenant_id, j.id, j.at AS "at!", j.event_type, j.lane, j.aggregate_id, j.version,
                  j.traceparent, j.drill, j.payload, j.content_sha256
           FROM UNNEST($1::bigint[], $2::uuid[], $5::smallint[], $6::smallint[])
               AS p (tenant_id, journal_id, shard, lane)
           CROSS JOIN LATERAL (SELECT FROM outbox_pending o
               WHERE o.shard = p.shard AND o.lane = p.lane AND o.journal_id = p.journal_id LIMIT 1) o
           CROSS JOIN LATERAL (SELECT * FROM journal j
               WHERE j.tenant_id = p.tenant_id AND j.id = p.journal_id AND j.id BETWEEN $3 AND $4 LIMIT 1) j"#,
        &rows.tenants,
        &rows.ids,
        first,
        last,
        &rows.shards,
        &rows.lanes,
    )
    .fetch_all(&mut **tx)
    .await
}

/// What is to be published once more, urgent first. What is pending has its turn later: it may not be sealed yet.
pub(crate) async fn again(
    connection: &mut PgConnection,
    shards: &[i16],
    rows_max: i64,
) -> Result<Vec<Pending>, sqlx::Error> {
    sqlx::query_as!(
        Pending,
        "SELECT journal_id, tenant_id, shard, lane FROM outbox_again a
         WHERE shard = ANY($1) AND NOT EXISTS (SELECT FROM outbox_pending p
             WHERE p.shard = a.shard AND p.lane = a.lane AND p.journal_id = a.journal_id)
         ORDER BY lane, journal_id LIMIT $2",
        shards,
        rows_max,
    )
    .fetch_all(connection)
    .await
}

pub(crate) async fn delete_again(connection: &mut PgConnection, rows: &Columns) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM outbox_again o USING UNNEST($1::smallint[], $2::smallint[], $3::uuid[])
             AS p (shard, lane, journal_id)
         WHERE o.shard = p.shard AND o.lane = p.lane AND o.journal_id = p.journal_id",
        &rows.shards,
        &rows.lanes,
        &rows.ids,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Journal rows of what is to be published once more; bounded as in [`load`].
pub(crate) async fn load_again(tx: &mut ScopedTx, rows: &Columns) -> Result<Vec<JournalRow>, sqlx::Error> {
    let (first, last) = (rows.ids.iter().min().copied(), rows.ids.iter().max().copied());
    sqlx::query_as!(
        JournalRow,
        r#"SELECT j.tenant_id, j.id, j.at AS "at!", j.event_type, j.lane, j.aggregate_id, j.version,
                  j.traceparent, j.drill, j.payload, j.content_sha256
           FROM UNNEST($1::bigint[], $2::uuid[]) AS p (tenant_id, journal_id)
           CROSS JOIN LATERAL (SELECT * FROM journal j
               WHERE j.tenant_id = p.tenant_id AND j.id = p.journal_id AND j.id BETWEEN $3 AND $4 LIMIT 1) j"#,
        &rows.tenants,
        &rows.ids,
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

/// All tenants' seals in one statement; each takes its slice of one list of ids. A conflict on (tenant, n) means
/// another relay sealed: the statement fails and this relay starts anew.
pub(crate) async fn insert_seals(tx: &mut ScopedTx, seals: &[NewSeal]) -> Result<(), sqlx::Error> {
    let tenants: Vec<i64> = seals.iter().map(|seal| seal.tenant_id).collect();
    let ns: Vec<i64> = seals.iter().map(|seal| seal.n).collect();
    let positions: Vec<i64> = seals.iter().map(|seal| seal.first_position).collect();
    let prevs: Vec<&[u8]> = seals.iter().map(|seal| &seal.prev[..]).collect();
    let roots: Vec<&[u8]> = seals.iter().map(|seal| &seal.root[..]).collect();
    let ids: Vec<Uuid> = seals.iter().flat_map(|seal| seal.event_ids.iter().copied()).collect();
    let counts: Vec<i32> = seals.iter().map(|seal| seal.event_ids.len() as i32).collect();
    let lasts: Vec<i32> = counts
        .iter()
        .scan(0, |end, count| {
            *end += count;
            Some(*end)
        })
        .collect();
    sqlx::query!(
        "INSERT INTO seals (tenant_id, n, first_position, event_ids, prev, root)
         SELECT tenant_id, n, first_position, ($6::uuid[])[last - count + 1 : last], prev, root
         FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $7::int[], $8::int[])
             AS s (tenant_id, n, first_position, prev, root, count, last)",
        &tenants,
        &ns,
        &positions,
        &prevs as &[&[u8]],
        &roots as &[&[u8]],
        &ids,
        &counts,
        &lasts,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
