//! What a service says about itself, and how it is put together.

use std::convert::Infallible;
use std::sync::Arc;

use async_nats::jetstream;
use axum::Router;
use contract::topology;
use messaging::{Apply, Consumer, ConsumerConfig};
use pg::migrate::Schema;
use snapshot::Project;
use sqlx::migrate::Migrator;
use tonic::codegen::http;
use tonic::server::NamedService;
use wakeups::{Fire, Runner, RunnerConfig};

use crate::catch_up::{CatchUp, CatchingUp};
use crate::config::ConfigError;
use crate::house::House;
use crate::part::Part;
use crate::removal::{ByView, Forget};
use crate::rpc::Servers;

/// A service: its name, its schema, and what it is made of.
pub trait Service: Sized + Send + Sync + 'static {
    /// One word: crate, binary, schema, role, stream, `service.name`.
    const NAME: &'static str;
    /// What it does, in both languages: the description of its HTTP door.
    const ABOUT: &'static str;
    /// What it wants of tenant documents.
    type Project: Project;
    /// Whether its time is refused while the database's clock is ahead (D29). A service that decides nothing by
    /// its time says no: it had better go on.
    const HOLDS_ON_CLOCK_JUMP: bool = true;

    /// Its own migrations; those of the shared crates come first by themselves.
    fn migrations() -> Migrator;

    /// Made once per process.
    fn project() -> Self::Project;

    /// Reads its own knobs and puts its doors, consumers and runners together. Does no I/O.
    fn build(house: House<StreetOf<Self>>, plan: &mut Plan<'_>) -> Result<(), ConfigError>;
}

/// The compiled street of a service.
pub type StreetOf<S> = <<S as Service>::Project as Project>::Street;

/// The schema of a service, for `streetwise migrate` and for tests.
pub fn schema<S: Service>() -> Schema {
    let migrators = vec![
        pg::migrate::base(),
        messaging::migrations(),
        wakeups::migrations(),
        snapshot::migrations(),
        S::migrations(),
    ];
    Schema { service: S::NAME, migrators }
}

/// Where a service's `build` puts what it is made of.
pub struct Plan<'a> {
    pub(crate) service: &'static str,
    pub(crate) jetstream: &'a jetstream::Context,
    pub(crate) routes: Router,
    pub(crate) openapi: Option<utoipa::openapi::OpenApi>,
    pub(crate) rpc: Servers,
    pub(crate) parts: Vec<Box<dyn Part>>,
    pub(crate) forgets: Vec<Box<dyn Forget>>,
}

impl Plan<'_> {
    /// The HTTP door: routes under `/{service}/v1/…` and their description.
    pub fn door(&mut self, routes: Router, openapi: utoipa::openapi::OpenApi) {
        self.routes = std::mem::take(&mut self.routes).merge(routes);
        self.openapi = Some(openapi);
    }

    /// The gRPC door: one generated server.
    pub fn rpc<R>(&mut self, server: R)
    where
        R: tonic::codegen::Service<http::Request<tonic::body::Body>, Error = Infallible> + NamedService,
        R: Clone + Send + Sync + 'static,
        R::Response: axum::response::IntoResponse,
        R::Future: Send + 'static,
    {
        self.rpc.routes.add_service(server);
    }

    /// The same for one that needs no account: each of its methods begins with [`crate::rpc::Knock`], bounds who calls, and finds
    /// the caller's right in the message.
    pub fn rpc_for_strangers<R>(&mut self, server: R)
    where
        R: tonic::codegen::Service<http::Request<tonic::body::Body>, Error = Infallible> + NamedService,
        R: Clone + Send + Sync + 'static,
        R::Response: axum::response::IntoResponse,
        R::Future: Send + 'static,
    {
        self.rpc.open.insert(R::NAME);
        self.rpc(server);
    }

    /// Hears an upstream: one consumer per lane, as `contract::topology` says.
    pub fn hears<S: Send + Sync + 'static, A: Apply>(&mut self, house: &House<S>, upstream: &str, apply: A) {
        let apply = Arc::new(apply);
        let removals = Arc::new(ByView { snapshot: house.snapshot.clone(), pool: house.pool.clone() });
        let specs = topology::consumers_of(self.service).into_iter().filter(|spec| spec.stream == upstream);
        for spec in specs {
            let consumer = Consumer::new(
                spec.name,
                spec.stream,
                self.jetstream.clone(),
                house.pool.clone(),
                house.clock.clone(),
                house.outbox.clone(),
                apply.clone(),
                ConsumerConfig::default(),
            );
            let consumer = consumer.measured(&house.metrics).without_removed(removals.clone());
            self.parts.push(Box::new(consumer));
        }
    }

    /// What is kept of a tenant beside its rows is forgotten when the tenant is removed.
    pub fn forgets(&mut self, forget: impl Forget) {
        self.forgets.push(Box::new(forget));
    }

    /// Fires wake-ups of one kind.
    pub fn fires<S, F: Fire>(&mut self, house: &House<S>, fire: F) {
        let outbox = house.outbox.clone();
        let runner = Runner::new(
            house.wakeups(),
            Arc::new(fire),
            Arc::new(move || outbox.wake()),
            RunnerConfig::default(),
        );
        self.parts.push(Box::new(runner));
    }

    /// Does again what follows from tenant documents whenever they change.
    pub fn catches_up<S: Send + Sync + 'static>(&mut self, house: &House<S>, work: impl CatchUp) {
        self.part(CatchingUp { snapshot: house.snapshot.clone(), work });
    }

    /// Any other moving part.
    pub fn part(&mut self, part: impl Part + 'static) {
        self.parts.push(Box::new(part));
    }
}
