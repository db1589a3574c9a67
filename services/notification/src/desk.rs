//! Between the claim and the wire: who may be claimed now, and what was.
//!
//! A claim takes a *seat* at its endpoint before the row is touched, and keeps it until the attempt is recorded;
//! how many seats an endpoint has follows from its pace. Claimed jobs are *staged* inside the transaction and
//! handed out only after its commit; a transaction that fails leaves them to be dropped, seats and all.
//! Bounds: seats per endpoint and in all, 4 requests per endpoint and 64 in all under way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};

use crate::core::outcome::Outcome;
use crate::core::pace::{IN_FLIGHT_MAX, Pace};
use crate::core::signature::Secret;
use crate::store::Key;
use crate::tenants::EndpointId;

/// Requests under way to all endpoints at most.
const SENDING_MAX: usize = 64;
/// Seats at all endpoints at most: jobs in memory.
const SEATS_MAX: usize = 512;

/// One attempt, claimed and ready to be sent.
pub struct Job {
    /// The delivery.
    pub key: Key,
    /// Which attempt, from 1.
    pub n: i32,
    /// Where, by name.
    pub endpoint: EndpointId,
    /// Where, by the documents of the claim.
    pub url: String,
    /// What it is signed with.
    pub secret: Secret,
    /// The bytes.
    pub payload: Vec<u8>,
    /// The trace.
    pub traceparent: String,
    /// The claim's database time, in seconds.
    pub timestamp_s: i64,
    /// Held until the attempt is recorded.
    pub seat: Seat,
}

/// A place at an endpoint. Dropping it gives it back.
pub struct Seat {
    desk: Arc<Desk>,
    endpoint: EndpointId,
    /// The requests that may be under way to this endpoint.
    pub slots: Arc<Semaphore>,
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
    queue: mpsc::UnboundedSender<Job>,
    /// The requests that may be under way in all.
    pub sending: Semaphore,
}

impl Desk {
    /// An empty desk, and where committed jobs come out. The queue is bounded by the seats.
    pub fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<Job>) {
        let (queue, jobs) = mpsc::unbounded_channel();
        let sending = Semaphore::new(SENDING_MAX);
        (Arc::new(Self { lines: Mutex::default(), staged: Mutex::default(), queue, sending }), jobs)
    }

    /// A seat at an endpoint, or how long to stay away.
    pub fn seat(self: &Arc<Self>, endpoint: &EndpointId) -> Result<Seat, Duration> {
        let mut lines = self.lines();
        let taken: usize = lines.values().map(|line| line.seats_taken).sum();
        let line = lines.entry(endpoint.clone()).or_default();
        if line.seats_taken >= line.pace.seats() || taken >= SEATS_MAX {
            return Err(line.pace.pause());
        }
        line.seats_taken += 1;
        Ok(Seat { desk: self.clone(), endpoint: endpoint.clone(), slots: line.slots.clone() })
    }

    /// How an endpoint answered.
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
        for job in jobs {
            // Nobody receives after shutdown: the lease ends and another process sends it.
            let _ = self.queue.send(job);
        }
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

    #[test]
    fn a_silent_endpoint_keeps_one_seat_and_leaves_the_others_theirs() {
        let (desk, _jobs) = Desk::new();
        let endpoint = |key: &str| EndpointId { tenant: "990102000000".parse().unwrap(), key: key.into() };
        let (dead, alive) = (endpoint("dead"), endpoint("alive"));
        desk.learn(&dead, &Outcome::TimedOut, Duration::from_secs(15));
        let seat = desk.seat(&dead).ok();
        assert!(seat.is_some());
        assert_eq!(desk.seat(&dead).err(), Some(Pace::Silent.pause()));
        let seats: Vec<Seat> = (0..IN_FLIGHT_MAX).filter_map(|_| desk.seat(&alive).ok()).collect();
        assert_eq!(seats.len(), IN_FLIGHT_MAX);
        assert!(desk.seat(&alive).is_err());
        drop((seat, seats));
        assert!(desk.seat(&dead).is_ok() && desk.seat(&alive).is_ok());
    }
}
