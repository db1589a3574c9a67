//! One service, put together as its process would be, on a database and a broker of its own, with a clock that
//! moves only when told. Nothing runs by itself: [`Rig::drain`] works until nothing is left.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use bootstrap::assemble::assemble;
use bootstrap::identity::Authenticator;
use bootstrap::identity::api_key::KeyRing;
use bootstrap::part::Part;
use bootstrap::rpc::{self, Fronted};
use bootstrap::{Env, House, Service, Settings, StreetOf, listen, schema};
use bytes::Bytes;
use contract::Envelope;
use contract::document::Document;
use messaging::provision::{Replicas, provision};
use pg::{DbClock, Minter, TenantScope};
use snapshot::Poller;
use tempfile::TempDir;
use tonic::service::Routes;
use tower::ServiceExt;

use crate::clock::ManualClock;
use crate::demo;
use crate::identity::{AUDIENCE, ISSUER, Identity};
use crate::nats::Broker;
use crate::postgres::Database;

/// A service under test.
pub struct Rig<S: Service> {
    /// Its tools.
    pub house: House<StreetOf<S>>,
    /// Its time; starts at 2026-11-23T02:00:00Z, a Monday at 10:00 in Shanghai.
    pub clock: ManualClock,
    /// Its broker.
    pub broker: Broker,
    /// Its database.
    pub database: Database,
    identity: Identity,
    router: Router,
    rpc: Fronted<Routes>,
    parts: Vec<Box<dyn Part>>,
    poller: tokio::sync::Mutex<Poller<S::Project>>,
    admin: sqlx::PgPool,
    client: async_nats::Client,
    env: Arc<Env>,
    /// How often it was put together.
    starts: u64,
    _folder: TempDir,
}

/// What a process has in memory.
struct Running<S: Service> {
    house: House<StreetOf<S>>,
    router: Router,
    rpc: Fronted<Routes>,
    parts: Vec<Box<dyn Part>>,
    poller: tokio::sync::Mutex<Poller<S::Project>>,
}

impl<S: Service> Rig<S> {
    /// Everything fresh; `env` holds the service's own variables.
    pub async fn start(env: &[(&str, &str)]) -> Self {
        let database = Database::fresh_from_template(&template_key::<S>(), async |admin_url| {
            pg::migrate::apply(&admin_url, &schema::<S>()).await
        })
        .await
        .expect("a migrated database");
        let broker = Broker::start().await.expect("a broker");
        let folder = tempfile::tempdir().expect("a folder");
        let identity = Identity::generate();
        let jwks = folder.path().join("jwks.json");
        std::fs::write(&jwks, identity.jwks().to_string()).expect("a writable folder");
        let env = Arc::new(environment::<S>(&database, &broker, &jwks, env));
        let client = async_nats::connect(broker.url()).await.expect("the broker answers");
        provision(&client, Replicas(1)).await.expect("streams and consumers");
        let clock = ManualClock::at("2026-11-23T02:00:00Z".parse().expect("an instant"));
        let Running { house, router, rpc, parts, poller } = put_together::<S>(&env, &client, &clock, 1);
        let admin = sqlx::PgPool::connect_lazy(&database.admin_url()).expect("an address");
        Self {
            house,
            clock,
            broker,
            database,
            identity,
            router,
            rpc,
            parts,
            poller,
            admin,
            client,
            env,
            starts: 1,
            _folder: folder,
        }
    }

    /// The same process once more: what it had in memory is gone, and what it stored is there.
    pub async fn restart(&mut self) {
        self.starts += 1;
        let running = put_together::<S>(&self.env, &self.client, &self.clock, self.starts);
        let Running { house, router, rpc, parts, poller } = running;
        (self.house, self.router, self.rpc, self.parts, self.poller) = (house, router, rpc, parts, poller);
        self.refresh().await;
    }

    /// Keeps documents as if they had come from the directory, and compiles them.
    pub async fn documents(&self, documents: &[Document]) {
        for document in documents {
            let scope = TenantScope::of_subjects([document.header.tenant]);
            let mut tx = self.house.pool.begin(scope).await.expect("a transaction");
            let bytes = document.encode().expect("an encodable document");
            snapshot::keep(&mut tx, &document.header, &bytes).await.expect("a kept document");
            tx.commit().await.expect("a commit");
        }
        self.refresh().await;
    }

    /// The default pack and the demo district with its streets.
    pub async fn demo_documents(&self) {
        self.documents(&demo::documents(1)).await;
    }

    /// Looks for newer documents, as the poller of a process does.
    pub async fn refresh(&self) {
        self.poller.lock().await.refresh().await.expect("documents load");
    }

    /// Puts an event on the broker, as its publisher's relay would. Publishing the same id twice within the
    /// broker's window would be dropped there; so the broker's own dedupe header is left out.
    pub async fn publish(&self, envelope: &Envelope, payload: Bytes) {
        let mut headers = async_nats::HeaderMap::new();
        for (name, value) in envelope.headers().into_iter().filter(|(name, _)| *name != "Nats-Msg-Id") {
            headers.insert(name, value.as_str());
        }
        self.publish_raw(&envelope.subject(), headers, payload).await;
    }

    /// Puts any bytes on the broker, for poison.
    pub async fn publish_raw(&self, subject: &str, headers: async_nats::HeaderMap, payload: Bytes) {
        let jetstream = jetstream::new(self.client.clone());
        let ack = jetstream.publish_with_headers(subject.to_owned(), headers, payload).await;
        ack.expect("published").await.expect("stored");
    }

    /// Works until nothing is left to do; returns how much was done.
    pub async fn drain(&self) -> usize {
        self.try_drain().await.unwrap_or_else(|error| panic!("{}: {error}", S::NAME))
    }

    /// The same where a part is expected to complain.
    pub async fn try_drain(&self) -> Result<usize, String> {
        let mut done = 0;
        loop {
            let mut round = 0;
            for part in &self.parts {
                round += part.drain().await?;
            }
            if round == 0 {
                return Ok(done);
            }
            done += round;
        }
    }

    /// A valid token.
    pub fn token(&self, subject: &str) -> String {
        self.identity.token(subject)
    }

    /// One request through the whole door. The body is JSON, or `Null` for none; a text answer comes as a string.
    pub async fn http(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: Option<serde_json::Value>,
    ) -> (StatusCode, HeaderMap, serde_json::Value) {
        let mut request = Request::builder().method(method.parse::<Method>().expect("a method")).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = match body {
            None => request.body(Body::empty()),
            Some(json) => {
                request.header("content-type", "application/json").body(Body::from(json.to_string()))
            }
        };
        self.request(request.expect("a request")).await
    }

    /// Any request through the whole door.
    pub async fn request(&self, request: Request<Body>) -> (StatusCode, HeaderMap, serde_json::Value) {
        let response = self.router.clone().oneshot(request).await.expect("doors answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let within = Duration::from_secs(30);
        let bytes = tokio::time::timeout(within, axum::body::to_bytes(response.into_body(), 1 << 24)).await;
        let bytes = bytes.expect("the body ends").expect("a whole body");
        let text = || serde_json::Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let json = if bytes.is_empty() {
            serde_json::Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap_or_else(|_| text())
        };
        (status, headers, json)
    }

    /// The gRPC door, for a generated client: `Client::new(rig.rpc())`. What it is asked is signed by [`Rig::signed`].
    pub fn rpc(&self) -> Fronted<Routes> {
        self.rpc.clone()
    }

    /// A message from somebody.
    pub fn signed<T>(&self, subject: &str, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        let token = format!("Bearer {}", self.token(subject)).parse().expect("ASCII");
        request.metadata_mut().insert("authorization", token);
        request
    }

    /// The door itself, for answers that stream.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Everything this service has said, in the order of its ids.
    pub async fn said(&self) -> Vec<(Envelope, Bytes)> {
        crate::journal::read(&self.admin, S::NAME).await
    }

    /// A superuser's pool for assertions; the service never sees it.
    pub fn admin(&self) -> &sqlx::PgPool {
        &self.admin
    }
}

/// No two starts mint the same ids.
fn put_together<S: Service>(
    env: &Arc<Env>,
    client: &async_nats::Client,
    clock: &ManualClock,
    seed: u64,
) -> Running<S> {
    let settings = Settings::read(env).expect("a complete environment");
    let time: Arc<dyn DbClock> = Arc::new(clock.clone());
    let made = assemble::<S>(&settings, env.clone(), client.clone(), time, Minter::from_seed(seed));
    let made = made.unwrap_or_else(|error| panic!("{} does not assemble: {error:?}", S::NAME));
    let authenticator = Authenticator::open(settings.identity).expect("keys");
    let authenticator = authenticator.with_key_ring(KeyRing::of(made.house.snapshot.clone()));
    // A machine that is busy with tests is no frozen database.
    let limits = listen::Limits { answer_within: Duration::from_secs(30), ..listen::Limits::default() };
    let rpc = rpc::fronted(made.rpc, authenticator.clone());
    let router = listen::front(made.routes, authenticator, limits);
    let poller = tokio::sync::Mutex::new(made.poller);
    Running { house: made.house, router, rpc, parts: made.parts, poller }
}

fn environment<S: Service>(
    database: &Database,
    broker: &Broker,
    jwks: &std::path::Path,
    own: &[(&str, &str)],
) -> Env {
    let shared = [
        ("STREETWISE_DATABASE_URL", database.url_for(S::NAME)),
        ("STREETWISE_RELAY_DATABASE_URL", database.url_for(&format!("{}_relay", S::NAME))),
        ("STREETWISE_NATS_URL", broker.url()),
        ("STREETWISE_HTTP_LISTEN", "127.0.0.1:0".to_owned()),
        ("STREETWISE_ENVIRONMENT", "development".to_owned()),
        ("STREETWISE_JWKS_FILE", jwks.display().to_string()),
        ("STREETWISE_JWT_ISSUER", ISSUER.to_owned()),
        ("STREETWISE_JWT_AUDIENCE", AUDIENCE.to_owned()),
    ];
    let own = own.iter().map(|(name, value)| (*name, (*value).to_owned()));
    Env::from_iter(shared.into_iter().chain(own))
}

/// Names the service and the content of its migrations: a changed migration is another template.
fn template_key<S: Service>() -> String {
    let schema = schema::<S>();
    let sums = schema.migrators.iter().flat_map(|m| m.iter()).flat_map(|m| m.checksum.iter().copied());
    let hash = sums.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{}_{hash:016x}", S::NAME)
}
