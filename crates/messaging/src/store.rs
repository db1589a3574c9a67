//! All SQL of this crate but the relay's. Names are unqualified: they resolve in the schema of the role.

pub(crate) mod audit;
pub(crate) mod audit_trail;
pub(crate) mod backlog;
pub(crate) mod parked;
pub(crate) mod partitions;
pub(crate) mod refill;

use pg::ScopedTx;
use uuid::Uuid;

use crate::journal::NewEvent;
use crate::relay::shard_of;

/// Journal rows and their pending rows in one statement. Returns the pending rows written.
pub(crate) async fn append(tx: &mut ScopedTx, events: &[NewEvent]) -> Result<u64, pg::Error> {
    let ids: Vec<Uuid> = events.iter().map(|e| e.id.as_uuid()).collect();
    let tenants: Vec<i64> = events.iter().map(|e| e.tenant.as_i64()).collect();
    let ats: Vec<jiff_sqlx::Timestamp> = events.iter().map(|e| e.at.into()).collect();
    let types: Vec<String> = events.iter().map(|e| e.event_type.to_string()).collect();
    let lanes: Vec<i16> = events.iter().map(|e| e.lane.rank()).collect();
    let shards: Vec<i16> = events.iter().map(|e| shard_of(e.tenant)).collect();
    let aggregates: Vec<Uuid> = events.iter().map(|e| e.aggregate_id).collect();
    let versions: Vec<i64> = events.iter().map(|e| e.version as i64).collect();
    let actors: Vec<String> = events.iter().map(|e| e.actor.clone()).collect();
    let purposes: Vec<Option<String>> = events.iter().map(|e| e.purpose.clone()).collect();
    let traces: Vec<String> = events.iter().map(|e| e.traceparent.clone()).collect();
    let drills: Vec<bool> = events.iter().map(|e| e.drill).collect();
    let payloads: Vec<Vec<u8>> = events.iter().map(|e| e.payload.to_vec()).collect();
    let contents: Vec<Vec<u8>> = events.iter().map(|e| e.content_sha256().to_vec()).collect();
    let written = sqlx::query!(
        "WITH said AS (
             SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::timestamptz[], $4::text[], $5::smallint[],
                 $6::smallint[], $7::uuid[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::boolean[],
                 $13::bytea[], $14::bytea[])
             AS e (tenant_id, id, at, event_type, lane, shard, aggregate_id, version, actor, purpose,
                 traceparent, drill, payload, content_sha256)
         ), entered AS (
             INSERT INTO journal (tenant_id, id, at, event_type, lane, aggregate_id, version, actor, purpose,
                 traceparent, drill, payload, content_sha256)
             SELECT tenant_id, id, at, event_type, lane, aggregate_id, version, actor, purpose,
                 traceparent, drill, payload, content_sha256
             FROM said
         )
         INSERT INTO outbox_pending (journal_id, tenant_id, shard, lane)
         SELECT id, tenant_id, shard, lane FROM said",
        &tenants,
        &ids,
        &ats,
        &types,
        &lanes,
        &shards,
        &aggregates,
        &versions,
        &actors,
        &purposes as &[Option<String>],
        &traces,
        &drills,
        &payloads,
        &contents,
    )
    .execute(&mut **tx)
    .await?;
    Ok(written.rows_affected())
}

/// Enters messages into the inbox; returns those this consumer has not applied before. One that another transaction
/// is entering is waited for.
pub(crate) async fn enter(
    tx: &mut ScopedTx,
    consumer: &str,
    messages: &[Uuid],
) -> Result<Vec<Uuid>, pg::Error> {
    let fresh = sqlx::query_scalar!(
        "INSERT INTO inbox (consumer, message_id)
         SELECT $1, message_id FROM UNNEST($2::uuid[]) AS m (message_id)
         ON CONFLICT DO NOTHING
         RETURNING message_id",
        consumer,
        messages,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(fresh)
}

/// How many events wait for the relay, for the gauge and for intake's high-water mark (D24).
pub(crate) async fn pending(tx: &mut ScopedTx) -> Result<i64, pg::Error> {
    let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM outbox_pending"#)
        .fetch_one(&mut **tx)
        .await?;
    Ok(count)
}
