//! Journal entries about the house itself, which no other service hears.

use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

/// One entry; `shard` is `None` where no relay would seal it.
pub(crate) struct NewEntry<'a> {
    pub tenant_id: i64,
    pub id: Uuid,
    pub at: Timestamp,
    pub event_type: String,
    pub aggregate_id: Uuid,
    pub version: i64,
    pub actor: &'a str,
    pub purpose: &'a str,
    pub traceparent: &'a str,
    pub payload: &'a [u8],
    pub content_sha256: [u8; 32],
    pub shard: Option<i16>,
}

/// The entry, and its pending row if it is to be sealed.
pub(crate) async fn enter(tx: &mut ScopedTx, entry: &NewEntry<'_>) -> Result<(), pg::Error> {
    sqlx::query!(
        "WITH entered AS (
             INSERT INTO journal (tenant_id, id, at, event_type, lane, aggregate_id, version, actor, purpose,
                 traceparent, drill, payload, content_sha256)
             VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, false, $10, $11)
         )
         INSERT INTO outbox_pending (journal_id, tenant_id, shard, lane)
         SELECT $2, $1, $12::smallint, 1 WHERE $12::smallint IS NOT NULL",
        entry.tenant_id,
        entry.id,
        jiff_sqlx::Timestamp::from(entry.at) as _,
        entry.event_type,
        entry.aggregate_id,
        entry.version,
        entry.actor,
        entry.purpose,
        entry.traceparent,
        entry.payload,
        &entry.content_sha256[..],
        entry.shard,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
