//! Put aside in Postgres, raw, with a reason, taken off the stream and shown to people (D9, F15): poison, until a
//! person decides; and a message whose tenant's documents do not come, until they are there.
//!
//! Promises: a row is written before the broker is told never to send the message again; the same message twice is
//! one row; two messages are two rows, also when a stream was made anew and counts from one again (F21).
//! Not here: applying a row again, which its consumer does (`consumer::shelf`), with the inbox, under the same id.

mod acts;

use async_nats::HeaderMap;
use async_nats::jetstream::Message;
use pg::{Pool, TenantScope};
use ring::digest::{Context, SHA256};
use uuid::Uuid;

pub use acts::{Act, ActRefused, Decision, act};

pub use crate::store::parked::{Counts, Listed};
use crate::store::{self, parked};

/// When a parked message is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// When a person says so.
    Never,
    /// By itself, after so many milliseconds.
    InMs(u64),
}

/// Writes messages down, in one transaction, all for one reason. The caller then settles them with the broker.
pub(crate) async fn park(
    pool: &Pool,
    consumer: &str,
    messages: &[&Message],
    reason: &str,
    again: Again,
) -> Result<(), pg::Error> {
    let rows: Vec<_> = messages.iter().map(|message| row(consumer, message)).collect();
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    // NUL cannot be stored as text; poison must not poison the parking.
    parked::insert(&mut tx, consumer, &rows, &reason.replace('\0', "\u{fffd}"), again).await?;
    tx.commit().await
}

/// The id of a delivery: stream position alone would repeat when a stream is made anew, so the time of publication
/// and the bytes belong to it.
pub(crate) fn id_of(consumer: &str, message: &Message) -> Uuid {
    let info = message.info().ok();
    let mut bytes = Context::new(&SHA256);
    bytes.update(message.subject.as_bytes());
    bytes.update(&[0]);
    bytes.update(&message.payload);
    let place = info.as_ref().map(|info| info.stream_sequence).unwrap_or_default();
    let published = info.as_ref().map(|info| info.published.unix_timestamp_nanos()).unwrap_or_default();
    let name = format!("{consumer}/{place}/{published}/{:?}", bytes.finish());
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
}

fn row(consumer: &str, message: &Message) -> parked::NewParked {
    let tenant = message.subject.rsplit('.').next().and_then(|token| token.parse::<ids::TenantId>().ok());
    parked::NewParked {
        id: id_of(consumer, message),
        tenant_id: tenant.map(ids::TenantId::as_i64),
        subject: message.subject.replace('\0', "\u{fffd}"),
        headers: headers_json(message.headers.as_ref()),
        payload: message.payload.to_vec(),
    }
}

fn headers_json(headers: Option<&HeaderMap>) -> serde_json::Value {
    let Some(headers) = headers else { return serde_json::json!({}) };
    let pairs = headers.iter().filter_map(|(name, values)| {
        let first = values.first()?;
        // NUL cannot be stored in jsonb either.
        Some((name.to_string(), serde_json::Value::String(first.to_string().replace('\0', "\u{fffd}"))))
    });
    serde_json::Value::Object(pairs.collect())
}

/// The parked messages of a service that are not settled, oldest first, at most `limit`; never their payload.
pub async fn list(pool: &Pool, tenant: Option<ids::TenantId>, limit: i64) -> Result<Vec<Listed>, pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let rows = parked::list(&mut tx, tenant.map(ids::TenantId::as_i64), limit).await?;
    tx.commit().await?;
    Ok(rows)
}

/// The tenant of an unsettled parked message: `None` if there is no such message, `Some(None)` if it names no tenant.
pub async fn tenant_of(pool: &Pool, id: Uuid) -> Result<Option<Option<ids::TenantId>>, pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let found = parked::lock(&mut tx, id).await?;
    tx.commit().await?;
    Ok(found.map(|row| row.tenant_id.and_then(|tenant| ids::TenantId::from_i64(tenant).ok())))
}

/// How many messages wait, for the gauge.
pub async fn counts(pool: &Pool) -> Result<Counts, pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let counts = parked::counts(&mut tx).await?;
    tx.commit().await?;
    Ok(counts)
}

/// Rows a consumer may try now.
pub(crate) async fn due(pool: &Pool, consumer: &str, limit: i64) -> Result<Vec<parked::Due>, pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let rows = parked::due(&mut tx, consumer, limit).await?;
    tx.commit().await?;
    Ok(rows)
}

/// A row is to be tried again later, or waits for a person with another reason.
pub(crate) async fn put_back(
    pool: &Pool,
    id: Uuid,
    reason: Option<&str>,
    again: Again,
) -> Result<(), pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    parked::put_back(&mut tx, id, reason.map(|text| text.replace('\0', "\u{fffd}")).as_deref(), again)
        .await?;
    tx.commit().await
}

/// Events that wait for the relay.
pub async fn pending(pool: &Pool) -> Result<i64, pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let count = store::pending(&mut tx).await?;
    tx.commit().await?;
    Ok(count)
}
