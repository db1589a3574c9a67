//! What crate wakeups promises, on a real Postgres, with time that moves only when told.

#![allow(clippy::unwrap_used, reason = "a test says what failed by failing there")]

mod places;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ids::TenantId;
use jiff::Timestamp;
use pg::migrate::{self, Schema};
use pg::{GuardedClock, Pool, PoolConfig, ScopedTx, TenantScope};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use telemetry::Metrics;
use testkit::clock::ManualClock;
use testkit::postgres::Database;
use uuid::Uuid;
use wakeups::{Base, Fire, FireError, Runner, RunnerConfig, Wakeup, arm, disarm};

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
    /// This subject breaks every batch it is in.
    poison: Option<Uuid>,
    /// Claimed, and left as it is: somebody else has it.
    stuck: AtomicBool,
    largest_batch: AtomicUsize,
    rounds: AtomicUsize,
}

impl Fire for Bell {
    const KIND: wakeups::Kind = "bell";

    async fn fire(&self, tx: &mut ScopedTx, now: Timestamp, due: Vec<Wakeup>) -> Result<usize, FireError> {
        self.rounds.fetch_add(1, Ordering::SeqCst);
        if self.stuck.load(Ordering::SeqCst) {
            return Ok(0);
        }
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
            // As a connection that breaks in the middle of it.
            return Err(sqlx::Error::WorkerCrashed.into());
        }
        if due.iter().any(|wakeup| Some(wakeup.subject_id) == self.poison) {
            return Err(FireError::Broken("a state that does not decode".to_owned()));
        }
        let subjects: Vec<_> = due.iter().map(|wakeup| (wakeup.tenant, wakeup.subject_id)).collect();
        disarm(tx, Self::KIND, &subjects).await?;
        Ok(due.len())
    }
}

struct World {
    _database: Database,
    pool: Pool,
    admin: PgPool,
    clock: ManualClock,
    guarded: Arc<GuardedClock>,
    metrics: Metrics,
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
        let guarded = Arc::new(GuardedClock::new(Arc::new(clock.clone())));
        Self { _database: database, pool, admin, clock, guarded, metrics: Metrics::default() }
    }

    fn runner(&self, bell: Arc<Bell>, config: RunnerConfig) -> Runner<Bell> {
        let (pool, clock, metrics) = (self.pool.clone(), self.guarded.clone(), self.metrics.clone());
        Runner::new(Base { pool, clock, metrics }, bell, Arc::new(|| ()), config)
    }

    async fn arm(&self, wakeups: &[Wakeup]) {
        let tenants: Vec<_> = wakeups.iter().map(|wakeup| wakeup.tenant).collect();
        let mut tx = self.pool.begin(TenantScope::of_principal(tenants)).await.unwrap();
        arm(&mut tx, wakeups).await.unwrap();
        tx.commit().await.unwrap();
    }

    fn move_to(&self, seconds: i64) {
        self.clock.set(after(seconds));
    }

    /// `streetwise clock accept`, as its door does it.
    async fn accept_clock(&self) -> i64 {
        let mut tx = self.pool.begin(TenantScope::of_claim()).await.unwrap();
        let acceptance = self.guarded.accept(&mut tx, "sre").await.unwrap();
        tx.commit().await.unwrap();
        acceptance
    }

    async fn fired(&self) -> Vec<i64> {
        let statement = "SELECT DISTINCT tenant_id FROM trial.rung ORDER BY 1";
        sqlx::query_scalar(statement).fetch_all(&self.admin).await.unwrap()
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

/// Nor do many busy streets together: what one street has waits for some batches of theirs, not for all.
#[tokio::test]
async fn nobody_starves_behind_many_busy_tenants() {
    let world = World::start().await;
    let busy = (0..600).map(|n| bell(street(1 + n as i64 % 10), n, n as i64 / 10));
    world.arm(&busy.chain([bell(street(11), 999, 61)]).collect::<Vec<_>>()).await;
    world.move_to(300);
    let config = RunnerConfig { rows_per_tenant_max: 2, batch_rows_max: 20, ..RunnerConfig::default() };
    let runner = world.runner(Arc::default(), config);
    for batch in 1..=30 {
        assert_eq!(runner.once().await.unwrap(), 20, "{batch}");
        if world.fired().await.contains(&street(11).as_i64()) {
            return assert!(batch <= 10, "{batch}");
        }
    }
    panic!("the street was served last");
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
    let hour = Duration::from_secs(3_600);
    world.clock.jump(hour);
    assert_eq!(runner.drain().await.unwrap(), 0, "held");
    world.clock.jump_back();
    assert_eq!(runner.drain().await.unwrap(), 0, "back, and nothing is due");
    world.clock.jump(hour);
    assert_eq!(runner.drain().await.unwrap(), 0, "held again");
    // Another process of the same schema, with a guard of its own.
    let elsewhere = Arc::new(GuardedClock::new(Arc::new(world.clock.clone())));
    let (pool, metrics) = (world.pool.clone(), world.metrics.clone());
    let base = Base { pool, clock: elsewhere, metrics };
    world.clock.jump_back();
    let other = Runner::new(base, Arc::<Bell>::default(), Arc::new(|| ()), RunnerConfig::default());
    assert_eq!(other.drain().await.unwrap(), 0, "anchored before the jump");
    world.clock.jump(hour);
    assert_eq!(other.drain().await.unwrap(), 0, "held there, too");
    assert_eq!(world.accept_clock().await, 1);
    assert_eq!(other.drain().await.unwrap(), 1, "accepted once, heard everywhere");
    world.arm(&[bell(street(1), 3, 1_800)]).await;
    assert_eq!(runner.drain().await.unwrap(), 1);
    world.clock.jump(hour);
    assert_eq!(runner.drain().await.unwrap(), 0, "an old acceptance accepts no new jump");
}

/// More tenants with more rows than one claim takes: every one has its turn before the first has its second (D30).
#[tokio::test]
async fn claims_go_round_the_tenants() {
    let world = World::start().await;
    let rows = (1..=10).flat_map(|n| (0..8).map(move |row| bell(street(n), (n * 100 + row) as u128, -1)));
    world.arm(&rows.collect::<Vec<_>>()).await;
    let config = RunnerConfig { rows_per_tenant_max: 2, batch_rows_max: 6, ..RunnerConfig::default() };
    let runner = world.runner(Arc::default(), config);
    let of = |streets: std::ops::RangeInclusive<i64>| streets.map(|n| street(n).as_i64()).collect::<Vec<_>>();
    for up_to in [3, 6, 9] {
        assert_eq!(runner.once().await.unwrap(), 6);
        assert_eq!(world.fired().await, of(1..=up_to));
    }
    assert_eq!(runner.once().await.unwrap(), 6, "the tenth, then round to the first");
    assert_eq!(world.fired().await, of(1..=10));
    assert_eq!(world.count("rung WHERE tenant_id = 990102001000").await, 4);
    assert_eq!(world.count("rung WHERE tenant_id = 990102003000").await, 2);
    assert_eq!(runner.drain().await.unwrap(), 80 - 24);
}

/// One wake-up that can never be fired is put off; all others of its kind are fired, and it is tried again.
#[tokio::test]
async fn a_culprit_is_put_off_alone() {
    let world = World::start().await;
    let culprit = Uuid::from_u128(77);
    world.arm(&(0..200).map(|n| bell(street(1 + n as i64 % 3), n, -1)).collect::<Vec<_>>()).await;
    let poisoned = Arc::new(Bell { poison: Some(culprit), ..Bell::default() });
    let runner = world.runner(poisoned.clone(), RunnerConfig::default());
    assert_eq!(runner.drain().await.unwrap(), 199);
    assert_eq!(world.count("wakeups").await, 1);
    world.move_to(59);
    let rounds = poisoned.rounds.load(Ordering::SeqCst);
    assert_eq!(runner.drain().await.unwrap(), 0);
    assert_eq!(
        poisoned.rounds.load(Ordering::SeqCst),
        rounds,
        "not even looked at before its minute is over"
    );
    world.move_to(60);
    assert_eq!(runner.drain().await.unwrap(), 0);
    assert_eq!(poisoned.rounds.load(Ordering::SeqCst), rounds + 1);
    assert_eq!(world.metrics.value("wakeups_put_off_total{kind=\"bell\"}"), Some(2.0));
    assert_eq!(world.metrics.value("wakeups_lateness_seconds_count{kind=\"bell\"}"), Some(199.0));
    world.move_to(120);
    assert_eq!(world.runner(Arc::default(), RunnerConfig::default()).drain().await.unwrap(), 1, "mended");
}

/// Rows that cannot be moved just now are looked at again, and a drain does not go on for ever.
#[tokio::test]
async fn a_round_that_moves_nothing_ends_a_drain() {
    let world = World::start().await;
    world.arm(&[bell(street(1), 1, -1)]).await;
    let stuck = Arc::new(Bell { stuck: AtomicBool::new(true), ..Bell::default() });
    let runner = world.runner(stuck.clone(), RunnerConfig::default());
    assert_eq!(runner.drain().await.unwrap(), 0);
    assert_eq!(stuck.rounds.load(Ordering::SeqCst), 1);
    stuck.stuck.store(false, Ordering::SeqCst);
    assert_eq!(runner.drain().await.unwrap(), 1);
}

/// A sleeper is woken by what is armed before it would wake by itself, after the commit, and by nothing else.
#[tokio::test]
async fn arming_tells_who_sleeps_beyond_it() {
    let world = World::start().await;
    let armed = world.pool.listen(Bell::KIND);
    armed.take();
    let tells = async |armed: &pg::Listener, seconds| {
        let heard = armed.sooner_than(after(seconds));
        futures_util::FutureExt::now_or_never(heard).is_some()
    };
    world.arm(&[bell(street(1), 1, 7_200), bell(street(2), 2, 3_600)]).await;
    assert!(!tells(&armed, 3_600).await, "arming hours away wakes nobody");
    assert!(tells(&armed, 3_601).await);
    armed.take();
    assert!(!tells(&armed, 3_601).await, "forgotten: the tables show it");
    let mut tx = world.pool.begin(TenantScope::of_principal([street(1)])).await.unwrap();
    arm(&mut tx, &[bell(street(1), 3, 5)]).await.unwrap();
    assert!(!tells(&armed, 3_600).await, "not before the commit");
    tx.commit().await.unwrap();
    assert!(tells(&armed, 3_600).await);
    armed.take();
    let mut tx = world.pool.begin(TenantScope::of_principal([street(1)])).await.unwrap();
    arm(&mut tx, &[bell(street(1), 4, 5)]).await.unwrap();
    drop(tx);
    assert!(!tells(&armed, 3_600).await, "rolled back");
}

/// What this process arms for the past is fired at once; what another one does, when a search has found it.
#[tokio::test]
async fn what_is_armed_for_the_past_is_found() {
    let world = World::start().await;
    let runner = world.runner(Arc::default(), RunnerConfig { search_ms_min: 1, ..RunnerConfig::default() });
    world.arm(&[bell(street(1), 1, 0)]).await;
    assert_eq!(runner.once().await.unwrap(), 1);
    world.arm(&[bell(street(1), 2, -600)]).await;
    assert_eq!(runner.once().await.unwrap(), 1, "announced");
    let elsewhere = Pool::new(&world._database.url_for("trial"), "trial", &PoolConfig::default()).unwrap();
    let mut tx = elsewhere.begin(TenantScope::of_principal([street(1)])).await.unwrap();
    arm(&mut tx, &[bell(street(1), 3, -600)]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(runner.once().await.unwrap(), 0, "nobody said so, and this runner looks on from where it was");
    world.move_to(3);
    assert_eq!(runner.once().await.unwrap(), 0, "whatever the time");
    let shutdown = tokio_util::sync::CancellationToken::new();
    let fired = async {
        let within = Duration::from_secs(60);
        testkit::wait::eventually(within, "a search to find it", async || {
            (world.count("rung").await == 3).then_some(())
        })
        .await;
        shutdown.cancel();
    };
    tokio::join!(runner.run(shutdown.clone()), fired);
}

/// A storm of one street does not keep a runner that goes round from keeping up afterwards: every one is fired.
#[tokio::test]
async fn a_runner_that_was_behind_keeps_up_again() {
    let world = World::start().await;
    let config = RunnerConfig { rows_per_tenant_max: 4, batch_rows_max: 32, ..RunnerConfig::default() };
    let runner = world.runner(Arc::default(), config);
    world.arm(&(0..200).map(|n| bell(street(1 + n as i64 % 2), n, -1)).collect::<Vec<_>>()).await;
    world.arm(&(200..220).map(|n| bell(street(3), n, n as i64 - 200)).collect::<Vec<_>>()).await;
    let mut fired = 0;
    for second in 0..20 {
        world.move_to(second);
        loop {
            match runner.once().await.unwrap() {
                0 => break,
                moved => fired += moved,
            }
        }
    }
    assert_eq!((fired, world.count("wakeups").await), (220, 0));
}

/// Fires with two hands; where there is a barrier, only in company: a batch waits until another one is under way as well.
#[derive(Default)]
struct Pair {
    together: Option<tokio::sync::Barrier>,
    bell: Bell,
}

impl Fire for Pair {
    const KIND: wakeups::Kind = Bell::KIND;
    const TWO_HANDS: bool = true;

    async fn fire(&self, tx: &mut ScopedTx, now: Timestamp, due: Vec<Wakeup>) -> Result<usize, FireError> {
        if let Some(together) = &self.together {
            together.wait().await;
        }
        self.bell.fire(tx, now, due).await
    }
}

/// Two hands until this many wake-ups are fired and as many are put off.
async fn two_hands(world: &World, pair: Pair, batch_rows_max: i64, fired: i64, put_off: f64) {
    let config = RunnerConfig { batch_rows_max, ..RunnerConfig::default() };
    let (pool, clock, metrics) = (world.pool.clone(), world.guarded.clone(), world.metrics.clone());
    let shutdown = tokio_util::sync::CancellationToken::new();
    let runner = Runner::new(Base { pool, clock, metrics }, Arc::new(pair), Arc::new(|| ()), config);
    let done = async {
        let within = Duration::from_secs(60);
        testkit::wait::eventually(within, "all to be fired", async || {
            let counted = world.metrics.value("wakeups_put_off_total{kind=\"bell\"}").unwrap_or_default();
            (world.count("rung").await == fired && counted == put_off).then_some(())
        })
        .await;
        shutdown.cancel();
    };
    tokio::join!(runner.run(shutdown.clone()), done);
}

/// While one batch is fired, a second hand claims and fires the next; each is fired once.
#[tokio::test]
async fn a_second_hand_takes_what_one_batch_leaves() {
    let world = World::start().await;
    world.arm(&(0..200).map(|n| bell(street(1 + n as i64 % 7), n, 0)).collect::<Vec<_>>()).await;
    // Twenty batches, two and two.
    let pair = Pair { together: Some(tokio::sync::Barrier::new(2)), ..Pair::default() };
    two_hands(&world, pair, 10, 200, 0.0).await;
    assert_eq!(world.count("wakeups").await, 0);
}

/// What can never be fired is found by the first hand, whatever the second one does meanwhile.
#[tokio::test]
async fn two_hands_put_one_culprit_off_and_fire_all_others() {
    let world = World::start().await;
    world.arm(&(0..400).map(|n| bell(street(1 + n as i64 % 7), n, -(n as i64))).collect::<Vec<_>>()).await;
    let bell = Bell { poison: Some(Uuid::from_u128(311)), ..Bell::default() };
    two_hands(&world, Pair { bell, ..Pair::default() }, 20, 399, 1.0).await;
    assert_eq!(world.count("wakeups").await, 1);
}
