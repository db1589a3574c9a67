//! The loop: claim what is due, let the service decide, re-arm or delete, commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ids::TenantId;
use jiff::Timestamp;
use pg::{DbClock, Listener, Pool, ScopedTx, TenantScope, crash};
use telemetry::{Metrics, Stopwatch};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::metrics::Measured;
use crate::pace::{BEGINNING, Came, Look, Looked, Pace, search_pause};
use crate::{Fire, FireError, RunnerConfig, Wakeup, store};

/// Least pause after a round that could not move what is due, e.g. because others hold it.
const STUCK_PAUSE: Duration = Duration::from_millis(20);

/// What the runners of one process share. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Base {
    /// Where wake-ups are claimed. Who arms them uses the same pool, or the runner learns of it by its poll.
    pub pool: Pool,
    /// The database's time, guarded against jumps.
    pub clock: Arc<dyn DbClock>,
    /// Where they count.
    pub metrics: Metrics,
}

/// Claims and fires wake-ups of one kind. Any number of replicas may run.
pub struct Runner<F> {
    base: Base,
    fire: Arc<F>,
    after_commit: Arc<dyn Fn() + Send + Sync>,
    config: RunnerConfig,
    measured: Measured,
    /// What this process arms.
    armed: Listener,
    pace: Arc<Mutex<Pace>>,
    /// There is more than one batch takes.
    behind: Arc<Notify>,
    /// Whether this is the hand that helps.
    second: bool,
    /// The tenant served last: the next claim begins after it.
    last_tenant: AtomicI64,
    /// Rows of the next claim at most: halved until a culprit is alone, doubled with each success.
    batch_rows: AtomicI64,
}

enum Round {
    /// `moved` of the claimed rows are armed anew or gone.
    Fired { moved: usize },
    /// Nothing is due before `until`.
    Idle { pause: Duration, until: Timestamp },
    /// The time is in doubt.
    Held,
    /// The batch failed; the next one is smaller, or without its culprit.
    Narrowed,
}

/// Rows that were claimed, and how.
struct Claim {
    due: Vec<Wakeup>,
    looked: Looked,
    /// Whether there may be more.
    full: bool,
}

/// A claimed batch that failed, by its own fault.
struct Failed {
    error: FireError,
    due: Vec<Wakeup>,
    now: Timestamp,
}

enum Attempt {
    Done(Round),
    Failed(Failed),
}

impl<F: Fire> Runner<F> {
    /// A runner that has not started. `after_commit` wakes the relay.
    pub fn new(
        base: Base,
        fire: Arc<F>,
        after_commit: Arc<dyn Fn() + Send + Sync>,
        config: RunnerConfig,
    ) -> Self {
        let (last_tenant, batch_rows) = (AtomicI64::new(0), AtomicI64::new(config.batch_rows_max));
        let (measured, armed) = (Measured::new(&base.metrics, F::KIND), base.pool.listen(F::KIND));
        let (pace, behind, second) = Default::default();
        Self {
            base,
            fire,
            after_commit,
            config,
            measured,
            armed,
            pace,
            behind,
            second,
            last_tenant,
            batch_rows,
        }
    }

    /// Runs until shutdown; what is in hand is finished first.
    pub async fn run(self, shutdown: CancellationToken) {
        let hands = async {
            match F::TWO_HANDS {
                true => tokio::join!(self.first_hand(&shutdown), self.help().second_hand(&shutdown)).0,
                false => self.first_hand(&shutdown).await,
            }
        };
        tokio::select! {
            () = hands => {}
            () = self.searches() => {}
        }
    }

    /// Searches beside the hands, never ending: within a round it would hold up everything that is due meanwhile.
    async fn searches(&self) {
        let least = Duration::from_millis(self.config.search_ms_min);
        let (mut pause, mut failed) = (least, 0_u32);
        loop {
            tokio::time::sleep(pause).await;
            let limit = Duration::from_millis(self.config.round_ms_max);
            (pause, failed) = match pg::within(limit, self.search()).await {
                Ok(took) => (search_pause(took, least), 0),
                Err(error) => {
                    self.not_searched(&error, failed + 1);
                    (least, failed + 1)
                }
            };
        }
    }

    /// Finds what looks since the last one pass over; locks nothing. How long the database took, waiting for it apart.
    async fn search(&self) -> Result<Duration, FireError> {
        let mut tx = self.base.pool.begin(TenantScope::of_claim()).await?;
        let started = Stopwatch::start();
        let first = store::first_due(&mut tx, F::KIND, BEGINNING).await?;
        tx.commit().await?;
        first.into_iter().for_each(|first| self.pace().found(first));
        Ok(started.elapsed())
    }

    /// What no search has seen, the next look does: from the beginning.
    fn not_searched(&self, error: &FireError, tried: u32) {
        self.pace().failed();
        let error = error as &dyn std::error::Error;
        match tried {
            1 => tracing::debug!(kind = F::KIND, error, "what is overdue is looked for by the next claim"),
            _ => tracing::warn!(kind = F::KIND, error, tried, "searches for what is overdue fail"),
        }
    }

    /// A second hand of this runner.
    fn help(&self) -> Self {
        let (base, config) = (self.base.clone(), self.config.clone());
        let made = Self::new(base, self.fire.clone(), self.after_commit.clone(), config);
        Self { pace: self.pace.clone(), behind: self.behind.clone(), second: true, ..made }
    }

    /// Takes a batch whenever a claim was full, its own ones included.
    async fn second_hand(self, shutdown: &CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                () = self.behind.notified() => {}
            }
            let (pause, _) = self.pause_after(self.round().await);
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn first_hand(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            let (pause, until) = self.pause_after(self.round().await);
            let sooner = async {
                match until {
                    Some(until) => self.armed.sooner_than(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = sooner => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// How long to wait, and before which instant something armed meanwhile cuts that short (never after a failure).
    fn pause_after(&self, round: Result<Round, FireError>) -> (Duration, Option<Timestamp>) {
        let backoff = Duration::from_millis(self.config.backoff_ms);
        match round {
            Ok(Round::Fired { moved: 0 } | Round::Narrowed) => (STUCK_PAUSE, None),
            Ok(Round::Fired { .. }) => (Duration::ZERO, None),
            Ok(Round::Idle { pause, until }) => (pause, Some(until)),
            Ok(Round::Held) => (backoff, None),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(kind = F::KIND, error, "round is tried again");
                (backoff, None)
            }
        }
    }

    /// Fires everything due now; for tests that drain until empty. Returns how many wake-ups were moved.
    pub async fn drain(&self) -> Result<usize, FireError> {
        let mut fired = 0;
        // Also what other processes armed for the past, without waiting for a search.
        self.pace().failed();
        loop {
            match self.once().await? {
                0 => return Ok(fired),
                moved => fired += moved,
            }
        }
    }

    /// Fires one batch of what is due now, smaller ones if it fails; for tests that look between batches. Returns
    /// how many wake-ups were moved.
    pub async fn once(&self) -> Result<usize, FireError> {
        loop {
            match self.round().await? {
                Round::Fired { moved } => return Ok(moved),
                Round::Idle { .. } | Round::Held => return Ok(0),
                Round::Narrowed => {}
            }
        }
    }

    async fn round(&self) -> Result<Round, FireError> {
        let limit = Duration::from_millis(self.config.round_ms_max);
        let attempt = pg::within(limit, self.attempt()).await;
        if !matches!(attempt, Ok(Attempt::Done(_))) {
            self.pace().failed();
        }
        match attempt? {
            Attempt::Done(round) => Ok(round),
            // It is given back. The first hand begins anew and narrows down to what is wrong.
            Attempt::Failed(failed) if self.second => Err(failed.error),
            Attempt::Failed(failed) => {
                pg::within(limit, self.narrow(failed)).await?;
                Ok(Round::Narrowed)
            }
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        // Each of its methods leaves it whole.
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn attempt(&self) -> Result<Attempt, FireError> {
        if !self.second {
            self.pace().heard(self.armed.take());
        }
        let mut tx = self.base.pool.begin(TenantScope::of_claim()).await?;
        let now = match self.base.clock.now(&mut tx).await {
            // Said by the clock itself.
            Err(error) if error.clock_held().is_some() => return Ok(Attempt::Done(Round::Held)),
            now => now?,
        };
        let Claim { due, looked, full } = self.claim(&mut tx, now).await?;
        // Batches that are smaller look for a culprit, and a second hand would take it from them.
        if full && self.batch_rows.load(Ordering::Relaxed) >= self.config.batch_rows_max {
            self.behind.notify_one();
        }
        let tenants: BTreeSet<TenantId> = due.iter().map(|wakeup| wakeup.tenant).collect();
        let dues = || due.iter().map(|wakeup| wakeup.due_at);
        let (first_due, last_due) = (dues().min().unwrap_or(now), dues().max().unwrap_or(now));
        let came = |moved| Came {
            claimed: due.len(),
            moved,
            tenants: tenants.len(),
            first: first_due,
            last: last_due,
            full,
        };
        let Some(last) = due.last().map(|wakeup| wakeup.tenant) else {
            if self.second {
                tx.commit().await?;
                return Ok(Attempt::Done(Round::Idle { pause: Duration::ZERO, until: now }));
            }
            let next = store::first_due(&mut tx, F::KIND, looked.look.floor()).await?;
            tx.commit().await?;
            self.pace().served(looked, now, came(0));
            return Ok(Attempt::Done(self.idle(next, now)));
        };
        match self.fire(tx, now, due.clone()).await {
            Ok(moved) => {
                match self.second {
                    true => self.pace().served_beside(came(moved)),
                    false => self.pace().served(looked, now, came(moved)),
                }
                self.measured.claimed(&due, now);
                self.last_tenant.store(last.as_i64(), Ordering::Relaxed);
                self.widen();
                Ok(Attempt::Done(Round::Fired { moved }))
            }
            Err(error) if error.passes() => Err(error),
            Err(error) => Ok(Attempt::Failed(Failed { error, due, now })),
        }
    }

    async fn fire(&self, mut tx: ScopedTx, now: Timestamp, due: Vec<Wakeup>) -> Result<usize, FireError> {
        let moved = match self.act(&mut tx, now, due).await {
            Ok(moved) => moved,
            Err(error) => {
                // The next claim passes over rows that are still locked, and would find nothing due.
                if let Err(gone) = tx.rollback().await {
                    tracing::debug!(
                        error = &gone as &dyn std::error::Error,
                        "the transaction is gone already"
                    );
                }
                return Err(error);
            }
        };
        crash::point("wakeups.before_commit");
        tx.commit().await?;
        crash::point("wakeups.after_commit");
        (self.after_commit)();
        Ok(moved)
    }

    async fn act(&self, tx: &mut ScopedTx, now: Timestamp, mut due: Vec<Wakeup>) -> Result<usize, FireError> {
        // In (tenant, id) order, the order everybody locks in.
        due.sort();
        let tenants: Vec<TenantId> = due.iter().map(|wakeup| wakeup.tenant).collect();
        let districts = self.fire.districts(&tenants);
        tx.narrow_to_claimed(tenants.into_iter().chain(districts)).await?;
        self.fire.fire(tx, now, due).await
    }

    /// What became due since the last look. If that is more than one batch takes, and much of one tenant: a few rows of each
    /// instead, beginning after the one served last.
    async fn claim(&self, tx: &mut ScopedTx, now: Timestamp) -> Result<Claim, FireError> {
        let rows = self.batch_rows.load(Ordering::Relaxed);
        let full = |due: &[Wakeup]| due.len() as i64 >= rows;
        let looked = if self.second { self.pace().look_beside() } else { self.pace().look(now) };
        if let Look::Since(floor) = looked.look {
            let claimed = store::claim_since(tx, F::KIND, floor, now, rows).await?;
            let due = wakeups::<F>(tx, claimed)?;
            let full = full(&due);
            if !full || !self.crowded(&due) {
                return Ok(Claim { due, looked, full });
            }
        }
        let bounds = store::Bounds {
            after: self.last_tenant.load(Ordering::Relaxed),
            rows_per_tenant: self.config.rows_per_tenant_max,
            rows,
        };
        let claimed = store::claim(tx, F::KIND, now, bounds).await?;
        let due = wakeups::<F>(tx, claimed)?;
        let full = full(&due);
        Ok(Claim { due, looked: Looked { look: Look::Round, ..looked }, full })
    }

    /// Whether one tenant has more than its share of these.
    fn crowded(&self, due: &[Wakeup]) -> bool {
        let mut rows_of = BTreeMap::<TenantId, i64>::new();
        due.iter().for_each(|wakeup| *rows_of.entry(wakeup.tenant).or_default() += 1);
        rows_of.values().any(|rows| *rows > self.config.rows_per_tenant_max)
    }

    /// After a failure that trying again does not mend: half the rows, and when the culprit is alone, later.
    async fn narrow(&self, Failed { error, due, now }: Failed) -> Result<(), FireError> {
        let [culprit] = &due[..] else {
            tracing::warn!(
                kind = F::KIND,
                rows = due.len(),
                error = &error as &dyn std::error::Error,
                "batch of wake-ups is halved"
            );
            self.batch_rows.store((due.len() / 2).max(1) as i64, Ordering::Relaxed);
            return Ok(());
        };
        let later = now + Duration::from_secs(self.config.put_off_s.into());
        let mut tx = self.base.pool.begin(TenantScope::of_claim()).await?;
        store::put_off(&mut tx, culprit, later).await?;
        tx.commit().await?;
        self.measured.put_off();
        tracing::error!(
            kind = F::KIND,
            tenant = %culprit.tenant,
            subject_id = %culprit.subject_id,
            error = &error as &dyn std::error::Error,
            "wake-up could not be fired and is put off"
        );
        Ok(())
    }

    fn widen(&self) {
        let rows = self.batch_rows.load(Ordering::Relaxed);
        self.batch_rows.store(rows.saturating_mul(2).min(self.config.batch_rows_max), Ordering::Relaxed);
    }

    /// What is due and was not claimed is held by another runner: it is left alone for a moment.
    fn idle(&self, first: Option<Timestamp>, now: Timestamp) -> Round {
        let longest = Duration::from_millis(self.config.idle_ms_max);
        let left_us = first.map_or(i64::MAX, |due| due.as_microsecond() - now.as_microsecond());
        let pause = match u64::try_from(left_us) {
            Ok(left_us @ 1..) => longest.min(Duration::from_micros(left_us)).max(Duration::from_millis(1)),
            Ok(0) | Err(_) => STUCK_PAUSE,
        };
        Round::Idle { pause, until: now + pause }
    }
}

/// What was claimed; where it stands is noted for who moves it.
fn wakeups<F: Fire>(tx: &mut ScopedTx, rows: Vec<store::Claimed>) -> Result<Vec<Wakeup>, pg::Error> {
    let read = |row: store::Claimed| {
        let tenant = TenantId::from_i64(row.tenant_id);
        let tenant = tenant.map_err(|_| pg::Error::impossible_row("wakeups.tenant_id"))?;
        tx.places().note(tenant, F::KIND, row.subject_id, row.place);
        Ok(Wakeup { tenant, kind: F::KIND, subject_id: row.subject_id, due_at: row.due_at.to_jiff() })
    };
    rows.into_iter().map(read).collect()
}
