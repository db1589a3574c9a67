//! Between the claim and the wire: who may be claimed now, and what was.
//!
//! A claim takes a *seat* at its endpoint before the row is touched, and keeps it until the request has ended; how
//! many seats an endpoint has follows from its pace. Claimed jobs are *staged* inside the transaction and handed
//! out only after its commit; a transaction that fails leaves them to be dropped, seats and all. Those of the fan-out,
//! which commits elsewhere, are *offered* and sent once they are seen to be committed.
//!
//! Requests go out under a *pass*. Quick endpoints have a pool of passes of their own, which nobody else can use
//! up: an unknown or slow endpoint takes its pass from the other pool, together with its seat, and finds no seat
//! when that pool is empty. A pass covers the first two seconds of a request. Whoever needs longer goes on without
//! one, so even endpoints that were quick and all hang at once hold the others up for two seconds and no longer.
//!
//! Bounds: seats and 4 requests per endpoint; passes per pool; deliveries and bytes in memory until recorded.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use contract::EventType;
use jiff::Timestamp;
use telemetry::Stopwatch;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use uuid::Uuid;

use crate::core::outcome::Outcome;
use crate::core::pace::{IN_FLIGHT_MAX, Pace};
use crate::core::signature::Signer;
use crate::store::Key;
use crate::tenants::{EndpointId, Target};

/// Requests to quick endpoints in their first two seconds at most.
const QUICK_MAX: usize = 64;
/// The same to all others.
const OTHERS_MAX: usize = 32;
/// What may be in memory, from the claim to the record, in KiB of bodies …
const IN_HAND_KIB_MAX: usize = 16 * 1024;
/// … where the smallest counts as this much: 2,048 deliveries at most.
const JOB_KIB_MIN: usize = 8;

/// One attempt, claimed and ready to be sent.
pub struct Job {
    /// The delivery.
    pub key: Key,
    /// Which attempt, from 1.
    pub n: i32,
    /// Where, by name.
    pub endpoint: EndpointId,
    /// Where, by the documents of the claim.
    pub target: Arc<Target>,
    /// What it is signed with.
    pub signer: Arc<Signer>,
    /// The bytes.
    pub payload: Bytes,
    /// The trace.
    pub traceparent: String,
    /// The claim's database time.
    pub claimed_at: Timestamp,
    /// Which order it is the first to tell of.
    pub first: Option<FirstTold>,
    /// Held until the request has ended.
    pub seat: Seat,
}

/// The first attempt to tell of an order: how long that took is promised (docs/slo.toml).
#[derive(Debug, Clone, Copy)]
pub struct FirstTold {
    /// From the order's dispatch to the claim, by the databases' clocks.
    until_claim: Duration,
    /// From the claim on.
    since_claim: Stopwatch,
}

impl FirstTold {
    /// Of an attempt claimed at `now`: nothing for a repetition, a rehearsal, and what is not an order's dispatch.
    pub fn of(event_type: &str, event_id: Uuid, drill: bool, n: i32, now: Timestamp) -> Option<Self> {
        if n != 1 || drill || event_type != EventType::OrderDispatched.as_str() {
            return None;
        }
        // An event's id is minted as its transaction begins.
        let (seconds, nanos) = event_id.get_timestamp()?.to_unix();
        let dispatched_at = Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()?;
        let until_claim = Duration::try_from(now.duration_since(dispatched_at)).unwrap_or_default();
        Some(Self { until_claim, since_claim: Stopwatch::start() })
    }

    /// Since the order's dispatch.
    pub fn elapsed(&self) -> Duration {
        self.until_claim + self.since_claim.elapsed()
    }
}

/// A place at an endpoint. Dropping it gives it back.
pub struct Seat {
    desk: Arc<Desk>,
    endpoint: EndpointId,
    slots: Arc<Semaphore>,
    /// The pass of an endpoint that is not quick.
    early: Option<OwnedSemaphorePermit>,
    in_hand: Option<InHand>,
}

/// Room in memory for one delivery. Held until its attempt is recorded.
pub struct InHand {
    _room: OwnedSemaphorePermit,
}

/// Leave to send: a slot at the endpoint for the whole request, a pass for its beginning.
pub struct Leave {
    _slot: OwnedSemaphorePermit,
    pass: Option<OwnedSemaphorePermit>,
}

impl Leave {
    /// The request takes long: others may begin.
    pub fn give_up_pass(&mut self) {
        self.pass = None;
    }
}

impl Seat {
    /// Waits for a slot and a pass. `None` when the desk was closed, which it never is.
    pub async fn leave(&mut self) -> Option<Leave> {
        let slot = self.slots.clone().acquire_owned().await.ok()?;
        let pass = match self.early.take() {
            Some(pass) => pass,
            None => self.desk.quick.clone().acquire_owned().await.ok()?,
        };
        Some(Leave { _slot: slot, pass: Some(pass) })
    }

    /// The request has ended: the seat is free for the next, the room in memory is not.
    pub fn stand_up(mut self) -> Option<InHand> {
        self.in_hand.take()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(line) = self.desk.lines().get_mut(&self.endpoint) {
            line.seats_taken -= 1;
        }
    }
}

struct Line {
    pace: Pace,
    seats_taken: usize,
    slots: Arc<Semaphore>,
}

impl Default for Line {
    fn default() -> Self {
        Self { pace: Pace::default(), seats_taken: 0, slots: Arc::new(Semaphore::new(IN_FLIGHT_MAX)) }
    }
}

/// All endpoints of this process.
pub struct Desk {
    lines: Mutex<BTreeMap<EndpointId, Line>>,
    staged: Mutex<Vec<Job>>,
    offered: Mutex<Vec<Job>>,
    /// Something is offered.
    pub news: Notify,
    queue: mpsc::UnboundedSender<Job>,
    quick: Arc<Semaphore>,
    others: Arc<Semaphore>,
    in_hand: Arc<Semaphore>,
}

impl Desk {
    /// An empty desk, and where committed jobs come out. The queue is bounded by the room in memory.
    pub fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<Job>) {
        let (queue, jobs) = mpsc::unbounded_channel();
        let desk = Self {
            lines: Mutex::default(),
            staged: Mutex::default(),
            offered: Mutex::default(),
            news: Notify::new(),
            queue,
            quick: Arc::new(Semaphore::new(QUICK_MAX)),
            others: Arc::new(Semaphore::new(OTHERS_MAX)),
            in_hand: Arc::new(Semaphore::new(IN_HAND_KIB_MAX)),
        };
        (Arc::new(desk), jobs)
    }

    /// A seat at an endpoint for a delivery of so many bytes, or how long to stay away.
    pub fn seat(self: &Arc<Self>, endpoint: &EndpointId, bytes: usize) -> Result<Seat, Duration> {
        self.seat_among(endpoint, bytes, Pace::seats)
    }

    /// The same for a delivery that has just been made: half of the seats at most, so that those that wait already
    /// get theirs.
    pub fn seat_for_new(self: &Arc<Self>, endpoint: &EndpointId, bytes: usize) -> Result<Seat, Duration> {
        self.seat_among(endpoint, bytes, |pace| pace.seats().div_ceil(2))
    }

    fn seat_among(
        self: &Arc<Self>,
        endpoint: &EndpointId,
        bytes: usize,
        seats: impl Fn(Pace) -> usize,
    ) -> Result<Seat, Duration> {
        let kib = bytes.div_ceil(1024).clamp(JOB_KIB_MIN, IN_HAND_KIB_MAX) as u32;
        let mut lines = self.lines();
        let line = lines.entry(endpoint.clone()).or_default();
        let full = line.pace.pause();
        if line.seats_taken >= seats(line.pace) {
            return Err(full);
        }
        let in_hand = self.in_hand.clone().try_acquire_many_owned(kib).map_err(|_| full)?;
        let early = if line.pace.trusted() {
            None
        } else {
            Some(self.others.clone().try_acquire_owned().map_err(|_| full)?)
        };
        line.seats_taken += 1;
        let (endpoint, slots) = (endpoint.clone(), line.slots.clone());
        Ok(Seat { desk: self.clone(), endpoint, slots, early, in_hand: Some(InHand { _room: in_hand }) })
    }

    /// How an endpoint answered; `TimedOut` as soon as it takes too long.
    pub fn learn(&self, endpoint: &EndpointId, outcome: &Outcome, took: Duration) {
        let mut lines = self.lines();
        let line = lines.entry(endpoint.clone()).or_default();
        line.pace = line.pace.after(outcome, took);
    }

    /// Keeps the jobs of a transaction that is not yet committed; those of one that failed are dropped.
    pub fn stage(&self, jobs: Vec<Job>) {
        // Dropped outside the lock's statement: a dropped job gives its seat back.
        let failed = std::mem::replace(&mut *self.staged(), jobs);
        drop(failed);
    }

    /// The transaction is committed: its jobs are to be sent.
    pub fn release(&self) {
        let jobs = std::mem::take(&mut *self.staged());
        self.send(jobs);
    }

    /// Keeps the jobs of a transaction that others may yet commit (`handle::hand_over`).
    pub fn offer(&self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        self.offers().extend(jobs);
        self.news.notify_one();
    }

    /// Everything offered so far.
    pub fn take_offers(&self) -> Vec<Job> {
        std::mem::take(&mut *self.offers())
    }

    /// These are committed: out with them.
    pub fn send(&self, jobs: Vec<Job>) {
        for job in jobs {
            // Nobody receives after shutdown: the lease ends and another process sends it.
            let _ = self.queue.send(job);
        }
    }

    fn offers(&self) -> MutexGuard<'_, Vec<Job>> {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<EndpointId, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn staged(&self) -> MutexGuard<'_, Vec<Job>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(key: &str) -> EndpointId {
        EndpointId { tenant: "990102000000".parse().unwrap(), key: key.into() }
    }

    fn quick(desk: &Desk, key: &str) -> EndpointId {
        let endpoint = endpoint(key);
        desk.learn(&endpoint, &Outcome::Answered { status: 204, retry_after: None }, Duration::ZERO);
        endpoint
    }

    #[test]
    fn a_slow_endpoint_keeps_one_seat_and_leaves_the_others_theirs() {
        let (desk, _jobs) = Desk::new();
        let (dead, alive) = (endpoint("dead"), quick(&desk, "alive"));
        desk.learn(&dead, &Outcome::TimedOut, Duration::from_secs(15));
        let seat = desk.seat(&dead, 500).ok();
        assert!(seat.is_some());
        assert_eq!(desk.seat(&dead, 500).err(), Some(Pace::Slow.pause()));
        let seats: Vec<Seat> = (0..256).filter_map(|_| desk.seat(&alive, 500).ok()).collect();
        assert_eq!(seats.len(), 256);
        assert!(desk.seat(&alive, 500).is_err());
        drop((seat, seats));
        assert!(desk.seat(&dead, 500).is_ok() && desk.seat(&alive, 500).is_ok());
    }

    /// However many endpoints nobody knows or that hang, a quick one finds a seat, a slot and a pass at once.
    #[tokio::test]
    async fn unknown_and_slow_endpoints_never_take_the_share_of_the_quick() {
        let (desk, _jobs) = Desk::new();
        let alive = quick(&desk, "alive");
        let mut held = Vec::new();
        for n in 0..100 {
            let dead = endpoint(&format!("dead-{n}"));
            if n % 2 == 0 {
                desk.learn(&dead, &Outcome::TimedOut, Duration::from_secs(15));
            }
            while let Ok(mut seat) = desk.seat(&dead, 500) {
                let leave = seat.leave().await.unwrap();
                held.push((seat, leave));
            }
        }
        assert_eq!(held.len(), OTHERS_MAX);
        let mut seat = desk.seat(&alive, 500).unwrap_or_else(|_| panic!("a seat for the quick one"));
        assert!(tokio::time::timeout(Duration::from_secs(10), seat.leave()).await.unwrap().is_some());

        // Those that take long go on without a pass, and one nobody knew gets its chance.
        assert!(desk.seat(&endpoint("newcomer"), 500).is_err());
        held.iter_mut().for_each(|(_, leave)| leave.give_up_pass());
        assert!(desk.seat(&endpoint("newcomer"), 500).is_ok());
    }

    #[test]
    fn memory_is_bounded_in_number_and_in_bytes() {
        let (desk, _jobs) = Desk::new();
        let of = |n: usize| quick(&desk, &format!("quick-{}", n / 256));
        let seats: Vec<Seat> = (0..3_000).filter_map(|n| desk.seat(&of(n), 500).ok()).collect();
        assert_eq!(seats.len(), 2_048);
        // The request has ended, its record has not: the seat is free, the memory is not.
        let waiting: Vec<Option<InHand>> = seats.into_iter().map(Seat::stand_up).collect();
        assert!(desk.seat(&of(0), 500).is_err());
        drop(waiting);
        let large: Vec<Seat> = (0..100).filter_map(|n| desk.seat(&of(n), 1024 * 1024).ok()).collect();
        assert_eq!(large.len(), 16);
    }
}
