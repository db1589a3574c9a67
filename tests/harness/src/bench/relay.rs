//! One relay between a full outbox and the broker: events per second sealed, published and deleted.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use messaging::{Outbox, Relay, RelayConfig};
use pg::TenantScope;
use serde_json::Value;
use testkit::wait;
use tokio_util::sync::CancellationToken;

use super::broker::Syncing;
use super::bus::{Bus, streets};
use super::sheet::Sheet;
use super::{Knobs, limits};

/// Events of one transaction that fills the outbox.
const FILL_ROWS: usize = 1_000;
/// How long the relay may take.
const DRAINED_WITHIN: Duration = Duration::from_secs(300);

/// Runs it.
pub async fn run(knobs: &Knobs) -> Result<Value> {
    let rows = knobs.rows.unwrap_or(100_000);
    let mut sheet = Sheet::default();
    let bus = Bus::start(Syncing::Default).await?;
    sheet.all("", limits::measure(&bus.limits_url(), &bus.jetstream.client()).await?);
    sheet.put("relay_per_s", drained_per_s(&bus, rows).await?);
    sheet.count("relayed_events", rows as u64);
    drop(bus);
    // Each publish may cost a flush of its own, so a third of the rows is enough.
    let fewer = (rows / 3).max(1);
    let bus = Bus::start(Syncing::Always).await?;
    let limit = limits::publish_per_s(&bus.jetstream.client()).await?;
    sheet.put("limit_js_publish_sync_always_per_s", limit.round());
    sheet.put("relay_sync_always_per_s", drained_per_s(&bus, fewer).await?);
    sheet.count("relayed_sync_always_events", fewer as u64);
    Ok(sheet.finish(format!(
        "the outbox is filled with {rows} events (400 B, 20 streets) by the messaging crate, 1,000 a transaction; then \
         one relay with its defaults drains it: from its start to the last acknowledged event and the empty outbox; \
         sync_always_: {fewer} events and a broker with sync_interval always, the relay unchanged; checked at the \
         end: nothing pending, every event sealed once and in the stream once. {}",
        limits::METHOD
    )))
}

async fn drained_per_s(bus: &Bus, rows: usize) -> Result<f64> {
    let outbox = Outbox::default();
    fill(bus, &outbox, rows).await?;
    let config = RelayConfig::default();
    let relay =
        Relay::new("intake", bus.pool("intake_relay", "intake")?, bus.jetstream.clone(), outbox, config);
    let stop = CancellationToken::new();
    let started = Instant::now();
    let running = tokio::spawn(relay.run(stop.clone()));
    let drained = wait::until(DRAINED_WITHIN, async || drained(bus, rows as u64).await.ok().flatten()).await;
    let took = started.elapsed();
    stop.cancel();
    running.await?;
    if drained.is_none() {
        let left = bus.number("SELECT count(*) FROM intake.outbox_pending").await?;
        bail!(
            "{left} of {rows} events were still pending after {} s; try fewer --rows",
            DRAINED_WITHIN.as_secs()
        );
    }
    let sealed =
        bus.number("SELECT coalesce(sum(cardinality(event_ids)), 0)::bigint FROM intake.seals").await?;
    let stored = stored(bus).await?;
    ensure!(
        (sealed, stored) == (rows as u64, rows as u64),
        "{rows} events, {sealed} sealed, {stored} in the stream: look into the tests of messaging/tests/it/relaying.rs"
    );
    eprintln!("  {rows} events in {:.2} s", took.as_secs_f64());
    Ok(rows as f64 / took.as_secs_f64())
}

async fn fill(bus: &Bus, outbox: &Outbox, rows: usize) -> Result<()> {
    eprintln!("filling the outbox with {rows} events");
    let pool = bus.pool("intake", "intake")?;
    let events = bus.events(&pool, rows).await?;
    for batch in events.chunks(FILL_ROWS) {
        let mut tx = pool.begin(TenantScope::of_subjects(streets())).await?;
        outbox.append(&mut tx, batch).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Asks the broker first: looking for the last row among many deleted ones would cost what is measured.
async fn drained(bus: &Bus, rows: u64) -> Result<Option<()>> {
    if stored(bus).await? < rows {
        return Ok(None);
    }
    Ok((bus.number("SELECT count(*) FROM intake.outbox_pending").await? == 0).then_some(()))
}

async fn stored(bus: &Bus) -> Result<u64> {
    let stream = bus.jetstream.get_stream("intake").await?;
    Ok(stream.cached_info().state.messages)
}
