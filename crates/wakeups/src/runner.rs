//! The loop: claim what is due, let the service decide, re-arm or delete, commit.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ids::TenantId;
use jiff::Timestamp;
use pg::{DbClock, Pool, ScopedTx, TenantScope, crash};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::jump::JumpGuard;
use crate::{Kind, Wakeup, store};

/// Bounds of a runner.
#[derive(Debug, Clone)]
pub struct RunnerConfig {
    /// Rows of one tenant in one batch at most: what keeps a busy tenant from delaying the others.
    pub rows_per_tenant_max: i64,
    /// Rows in one transaction at most.
    pub batch_rows_max: i64,
    /// Longest sleep while idle.
    pub idle_ms_max: u64,
    /// Pause after the database failed or while firing is held.
    pub backoff_ms: u64,
}

impl Default for RunnerConfig {
    fn default() -> Self {
        Self { rows_per_tenant_max: 64, batch_rows_max: 512, idle_ms_max: 250, backoff_ms: 500 }
    }
}

/// Why firing failed.
#[derive(Debug, thiserror::Error)]
pub enum FireError {
    /// The database said no, or nothing at all.
    #[error("firing wake-ups")]
    Database(#[from] pg::Error),
    /// The service's own decision failed; text without personal data.
    #[error("firing wake-ups: {0}")]
    Broken(String),
}

impl From<sqlx::Error> for FireError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// What a service does when woken. It must arm or disarm every subject it was given (or leave the row, which
/// fires again), inside `tx`.
pub trait Fire: Send + Sync + 'static {
    /// The one kind this runner claims.
    const KIND: Kind;

    /// Which tenants the transaction sees beyond those of the claimed rows.
    fn districts(&self, _tenants: &[TenantId]) -> Vec<TenantId> {
        Vec::new()
    }

    /// Looks at the claimed subjects and acts; `now` is what the claim compared with.
    fn fire(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        due: Vec<Wakeup>,
    ) -> impl Future<Output = Result<(), FireError>> + Send;
}

/// Claims and fires wake-ups of one kind. Any number of replicas may run.
pub struct Runner<F> {
    pool: Pool,
    clock: Arc<dyn DbClock>,
    guard: Arc<JumpGuard>,
    started: Instant,
    fire: Arc<F>,
    after_commit: Arc<dyn Fn() + Send + Sync>,
    armed: Arc<Notify>,
    config: RunnerConfig,
}

impl<F: Fire> Runner<F> {
    /// A runner that has not started. `after_commit` wakes the relay; `armed` wakes this runner when the process
    /// has armed something near.
    pub fn new(
        pool: Pool,
        clock: Arc<dyn DbClock>,
        guard: Arc<JumpGuard>,
        fire: Arc<F>,
        after_commit: Arc<dyn Fn() + Send + Sync>,
        armed: Arc<Notify>,
        config: RunnerConfig,
    ) -> Self {
        Self { pool, clock, guard, started: Instant::now(), fire, after_commit, armed, config }
    }

    /// Runs until shutdown; the batch in hand is finished first.
    pub async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let pause = match self.round().await {
                Ok(Round::Fired(_)) => Duration::ZERO,
                Ok(Round::Idle { sleep }) => sleep,
                Ok(Round::Held) => Duration::from_millis(self.config.backoff_ms),
                Err(error) => {
                    tracing::warn!(
                        kind = F::KIND,
                        error = &error as &dyn std::error::Error,
                        "round is tried again"
                    );
                    Duration::from_millis(self.config.backoff_ms)
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.armed.notified(), if !pause.is_zero() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// A person, or a test that moves its own clock, says the database's time is right.
    pub fn accept_clock(&self) {
        self.guard.accept();
    }

    /// Fires everything due now; for tests that drain until empty. Returns how many wake-ups were fired.
    pub async fn drain(&self) -> Result<usize, FireError> {
        let mut fired = 0;
        while let Round::Fired(some) = self.round().await? {
            fired += some;
        }
        Ok(fired)
    }

    async fn round(&self) -> Result<Round, FireError> {
        let mut tx = self.pool.begin(TenantScope::of_claim()).await?;
        let now = self.clock.now(&mut tx).await?;
        if let Err(held) = self.guard.check(now, self.started.elapsed()) {
            tracing::error!(
                kind = F::KIND,
                ahead_us = held.ahead_us,
                "database clock jumped: firing is held"
            );
            return Ok(Round::Held);
        }
        let due = self.claim(&mut tx, now).await?;
        if due.is_empty() {
            let first = store::first_due(&mut tx, F::KIND).await?;
            tx.commit().await?;
            return Ok(Round::Idle { sleep: self.sleep_until(first, now) });
        }
        let fired = due.len();
        let tenants: Vec<TenantId> = due.iter().map(|wakeup| wakeup.tenant).collect();
        let districts = self.fire.districts(&tenants);
        tx.narrow_to_claimed(tenants.into_iter().chain(districts)).await?;
        self.fire.fire(&mut tx, now, due).await?;
        crash::point("wakeups.before_commit");
        tx.commit().await?;
        crash::point("wakeups.after_commit");
        (self.after_commit)();
        Ok(Round::Fired(fired))
    }

    /// Claimed rows in (tenant, id) order, the order everybody locks in.
    async fn claim(&self, tx: &mut ScopedTx, now: Timestamp) -> Result<Vec<Wakeup>, FireError> {
        let config = &self.config;
        let rows = store::claim(tx, F::KIND, now, config.rows_per_tenant_max, config.batch_rows_max).await?;
        let read = |row: store::Claimed| {
            let tenant = TenantId::from_i64(row.tenant_id);
            let tenant = tenant.map_err(|_| pg::Error::impossible_row("wakeups.tenant_id"))?;
            Ok(Wakeup { tenant, kind: F::KIND, subject_id: row.subject_id, due_at: row.due_at.to_jiff() })
        };
        let mut due = rows.into_iter().map(read).collect::<Result<Vec<_>, pg::Error>>()?;
        due.sort();
        Ok(due)
    }

    fn sleep_until(&self, first: Option<Timestamp>, now: Timestamp) -> Duration {
        let idle = Duration::from_millis(self.config.idle_ms_max);
        let left_us = first.map_or(i64::MAX, |due| due.as_microsecond() - now.as_microsecond());
        idle.min(Duration::from_micros(u64::try_from(left_us).unwrap_or(0))).max(Duration::from_millis(1))
    }
}

enum Round {
    Fired(usize),
    Idle { sleep: Duration },
    Held,
}
