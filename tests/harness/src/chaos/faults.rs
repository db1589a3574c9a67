//! F3, F7, F15, F17: broker and database taken away, poison, duplicates and disorder.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use async_nats::HeaderMap;
use async_nats::jetstream::{self, consumer::pull};
use contract::topology::PUBLISHERS;
use futures_util::StreamExt;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::cluster::{Cluster, SERVICES};
use crate::load::{self, Call};
use crate::streets;

/// Marks what this harness republished, so that it does not republish that again.
const AGAIN: &str = "x-again";

/// F3: `kill -9` of the single broker, several times; intake must not notice.
pub(super) async fn broker_killed(cluster: &Cluster, kills: usize) -> Result<Vec<String>> {
    let mut slowest = Duration::ZERO;
    for _ in 0..kills {
        let killed = Instant::now();
        cluster.broker.kill().await;
        // Half a second of absence, so that clients really meet a closed port.
        tokio::time::sleep(Duration::from_millis(500)).await;
        cluster.broker.restart().await?;
        slowest = slowest.max(killed.elapsed());
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    Ok(vec![format!("{kills} kills; slowest restart {:.1} s", slowest.as_secs_f64())])
}

/// What F7 saw.
pub(super) struct Seen {
    /// Figures, in words.
    pub notes: Vec<String>,
    /// What must not be.
    pub violations: Vec<String>,
    /// The report that was asked for again and again; its client goes on asking.
    pub call: Call,
}

/// F7: `kill -9` of Postgres, then a freeze; services are not restarted. Reports that come meanwhile are refused
/// with 503 and `Retry-After`, and with nothing else.
pub(super) async fn postgres_killed_and_frozen(
    cluster: &Cluster,
    seed: u64,
    freeze: Duration,
) -> Result<Seen> {
    let call = load::besides(cluster, seed);
    let mut refusals = Refusals { call, asked: 0, slowest_s: 0.0, violations: Vec::new() };
    tokio::time::sleep(Duration::from_secs(2)).await;
    cluster.postgres.kill().await;
    refusals.ask(cluster, "killed").await;
    cluster.postgres.restart().await?;
    let back = Instant::now();
    cluster.await_ready(&SERVICES, Duration::from_secs(30)).await?;
    let recovered_s = back.elapsed().as_secs_f64();
    tokio::time::sleep(Duration::from_secs(2)).await;
    cluster.postgres.pause().await;
    let thaw = Instant::now() + freeze;
    while Instant::now() < thaw {
        refusals.ask(cluster, "frozen").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    cluster.postgres.resume();
    let thawed = Instant::now();
    cluster.await_ready(&SERVICES, Duration::from_secs(30)).await?;
    let ready = format!(
        "ready {recovered_s:.1} s after the restart, {:.1} s after the thaw",
        thawed.elapsed().as_secs_f64()
    );
    let asked = format!("{} reports refused, the slowest after {:.2} s", refusals.asked, refusals.slowest_s);
    Ok(Seen { notes: vec![asked, ready], violations: refusals.violations, call: refusals.call })
}

/// Answers to reports that come while the database is away.
struct Refusals {
    /// The same for all: whatever becomes of it, it is one report at most.
    call: Call,
    asked: usize,
    slowest_s: f64,
    violations: Vec<String>,
}

impl Refusals {
    /// Asks once; judged by status and header, timed for the notes.
    async fn ask(&mut self, cluster: &Cluster, state: &str) {
        let Call { street, key, body, .. } = &self.call;
        let url = format!("{}/intake/v1/streets/{street}/reports", cluster.url("intake"));
        let request = cluster.http().post(url).bearer_auth(cluster.token("grid-worker")).json(body);
        self.asked += 1;
        let started = Instant::now();
        let answer = request.header("idempotency-key", key.to_string()).send().await;
        let waited_s = started.elapsed().as_secs_f64();
        self.slowest_s = self.slowest_s.max(waited_s);
        match answer {
            Ok(answer) if answer.status() == 503 && answer.headers().contains_key("retry-after") => {}
            Ok(answer) => {
                let retry_after = answer.headers().contains_key("retry-after");
                let status = answer.status().as_u16();
                self.violations.push(format!(
                    "F7: a report was answered {status} (Retry-After {retry_after}) while Postgres was {state}"
                ));
            }
            Err(error) => self.violations.push(format!(
                "F7: a report had no answer after {waited_s:.1} s while Postgres was {state}: {error}"
            )),
        }
    }
}

/// F15: random bytes, foreign tenants, unknown versions among the load; parked, and nobody else waits.
pub(super) async fn poison(cluster: &Cluster) -> Result<Vec<String>> {
    const EACH: usize = 10;
    let jetstream = jetstream::new(cluster.broker_keeper().await?);
    let mut random = StdRng::seed_from_u64(15);
    let started = Instant::now();
    for (stream, event) in
        [("intake", "report.accepted"), ("triage", "case.routed"), ("dispatch", "order.dispatched")]
    {
        for n in 0..EACH {
            let bytes: Vec<u8> = (0..random.random_range(0..2_000)).map(|_| random.random()).collect();
            let subject = format!("{stream}.{event}.normal.{}", streets::code(1 + n % cluster.streets));
            let mut headers = HeaderMap::new();
            if n % 2 == 0 {
                headers.insert("ce-specversion", "1.0");
                headers.insert("ce-schemaversion", if n % 4 == 0 { "1" } else { "7" });
            }
            jetstream.publish_with_headers(subject, headers, bytes.into()).await?.await?;
        }
    }
    let parked = "SELECT (SELECT count(*) FROM triage.parked) + (SELECT count(*) FROM dispatch.parked)
        + (SELECT count(*) FROM notification.parked)";
    let all = testkit::wait::until(Duration::from_secs(30), async || {
        let count: i64 = sqlx::query_scalar(parked).fetch_one(&cluster.admin).await.ok()?;
        (count >= 3 * EACH as i64).then_some(count)
    });
    let count = all.await.context("poison was not parked within 30 s")?;
    Ok(vec![format!("{count} messages parked {:.1} s after the first", started.elapsed().as_secs_f64())])
}

/// F17: every event is published again, in another order, for as long as the load lasts.
pub(super) async fn duplicated_and_reordered(cluster: &Cluster, lasting: Duration) -> Result<Vec<String>> {
    let jetstream = jetstream::new(cluster.broker_keeper().await?);
    let until = Instant::now() + lasting + Duration::from_secs(3);
    let mut streams = tokio::task::JoinSet::new();
    for name in PUBLISHERS.into_iter().filter(|name| *name != "directory") {
        streams.spawn(again(jetstream.clone(), name, until));
    }
    let mut republished = 0;
    while let Some(stream) = streams.join_next().await {
        republished += stream??;
    }
    Ok(vec![format!("{republished} events published again in another order")])
}

/// Without what the broker was told about the publishing, for instance that the message belongs to a batch.
fn own_headers(message: &jetstream::Message) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, values) in message.headers.iter().flat_map(HeaderMap::iter) {
        let name: &str = name.as_ref();
        if !name.starts_with("Nats-") {
            values.iter().for_each(|value| headers.append(name, value.as_str()));
        }
    }
    headers
}

async fn again(jetstream: jetstream::Context, stream: &'static str, until: Instant) -> Result<usize> {
    let handle = jetstream.get_stream_no_info(stream).await?;
    let config = pull::Config { durable_name: Some(format!("chaos-{stream}")), ..pull::Config::default() };
    let consumer = handle.create_consumer(config).await?;
    let mut random = StdRng::seed_from_u64(17);
    let mut count = 0;
    while Instant::now() < until {
        let mut batch = consumer.batch().max_messages(200).expires(Duration::from_secs(1)).messages().await?;
        let mut copies = Vec::new();
        while let Some(message) = batch.next().await {
            let message = message.map_err(anyhow::Error::from_boxed)?;
            message.ack().await.map_err(anyhow::Error::from_boxed)?;
            let mut headers = own_headers(&message);
            if headers.get(AGAIN).is_none() {
                headers.insert(AGAIN, "1");
                headers.insert(
                    "Nats-Msg-Id",
                    format!("again-{}", headers.get("ce-id").map_or("", |id| id.as_str())),
                );
                copies.push((message.subject.clone(), headers, message.payload.clone()));
            }
        }
        copies.shuffle(&mut random);
        for (subject, headers, payload) in copies {
            jetstream.publish_with_headers(subject, headers, payload).await?.await?;
            count += 1;
        }
    }
    handle.delete_consumer(&format!("chaos-{stream}")).await?;
    Ok(count)
}
