//! Postgres with the tables of crate `wakeups` and one table of marks; runners on it, and what they did.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use ids::TenantId;
use jiff::Timestamp;
use pg::migrate::{self, Schema};
use pg::{Pool, PoolConfig, ScopedTx, ServerClock, TenantScope};
use sqlx::PgPool;
use telemetry::Metrics;
use tempfile::TempDir;
use testkit::postgres::{Cluster as Postgres, Database, DurableCluster};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wakeups::{Base, Fire, FireError, Runner, RunnerConfig, Wakeup};

use crate::bench::server;

/// Streets the wake-ups are of.
const STREETS: usize = 1_000;
/// Wake-ups of one transaction that arms or cancels.
const BATCH: usize = 1_000;
/// Clients that arm or cancel.
const CLIENTS: usize = 2;
/// How far ahead what stays armed is due.
const FAR_AHEAD: Duration = Duration::from_secs(3_600);

const TABLES: &str = "SET ROLE wakes_owner; SET search_path = wakes;
    CREATE TABLE marks (tenant_id bigint NOT NULL, subject_id uuid NOT NULL, due_at timestamptz NOT NULL,
        marked_at timestamptz NOT NULL);
    SELECT tenant_table('marks')";

/// When wake-ups are due.
#[derive(Debug, Clone, Copy)]
pub enum Spread {
    /// All in an hour.
    FarAhead,
    /// All now.
    Now,
    /// Evenly, from a moment on.
    Over {
        /// The moment.
        ahead: Duration,
        /// For so long.
        lasting: Duration,
    },
}

/// The server and what was armed on it.
pub struct Engine {
    /// As an administrator.
    pub admin: PgPool,
    database: Database,
    drawn: AtomicUsize,
    due: AtomicUsize,
    _postgres: DurableCluster,
    // Last: the server's data lie in it.
    _folder: TempDir,
}

/// What the marks say in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Marked before they were due.
    pub early: i64,
    /// Due, and not marked.
    pub missed: i64,
    /// Marked more than once, each time beyond the first.
    pub doubled: i64,
}

impl Verdict {
    /// Whether all is as it should be.
    pub fn sound(&self) -> bool {
        (self.early, self.missed, self.doubled) == (0, 0, 0)
    }
}

impl Engine {
    /// Starts the server.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("streetwise-bench-").tempdir_in("/var/tmp")?;
        crate::cluster::open_to_all(folder.path())?;
        let data = folder.path().join("postgres");
        std::fs::create_dir(&data)?;
        let postgres = Postgres::start_durable_with(&data, server::SETTINGS).await?;
        let database = Database::fresh_in(postgres.cluster(), "wakeups").await?;
        let migrators = vec![migrate::base(), wakeups::migrations()];
        migrate::apply(&database.admin_url(), &Schema { service: "wakes", migrators }).await?;
        let admin = PgPool::connect(&database.admin_url()).await?;
        // On a connection of its own: the role stays with it.
        sqlx::raw_sql(TABLES).execute(&mut admin.acquire().await?.detach()).await?;
        let (drawn, due) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Ok(Self { admin, database, drawn, due, _postgres: postgres, _folder: folder })
    }

    /// The administrator's URL.
    pub fn admin_url(&self) -> String {
        self.database.admin_url()
    }

    /// What a runner's process is told.
    pub fn runner_url(&self) -> String {
        self.database.url_for("wakes")
    }

    /// Arms fresh wake-ups of all streets in turn.
    pub async fn arm(&self, count: usize, spread: Spread) -> Result<()> {
        if !matches!(spread, Spread::FarAhead) {
            self.due.fetch_add(count, Ordering::SeqCst);
        }
        let first = self.drawn.fetch_add(count, Ordering::SeqCst);
        let now: Timestamp = self.now().await?;
        let due = |n: usize| match spread {
            Spread::FarAhead => now + FAR_AHEAD,
            Spread::Now => now,
            Spread::Over { ahead, lasting } => now + ahead + lasting.mul_f64(n as f64 / count as f64),
        };
        let wakeup = |n: usize| Wakeup { due_at: due(n - first), ..far(n) };
        self.each(
            first,
            count,
            |numbers| numbers.map(wakeup).collect(),
            async |tx, wakeups| wakeups::arm(tx, &wakeups).await,
        )
        .await
    }

    /// Cancels that many of those that are far ahead, which were armed first; returns how many there were.
    pub async fn cancel(&self, count: usize) -> Result<u64> {
        let before: i64 = self.number("SELECT count(*) FROM wakes.wakeups").await?;
        let keys = |n: usize| far(n);
        self.each(
            0,
            count,
            |numbers| numbers.map(keys).collect(),
            async |tx, wakeups| {
                let subjects: Vec<_> =
                    wakeups.iter().map(|wakeup| (wakeup.tenant, wakeup.subject_id)).collect();
                wakeups::disarm(tx, Mark::KIND, &subjects).await
            },
        )
        .await?;
        let after: i64 = self.number("SELECT count(*) FROM wakes.wakeups").await?;
        Ok((before - after) as u64)
    }

    async fn each(
        &self,
        first: usize,
        count: usize,
        made: impl Fn(std::ops::Range<usize>) -> Vec<Wakeup>,
        act: impl AsyncFn(&mut ScopedTx, Vec<Wakeup>) -> Result<(), pg::Error>,
    ) -> Result<()> {
        let pool = pool(&self.runner_url())?;
        let next = AtomicUsize::new(0);
        let client = async || -> Result<()> {
            loop {
                let from = next.fetch_add(BATCH, Ordering::SeqCst);
                if from >= count {
                    return Ok(());
                }
                let wakeups = made(first + from..first + count.min(from + BATCH));
                let tenants: Vec<TenantId> = wakeups.iter().map(|wakeup| wakeup.tenant).collect();
                let mut tx = pool.begin(TenantScope::of_subjects(tenants)).await?;
                act(&mut tx, wakeups).await?;
                tx.commit().await?;
            }
        };
        futures_util::future::try_join_all((0..CLIENTS).map(|_| client())).await?;
        Ok(())
    }

    /// A runner in this process.
    pub async fn run(&self) -> Result<Running> {
        let mark = Mark::anchored(Anchor::read(&self.admin).await?);
        let (bell, stop) = (mark.0.clone(), CancellationToken::new());
        let (url, until) = (self.runner_url(), stop.clone());
        let task = tokio::spawn(async move { ring(&url, mark, until).await });
        Ok(Running { bell, stop, task })
    }

    /// How many were marked so far.
    pub async fn marked(&self) -> Result<u64> {
        Ok(self.number("SELECT count(*) FROM wakes.marks").await? as u64)
    }

    /// Looks through the marks.
    pub async fn verdict(&self) -> Result<Verdict> {
        let early = self.number("SELECT count(*) FROM wakes.marks WHERE marked_at < due_at").await?;
        let marked = self.number("SELECT count(*) FROM wakes.marks").await?;
        let distinct = self
            .number("SELECT count(*) FROM (SELECT DISTINCT tenant_id, subject_id FROM wakes.marks) m")
            .await?;
        let due = self.due.load(Ordering::SeqCst) as i64;
        Ok(Verdict { early, missed: due - distinct, doubled: marked - distinct })
    }

    async fn number(&self, query: &'static str) -> Result<i64> {
        Ok(sqlx::query_scalar(query).fetch_one(&self.admin).await?)
    }

    async fn now(&self) -> Result<Timestamp> {
        let now: jiff_sqlx::Timestamp =
            sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&self.admin).await?;
        Ok(now.to_jiff())
    }
}

/// The `n`th wake-up, whenever it is due.
fn far(n: usize) -> Wakeup {
    let tenant = TenantId::from_i64(990_102_000_000 + (n % STREETS) as i64).expect("twelve digits");
    // Spread over the index as ids of orders are, by a bijection of whole numbers.
    let subject_id = Uuid::from_u64_pair((n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15), n as u64);
    Wakeup { tenant, kind: Mark::KIND, subject_id, due_at: Timestamp::UNIX_EPOCH }
}

fn pool(url: &str) -> Result<Pool> {
    Ok(Pool::new(url, "wakes", &PoolConfig::default())?)
}

/// Runs until told to stop.
pub async fn ring(url: &str, mark: Mark, until: CancellationToken) -> Result<()> {
    let base = Base { pool: pool(url)?, clock: Arc::new(ServerClock), metrics: Metrics::new("bench") };
    let bell = mark.0.clone();
    let after_commit = Arc::new(move || bell.committed());
    Runner::new(base, Arc::new(mark), after_commit, RunnerConfig::default()).run(until).await;
    Ok(())
}

/// What a runner did.
#[derive(Debug)]
pub struct Bell {
    anchor: Anchor,
    staged: Mutex<Vec<Timestamp>>,
    lags: Mutex<Vec<(Instant, Duration)>>,
}

impl Bell {
    fn committed(&self) {
        let now = Instant::now();
        let due = std::mem::take(&mut *held(&self.staged));
        held(&self.lags).extend(due.into_iter().map(|due| (now, self.anchor.late(due, now))));
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Marks what is due and disarms it.
#[derive(Debug)]
pub struct Mark(Arc<Bell>);

impl Mark {
    /// Tells lags by this.
    pub fn anchored(anchor: Anchor) -> Self {
        Self(Arc::new(Bell { anchor, staged: Mutex::default(), lags: Mutex::default() }))
    }
}

/// Database time and ours at one moment, so that a lag can be told after a commit without asking.
#[derive(Debug, Clone, Copy)]
pub struct Anchor {
    at: Timestamp,
    then: Instant,
}

impl Anchor {
    /// The quickest of some answers, taken for the middle of its way.
    pub async fn read(admin: &PgPool) -> Result<Self> {
        let (mut best, mut quickest) = (None, Duration::MAX);
        for _ in 0..20 {
            let sent = Instant::now();
            let at: jiff_sqlx::Timestamp =
                sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(admin).await?;
            let took = sent.elapsed();
            if took < quickest {
                (best, quickest) = (Some(Self { at: at.to_jiff(), then: sent + took / 2 }), took);
            }
        }
        best.context("the database does not tell the time")
    }

    /// How late something is at an instant.
    pub fn late(&self, due: Timestamp, now: Instant) -> Duration {
        let at = self.at + now.duration_since(self.then);
        Duration::try_from(at.duration_since(due)).unwrap_or_default()
    }
}

impl Fire for Mark {
    const KIND: wakeups::Kind = "mark";

    async fn fire(&self, tx: &mut ScopedTx, _now: Timestamp, due: Vec<Wakeup>) -> Result<usize, FireError> {
        let tenants: Vec<i64> = due.iter().map(|wakeup| wakeup.tenant.as_i64()).collect();
        let subjects: Vec<Uuid> = due.iter().map(|wakeup| wakeup.subject_id).collect();
        let dues: Vec<jiff_sqlx::Timestamp> = due.iter().map(|wakeup| wakeup.due_at.into()).collect();
        sqlx::query(
            "INSERT INTO marks SELECT *, clock_timestamp() FROM UNNEST($1::bigint[], $2::uuid[], $3::timestamptz[])",
        )
        .bind(&tenants)
        .bind(&subjects)
        .bind(&dues)
        .execute(&mut **tx)
        .await?;
        let keys: Vec<_> = due.iter().map(|wakeup| (wakeup.tenant, wakeup.subject_id)).collect();
        wakeups::disarm(tx, Self::KIND, &keys).await?;
        held(&self.0.staged).extend(due.iter().map(|wakeup| wakeup.due_at));
        Ok(due.len())
    }
}

/// A runner that runs.
pub struct Running {
    bell: Arc<Bell>,
    stop: CancellationToken,
    task: JoinHandle<Result<()>>,
}

impl Running {
    /// How many it has fired and committed.
    pub fn rung(&self) -> usize {
        held(&self.bell.lags).len()
    }

    /// How late each was.
    pub fn lags(&self) -> Vec<Duration> {
        held(&self.bell.lags).iter().map(|(_, lag)| *lag).collect()
    }

    /// The present.
    pub fn now(&self) -> Instant {
        Instant::now()
    }

    /// How late the latest was of those committed since.
    pub fn longest_since(&self, instant: Instant) -> Duration {
        let lags = held(&self.bell.lags);
        lags.iter().filter(|(at, _)| *at >= instant).map(|(_, lag)| *lag).max().unwrap_or_default()
    }

    /// Ends it.
    pub async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.task.await?
    }
}
