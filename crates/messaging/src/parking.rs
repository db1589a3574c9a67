//! Poison is parked: kept raw in Postgres with a reason, taken off the stream, shown to people (D9, F15).

use async_nats::HeaderMap;
use pg::{Pool, TenantScope};

use crate::store;

/// Parks one message and marks it settled for this consumer, in one transaction. The id is derived from
/// consumer and stream position, so parking the same delivery twice leaves one row.
pub async fn park(
    pool: &Pool,
    consumer: &str,
    message: &async_nats::jetstream::Message,
    reason: &str,
) -> Result<(), pg::Error> {
    let place = message.info().map(|info| info.stream_sequence).unwrap_or_default();
    let tenant = message.subject.rsplit('.').next().and_then(|token| token.parse::<ids::TenantId>().ok());
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, format!("{consumer}/{place}").as_bytes());
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let parked = store::NewParked {
        id,
        tenant_id: tenant.map(ids::TenantId::as_i64),
        consumer,
        subject: &message.subject,
        headers: headers_json(message.headers.as_ref()),
        payload: &message.payload,
        reason,
    };
    store::park(&mut tx, &parked).await?;
    tx.commit().await
}

fn headers_json(headers: Option<&HeaderMap>) -> serde_json::Value {
    let Some(headers) = headers else { return serde_json::json!({}) };
    let pairs = headers.iter().filter_map(|(name, values)| {
        let first = values.first()?;
        // NUL cannot be stored in jsonb; a poison header must not poison the parking.
        Some((name.to_string(), serde_json::Value::String(first.to_string().replace('\0', "\u{fffd}"))))
    });
    serde_json::Value::Object(pairs.collect())
}

/// Daily partitions ahead of time; called at start and once a day by `bootstrap`.
pub async fn ensure_partitions(pool: &Pool) -> Result<(), pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    store::ensure_partitions(&mut tx, 14).await?;
    tx.commit().await
}

/// Events that wait for the relay.
pub async fn pending(pool: &Pool) -> Result<i64, pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let count = store::pending(&mut tx).await?;
    tx.commit().await?;
    Ok(count)
}
