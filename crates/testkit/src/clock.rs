//! Time that moves only when a test says so.
//!
//! Services read time through one seam, the database clock bound at the start of a transaction (D29); a test puts
//! this in its place. Clones share one time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use pg::{DbClock, Error, ScopedTx};

/// A manual time source. Whole microseconds, as Postgres stores them.
#[derive(Clone, Debug)]
pub struct ManualClock {
    now_us: Arc<AtomicI64>,
}

impl ManualClock {
    /// A clock that stands at `now`, cut to microseconds.
    pub fn at(now: Timestamp) -> Self {
        Self { now_us: Arc::new(AtomicI64::new(now.as_microsecond())) }
    }

    /// The time it stands at.
    pub fn now(&self) -> Timestamp {
        let now_us = self.now_us.load(Ordering::SeqCst);
        Timestamp::from_microsecond(now_us).expect("a manual clock is only set within jiff's range")
    }

    /// Moves to `now`, backwards too.
    pub fn set(&self, now: Timestamp) {
        self.now_us.store(now.as_microsecond(), Ordering::SeqCst);
    }

    /// Moves forward by `step`, in one step also when several tests' tasks do so at once.
    ///
    /// # Panics
    /// When the step leaves jiff's range of years.
    pub fn advance(&self, step: Duration) {
        let step_us = i64::try_from(step.as_micros()).expect("a step of fewer than 292,000 years");
        self.now_us.fetch_add(step_us, Ordering::SeqCst);
        self.now();
    }
}

impl DbClock for ManualClock {
    fn now<'a>(&'a self, _: &'a mut ScopedTx) -> BoxFuture<'a, Result<Timestamp, Error>> {
        Box::pin(std::future::ready(Ok(ManualClock::now(self))))
    }
}
