//! The moving part that sends: claim in a transaction, send outside of any, record in another.
//!
//! Four loops side by side: the runner claims, first attempts are handed over without a claim, each job is sent in a
//! task of its own, and whatever has ended is recorded together. On shutdown the claims stop first, then what is under
//! way ends, then it is recorded.
//! Guarantee: at least once, with the same id and bytes; a process that dies between send and record leaves a
//! lease that ends (`tests/it/delivery.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bootstrap::part::Part;
use futures_util::future::{BoxFuture, join_all};
use pg::{Pace, crash};
use telemetry::{Span, http};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;
use wakeups::{Runner, RunnerConfig};

use crate::core::outcome::Outcome;
use crate::core::pace::SLOW;
use crate::desk::{Job, Leave};
use crate::egress::{Egress, Post};
use crate::handle::Room;
use crate::handle::hand_over::committed;
use crate::handle::record::{Finished, record};
use crate::inbound::wakeups::Claim;
use crate::store::Key;

/// A job that finds no slot by then is given back, unsent, well before its lease ends.
const WAIT_MAX: Duration = Duration::from_secs(4);
/// Attempts recorded in one transaction at most.
const RECORD_MAX: usize = 512;
/// Deliveries of one street claimed in one transaction at most, and in all: what keeps quick endpoints busy.
const STREET_ROWS_MAX: i64 = 256;
const CLAIM_ROWS_MAX: i64 = 1024;
/// Longest rest between two looks, and between two records that are not full.
const REST_MAX: Duration = Duration::from_millis(40);
/// How long a step in the database may take; a connection that died unheard is not waited on for ever.
const STEP_WITHIN: Duration = Duration::from_secs(10);
/// Pause before a record is tried again.
const RECORD_PAUSE: Duration = Duration::from_millis(250);
/// An offer is held against the database after a commit of this process, and after so long if that was missed.
const OFFER_PAUSE: Duration = Duration::from_millis(20);
/// An offer that is not committed by then is dropped.
const OFFERED_MAX: Duration = Duration::from_secs(2);
/// Tries of a record once the process is ending; after that the leases end.
const LAST_TRIES: u32 = 8;

/// Claims, sends, records.
pub struct Deliverer {
    room: Arc<Room>,
    egress: Arc<Egress>,
    runner: Runner<Claim>,
    jobs: Mutex<mpsc::UnboundedReceiver<Job>>,
}

impl Deliverer {
    /// Not yet running.
    pub fn new(room: Arc<Room>, egress: Egress, jobs: mpsc::UnboundedReceiver<Job>) -> Self {
        let house = &room.house;
        let (desk, outbox) = (room.desk.clone(), house.outbox.clone());
        let after_commit = move || {
            crash::point("notification.after_claim");
            desk.release();
            outbox.wake();
        };
        let runner = Runner::new(
            house.wakeups(),
            Arc::new(Claim(room.clone())),
            Arc::new(after_commit),
            RunnerConfig {
                rows_per_tenant_max: STREET_ROWS_MAX,
                batch_rows_max: CLAIM_ROWS_MAX,
                ..RunnerConfig::default()
            },
        );
        Self { egress: Arc::new(egress), runner, jobs: Mutex::new(jobs), room }
    }
}

impl Part for Deliverer {
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        let Self { room, egress, runner, jobs, .. } = *self;
        let claimed_all = CancellationToken::new();
        let (done, ended) = mpsc::unbounded_channel();
        Box::pin(async move {
            let claiming = async {
                tokio::join!(runner.run(shutdown.clone()), hand_over_each(&room, shutdown));
                claimed_all.cancel();
            };
            let sending = send_each(&room, &egress, jobs.into_inner(), done, claimed_all.clone());
            let recording = record_each(&room, ended, claimed_all.clone());
            tokio::join!(claiming, sending, recording);
        })
    }

    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        Box::pin(async move {
            let mut jobs = self.jobs.lock().await;
            let mut fired = 0;
            loop {
                let offered = committed(&self.room, self.room.desk.take_offers()).await;
                let (handed_over, _) = offered.map_err(|(error, _)| format!("{error:?}"))?;
                fired += handed_over.len();
                self.room.desk.send(handed_over);
                let now = self.runner.drain().await.map_err(|error| format!("{error:?}"))?;
                let taken: Vec<Job> = std::iter::from_fn(|| jobs.try_recv().ok()).collect();
                if now == 0 && taken.is_empty() {
                    return Ok(fired);
                }
                fired += now;
                let finished =
                    join_all(taken.into_iter().map(|job| attempt(&self.room, &self.egress, job))).await;
                record(&self.room, &finished).await.map_err(|error| format!("{error:?}"))?;
            }
        })
    }
}

/// Sends first attempts as soon as the transaction that made them is committed. An offer comes before its commit, so it
/// is held against the database after one.
async fn hand_over_each(room: &Room, shutdown: CancellationToken) {
    let (mut waiting, mut since) = (Vec::<Job>::new(), BTreeMap::<Key, Instant>::new());
    let (committed_some, mut pace) = (room.house.outbox.armed(), Pace::new(REST_MAX));
    loop {
        let look = async {
            if waiting.is_empty() {
                room.desk.news.notified().await;
            }
            tokio::select! {
                () = committed_some.notified() => {}
                () = tokio::time::sleep(OFFER_PAUSE) => {}
            }
            pace.rest().await;
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = look => {}
        }
        let (now, offered) = (Instant::now(), room.desk.take_offers());
        since.extend(offered.iter().map(|job| (job.key, now)));
        waiting.extend(offered);
        waiting = pace.during(handed_over(room, waiting)).await;
        // Dropped: rolled back, or committed so late that its lease takes care of it.
        waiting.retain(|job| since[&job.key].elapsed() < OFFERED_MAX);
        let left: BTreeSet<Key> = waiting.iter().map(|job| job.key).collect();
        since.retain(|key, _| left.contains(key));
    }
}

/// Sends what is committed; returns the rest.
async fn handed_over(room: &Room, offered: Vec<Job>) -> Vec<Job> {
    match committed(room, offered).await {
        Ok((jobs, rest)) => {
            if !jobs.is_empty() {
                crash::point("notification.after_claim");
            }
            room.desk.send(jobs);
            rest
        }
        Err((error, offered)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "offers are looked at again");
            offered
        }
    }
}

async fn send_each(
    room: &Arc<Room>,
    egress: &Arc<Egress>,
    mut jobs: mpsc::UnboundedReceiver<Job>,
    done: mpsc::UnboundedSender<Finished>,
    claimed_all: CancellationToken,
) {
    let mut under_way = JoinSet::new();
    let start = |under_way: &mut JoinSet<()>, job| {
        let (room, egress, done) = (room.clone(), egress.clone(), done.clone());
        under_way.spawn(async move {
            // The receiver outlives all senders.
            let _ = done.send(attempt(&room, &egress, job).await);
        });
    };
    loop {
        tokio::select! {
            Some(job) = jobs.recv() => start(&mut under_way, job),
            Some(ended) = under_way.join_next() => noticed(ended),
            () = claimed_all.cancelled() => break,
        }
    }
    while let Ok(job) = jobs.try_recv() {
        start(&mut under_way, job);
    }
    while let Some(ended) = under_way.join_next().await {
        noticed(ended);
    }
}

/// A task that panicked has given its seat back; its lease ends and the attempt is made again.
fn noticed(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "an attempt ended by itself");
    }
}

/// Waits for its turn, sends, and says what came of it. The seat is free for the next as soon as the request has ended.
async fn attempt(room: &Room, egress: &Egress, mut job: Job) -> Finished {
    let started = Instant::now();
    let (outcome, took) = match timeout(WAIT_MAX, job.seat.leave()).await {
        Ok(Some(leave)) => {
            job.first.iter().for_each(|first| room.events.first_attempt(first.elapsed()));
            measured(room, leave, &job, send(room, egress, &job)).await
        }
        Ok(None) | Err(_) => (Outcome::NotSent, started.elapsed()),
    };
    crash::point("notification.after_send");
    room.desk.learn(&job.endpoint, &outcome, took);
    room.events.attempt_ended(&outcome, took);
    let Job { key, n, endpoint, target, claimed_at, seat, .. } = job;
    Finished { key, n, endpoint, target, claimed_at, outcome, took, in_hand: seat.stand_up() }
}

/// Sends inside a span of the delivery's trace, if that is recorded; its id is what the receiver is given.
async fn send(room: &Room, egress: &Egress, job: &Job) -> Outcome {
    let Some(url) = &job.target.url else { return Outcome::UrlRefused };
    let span = http::client_span(&job.traceparent, u32::try_from(job.n).unwrap_or(1), || {
        Some((url.host_str()?.to_owned(), url.port_or_known_default()))
    });
    let own = span.as_ref().map(Span::traceparent);
    let traceparent = own.as_deref().unwrap_or(&job.traceparent);
    let outcome = telemetry::around(span.as_ref(), post(room, egress, job, url, traceparent)).await;
    if let Some(span) = &span {
        http::ended(span, outcome.status(), Some(outcome.code()).filter(|code| *code != "ok"));
    }
    outcome
}

async fn post(room: &Room, egress: &Egress, job: &Job, url: &Url, traceparent: &str) -> Outcome {
    room.secrets.drop_file(&job.endpoint, &job.signer);
    let (id, timestamp_s) = (job.key.1, job.claimed_at.as_second());
    let signature = job.signer.sign(id, timestamp_s, &job.payload);
    egress.post(Post { url, id, timestamp_s, signature, traceparent, body: job.payload.clone() }).await
}

/// A request that takes long gives up its pass, so that others may begin, and its endpoint is slow from then on.
async fn measured(
    room: &Room,
    mut leave: Leave,
    job: &Job,
    sending: impl Future<Output = Outcome>,
) -> (Outcome, Duration) {
    let started = Instant::now();
    let mut sending = pin!(sending);
    if let Ok(outcome) = timeout(SLOW, sending.as_mut()).await {
        return (outcome, started.elapsed());
    }
    leave.give_up_pass();
    room.desk.learn(&job.endpoint, &Outcome::TimedOut, SLOW);
    (sending.await, started.elapsed())
}

async fn record_each(room: &Room, mut ended: mpsc::UnboundedReceiver<Finished>, ending: CancellationToken) {
    let (mut batch, mut pace) = (Vec::new(), Pace::new(REST_MAX));
    while ended.recv_many(&mut batch, RECORD_MAX).await > 0 {
        if batch.len() < RECORD_MAX && !ending.is_cancelled() {
            pace.rest().await;
            while batch.len() < RECORD_MAX
                && let Ok(more) = ended.try_recv()
            {
                batch.push(more);
            }
        }
        let mut tries_left = LAST_TRIES;
        while let Err(error) = pace.during(pg::within(STEP_WITHIN, record(room, &batch))).await {
            tracing::warn!(
                attempts = batch.len(),
                error = &error as &dyn std::error::Error,
                "record is tried again"
            );
            tries_left -= u32::from(ending.is_cancelled());
            if tries_left == 0 {
                break;
            }
            tokio::time::sleep(RECORD_PAUSE).await;
        }
        batch.clear();
    }
}
