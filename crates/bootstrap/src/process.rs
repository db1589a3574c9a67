//! A service as a process: config, telemetry, connections, parts, doors; then wait for the end.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use pg::{Minter, Pool, ServerClock};
use tokio_util::sync::CancellationToken;

use crate::assemble::assemble;
use crate::config::{Env, Settings};
use crate::health::{self, Latch, Readiness};
use crate::identity::Authenticator;
use crate::listen::{self, Limits};
use crate::service::Service;
use crate::shutdown::{Phases, Shutdown, Signals};

/// The whole `main` of a service. Config errors end it before anything starts.
pub fn main<S: Service>() -> ExitCode {
    rustls::crypto::ring::default_provider().install_default().ok();
    telemetry::init(S::NAME);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed("could not start the runtime", &error),
    };
    match runtime.block_on(run::<S>(Env::of_process())) {
        Ok(code) => code,
        Err(error) => failed("could not start", error.as_ref()),
    }
}

fn failed(what: &str, error: &(dyn std::error::Error + 'static)) -> ExitCode {
    tracing::error!(error, "{what}");
    ExitCode::FAILURE
}

async fn run<S: Service>(env: Env) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let signals = Signals::install()?;
    let settings = Settings::read(&env)?;
    let authenticator = Authenticator::open(settings.identity.clone())?;
    let nats = connect(S::NAME, &settings.nats_url).await?;
    let assembled = assemble::<S>(&settings, Arc::new(env), nats, Arc::new(ServerClock), Minter::from_os())?;
    let listener = listen::bind(&settings.http_listen).await?;
    tracing::info!(address = %listener.local_addr()?, "listening");

    let shutdown = Shutdown::new();
    let readiness = Readiness::default();
    let pool = assembled.house.pool.clone();
    let snapshot = assembled.house.snapshot.clone();
    for part in assembled.parts {
        let running = part.run(shutdown.soft());
        shutdown.spawn_critical("part", async move {
            running.await;
            Ok::<(), String>(())
        });
    }
    let polling = assembled.poller.run(shutdown.soft());
    shutdown.spawn(polling);
    shutdown.spawn(watch(pool.clone(), readiness.latch("database"), shutdown.soft()));
    shutdown.spawn(partitions(pool.clone(), shutdown.soft()));
    let documents = readiness.latch("documents");
    let soft = shutdown.soft();
    shutdown.spawn(async move {
        while !snapshot.loaded() && !soft.is_cancelled() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        documents.release();
    });
    let limits = Limits::default();
    let routes = assembled.routes.merge(health::routes(readiness.clone(), assembled.house.metrics.clone()));
    let router = listen::front(routes, authenticator, limits.clone());
    let (soft, hard) = (shutdown.soft(), shutdown.hard());
    shutdown.spawn_critical("http", async move {
        listen::serve(listener, router, limits, soft, hard).await;
        Ok::<(), String>(())
    });
    let ended = shutdown.run(signals, &readiness, phases(settings.development)).await;
    pool.close().await;
    Ok(ended.into())
}

/// In development nobody balances load in front of us, so nobody has to be given time to look away.
fn phases(development: bool) -> Phases {
    let usual = Phases::default();
    if development { Phases { leave_for: Duration::ZERO, ..usual } } else { usual }
}

/// Connects in the background: a broker that is down at start is harmless. Pings every 2 s, because a frozen
/// broker keeps its connections open.
pub async fn connect(service: &str, url: &str) -> Result<async_nats::Client, async_nats::ConnectError> {
    async_nats::ConnectOptions::new()
        .name(service)
        .retry_on_initial_connect()
        .ping_interval(Duration::from_secs(2))
        .request_timeout(Some(Duration::from_secs(5)))
        .custom_inbox_prefix(format!("_INBOX_{service}"))
        .reconnect_delay_callback(|attempts| Duration::from_millis(100 * (attempts as u64).min(10)))
        .connect(url)
        .await
}

/// Ready means: the database answers (the broker may be away; reports are still taken).
async fn watch(pool: Pool, latch: Latch, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        match pool.ping().await {
            Ok(()) => latch.release(),
            Err(_) => latch.hold(),
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

/// Keeps two weeks of daily partitions ahead.
async fn partitions(pool: Pool, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        let made = messaging::parking::ensure_partitions(&pool).await;
        let again = if made.is_ok() { Duration::from_secs(3_600) } else { Duration::from_secs(10) };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(again) => {}
        }
    }
}
