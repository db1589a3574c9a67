//! SQL of verifying the record: as the owner of one schema at a time, on a connection of its own, reading only.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::audit::walk::Seal;

/// A journal row, all that is hashed of it and the hash it carries.
pub(crate) struct Entry {
    pub id: Uuid,
    pub at: jiff_sqlx::Timestamp,
    pub event_type: String,
    pub aggregate_id: Uuid,
    pub version: i64,
    pub actor: String,
    pub purpose: Option<String>,
    pub payload: Vec<u8>,
    pub content_sha256: Vec<u8>,
}

/// The newest seal of a tenant.
pub(crate) struct Head {
    pub n: i64,
    pub root: Vec<u8>,
}

/// The least id of the journal's oldest day: what is older was dropped with its partition.
pub(crate) async fn kept_from(connection: &mut PgConnection) -> Result<Uuid, sqlx::Error> {
    let oldest = sqlx::query_scalar!(
        r#"SELECT uuid_of_day(to_date(min(right(child.relname, 8)), 'YYYYMMDD')) AS id
           FROM pg_inherits i JOIN pg_class child ON child.oid = i.inhrelid
           WHERE i.inhparent = 'journal'::regclass AND child.relname ~ '^journal_[0-9]{8}$'"#
    )
    .fetch_one(connection)
    .await?;
    Ok(oldest.unwrap_or(Uuid::nil()))
}

/// From one tenant to the next by the key: a chain of years is stepped over.
pub(crate) async fn tenants(
    connection: &mut PgConnection,
    since: Option<Uuid>,
) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"WITH RECURSIVE sealed AS (
               (SELECT tenant_id FROM seals ORDER BY tenant_id LIMIT 1)
               UNION ALL
               SELECT (SELECT s.tenant_id FROM seals s WHERE s.tenant_id > sealed.tenant_id
                   ORDER BY s.tenant_id LIMIT 1) FROM sealed WHERE sealed.tenant_id IS NOT NULL
           )
           SELECT tenant_id AS "tenant_id!" FROM sealed WHERE tenant_id IS NOT NULL
           UNION SELECT tenant_id FROM journal WHERE $1::uuid IS NULL OR id >= $1"#,
        since
    )
    .fetch_all(connection)
    .await
}

/// Number and root of the newest seal.
pub(crate) async fn head(connection: &mut PgConnection, tenant: i64) -> Result<Option<Head>, sqlx::Error> {
    sqlx::query_as!(Head, "SELECT n, root FROM seals WHERE tenant_id = $1 ORDER BY n DESC LIMIT 1", tenant)
        .fetch_optional(connection)
        .await
}

pub(crate) async fn seals_after(
    tx: &mut PgConnection,
    tenant: i64,
    n: i64,
    rows_max: i64,
) -> Result<Vec<Seal>, sqlx::Error> {
    sqlx::query_as!(
        Seal,
        "SELECT n, first_position, event_ids, prev, root FROM seals
         WHERE tenant_id = $1 AND n > $2 ORDER BY n LIMIT $3",
        tenant,
        n,
        rows_max,
    )
    .fetch_all(tx)
    .await
}

/// An instant so many milliseconds ago, by the database's clock.
pub(crate) async fn ago(connection: &mut PgConnection, ms: i64) -> Result<jiff_sqlx::Timestamp, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT clock_timestamp() - $1::bigint * interval '1 millisecond' AS "at!: jiff_sqlx::Timestamp""#,
        ms
    )
    .fetch_one(connection)
    .await
}

/// The last seal that was made before an instant.
pub(crate) async fn seal_before(
    tx: &mut PgConnection,
    tenant: i64,
    instant: jiff_sqlx::Timestamp,
) -> Result<Option<Seal>, sqlx::Error> {
    sqlx::query_as!(
        Seal,
        "SELECT n, first_position, event_ids, prev, root FROM seals
         WHERE tenant_id = $1 AND sealed_at < $2 ORDER BY n DESC LIMIT 1",
        tenant,
        instant as _,
    )
    .fetch_optional(tx)
    .await
}

/// The bounds on `id` let the planner leave out all other days' partitions.
pub(crate) async fn entries(
    tx: &mut PgConnection,
    tenant: i64,
    ids: &[Uuid],
) -> Result<Vec<Entry>, sqlx::Error> {
    let (first, last) = (ids.iter().min().copied(), ids.iter().max().copied());
    sqlx::query_as!(
        Entry,
        r#"SELECT id, at AS "at!", event_type, aggregate_id, version, actor, purpose, payload, content_sha256
           FROM journal WHERE tenant_id = $1 AND id = ANY($2) AND id BETWEEN $3 AND $4"#,
        tenant,
        ids,
        first,
        last,
    )
    .fetch_all(tx)
    .await
}

/// A row from `floor` on that no seal names and that does not wait for one; seals up to the `n`th are looked at last.
pub(crate) async fn unsealed(
    tx: &mut PgConnection,
    tenant: i64,
    floor: Uuid,
    n: i64,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT j.id AS "id!" FROM (
               SELECT id FROM journal WHERE tenant_id = $1 AND id >= $2
               EXCEPT SELECT e.id FROM seals s CROSS JOIN UNNEST(s.event_ids) AS e (id)
                   WHERE s.tenant_id = $1 AND s.n > $3
               EXCEPT SELECT journal_id FROM outbox_pending WHERE tenant_id = $1
           ) j
           -- A clock that was set back leaves ids of later than their seal: few, and looked for one by one.
           WHERE NOT EXISTS (SELECT FROM seals s
               WHERE s.tenant_id = $1 AND s.n <= $3 AND j.id = ANY (s.event_ids))
           ORDER BY j.id LIMIT 1"#,
        tenant,
        floor,
        n,
    )
    .fetch_optional(tx)
    .await
}

/// A row that two seals behind the `n`th name.
pub(crate) async fn sealed_twice(
    tx: &mut PgConnection,
    tenant: i64,
    n: i64,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT e.id AS "id!" FROM seals s CROSS JOIN UNNEST(s.event_ids) AS e (id)
           WHERE s.tenant_id = $1 AND s.n > $2 GROUP BY e.id HAVING count(*) > 1 ORDER BY e.id LIMIT 1"#,
        tenant,
        n,
    )
    .fetch_optional(tx)
    .await
}

/// The first seal that names one of these events.
pub(crate) async fn first_seal_of(
    tx: &mut PgConnection,
    tenant: i64,
    events: &[Uuid],
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT n FROM seals WHERE tenant_id = $1 AND event_ids && $2 ORDER BY n LIMIT 1",
        tenant,
        events,
    )
    .fetch_optional(tx)
    .await
}

/// The hashes that these rows carry, as far as they are kept.
pub(crate) async fn hashes(
    tx: &mut PgConnection,
    tenant: i64,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, Vec<u8>)>, sqlx::Error> {
    let (first, last) = (ids.iter().min().copied(), ids.iter().max().copied());
    let rows = sqlx::query!(
        "SELECT id, content_sha256 FROM journal WHERE tenant_id = $1 AND id = ANY($2) AND id BETWEEN $3 AND $4",
        tenant,
        ids,
        first,
        last,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.content_sha256)).collect())
}
