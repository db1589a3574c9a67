//! Puts a service together: the same way in a process and in a test.

use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use contract::topology;
use messaging::{Consumer, ConsumerConfig, Outbox, Relay, RelayConfig};
use pg::{DbClock, GuardedClock, Minter, Pool, PoolConfig};
use snapshot::Poller;
use telemetry::Metrics;
use utoipa::openapi::info::{Info, InfoBuilder, LicenseBuilder};

use crate::clock;
use crate::config::{ConfigError, Env, Settings};
use crate::documents::KeepDocuments;
use crate::export;
use crate::house::House;
use crate::parked;
use crate::part::Part;
use crate::removal::{self, Forget, Removing};
use crate::rpc::Servers;
use crate::service::{Plan, Service, StreetOf};

/// A service put together, not yet running.
pub struct Assembled<S: Service> {
    /// Its tools.
    pub house: House<StreetOf<S>>,
    /// Its doors, without health and without the front.
    pub routes: Router,
    /// Its gRPC servers, without health and reflection.
    pub rpc: Servers,
    /// Relay, consumers, runners.
    pub parts: Vec<Box<dyn Part>>,
    /// Keeps the snapshot fresh.
    pub poller: Poller<S::Project>,
    /// The relay's own pool.
    pub relay_pool: Pool,
}

/// Why a service cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// The environment is wrong.
    #[error("configuration")]
    Config(#[from] ConfigError),
    /// A database URL does not parse.
    #[error("database address")]
    Database(#[from] pg::Error),
}

/// Makes pools and parts; connects to nothing yet.
pub fn assemble<S: Service>(
    settings: &Settings,
    env: Arc<Env>,
    nats: async_nats::Client,
    clock: Arc<dyn DbClock>,
    minter: Minter,
) -> Result<Assembled<S>, AssembleError> {
    let pool = Pool::new(&settings.database_url, S::NAME, &PoolConfig::default())?;
    let relay_pool = Pool::new(
        &settings.relay_database_url,
        S::NAME,
        &PoolConfig { connections_max: 2, ..PoolConfig::default() },
    )?;
    let (poller, snapshot) = Poller::new(pool.clone(), S::project());
    let outbox = Outbox::default();
    let house = House {
        pool,
        outbox,
        clock: Arc::new(guarded::<S>(clock)),
        minter,
        snapshot,
        nats: nats.clone(),
        env,
        development: settings.development,
        metrics: Metrics::new(S::NAME),
    };
    let jetstream = async_nats::jetstream::new(nats);
    let mut plan = Plan {
        service: S::NAME,
        jetstream: &jetstream,
        routes: clock::routes(S::NAME, house.clone()),
        openapi: None,
        rpc: Servers::default(),
        parts: Vec::new(),
        forgets: Vec::new(),
    };
    S::build(house.clone(), &mut plan)?;
    let Plan { routes, openapi, rpc, mut parts, forgets, .. } = plan;
    parts.push(removing(&house, forgets));
    if topology::PUBLISHERS.contains(&S::NAME) {
        let (outbox, metrics) = (house.outbox.clone(), &house.metrics);
        parts.push(relay(S::NAME, relay_pool.clone(), jetstream.clone(), outbox, metrics));
    }
    if topology::reads_documents(S::NAME) {
        let House { pool, clock, outbox, metrics, .. } = house.clone();
        parts.push(documents(S::NAME, pool, clock, outbox, jetstream.clone(), &metrics));
    }
    let (parked, parked_openapi) = parked::routes(S::NAME, &house);
    let (removals, removals_openapi) = removal::routes(S::NAME, &house);
    let (exports, export_openapi) = match topology::exports_rows(S::NAME) {
        true => export::routes(S::NAME, &house),
        false => Default::default(),
    };
    let openapi = openapi.map(|mut openapi| {
        openapi.merge(parked_openapi);
        openapi.merge(removals_openapi);
        openapi.merge(export_openapi);
        openapi.info = info(S::NAME, S::ABOUT);
        clock::described(S::NAME, openapi)
    });
    let routes = described(routes.merge(parked).merge(removals).merge(exports), openapi);
    revision_gauge(&house);
    doubts(&house);
    Ok(Assembled { house, routes, rpc, parts, poller, relay_pool })
}

/// `documents.revision`: which tenant documents this replica works with. One that lags behind the others decides by
/// what was.
fn revision_gauge<S: Send + Sync + 'static>(house: &House<S>) {
    let snapshot = house.snapshot.clone();
    let help = "Revision of the tenant documents in memory; before the first load -1.";
    let state = telemetry::label("documents.state", ["loaded"]);
    house
        .metrics
        .observed("documents.revision", help, "{revision}", state, move || [("loaded", snapshot.revision())]);
}

/// What should never be above zero, looked up when somebody asks.
fn doubts<S: Send + Sync + 'static>(house: &House<S>) {
    let clock = house.clock.clone();
    let help = "1 while the database's time is in doubt, by the last reading: it jumped ahead.";
    house.metrics.level("database.clock.held", help, "", move || i64::from(clock.held()));
    let help = "Rows that row security refused because they lay outside their transaction's tenants.";
    house.metrics.tally("database.scope.refusals", help, "{row}", pg::scope_refusals);
}

fn removing<S: Send + Sync + 'static>(house: &House<S>, forgets: Vec<Box<dyn Forget>>) -> Box<dyn Part> {
    let (pool, snapshot) = (house.pool.clone(), house.snapshot.clone());
    let view = snapshot.clone();
    Box::new(Removing {
        pool,
        revision: Box::new(move || snapshot.revision()),
        removed: Box::new(move || view.view().ever_removed().collect()),
        forgets,
        forgotten: Default::default(),
    })
}

fn guarded<S: Service>(clock: Arc<dyn DbClock>) -> GuardedClock {
    if S::HOLDS_ON_CLOCK_JUMP { GuardedClock::new(clock) } else { GuardedClock::unguarded(clock) }
}

fn relay(
    service: &'static str,
    pool: Pool,
    jetstream: async_nats::jetstream::Context,
    outbox: Outbox,
    metrics: &Metrics,
) -> Box<dyn Part> {
    let relay = Relay::new(service, pool, jetstream, outbox, RelayConfig::default());
    Box::new(relay.measured(metrics))
}

fn documents(
    service: &str,
    pool: Pool,
    clock: Arc<GuardedClock>,
    outbox: Outbox,
    jetstream: async_nats::jetstream::Context,
    metrics: &Metrics,
) -> Box<dyn Part> {
    let consumer = Consumer::new(
        format!("{service}-directory"),
        "directory",
        jetstream,
        pool,
        clock,
        outbox,
        Arc::new(KeepDocuments),
        ConsumerConfig::default(),
    );
    Box::new(consumer.measured(metrics))
}

/// Ours, not that of the library that collects the routes.
fn info(service: &str, about: &str) -> Info {
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    InfoBuilder::new()
        .title(format!("街哨 Streetwise {service}"))
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(about))
        .license(Some(license))
        .build()
}

fn described(routes: Router, openapi: Option<utoipa::openapi::OpenApi>) -> Router {
    match openapi {
        None => routes,
        Some(document) => {
            let document = Arc::new(document);
            routes.route("/openapi.json", get(move || async move { Json((*document).clone()) }))
        }
    }
}
