//! Time that moves only when a test says so.
//!
//! Services read time through one seam, the database clock bound at the start of a transaction (D29); a test puts
//! this in its place. Clones share one time. What a test moves is time that passed: the guard against jumps of the
//! database's clock sees one only after [`ManualClock::jump`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use pg::{DbClock, Error, Reading, ScopedTx};

/// A manual time source. Whole microseconds, as Postgres stores them.
#[derive(Clone, Debug)]
pub struct ManualClock {
    now_us: Arc<AtomicI64>,
    jumped_us: Arc<AtomicI64>,
}

impl ManualClock {
    /// A clock that stands at `now`, cut to microseconds.
    pub fn at(now: Timestamp) -> Self {
        Self { now_us: Arc::new(AtomicI64::new(now.as_microsecond())), jumped_us: Arc::default() }
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

impl ManualClock {
    /// Puts the database's clock forward by `step` although no time passed. Backwards: [`ManualClock::jump_back`].
    ///
    /// # Panics
    /// When the step leaves jiff's range of years.
    pub fn jump(&self, step: Duration) {
        let step_us = i64::try_from(step.as_micros()).expect("a step of fewer than 292,000 years");
        self.jumped_us.fetch_add(step_us, Ordering::SeqCst);
        self.advance(step);
    }

    /// Undoes all jumps.
    pub fn jump_back(&self) {
        let jumped_us = self.jumped_us.swap(0, Ordering::SeqCst);
        self.now_us.fetch_sub(jumped_us, Ordering::SeqCst);
    }
}

impl DbClock for ManualClock {
    fn read<'a>(&'a self, tx: &'a mut ScopedTx) -> BoxFuture<'a, Result<Reading, Error>> {
        Box::pin(
            async move { Ok(Reading { acceptance: pg::acceptance(tx).await?, now: ManualClock::now(self) }) },
        )
    }

    fn elapsed(&self) -> Duration {
        let passed_us = self.now_us.load(Ordering::SeqCst) - self.jumped_us.load(Ordering::SeqCst);
        Duration::from_micros(u64::try_from(passed_us).unwrap_or(0))
    }
}
