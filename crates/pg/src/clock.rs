//! Time comes from the primary's `clock_timestamp()`, bound once in a transaction (D29), and is not believed
//! after a jump ([`GuardedClock`]).

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::error::Error;
use crate::jump::{Held, JumpGuard};
use crate::pool::ScopedTx;

/// One look at the database's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// What it says, truncated to microseconds.
    pub now: Timestamp,
    /// The last acceptance of a jump (`streetwise clock accept`) the database knows of; 0 for none.
    pub acceptance: i64,
}

/// The test seam of time: services get [`ServerClock`], tests a manual one.
pub trait DbClock: Send + Sync + std::fmt::Debug {
    /// Looks at the clock.
    fn read<'a>(&'a self, tx: &'a mut ScopedTx) -> BoxFuture<'a, Result<Reading, Error>>;

    /// Time that passed in this process since any fixed moment, by a clock that never jumps: what a jump of the
    /// other is measured against.
    fn elapsed(&self) -> Duration;

    /// The instant this transaction decides by, truncated to microseconds.
    fn now<'a>(&'a self, tx: &'a mut ScopedTx) -> BoxFuture<'a, Result<Timestamp, Error>> {
        Box::pin(async move { Ok(self.read(tx).await?.now) })
    }
}

/// The database server's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerClock;

impl DbClock for ServerClock {
    fn read<'a>(&'a self, tx: &'a mut ScopedTx) -> BoxFuture<'a, Result<Reading, Error>> {
        Box::pin(async move {
            let row = sqlx::query!(
                r#"SELECT clock_timestamp() AS "now!", (SELECT max(id) FROM clock_acceptances) AS acceptance"#
            )
            .fetch_one(&mut **tx)
            .await?;
            Ok(Reading { now: micros(row.now.to_jiff()), acceptance: row.acceptance.unwrap_or(0) })
        })
    }

    fn elapsed(&self) -> Duration {
        static STARTED: OnceLock<Instant> = OnceLock::new();
        STARTED.get_or_init(Instant::now).elapsed()
    }
}

/// The last acceptance the database knows of; 0 for none. For clocks that take only this from the database.
pub async fn acceptance(tx: &mut ScopedTx) -> Result<i64, Error> {
    let last = sqlx::query_scalar!("SELECT max(id) FROM clock_acceptances").fetch_one(&mut **tx).await?;
    Ok(last.unwrap_or(0))
}

/// A clock that answers "not available" while the database's time is ahead of where elapsed time says it should
/// be. One per process: doors, consumers and runners share it, so nothing at all is decided by a time in doubt.
#[derive(Debug)]
pub struct GuardedClock {
    clock: Arc<dyn DbClock>,
    guard: JumpGuard,
    holds: bool,
}

impl GuardedClock {
    /// Believes the first reading.
    pub fn new(clock: Arc<dyn DbClock>) -> Self {
        Self { clock, guard: JumpGuard::default(), holds: true }
    }

    /// Shows a jump to [`GuardedClock::look`] and goes on all the same: for a service that decides nothing by its time.
    pub fn unguarded(clock: Arc<dyn DbClock>) -> Self {
        Self { holds: false, ..Self::new(clock) }
    }

    /// The instant this transaction decides by; "not available" while it is in doubt.
    pub async fn now(&self, tx: &mut ScopedTx) -> Result<Timestamp, Error> {
        DbClock::now(self, tx).await
    }

    /// Looks, and says besides whether the reading is in doubt. Only for showing and accepting it.
    pub async fn look(&self, tx: &mut ScopedTx) -> Result<(Reading, Option<Held>), Error> {
        let before = self.clock.elapsed();
        let reading = self.clock.read(tx).await?;
        let held = self.guard.check(before, reading, self.clock.elapsed()).err();
        Ok((reading, held))
    }

    /// Whether the last reading was in doubt, for showing it.
    pub fn held(&self) -> bool {
        self.guard.held()
    }

    /// Records that a person has looked and the time is right. Every process of this schema goes on with its next
    /// reading after the commit. Returns the number of the acceptance.
    pub async fn accept(&self, tx: &mut ScopedTx, actor: &str) -> Result<i64, Error> {
        let (reading, held) = self.look(tx).await?;
        let id = sqlx::query_scalar!(
            "INSERT INTO clock_acceptances (at, ahead_us, actor) VALUES ($1, $2, $3) RETURNING id",
            jiff_sqlx::Timestamp::from(reading.now) as jiff_sqlx::Timestamp,
            held.map(|held| held.ahead_us),
            actor,
        )
        .fetch_one(&mut **tx)
        .await?;
        Ok(id)
    }
}

impl DbClock for GuardedClock {
    fn read<'a>(&'a self, tx: &'a mut ScopedTx) -> BoxFuture<'a, Result<Reading, Error>> {
        Box::pin(async move {
            let (reading, held) = self.look(tx).await?;
            let Some(held) = held.filter(|_| self.holds) else { return Ok(reading) };
            if self.guard.alarm_is_due(self.clock.elapsed()) {
                tracing::error!(ahead_us = held.ahead_us, "database clock jumped: acts and firing are held");
            }
            Err(Error::held(held))
        })
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }
}

/// Truncates to microseconds, as Postgres keeps them; jiff keeps nanoseconds.
pub fn micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
