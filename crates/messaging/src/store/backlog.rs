//! SQL of what waits in one schema, as its owner.

use sqlx::PgConnection;

use crate::backlog::Backlog;

/// The instant in front of a UUIDv7 (RFC 9562: 48 bits of milliseconds) says how old a pending row is.
pub(crate) async fn of_schema(connection: &mut PgConnection) -> Result<Backlog, sqlx::Error> {
    sqlx::query_as!(
        Backlog,
        r#"SELECT (SELECT count(*) FROM outbox_pending) AS "pending!",
               (SELECT (extract(epoch FROM clock_timestamp())
                       - ('x' || left(replace(journal_id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)::bigint
                   FROM outbox_pending ORDER BY journal_id LIMIT 1) AS pending_oldest_s,
               (SELECT count(*) FROM outbox_again) AS "again!",
               (SELECT count(*) FROM outbox_quarantined) AS "quarantined!",
               (SELECT count(*) FROM parked WHERE settled_at IS NULL AND retry_at IS NULL) AS "parked!",
               (SELECT count(*) FROM parked WHERE settled_at IS NULL AND retry_at IS NOT NULL) AS "retried!",
               (SELECT (extract(epoch FROM clock_timestamp() - min(due_at)))::bigint FROM wakeups
                   WHERE due_at < clock_timestamp()) AS overdue_s"#,
    )
    .fetch_one(connection)
    .await
}
