//! Reading what a service has said, as a superuser, for assertions.

use bytes::Bytes;
use contract::Envelope;
use ids::{Lane, TenantId};
use sqlx::{AssertSqlSafe, Row};

/// The whole journal of a schema in the order of ids.
pub async fn read(admin: &sqlx::PgPool, service: &str) -> Vec<(Envelope, Bytes)> {
    let statement = format!(
        "SELECT id, event_type, at::text AS at, tenant_id, lane, aggregate_id, version, traceparent, drill, payload
         FROM {service}.journal ORDER BY at, id"
    );
    let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(admin).await.expect("a readable journal");
    rows.iter().map(event).collect()
}

fn event(row: &sqlx::postgres::PgRow) -> (Envelope, Bytes) {
    let at: String = row.get("at");
    let envelope = Envelope {
        id: row.get::<uuid::Uuid, _>("id").into(),
        event_type: row.get::<String, _>("event_type").parse().expect("a known type"),
        time: at.parse().expect("an instant"),
        tenant: TenantId::from_i64(row.get("tenant_id")).expect("a tenant"),
        lane: Lane::from_rank(row.get("lane")).expect("a lane"),
        aggregate_id: row.get("aggregate_id"),
        version: row.get::<i64, _>("version") as u64,
        traceparent: row.get("traceparent"),
        drill: row.get("drill"),
    };
    (envelope, Bytes::from(row.get::<Vec<u8>, _>("payload")))
}
