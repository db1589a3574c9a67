//! Notification alone: events of dispatch in, signed webhooks out, every attempt on the record.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use async_nats::jetstream;
use bytes::Bytes;
use contract::proto::{dispatch, to_wire};
use contract::{Envelope, EventType};
use ids::{Lane, TenantId};
use jiff::{SignedDuration, Timestamp};
use pg::Minter;
use prost::Message;
use serde_json::Value;
use testkit::wait;

use super::drive::{Caller, Driven, Pace, drive};
use super::receiver::{Arrivals, bodies};
use super::reports::new_run;
use super::tag::Tag;
use super::wire::Connection;
use super::world::World;
use super::{Knobs, limits};
use crate::measure::percentile_ms;
use crate::streets;

/// Notification, and the directory that tells it its endpoints.
const SERVICES: [&str; 2] = ["directory", "notification"];
/// Publishes under way at most.
const PUBLISHERS: usize = 256;
/// How long webhooks may take to arrive after the last event.
const ARRIVED_WITHIN: Duration = Duration::from_secs(300);
/// What a good public sender delivers on such a machine; a latency at that rate compares with its own.
const PEER_PER_S: f64 = 1_330.0;

/// Runs it.
pub async fn run(knobs: &Knobs) -> Result<Value> {
    let (events, endpoints) = (knobs.rows.unwrap_or(50_000), knobs.streets.unwrap_or(50));
    let world = World::start_with(endpoints, &SERVICES, &[]).await?;
    let mut sheet = world.limits().await?;
    sheet.put("limit_http_posts_per_s", posts_per_s(&world).await?.round());
    let feed = Feed::new(&world).await?;
    let (per_s, took) = feed.flood(&world, events).await?;
    eprintln!("  {events} webhooks in {:.2} s", took.as_secs_f64());
    sheet.put("delivered_per_s", per_s);
    let mut fed = events as u64;
    for (key, rate) in [("at_half", per_s / 2.0), ("at_peer", PEER_PER_S)] {
        // More than is delivered at most would measure the queue.
        if rate > per_s * 0.9 {
            continue;
        }
        let (driven, mut latencies) = feed.paced(&world, rate, knobs.lasting(15)).await?;
        fed += driven.accepted();
        sheet.put(format!("{key}_per_s"), rate);
        sheet.put(format!("{key}_arrival_p50_ms"), percentile_ms(&mut latencies, 50.0));
        sheet.put(format!("{key}_arrival_p99_ms"), percentile_ms(&mut latencies, 99.0));
    }
    let attempts = all_on_the_record(&world, fed).await?;
    sheet.count("delivered", fed);
    sheet.count("attempts", attempts);
    let verified = world.receiver.verify_sample(&world.cluster.folder.path().join("secrets"))?;
    sheet.count("verified_webhooks", verified);
    Ok(sheet.finish(format!(
        "notification and directory as processes; the bench plays dispatch and publishes order.dispatched events to \
         {endpoints} endpoints in turn, all answered at once (204) by a receiver in the bench. delivered_per_s: \
         {events} events as fast as the broker takes them, from the first publish to the last arrival; at_*: open \
         loop at half of that and at {PEER_PER_S}/s (left out where that is over nine tenths of delivered_per_s), \
         from the instant an event was due to its webhook's arrival; checked at the end: every delivery delivered, \
         every arrival a recorded attempt, one webhook in 64 verified. limit_http_posts: 64 connections posting 512 \
         B to the same receiver for 2 s. {}",
        limits::METHOD
    )))
}

/// Events of dispatch, made by the bench.
struct Feed {
    jetstream: jetstream::Context,
    streets: Vec<TenantId>,
    minter: Minter,
    at: Timestamp,
}

/// One load of events.
struct Load {
    feed: Arc<Feed>,
    run: u64,
}

struct Publisher(Arc<Load>);

impl Caller for Publisher {
    async fn call(&mut self, n: u64) -> Option<u16> {
        let (envelope, payload) = self.0.event(n);
        let mut headers = async_nats::HeaderMap::new();
        for (name, value) in envelope.headers() {
            headers.insert(name, value.as_str());
        }
        let jetstream = &self.0.feed.jetstream;
        let ack = jetstream.publish_with_headers(envelope.subject(), headers, payload).await.ok()?;
        ack.await.ok().map(|_| 200)
    }
}

impl Feed {
    async fn new(world: &World) -> Result<Arc<Self>> {
        let client = world.cluster.broker_keeper().await?;
        let parsed = (1..=world.cluster.streets).map(|n| streets::code(n).parse());
        let at = crate::hops::now(&world.cluster).await?;
        Ok(Arc::new(Self {
            jetstream: jetstream::new(client),
            streets: parsed.collect::<Result<_, _>>().context("a street's code")?,
            minter: Minter::from_seed(2),
            at: at.replace(' ', "T").parse().with_context(|| format!("reading the instant {at}"))?,
        }))
    }

    /// As fast as it goes; webhooks per second, and how long all took.
    async fn flood(self: &Arc<Self>, world: &World, events: usize) -> Result<(f64, Duration)> {
        let (load, arrivals) = self.load(world, events as u64);
        let started = Instant::now();
        let publish = |n| {
            let mut publisher = Publisher(load.clone());
            async move { publisher.call(n).await }
        };
        let publishes = futures_util::stream::iter((0..events as u64).map(publish));
        let mut acks = std::pin::pin!(futures_util::StreamExt::buffer_unordered(publishes, PUBLISHERS));
        while let Some(ack) = futures_util::StreamExt::next(&mut acks).await {
            ensure!(ack.is_some(), "the broker did not acknowledge an event; look at its disk");
        }
        await_all(world, &arrivals, events as u64).await?;
        let last = (0..events as u64).filter_map(|n| arrivals.at(n)).max().unwrap_or(started);
        let took = last - started;
        Ok((events as f64 / took.as_secs_f64(), took))
    }

    /// At a rate; the load, and each event's time from its due instant to its arrival.
    async fn paced(
        self: &Arc<Self>,
        world: &World,
        per_s: f64,
        lasting: Duration,
    ) -> Result<(Driven, Vec<Duration>)> {
        let (load, arrivals) = self.load(world, (per_s * lasting.as_secs_f64()) as u64);
        let callers = (0..PUBLISHERS).map(|_| Publisher(load.clone())).collect();
        let driven = drive(Pace::Open(per_s), lasting, callers).await?;
        ensure!(driven.accepted() == driven.due, "the broker did not take every event; look at its disk");
        await_all(world, &arrivals, driven.due).await?;
        let since_due = |due: Duration, n| Some(arrivals.at(n)? - (driven.started + due));
        let latencies = driven.answers.iter().filter_map(|answer| since_due(answer.due, answer.n)).collect();
        Ok((driven, latencies))
    }

    fn load(self: &Arc<Self>, world: &World, events: u64) -> (Arc<Load>, Arc<Arrivals>) {
        let run = new_run();
        let arrivals = world.receiver.watch(run, events, bodies(&["street-centre"]));
        (Arc::new(Load { feed: self.clone(), run }), arrivals)
    }
}

impl Load {
    /// An order to the street's own centre, as dispatch says it.
    fn event(&self, n: u64) -> (Envelope, Bytes) {
        let feed = &self.feed;
        let (at, tenant) = (feed.at, feed.streets[n as usize % feed.streets.len()]);
        let [order_id, case_id] = [feed.minter.mint(at), feed.minter.mint(at)];
        let stage = |(stage, hours): (&str, i64)| dispatch::StageState {
            stage: stage.to_owned(),
            due_at: Some(to_wire(at + SignedDuration::from_hours(hours))),
            ..Default::default()
        };
        let order = dispatch::OrderState {
            order_id: order_id.to_string(),
            case_id: case_id.to_string(),
            case_no: format!("{}-261123-{:04}", &tenant.to_string()[..9], n + 1),
            street: tenant.to_string(),
            round: 1,
            body: format!("street-centre@{tenant}"),
            role: "lead".to_owned(),
            phase: "dispatched".to_owned(),
            version: 1,
            item: "IOT-10".to_owned(),
            stages: [("acknowledge", 2), ("on_site", 8), ("resolve", 72)].map(stage).to_vec(),
            dispatched_at: Some(to_wire(at)),
            policy: "item".to_owned(),
            ..Default::default()
        };
        let event = dispatch::OrderEvent { order: Some(order), at: Some(to_wire(at)), ..Default::default() };
        let envelope = Envelope {
            id: feed.minter.mint(at).into(),
            event_type: EventType::OrderDispatched,
            time: at,
            tenant,
            lane: Lane::Normal,
            aggregate_id: order_id,
            version: 1,
            traceparent: Tag { run: self.run, n }.traceparent(),
            drill: false,
        };
        (envelope, event.encode_to_vec().into())
    }
}

async fn await_all(world: &World, arrivals: &Arrivals, events: u64) -> Result<()> {
    let all = wait::until(ARRIVED_WITHIN, async || (arrivals.complete() >= events).then_some(()));
    all.await.with_context(|| {
        format!(
            "{} of {events} webhooks arrived within {} s; {}; try fewer --rows",
            arrivals.complete(),
            ARRIVED_WITHIN.as_secs(),
            world.last_words("notification")
        )
    })
}

/// Every event one delivery, every delivery delivered, every arrival a recorded attempt; returns the attempts.
async fn all_on_the_record(world: &World, events: u64) -> Result<u64> {
    let recorded = wait::until(Duration::from_secs(30), async || {
        let delivered = world.rows("notification.deliveries WHERE state = 'delivered'").await.ok()?;
        (delivered == events).then_some(())
    });
    recorded.await.with_context(|| {
        format!("not all of {events} deliveries are delivered; {}", world.last_words("notification"))
    })?;
    let deliveries = world.rows("notification.deliveries").await?;
    let attempts = world.rows("notification.attempts WHERE outcome IS NOT NULL").await?;
    let arrived = world.receiver.requests() - POSTS_OF_LIMIT.load(std::sync::atomic::Ordering::Acquire);
    ensure!(
        deliveries == events && attempts == arrived,
        "{events} events made {deliveries} deliveries with {attempts} recorded attempts, and {arrived} webhooks \
         arrived: look into the tests of notification/tests/it/delivery.rs"
    );
    Ok(attempts)
}

/// Requests that the receiver got from the bench itself.
static POSTS_OF_LIMIT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

struct Post(Connection, Arc<Vec<u8>>);

impl Caller for Post {
    async fn call(&mut self, _n: u64) -> Option<u16> {
        self.0.exchange(&self.1).await
    }
}

/// Exchanges per second of a bare client with the bench's own receiver.
async fn posts_per_s(world: &World) -> Result<f64> {
    let authority = world.receiver.address().to_string();
    let head = format!("POST /limit HTTP/1.1\r\nhost: {authority}\r\ncontent-length: 512\r\n\r\n");
    let request = Arc::new([head.as_bytes(), &[b'x'; 512]].concat());
    let callers = (0..64).map(|_| Post(Connection::new(&authority), request.clone())).collect();
    let driven = drive(Pace::Closed, Duration::from_secs(2), callers).await?;
    POSTS_OF_LIMIT.store(world.receiver.requests(), std::sync::atomic::Ordering::Release);
    Ok(driven.accepted_per_s())
}
