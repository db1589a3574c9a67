//! A database that keeps its connections open and answers nothing (F7): the door refuses in time, the process says
//! that it is not ready, and both go on when it is back.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use bootstrap::door::Problem;
use bootstrap::health;
use bootstrap::listen::Limits;
use pg::migrate::{self, Schema};
use pg::{DbClock, Pool, PoolConfig, ServerClock, TenantScope};
use testkit::postgres::{Cluster, Database, DurableCluster};
use testkit::wait;
use tokio_util::sync::CancellationToken;

use crate::server::{Server, refused};

const WAIT: Duration = Duration::from_secs(30);

struct World {
    cluster: DurableCluster,
    server: Server,
    pool: Pool,
    _database: Database,
    _folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let cluster = Cluster::start_durable(folder.path()).await.expect("a server");
        let database = Database::fresh_in(cluster.cluster(), "frozen").await.expect("a database");
        let schema = Schema { service: "trial", migrators: vec![migrate::base()] };
        migrate::apply(&database.admin_url(), &schema).await.expect("migrated");
        let config = PoolConfig { connections_max: 2, ..PoolConfig::default() };
        let pool = Pool::new(&database.url_for("trial"), "trial", &config).expect("an address");
        let routes = Router::new().route("/x/v1/now", get(now)).with_state(pool.clone());
        let server = Server::of(routes, Limits::default()).await;
        Self { cluster, server, pool, _database: database, _folder: folder }
    }

    async fn answers(&self) -> bool {
        let answer = self.server.get("/x/v1/now").send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    }
}

/// Two questions in one transaction, so that a freeze may come anywhere.
async fn now(State(pool): State<Pool>) -> Result<String, Problem> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    ServerClock.now(&mut tx).await?;
    let now = ServerClock.now(&mut tx).await?;
    tx.commit().await?;
    Ok(now.to_string())
}

/// Every request of several rounds is refused, more of them than the pool has connections: none of them takes its
/// connection away for good. The client's own deadline is far below the freeze.
#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_database_is_refused_for_and_recovered_from() {
    let world = World::start().await;
    assert!(world.answers().await);
    world.cluster.pause().await;
    for _ in 0..2 {
        let each = (0..4).map(|_| refused(world.server.get("/x/v1/now"), 503, "unavailable"));
        for refusal in futures_util::future::join_all(each).await {
            assert_eq!(refusal.headers["retry-after"], "2");
        }
    }
    world.cluster.resume();
    let back = wait::until(WAIT, async || world.answers().await.then_some(())).await;
    assert!(back.is_some(), "the door does not recover");
}

/// A transaction under way when the freeze comes: its caller is answered, its connection is given up.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_in_the_middle_of_a_statement_leaves_the_pool() {
    let world = World::start().await;
    let mut tx = world.pool.begin(TenantScope::of_claim()).await.expect("a transaction");
    world.cluster.pause().await;
    let asked = pg::within(Duration::from_millis(1), ServerClock.now(&mut tx)).await;
    assert_eq!(asked.unwrap_err().kind(), pg::Kind::Unavailable);
    drop(tx);
    let left = wait::until(WAIT, async || (world.pool.connections().0 == 0).then_some(())).await;
    assert!(left.is_some(), "the connection keeps its place in the pool");
    world.cluster.resume();
}

/// A transaction that is held open takes the only place of a pool: that is a busy process, and a ready one.
#[tokio::test(flavor = "multi_thread")]
async fn readiness_follows_the_database_and_not_the_pool() {
    let world = World::start().await;
    let (readiness, shutdown) = (&world.server.readiness, CancellationToken::new());
    let latch = readiness.latch("database");
    let watching = tokio::spawn(health::watch(world.pool.pulse(), latch, shutdown.clone()));
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(world.pool.begin(TenantScope::of_claim()).await.expect("a place"));
    }
    let until = async |ready: bool| {
        wait::until(WAIT, async || (readiness.answer().ready == ready).then_some(())).await.is_some()
    };
    assert!(until(true).await, "busy is ready");
    world.cluster.pause().await;
    assert!(until(false).await, "frozen is not");
    world.cluster.resume();
    assert!(until(true).await, "and back");
    shutdown.cancel();
    watching.await.expect("it ends");
}
