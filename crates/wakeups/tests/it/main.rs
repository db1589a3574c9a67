//! What crate wakeups promises, on a real Postgres, with time that moves only when told.

#![allow(clippy::unwrap_used, reason = "a test says what failed by failing there")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ids::TenantId;
use jiff::Timestamp;
use pg::migrate::{self, Schema};
use pg::{Pool, PoolConfig, ScopedTx, TenantScope};
use proptest::prelude::*;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use testkit::clock::ManualClock;
use testkit::postgres::Database;
use tokio::sync::Notify;
use uuid::Uuid;
use wakeups::{Fire, FireError, JumpGuard, Runner, RunnerConfig, Wakeup, arm, disarm};

const START: &str = "2026-11-23T02:00:00Z";

fn street(n: i64) -> TenantId {
    TenantId::from_i64(990_102_000_000 + n * 1000).unwrap()
}

fn start() -> Timestamp {
    START.parse().unwrap()
}

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_microsecond(start().as_microsecond() + seconds * 1_000_000).unwrap()
}

/// Writes one row per firing and disarms. Firing a subject twice is a unique violation.
#[derive(Default)]
struct Bell {
    dies: AtomicBool,
    largest_batch: AtomicUsize,
}

impl Fire for Bell {
    const KIND: wakeups::Kind = "bell";

    async fn fire(&self, tx: &mut ScopedTx, now: Timestamp, due: Vec<Wakeup>) -> Result<(), FireError> {
        self.largest_batch.fetch_max(due.len(), Ordering::SeqCst);
        for wakeup in &due {
            assert!(wakeup.due_at <= now, "early: {wakeup:?} at {now}");
            sqlx::query("INSERT INTO rung (tenant_id, subject_id, due_at, at) VALUES ($1, $2, $3, $4)")
                .bind(wakeup.tenant.as_i64())
                .bind(wakeup.subject_id)
                .bind(jiff_sqlx::Timestamp::from(wakeup.due_at))
                .bind(jiff_sqlx::Timestamp::from(now))
                .execute(&mut **tx)
                .await?;
        }
        if self.dies.load(Ordering::SeqCst) {
            return Err(FireError::Broken("the runner dies after claiming".to_owned()));
        }
        let subjects: Vec<_> = due.iter().map(|wakeup| (wakeup.tenant, wakeup.subject_id)).collect();
        Ok(disarm(tx, Self::KIND, &subjects).await?)
    }
}

struct World {
    _database: Database,
    pool: Pool,
    admin: PgPool,
    clock: ManualClock,
    guard: Arc<JumpGuard>,
}

impl World {
    async fn start() -> Self {
        let database = Database::fresh_from_template("wakeups_world_1", async |url: String| {
            let migrators = vec![migrate::base(), wakeups::migrations()];
            migrate_with_partitions(&url, migrators).await
        })
        .await
        .unwrap();
        let config = PoolConfig { connections_max: 12, ..PoolConfig::default() };
        let pool = Pool::new(&database.url_for("trial"), "trial", &config).unwrap();
        let admin = PgPool::connect(&database.admin_url()).await.unwrap();
        let clock = ManualClock::at(start());
        Self { _database: database, pool, admin, clock, guard: Arc::default() }
    }

    fn runner(&self, bell: Arc<Bell>, config: RunnerConfig) -> Runner<Bell> {
        let clock = Arc::new(self.clock.clone());
        let (nothing, armed) = (Arc::new(|| ()), Arc::new(Notify::new()));
        // A manual clock is no jumping clock: every runner gets a guard of its own, but in the test of jumps.
        Runner::new(self.pool.clone(), clock, self.guard.clone(), bell, nothing, armed, config)
    }

    async fn arm(&self, wakeups: &[Wakeup]) {
        let tenants: Vec<_> = wakeups.iter().map(|wakeup| wakeup.tenant).collect();
        let mut tx = self.pool.begin(TenantScope::of_principal(tenants)).await.unwrap();
        arm(&mut tx, wakeups).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Moves the clock and accepts that it moved.
    fn move_to(&self, seconds: i64) {
        self.clock.set(after(seconds));
        self.guard.accept();
    }

    async fn count(&self, from: &str) -> i64 {
        let statement = format!("SELECT count(*) FROM trial.{from}");
        sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&self.admin).await.unwrap()
    }
}

async fn migrate_with_partitions(
    url: &str,
    migrators: Vec<sqlx::migrate::Migrator>,
) -> Result<(), pg::Error> {
    migrate::apply(url, &Schema { service: "trial", migrators }).await?;
    let mut admin = PgConnection::connect(url).await?;
    let rung = "SET ROLE trial_owner; SET search_path = trial;
        CREATE TABLE rung (tenant_id bigint NOT NULL, subject_id uuid NOT NULL, due_at timestamptz NOT NULL,
            at timestamptz NOT NULL, PRIMARY KEY (tenant_id, subject_id));
        SELECT tenant_table('rung');";
    sqlx::raw_sql(rung).execute(&mut admin).await?;
    admin.close().await?;
    Ok(())
}

fn bell(tenant: TenantId, n: u128, seconds: i64) -> Wakeup {
    Wakeup { tenant, kind: Bell::KIND, subject_id: Uuid::from_u128(n), due_at: after(seconds) }
}

#[tokio::test]
async fn never_early_and_each_once() {
    let world = World::start().await;
    world.arm(&(0..20).map(|n| bell(street(1), n, n as i64)).collect::<Vec<_>>()).await;
    let runner = world.runner(Arc::default(), RunnerConfig::default());
    world.clock.set(Timestamp::from_microsecond(after(5).as_microsecond() - 1).unwrap());
    world.guard.accept();
    assert_eq!(runner.drain().await.unwrap(), 5, "0 to 4 s, and not the one due a microsecond later");
    world.move_to(5);
    assert_eq!(runner.drain().await.unwrap(), 1);
    assert_eq!(runner.drain().await.unwrap(), 0);
    world.move_to(60);
    assert_eq!(runner.drain().await.unwrap(), 14);
    assert_eq!(world.count("rung WHERE at >= due_at").await, 20);
    assert_eq!(world.count("wakeups").await, 0);
}

#[tokio::test]
async fn the_last_instant_given_for_a_key_counts() {
    let world = World::start().await;
    world.arm(&[bell(street(1), 1, 1), bell(street(1), 1, 30)]).await;
    world.arm(&[bell(street(1), 2, 30)]).await;
    world.arm(&[bell(street(1), 2, 1)]).await;
    let runner = world.runner(Arc::default(), RunnerConfig::default());
    world.move_to(10);
    assert_eq!(runner.drain().await.unwrap(), 1);
    assert_eq!(world.count("wakeups").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runners_fire_each_once() {
    let world = World::start().await;
    world.arm(&(0..600).map(|n| bell(street(1 + n as i64 % 7), n, 0)).collect::<Vec<_>>()).await;
    let config = RunnerConfig { rows_per_tenant_max: 5, batch_rows_max: 20, ..RunnerConfig::default() };
    let runners: Vec<_> = (0..4).map(|_| world.runner(Arc::default(), config.clone())).collect();
    let drained = futures_util::future::join_all(runners.iter().map(Runner::drain)).await;
    // A runner that finds the rest locked by others stops early; so one more look at the end.
    let fired: usize =
        drained.into_iter().map(Result::unwrap).sum::<usize>() + runners[0].drain().await.unwrap();
    assert_eq!(fired, 600);
    assert_eq!(world.count("rung").await, 600);
    assert_eq!(world.count("wakeups").await, 0);
}

/// A storm of one street does not delay the others: the first batch holds some of every street (D30).
#[tokio::test]
async fn nobody_starves_behind_a_busy_tenant() {
    let world = World::start().await;
    world.arm(&(0..500).map(|n| bell(street(1), n, -100)).collect::<Vec<_>>()).await;
    world.arm(&(2..12).map(|n| bell(street(n), 1_000, -1)).collect::<Vec<_>>()).await;
    let bell = Arc::new(Bell::default());
    bell.dies.store(true, Ordering::SeqCst);
    let config = RunnerConfig { rows_per_tenant_max: 8, batch_rows_max: 64, ..RunnerConfig::default() };
    let runner = world.runner(bell.clone(), config);
    assert!(runner.drain().await.is_err());
    assert_eq!(bell.largest_batch.load(Ordering::SeqCst), 8 + 10);
}

/// A runner that dies after claiming gives everything back: the claim and the effect are one transaction.
#[tokio::test]
async fn killed_while_claiming_loses_nothing() {
    let world = World::start().await;
    world.arm(&(0..50).map(|n| bell(street(1), n, 0)).collect::<Vec<_>>()).await;
    let dying = Arc::new(Bell::default());
    dying.dies.store(true, Ordering::SeqCst);
    assert!(world.runner(dying, RunnerConfig::default()).drain().await.is_err());
    assert_eq!(world.count("rung").await, 0);
    assert_eq!(world.runner(Arc::default(), RunnerConfig::default()).drain().await.unwrap(), 50);
}

/// The database's clock jumps an hour ahead: nothing fires until it is back or a person has accepted it (F12).
#[tokio::test]
async fn a_clock_jump_holds_firing() {
    let world = World::start().await;
    world.arm(&[bell(street(1), 1, 1_800), bell(street(1), 2, 3_700)]).await;
    let runner = world.runner(Arc::default(), RunnerConfig::default());
    assert_eq!(runner.drain().await.unwrap(), 0);
    world.clock.advance(Duration::from_secs(3_600));
    assert_eq!(runner.drain().await.unwrap(), 0, "held");
    world.clock.set(start());
    assert_eq!(runner.drain().await.unwrap(), 0, "back, and nothing is due");
    world.clock.advance(Duration::from_secs(3_600));
    assert_eq!(runner.drain().await.unwrap(), 0, "held again");
    world.guard.accept();
    assert_eq!(runner.drain().await.unwrap(), 1, "accepted");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Whatever the readings, firing goes on only while the database is at most two seconds ahead of its anchor.
    #[test]
    fn a_guard_never_lets_a_jump_through(jump_us in 2_000_001i64..10_000_000_000, elapsed_ms in 0u64..100_000) {
        let guard = JumpGuard::default();
        guard.check(start(), Duration::ZERO).unwrap();
        let reading = start().as_microsecond() + elapsed_ms as i64 * 1000 + jump_us;
        let held = guard.check(Timestamp::from_microsecond(reading).unwrap(), Duration::from_millis(elapsed_ms));
        prop_assert_eq!(held.unwrap_err().ahead_us, jump_us);
    }
}
