//! A service as a process: config, telemetry, connections, parts, doors; then wait for the end.

use std::future::Future;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use futures_util::future::BoxFuture;
use messaging::housekeeping;
use pg::{Minter, Pool, ServerClock};
use telemetry::Metrics;
use telemetry::http::ServerDuration;
use telemetry::messaging::Parked;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::assemble::{AssembleError, Assembled, assemble};
use crate::broker::{self, NatsKey};
use crate::config::{ConfigError, Env, Settings};
use crate::health::{self, Latch, Readiness};
use crate::identity::Authenticator;
use crate::identity::api_key::KeyRing;
use crate::listen::{self, Limits};
use crate::parked;
use crate::part::Part;
use crate::rpc;
use crate::service::Service;
use crate::shutdown::{Phases, Shutdown, Signals};

/// How long the last connections may take to close.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
/// How long the last of telemetry may take to leave: with the phases of [`Shutdown`] and the second above, less than
/// the 25 s in which a process must be gone.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// The whole `main` of a service. Config errors end it before anything starts.
pub fn main<S: Service>() -> ExitCode {
    run(S::NAME, put_together::<S>)
}

/// Of no type of a service, as everything below that waits: such futures are compiled where they are awaited, so
/// each service would compile its own servers and clients again.
fn run(name: &'static str, put: PutTogether) -> ExitCode {
    rustls::crypto::ring::default_provider().install_default().ok();
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => live(runtime, name, put),
        Err(error) => {
            let _nothing_to_flush = telemetry::init_with(name, &telemetry::Settings::default());
            failed("could not start the runtime", &error)
        }
    }
}

/// How long what blocks a thread is waited for at the very end, such as looking up a name that nobody answers.
const LEAVE_WITHIN: Duration = Duration::from_millis(300);

/// The export's connection lives in the runtime, which therefore ends after the last flush.
fn live(runtime: Runtime, name: &'static str, put: PutTogether) -> ExitCode {
    let telemetry = {
        let _inside = runtime.enter();
        telemetry::init(name)
    };
    let ended = runtime.block_on(until_ended(name, put, Env::of_process()));
    let code = ended.unwrap_or_else(|error| failed("could not start", error.as_ref()));
    telemetry.end(FLUSH_WITHIN);
    runtime.shutdown_timeout(LEAVE_WITHIN);
    code
}

fn failed(what: &str, error: &(dyn std::error::Error + 'static)) -> ExitCode {
    tracing::error!(error, "{what}");
    ExitCode::FAILURE
}

async fn until_ended(name: &'static str, put: PutTogether, env: Env) -> Result<ExitCode, Failure> {
    let signals = Signals::install()?;
    let running = begin(name, put, env).await?;
    let ended = running.shutdown.run(signals, &running.readiness, running.phases).await;
    // A database that answers nothing must not keep us: what is open is cut with the process.
    let closed = timeout(CLOSE_WITHIN, running.pool.close()).await;
    if closed.is_err() {
        tracing::warn!("connections to the database did not close in time");
    }
    Ok(ended.into())
}

/// How long a start waits for today's partitions. A database that is away must keep no door closed: what is written
/// before the next round, within a minute, goes to the rest and moves from there.
const PARTITIONS_WITHIN: Duration = Duration::from_secs(2);

/// The journal is also the audit: it is kept for a year unless `STREETWISE_JOURNAL_DAYS` says otherwise, never less
/// than [`housekeeping::JOURNAL_DAYS_MIN`].
const JOURNAL_DAYS: i32 = 366;

/// What went wrong at start; printed once, where the process ends.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A started service: its doors answer and its parts run until [`Running::shutdown`] begins.
pub struct Running {
    /// Where its door listens.
    pub address: SocketAddr,
    /// Where its gRPC door listens, if it has one.
    pub rpc_address: Option<SocketAddr>,
    /// Ends it.
    pub shutdown: Shutdown,
    /// What `/readyz` says.
    pub readiness: Readiness,
    pool: Pool,
    phases: Phases,
}

/// A service put together, whichever it is.
struct Whole {
    pool: Pool,
    metrics: Metrics,
    routes: Router,
    rpc: rpc::Servers,
    parts: Vec<Box<dyn Part>>,
    key_ring: KeyRing,
    documents: Box<dyn FnOnce(CancellationToken) -> BoxFuture<'static, ()> + Send>,
    loaded: Box<dyn Fn() -> bool + Send + Sync>,
}

type PutTogether = fn(&Settings, Arc<Env>, async_nats::Client) -> Result<Whole, AssembleError>;

fn put_together<S: Service>(
    settings: &Settings,
    env: Arc<Env>,
    nats: async_nats::Client,
) -> Result<Whole, AssembleError> {
    let Assembled { house, routes, rpc, parts, poller, .. } =
        assemble::<S>(settings, env, nats, Arc::new(ServerClock), Minter::from_os())?;
    let (snapshot, pool, metrics) = (house.snapshot, house.pool, house.metrics);
    Ok(Whole {
        pool,
        metrics,
        routes,
        rpc,
        parts,
        key_ring: KeyRing::of(snapshot.clone()),
        documents: Box::new(move |ending| Box::pin(poller.run(ending))),
        loaded: Box::new(move || snapshot.loaded()),
    })
}

/// Starts a service inside the current runtime: all of what its process does but signals and exit codes.
pub fn start<S: Service>(env: Env) -> BoxFuture<'static, Result<Running, Failure>> {
    begin(S::NAME, put_together::<S>, env)
}

fn begin(name: &'static str, put: PutTogether, env: Env) -> BoxFuture<'static, Result<Running, Failure>> {
    Box::pin(async move {
        let settings = Settings::read(&env)?;
        let authenticator = Authenticator::open(settings.identity.clone())?;
        let phases = phases(&env, settings.development)?;
        let journal_days = env.parsed("STREETWISE_JOURNAL_DAYS", "a number of days", JOURNAL_DAYS)?;
        let key = settings.nats_nkey_file.as_deref().map(NatsKey::read).transpose()?;
        let nats = broker::connect(name, &settings.nats_url, key).await?;
        let whole = put(&settings, Arc::new(env), nats)?;
        let authenticator = authenticator.with_key_ring(whole.key_ring);
        let listener = listen::bind(&settings.http_listen).await?;
        let address = listener.local_addr()?;
        tracing::info!(service = name, %address, "listening");

        let (shutdown, readiness, pool) = (Shutdown::new(), Readiness::default(), whole.pool);
        timeout(PARTITIONS_WITHIN, partitions_first(&pool)).await.ok();
        for part in whole.parts {
            critical(&shutdown, "part", part.run(shutdown.soft()));
        }
        critical(&shutdown, "documents", (whole.documents)(shutdown.soft()));
        shutdown.spawn(health::watch(pool.pulse(), readiness.latch("database"), shutdown.soft()));
        shutdown.spawn(partitions(pool.clone(), journal_days, shutdown.soft()));
        shutdown.spawn(parked::count(pool.clone(), Parked::new(&whole.metrics), shutdown.soft()));
        shutdown.spawn(first_load(whole.loaded, readiness.latch("documents"), shutdown.soft()));
        let rpc_address = match &settings.grpc_listen {
            Some(listen) => {
                let (authenticator, follow) = (authenticator.clone(), rpc::Follow::new(&whole.metrics));
                Some(open_rpc(name, listen, whole.rpc, authenticator, follow, &readiness, &shutdown).await?)
            }
            None => None,
        };
        let counted = pool.clone();
        telemetry::db::pool_gauge(&whole.metrics, move || counted.connections());
        let durations = ServerDuration::new(&whole.metrics);
        let routes = whole.routes.merge(health::routes(readiness.clone(), whole.metrics));
        let limits = Limits::default();
        let router = listen::front(routes, authenticator, limits.clone()).layer(Extension(durations));
        let router = listen::closing(router, shutdown.leaving());
        critical(
            &shutdown,
            "http",
            listen::serve(listener, router, limits, shutdown.soft(), shutdown.hard()),
        );
        Ok(Running { address, rpc_address, shutdown, readiness, pool, phases })
    })
}

async fn open_rpc(
    name: &'static str,
    listen: &str,
    servers: rpc::Servers,
    authenticator: Authenticator,
    follow: rpc::Follow,
    readiness: &Readiness,
    shutdown: &Shutdown,
) -> Result<SocketAddr, Failure> {
    let listener = listen::bind(listen).await?;
    let address = listener.local_addr()?;
    tracing::info!(service = name, %address, "listening for gRPC");
    let (soft, hard) = (shutdown.soft(), shutdown.hard());
    let serving = rpc::serve(listener, servers, authenticator, follow, readiness.clone(), soft, hard);
    critical(shutdown, "grpc", serving);
    Ok(address)
}

fn critical(shutdown: &Shutdown, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
    shutdown.spawn_critical(name, async move {
        task.await;
        Ok::<(), std::convert::Infallible>(())
    });
}

/// Ready means also: the documents this replica had are compiled again.
async fn first_load(loaded: Box<dyn Fn() -> bool + Send + Sync>, latch: Latch, shutdown: CancellationToken) {
    while !loaded() && !shutdown.is_cancelled() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    latch.release();
}

/// In development nobody balances load in front of us, so nobody has to be given time to look away, unless told.
fn phases(env: &Env, development: bool) -> Result<Phases, ConfigError> {
    let usual = Phases::default();
    let leave_for = if development { Duration::ZERO } else { usual.leave_for };
    let expected = "whole seconds, 0 to 9";
    let told = env.parsed("STREETWISE_LEAVE_FOR_S", expected, LeaveFor(leave_for))?;
    Ok(Phases { leave_for: told.0, ..usual })
}

/// How long a process leaves; with the phases that follow it is gone within 25 s.
struct LeaveFor(Duration);

impl FromStr for LeaveFor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let seconds: u64 = text.parse().map_err(drop)?;
        if seconds <= 9 { Ok(Self(Duration::from_secs(seconds))) } else { Err(()) }
    }
}

/// Keeps two weeks of daily partitions ahead and drops what has served its time, hourly.
async fn partitions(pool: Pool, journal_days: i32, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        let made = housekeeping::ensure_partitions(&pool).await;
        let kept = made.and(housekeeping::clear(&pool, journal_days).await);
        let again = match kept {
            Ok(()) => Duration::from_secs(3_600),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "partitions were not made or dropped");
                Duration::from_secs(60)
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(again) => {}
        }
    }
}

/// Today's partitions are there before anything is written, so nothing strays into the rest. A database that is away
/// keeps nobody from starting: the hourly round makes them.
async fn partitions_first(pool: &Pool) {
    if let Err(error) = housekeeping::ensure_partitions(pool).await {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "partitions were not made before the start");
    }
}
