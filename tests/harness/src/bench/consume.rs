//! One consumer between the broker and Postgres: messages per second applied once in effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use async_nats::jetstream::consumer::PullConsumer;
use contract::Envelope;
use futures_util::StreamExt;
use ids::TenantId;
use jiff::Timestamp;
use messaging::{Apply, ApplyError, Consumer, ConsumerConfig, NewEvent, Outbox, Received, Refused};
use pg::{ScopedTx, ServerClock};
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use testkit::wait;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::broker::Syncing;
use super::bus::Bus;
use super::{Knobs, limits};

/// What the bench hears with.
const CONSUMER: &str = "triage-intake-normal";
/// Publishes whose ack is awaited at the same time.
const IN_FLIGHT: usize = 256;
/// One message of so many is published twice.
const TWICE: usize = 100;
/// How long the consumer may take.
const APPLIED_WITHIN: Duration = Duration::from_secs(300);

/// The effect: one row per aggregate; `applied` counts how often an event had its effect.
const EFFECTS: &str = "SET ROLE triage_owner; SET search_path = triage;
    CREATE TABLE effects (tenant_id bigint NOT NULL, aggregate_id uuid NOT NULL, version bigint NOT NULL,
        payload bytea NOT NULL, at timestamptz NOT NULL, applied integer NOT NULL DEFAULT 1,
        PRIMARY KEY (tenant_id, aggregate_id));
    SELECT tenant_table('effects', 'SELECT, INSERT, UPDATE');";

/// Runs it.
pub async fn run(knobs: &Knobs) -> Result<Value> {
    let messages = knobs.rows.unwrap_or(100_000);
    let bus = Bus::start(Syncing::Default).await?;
    make_effects(&bus.admin_url()).await?;
    let mut sheet = limits::measure(&bus.limits_url(), &bus.jetstream.client()).await?;
    let limit = limits::pull_and_ack_per_s(&bus.jetstream.client(), messages).await?;
    sheet.put("limit_js_pull_and_ack_per_s", limit.round());
    publish(&bus, messages).await?;
    sheet.put("consume_per_s", applied_per_s(&bus, messages).await?);
    sheet.count("consumed_messages", messages as u64);
    sheet.count("consumed_duplicates", duplicates(messages) as u64);
    Ok(sheet.finish(format!(
        "{messages} messages (400 B, 20 streets) wait in the stream, one in {TWICE} of them twice and unrecognised by \
         the broker; one consumer of the messaging crate with its defaults applies them, inbox and an upsert of one \
         row each in one transaction a batch: from its start until nothing is pending or unacknowledged; checked at \
         the end: each message has exactly one effect. limit_js_pull_and_ack: batches of 512, each message \
         acknowledged, nothing done. {}",
        limits::METHOD
    )))
}

fn duplicates(messages: usize) -> usize {
    messages.div_ceil(TWICE)
}

async fn make_effects(admin_url: &str) -> Result<()> {
    let mut admin = PgConnection::connect(admin_url).await?;
    sqlx::raw_sql(EFFECTS).execute(&mut admin).await?;
    Ok(())
}

/// Publishes by hand, without the broker's dedupe header, as a relay after a long outage would.
async fn publish(bus: &Bus, messages: usize) -> Result<()> {
    eprintln!("publishing {messages} messages");
    let events = bus.events(&bus.pool("intake", "intake")?, messages).await?;
    let again = events.iter().step_by(TWICE);
    let publishes = events.iter().chain(again).map(|event| publish_one(bus, event));
    let mut acks = std::pin::pin!(futures_util::stream::iter(publishes).buffer_unordered(IN_FLIGHT));
    while let Some(ack) = acks.next().await {
        ack?;
    }
    Ok(())
}

async fn publish_one(bus: &Bus, event: &NewEvent) -> Result<()> {
    let envelope = Envelope {
        id: event.id,
        event_type: event.event_type,
        time: event.at,
        tenant: event.tenant,
        lane: event.lane,
        aggregate_id: event.aggregate_id,
        version: event.version,
        traceparent: event.traceparent.clone(),
        drill: event.drill,
    };
    let mut headers = async_nats::HeaderMap::new();
    for (name, value) in envelope.headers().into_iter().filter(|(name, _)| *name != "Nats-Msg-Id") {
        headers.insert(name, value.as_str());
    }
    let payload = event.payload.clone();
    bus.jetstream.publish_with_headers(envelope.subject(), headers, payload).await?.await?;
    Ok(())
}

async fn applied_per_s(bus: &Bus, messages: usize) -> Result<f64> {
    let upsert = Arc::new(Upsert::default());
    let consumer = Consumer::new(
        CONSUMER,
        "intake",
        bus.jetstream.clone(),
        bus.pool("triage", "triage")?,
        Arc::new(ServerClock),
        Outbox::default(),
        upsert.clone(),
        ConsumerConfig::default(),
    );
    let stop = CancellationToken::new();
    let started = Instant::now();
    let running = tokio::spawn(consumer.run(stop.clone()));
    let done = wait::until(APPLIED_WITHIN, async || {
        let all = upsert.rows.load(Ordering::Acquire) >= messages as u64;
        (all && settled(bus).await.ok()?).then_some(())
    });
    let done = done.await;
    let took = started.elapsed();
    stop.cancel();
    running.await?;
    if done.is_none() {
        let rows = upsert.rows.load(Ordering::Acquire);
        bail!(
            "{rows} of {messages} messages were applied after {} s; try fewer --rows",
            APPLIED_WITHIN.as_secs()
        );
    }
    once_in_effect(bus, messages as u64).await?;
    eprintln!("  {messages} messages in {:.2} s", took.as_secs_f64());
    Ok(messages as f64 / took.as_secs_f64())
}

/// Nothing waits and nothing is unacknowledged.
async fn settled(bus: &Bus) -> Result<bool> {
    let consumer: PullConsumer =
        bus.jetstream.get_consumer_from_stream(CONSUMER, "intake").await.map_err(anyhow::Error::from)?;
    let info = consumer.cached_info();
    Ok((info.num_pending, info.num_ack_pending) == (0, 0))
}

async fn once_in_effect(bus: &Bus, messages: u64) -> Result<()> {
    let rows = bus.number("SELECT count(*) FROM triage.effects").await?;
    let effects = bus.number("SELECT coalesce(sum(applied), 0)::bigint FROM triage.effects").await?;
    let entered = bus.number("SELECT count(*) FROM triage.inbox").await?;
    let parked = bus.number("SELECT count(*) FROM triage.parked").await?;
    ensure!(
        (rows, effects, entered, parked) == (messages, messages, messages, 0),
        "{messages} messages made {rows} rows with {effects} effects, {entered} inbox entries and {parked} parked: \
         look into the tests of messaging/tests/it/consuming.rs"
    );
    Ok(())
}

/// Keeps the newest version of each aggregate, in one statement a batch.
#[derive(Default)]
struct Upsert {
    rows: AtomicU64,
}

impl Apply for Upsert {
    type Item = ();

    fn decode(&self, _received: &Received) -> Result<(), Refused> {
        Ok(())
    }

    async fn apply(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        fresh: Vec<(Received, ())>,
    ) -> Result<(), ApplyError> {
        let received = || fresh.iter().map(|(received, ())| received);
        let tenants: Vec<i64> = received().map(|one| TenantId::as_i64(one.envelope.tenant)).collect();
        let aggregates: Vec<Uuid> = received().map(|one| one.envelope.aggregate_id).collect();
        let versions: Vec<i64> = received().map(|one| one.envelope.version as i64).collect();
        let payloads: Vec<Vec<u8>> = received().map(|one| one.payload.to_vec()).collect();
        // An event of equal version changes the row too: `applied` then betrays a double effect.
        let upsert = sqlx::query(
            "INSERT INTO effects (tenant_id, aggregate_id, version, payload, at)
             SELECT t, a, v, p, $5::timestamptz
             FROM UNNEST($1::bigint[], $2::uuid[], $3::bigint[], $4::bytea[]) AS u (t, a, v, p)
             ON CONFLICT (tenant_id, aggregate_id) DO UPDATE
             SET version = excluded.version, payload = excluded.payload, at = excluded.at,
                 applied = effects.applied + 1
             WHERE excluded.version >= effects.version",
        );
        let upsert =
            upsert.bind(tenants).bind(aggregates).bind(versions).bind(payloads).bind(now.to_string());
        upsert.execute(&mut **tx).await?;
        self.rows.fetch_add(fresh.len() as u64, Ordering::AcqRel);
        Ok(())
    }
}
