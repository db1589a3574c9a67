//! Load that is bounded in rate and in time, and stops by itself.
//!
//! Open loop: call n is due at n/rate whatever the answers do, and its latency counts from that instant, so a
//! system that stalls is charged for everything that had to wait (coordinated omission). The instants come from a
//! thread of their own: the runtime's timer ticks in milliseconds, which would be added to every latency.
//! Closed loop: every worker asks again as soon as it is answered.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::measure::percentile_ms;

/// Calls that are not sent this long after the end of an open loop are not sent any more.
const OVERTIME: Duration = Duration::from_secs(10);
/// How closely due calls are released.
const TICK: Duration = Duration::from_micros(200);

/// How calls follow each other.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// As fast as the answers come.
    Closed,
    /// This many a second, over all callers.
    Open(f64),
}

/// One worker: it makes one call after the other.
pub trait Caller: Send + 'static {
    /// Makes the n-th call; the status of the answer, nothing when there was none.
    fn call(&mut self, n: u64) -> impl Future<Output = Option<u16>> + Send;
}

/// One call and its answer.
#[derive(Debug, Clone, Copy)]
pub struct Answered {
    /// Which call.
    pub n: u64,
    /// When it was due, since the start.
    pub due: Duration,
    /// From then to the answer.
    pub took: Duration,
    /// The answer's status; nothing: unknown.
    pub status: Option<u16>,
}

impl Answered {
    /// Whether it was a 2xx.
    pub fn accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// What came of a load.
#[derive(Debug)]
pub struct Driven {
    /// Instant 0 of all due times.
    pub started: Instant,
    /// From the start to the last answer.
    pub took: Duration,
    /// Calls that were due; of a closed loop, those made.
    pub due: u64,
    /// In no order.
    pub answers: Vec<Answered>,
}

impl Driven {
    /// How many were answered 2xx.
    pub fn accepted(&self) -> u64 {
        self.answers.iter().filter(|answer| answer.accepted()).count() as u64
    }

    /// How many had no answer: each may have had its effect or not.
    pub fn unknown(&self) -> u64 {
        self.answers.iter().filter(|answer| answer.status.is_none()).count() as u64
    }

    /// How many were answered with this status.
    pub fn with_status(&self, status: u16) -> u64 {
        self.answers.iter().filter(|answer| answer.status == Some(status)).count() as u64
    }

    /// How many calls had which status, in words: `201: 40, none: 2`.
    pub fn statuses(&self) -> String {
        let mut counts: BTreeMap<Option<u16>, u64> = BTreeMap::new();
        for answer in &self.answers {
            *counts.entry(answer.status).or_default() += 1;
        }
        let word = |status: &Option<u16>| status.map_or("none".to_owned(), |status| status.to_string());
        let words = counts.iter().map(|(status, count)| format!("{}: {count}", word(status)));
        words.collect::<Vec<_>>().join(", ")
    }

    /// 2xx per second of the whole time.
    pub fn accepted_per_s(&self) -> f64 {
        self.accepted() as f64 / self.took.as_secs_f64()
    }

    /// A percentile of the accepted calls' latencies, in milliseconds.
    pub fn accept_ms(&self, per_cent: f64) -> f64 {
        let accepted = self.answers.iter().filter(|answer| answer.accepted());
        let mut latencies: Vec<Duration> = accepted.map(|answer| answer.took).collect();
        percentile_ms(&mut latencies, per_cent)
    }
}

/// Everything the workers of one load share.
struct Line {
    pace: Pace,
    lasting: Duration,
    total: u64,
    started: Instant,
    next: AtomicU64,
    due: Semaphore,
}

/// Runs the load with one worker per caller.
pub async fn drive<C: Caller>(pace: Pace, lasting: Duration, callers: Vec<C>) -> Result<Driven> {
    let total = match pace {
        Pace::Closed => u64::MAX,
        Pace::Open(per_s) => (per_s * lasting.as_secs_f64()) as u64,
    };
    let (next, due) = (AtomicU64::new(0), Semaphore::new(0));
    let line = Arc::new(Line { pace, lasting, total, started: Instant::now(), next, due });
    let workers = callers.len();
    let mut working = JoinSet::new();
    for caller in callers {
        working.spawn(work(line.clone(), caller));
    }
    if let Pace::Open(per_s) = pace {
        let line = line.clone();
        tokio::task::spawn_blocking(move || release(&line, per_s, workers)).await?;
    }
    let mut answers = Vec::new();
    while let Some(of_worker) = working.join_next().await {
        answers.extend(of_worker?);
    }
    let took = line.started.elapsed();
    let due = if total == u64::MAX { answers.len() as u64 } else { total };
    Ok(Driven { started: line.started, took, due, answers })
}

async fn work<C: Caller>(line: Arc<Line>, mut caller: C) -> Vec<Answered> {
    let mut answers = Vec::new();
    while let Some((n, due)) = line.take().await {
        let status = caller.call(n).await;
        let took = line.started.elapsed().saturating_sub(due);
        answers.push(Answered { n, due, took, status });
    }
    answers
}

impl Line {
    /// The next call and its due instant; nothing when the load is over.
    async fn take(&self) -> Option<(u64, Duration)> {
        let Pace::Open(per_s) = self.pace else {
            let now = self.started.elapsed();
            return (now < self.lasting).then(|| (self.next.fetch_add(1, Ordering::Relaxed), now));
        };
        self.due.acquire().await.expect("never closed").forget();
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let over = n >= self.total || self.started.elapsed() > self.lasting + OVERTIME;
        (!over).then(|| (n, Duration::from_secs_f64(n as f64 / per_s)))
    }
}

/// Releases each call at its due instant, and at the end every worker.
#[allow(clippy::disallowed_methods, reason = "paces load; the runtime's own timer is too coarse for it")]
fn release(line: &Line, per_s: f64, workers: usize) {
    let mut released = 0;
    while released < line.total {
        let due = due_by(line.started.elapsed(), per_s).min(line.total);
        line.due.add_permits((due - released) as usize);
        released = due;
        std::thread::sleep(TICK);
    }
    line.due.add_permits(workers);
}

/// How many calls are due at an instant: call 0 at once, call n at n/rate.
fn due_by(elapsed: Duration, per_s: f64) -> u64 {
    (elapsed.as_secs_f64() * per_s) as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Echo;

    impl Caller for Echo {
        async fn call(&mut self, n: u64) -> Option<u16> {
            (n % 10 != 9).then_some(if n.is_multiple_of(2) { 201 } else { 429 })
        }
    }

    #[test]
    fn a_call_is_due_at_its_instant_and_not_before() {
        assert_eq!(due_by(Duration::ZERO, 100.0), 1);
        assert_eq!(due_by(Duration::from_millis(9), 100.0), 1);
        assert_eq!(due_by(Duration::from_millis(11), 100.0), 2);
        assert_eq!(due_by(Duration::from_secs(1), 100.0), 101);
    }

    #[tokio::test]
    async fn an_open_loop_makes_every_call_once_and_ends() {
        let driven = drive(Pace::Open(2_000.0), Duration::from_millis(100), vec![Echo, Echo]).await.unwrap();
        let mut made: Vec<u64> = driven.answers.iter().map(|answer| answer.n).collect();
        made.sort_unstable();
        assert_eq!(made, (0..200).collect::<Vec<_>>());
        assert_eq!((driven.due, driven.accepted(), driven.with_status(429)), (200, 100, 80));
        assert_eq!(driven.unknown(), 20);
        assert_eq!(driven.statuses(), "none: 20, 201: 100, 429: 80");
    }

    #[tokio::test]
    async fn a_closed_loop_ends_by_itself() {
        let driven = drive(Pace::Closed, Duration::from_millis(20), vec![Echo]).await.unwrap();
        assert!(driven.due > 0 && driven.due == driven.answers.len() as u64);
    }
}
