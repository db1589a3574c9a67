//! Everything a district runs, as real processes on loopback, each killable at any moment.

mod service;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bootstrap::process::{self, Running};
use contract::broker_user::PROVISIONER;
use messaging::provision::{Replicas, provision};
use sqlx::PgPool;
use tempfile::TempDir;
use testkit::identity::Identity;
use testkit::nats::Broker;
use testkit::postgres::{Cluster as Postgres, Database, DurableCluster};
use testkit::process::{Program, free_port};
use testkit::sink::Sink;
use testkit::wait;

use crate::broker_users::{BrokerUsers, KEEPER};
use crate::front::Front;
use crate::streets;
pub(crate) use service::Replica;
use service::{Service, service, streetwise_sink};

/// The services in the order of the flow.
pub const SERVICES: [&str; 6] = ["intake", "triage", "dispatch", "notification", "directory", "console"];
const PERSONAS: [&str; 10] = [
    "grid-worker",
    "resident",
    "transport",
    "traffic-police",
    "bus-company",
    "street-centre",
    "verifier",
    "governance-centre",
    "sre",
    "auditor",
];

/// A running district.
pub struct Cluster {
    /// Synced to disk; may be killed and frozen.
    pub postgres: DurableCluster,
    /// Default sync; may be killed and frozen. Lets in only the users of `contract::broker_user` and the harness.
    pub broker: Broker,
    users: BrokerUsers,
    /// Where all webhooks arrive.
    pub sink: Sink,
    /// For assertions, as a superuser.
    pub admin: PgPool,
    /// Logs, keys and data; removed at the end.
    pub folder: TempDir,
    /// How many streets were applied.
    pub streets: usize,
    setup: Setup,
    http: reqwest::Client,
    services: BTreeMap<&'static str, Service>,
    tokens: BTreeMap<&'static str, String>,
    sink_port: u16,
    sink_program: Program,
    inside: Vec<Running>,
    database: Database,
}

/// What a cluster is made of; [`Cluster::start`] takes all services and its own sink.
#[derive(Clone, Copy)]
pub struct Setup {
    /// How many streets.
    pub streets: usize,
    /// The manifest of the n-th, from 1.
    pub street: fn(usize) -> String,
    /// Which services run.
    pub services: &'static [&'static str],
    /// A loopback port where webhooks are to arrive instead of [`Cluster::sink`].
    pub sink_port: Option<u16>,
    /// Further knobs, for all services.
    pub knobs: &'static [(&'static str, &'static str)],
    /// Further settings of Postgres, each as `name=value`.
    pub postgres: &'static [&'static str],
    /// What the services run under: a command and its arguments, e.g. a profiler. Nothing: by themselves.
    pub under: &'static [&'static str],
    /// How many times longer than usual everything may take.
    pub patience: u32,
}

/// The variables of a process whose clock follows a file.
pub type EnvByFile = fn(&Path) -> Result<Vec<(&'static str, String)>>;

#[derive(Clone, Copy, Default)]
struct Mode {
    /// What Postgres runs with, by the file that says how wrong its clock is.
    database_clock: Option<EnvByFile>,
    sink_as_program: bool,
    one_process: bool,
    behind_fronts: bool,
}

impl Setup {
    /// All services, and the demo's streets.
    pub fn of(streets: usize) -> Self {
        Self {
            streets,
            street: streets::street,
            services: &SERVICES,
            sink_port: None,
            knobs: &[],
            postgres: &[],
            under: &[],
            patience: 1,
        }
    }
}

async fn inside<S: bootstrap::Service>(service: &Service) -> Result<Running> {
    let env = bootstrap::Env::from_iter(service.env.clone());
    process::start::<S>(env)
        .await
        .map_err(anyhow::Error::from_boxed)
        .with_context(|| format!("starting {}", S::NAME))
}

impl Cluster {
    /// Starts everything, applies the demo district with this many streets, and returns when all are ready and
    /// every service knows every street. Webhooks arrive at [`Cluster::sink`].
    pub async fn start(streets: usize) -> Result<Self> {
        Self::start_with(Setup::of(streets), Mode::default()).await
    }

    /// The same, made of something else.
    pub async fn start_as(setup: Setup) -> Result<Self> {
        Self::start_with(setup, Mode::default()).await
    }

    /// The same; clients reach each service at an address that stays when its process is replaced.
    pub async fn start_behind_fronts(setup: Setup) -> Result<Self> {
        Self::start_with(setup, Mode { behind_fronts: true, ..Mode::default() }).await
    }

    /// The same; how wrong the database's clock is can be said by [`Cluster::set_database_clock`].
    pub async fn start_with_database_clock(setup: Setup, env: EnvByFile) -> Result<Self> {
        Self::start_with(setup, Mode { database_clock: Some(env), ..Mode::default() }).await
    }

    /// From now on the database is so many seconds ahead (`+3600`) or behind.
    pub fn set_database_clock(&self, seconds: &str) -> Result<()> {
        Ok(std::fs::write(database_clock(self.folder.path()), seconds)?)
    }

    /// The file by which the clock of a service goes that was started with it, and how wrong it is from now on.
    pub fn set_service_clock(&self, name: &str, seconds: &str) -> Result<PathBuf> {
        let file = self.folder.path().join(format!("{name}-clock"));
        std::fs::write(&file, seconds)?;
        Ok(file)
    }

    /// The same, but webhooks arrive at `streetwise sink` as a process, as in `./dev up`.
    pub async fn start_with_sink_program(streets: usize) -> Result<Self> {
        Self::start_with(Setup::of(streets), Mode { sink_as_program: true, ..Mode::default() }).await
    }

    /// The same with all six services inside this process.
    pub async fn start_in_one_process(streets: usize) -> Result<Self> {
        Self::start_in_one_process_as(Setup::of(streets)).await
    }

    /// The same, made of something else.
    pub async fn start_in_one_process_as(setup: Setup) -> Result<Self> {
        Self::start_with(setup, Mode { sink_as_program: true, one_process: true, ..Mode::default() }).await
    }

    /// Another issuer's keys take the place of ours: every token given out is a forgery as soon as a service looks.
    pub fn replace_the_issuer(&self) -> Result<()> {
        let keys = Identity::generate().jwks().to_string();
        Ok(std::fs::write(self.folder.path().join("jwks.json"), keys)?)
    }

    async fn start_with(setup: Setup, mode: Mode) -> Result<Self> {
        rustls::crypto::ring::default_provider().install_default().ok();
        // Postgres must reach its data as another user; the test's own temporary folder may be closed to it.
        let folder = tempfile::Builder::new().prefix("streetwise-cluster-").tempdir_in("/var/tmp")?;
        open_to_all(folder.path())?;
        let data = folder.path().join("postgres");
        std::fs::create_dir(&data)?;
        let clock = database_clock(folder.path());
        std::fs::write(&clock, "+0")?;
        let env = mode.database_clock.map(|env| env(&clock)).transpose()?.unwrap_or_default();
        let postgres = Postgres::start_durable_in(&data, setup.postgres, &env).await?;
        let database = Database::fresh_in(postgres.cluster(), "streetwise").await?;
        for schema in crate::schemas() {
            pg::migrate::apply(&database.admin_url(), &schema).await?;
        }
        let users = BrokerUsers::write(folder.path())?;
        let broker = Broker::start_with(users.settings()).await?;
        provision(&users.connect(&broker, PROVISIONER).await?, Replicas(1)).await?;
        let sink = Sink::start().await?;
        let identity = Identity::generate();
        std::fs::write(folder.path().join("jwks.json"), identity.jwks().to_string())?;
        std::fs::write(folder.path().join("intake-secret"), [7u8; 32])?;
        std::fs::write(folder.path().join("seal-key"), [9u8; 32])?;
        std::fs::write(folder.path().join("link-key"), [11u8; 32])?;
        std::fs::create_dir(folder.path().join("secrets"))?;
        let tokens = PERSONAS.iter().map(|persona| (*persona, identity.token(persona))).collect();
        let own_port = if mode.sink_as_program { free_port() } else { sink.address().port() };
        let sink_port = setup.sink_port.unwrap_or(own_port);
        let sink_program = streetwise_sink(sink_port, folder.path());
        let services = SERVICES
            .iter()
            .map(|name| (*name, service(name, &database, (&broker, &users), sink_port, folder.path(), setup)))
            .collect();
        let admin = PgPool::connect(&database.admin_url()).await?;
        let answer_within = setup.patience * Duration::from_secs(5);
        let http = reqwest::Client::builder().timeout(answer_within).no_proxy().build()?;
        let mut cluster = Self {
            postgres,
            broker,
            users,
            sink,
            admin,
            folder,
            streets: setup.streets,
            setup,
            http,
            services,
            tokens,
            sink_port,
            sink_program,
            inside: Vec::new(),
            database,
        };
        if mode.behind_fronts {
            for service in cluster.services.values_mut() {
                service.front = Some(Front::before(service.address).await?);
            }
        }
        if mode.sink_as_program {
            cluster.sink_program.start(&[]).await.context("starting the sink")?;
        }
        if mode.one_process {
            cluster.start_inside().await?;
        } else {
            for name in setup.services {
                cluster.start_service(name, &[]).await?;
            }
        }
        cluster.await_ready(setup.services, setup.patience * Duration::from_secs(30)).await?;
        cluster.apply_manifests().await?;
        Ok(cluster)
    }

    /// (Re)starts a service, with variables for this one start (a crash point).
    pub async fn start_service(&self, name: &str, more: &[(&str, &str)]) -> Result<()> {
        self.services[name].program.start(more).await.with_context(|| format!("starting {name}"))
    }

    async fn start_inside(&mut self) -> Result<()> {
        self.inside = vec![
            inside::<intake::Intake>(&self.services["intake"]).await?,
            inside::<triage::Triage>(&self.services["triage"]).await?,
            inside::<dispatch::Dispatch>(&self.services["dispatch"]).await?,
            inside::<notification::Notification>(&self.services["notification"]).await?,
            inside::<directory::Directory>(&self.services["directory"]).await?,
            inside::<console::Console>(&self.services["console"]).await?,
        ];
        Ok(())
    }

    /// The key of one of the broker's users, for the command line.
    pub fn broker_key_file(&self, user: &str) -> String {
        self.users.key_file(user)
    }

    /// A connection to the broker that may do everything, for faults and for looking.
    pub async fn broker_keeper(&self) -> Result<async_nats::Client> {
        self.users.connect(&self.broker, KEEPER).await
    }

    /// The process of a service.
    pub fn program(&self, name: &str) -> &Program {
        &self.services[name].program
    }

    /// Base URL of a service.
    pub fn url(&self, name: &str) -> &str {
        let service = &self.services[name];
        service.front.as_ref().map_or(&service.url, Front::url)
    }

    /// What stands before a service.
    pub(crate) fn front(&self, name: &str) -> &Front {
        self.services[name].front.as_ref().expect("a cluster behind fronts")
    }

    /// The process that a service is started as.
    pub(crate) fn own_replica(&self, name: &str) -> Replica<'_> {
        let service = &self.services[name];
        Replica { program: &service.program, address: service.address }
    }

    /// Another process of the same service.
    pub(crate) fn second_replica(&self, name: &str) -> Replica<'_> {
        let service = &self.services[name];
        Replica { program: &service.second, address: service.second_address }
    }

    /// Base URL of a service's gRPC door.
    pub fn grpc_url(&self, name: &str) -> &str {
        &self.services[name].grpc_url
    }

    /// A persona's token.
    pub fn token(&self, persona: &str) -> &str {
        &self.tokens[persona]
    }

    /// The shared client: keep-alive, no proxy, 5 s.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Copies the logs of all services to a folder, for whoever looks for what went wrong.
    pub fn keep_logs(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        for name in SERVICES {
            std::fs::copy(self.program(name).log(), folder.join(format!("{name}.log")))?;
        }
        Ok(())
    }

    /// Every log line so far, for canaries.
    pub fn logs(&self) -> Result<String> {
        let read = |service: &Service| Ok(std::fs::read_to_string(service.program.log())?);
        self.services.values().map(read).collect()
    }

    /// Waits until these services say ready.
    pub async fn await_ready(&self, names: &[&str], within: Duration) -> Result<()> {
        for name in names {
            let url = format!("{}/readyz", self.url(name));
            let ready = wait::until(within, async || {
                let answer = self.http.get(&url).send().await.ok()?;
                answer.status().is_success().then_some(())
            });
            if ready.await.is_none() {
                let log = std::fs::read_to_string(self.program(name).log()).unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(5).collect();
                bail!("{name} is not ready; its last words:\n{}", tail.join("\n"));
            }
        }
        Ok(())
    }

    /// Writes `endpoints.json` as `./dev up` does, for the command line.
    pub fn write_endpoints(&self) -> Result<PathBuf> {
        let services: BTreeMap<&str, &str> = SERVICES.iter().map(|name| (*name, self.url(name))).collect();
        let grpc: BTreeMap<&str, &str> = SERVICES.iter().map(|name| (*name, self.grpc_url(name))).collect();
        let endpoints = serde_json::json!({
            "services": services,
            "grpc": grpc,
            "nats": self.broker.url(),
            "postgres": self.database.admin_url(),
            "redis": "",
            "sink": format!("http://127.0.0.1:{}", self.sink_port),
            "sink_log": self.folder.path().join("sink.jsonl"),
            "tokens": self.tokens,
        });
        let path = self.folder.path().join("endpoints.json");
        std::fs::write(&path, endpoints.to_string())?;
        Ok(path)
    }

    /// Kills all services, so that the database stands still.
    pub async fn stop_services(&self) {
        for service in self.services.values() {
            service.program.kill().await;
        }
    }

    /// The database as a superuser, for the command line.
    pub fn admin_url(&self) -> String {
        self.database.admin_url()
    }

    /// The database as another role.
    pub fn url_for(&self, role: &str) -> String {
        self.database.url_for(role)
    }

    /// The database's name on its server.
    pub fn database_name(&self) -> &str {
        self.database.name()
    }

    /// A copy of the database to break. Needs the services stopped and [`Cluster::admin`] closed.
    pub async fn copy(&self) -> Result<PgPool> {
        let name = format!("mutant_{}", uuid::Uuid::from_u128(rand::random()).simple());
        let maintenance = PgPool::connect(&self.postgres.cluster().admin_url("postgres")).await?;
        let statement = format!("CREATE DATABASE {name} TEMPLATE {}", self.database.name());
        let copied = wait::until(Duration::from_secs(10), async || {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement.clone())).execute(&maintenance).await.ok()
        });
        copied.await.context("the database is still in use")?;
        Ok(PgPool::connect(&self.postgres.cluster().admin_url(&name)).await?)
    }

    async fn apply_manifests(&self) -> Result<()> {
        self.apply(streets::district()).await?;
        for n in 1..=self.streets {
            self.apply((self.setup.street)(n)).await?;
        }
        let tenants = self.streets as i64 + 1;
        for service in self.setup.services {
            let known = format!("SELECT count(DISTINCT tenant_id) FROM {service}.document_heads");
            let all = wait::until(self.setup.patience * Duration::from_secs(30), async || {
                let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(known.clone()))
                    .fetch_one(&self.admin)
                    .await
                    .ok()?;
                (count == tenants).then_some(())
            });
            all.await.with_context(|| format!("{service} does not know every street"))?;
        }
        // Replicas poll four times a second.
        if self.setup.services.contains(&"intake") { self.await_views().await } else { Ok(()) }
    }

    /// Until each street accepts a report, its snapshot is not there yet: asked with a body that is refused.
    async fn await_views(&self) -> Result<()> {
        for n in 1..=self.streets {
            let url = format!("{}/intake/v1/streets/{}/reports", self.url("intake"), streets::code(n));
            let known = wait::until(self.setup.patience * Duration::from_secs(10), async || {
                let request = self.http.post(&url).bearer_auth(self.token("grid-worker"));
                let request = request.header("idempotency-key", uuid::Uuid::from_u128(n as u128).to_string());
                let answer = request.json(&serde_json::json!({})).send().await.ok()?;
                (answer.status().as_u16() == 422).then_some(())
            });
            known.await.with_context(|| format!("intake does not know street {n}"))?;
        }
        Ok(())
    }

    async fn apply(&self, manifest: String) -> Result<()> {
        let url = format!("{}/directory/v1/manifests:apply", self.url("directory"));
        let applied = wait::until(self.setup.patience * Duration::from_secs(15), async || {
            let request = self.http.post(&url).bearer_auth(self.token("sre"));
            let answer = request
                .header("content-type", "application/yaml")
                .body(manifest.clone())
                .send()
                .await
                .ok()?;
            let status = answer.status();
            let text = answer.text().await.unwrap_or_default();
            // A street whose district this replica has not seen yet is refused; it will be there in a moment.
            if status.is_success() {
                Some(())
            } else {
                eprintln!("apply: {status} {text}");
                None
            }
        });
        applied.await.context("a manifest was not applied")
    }
}

fn database_clock(folder: &Path) -> PathBuf {
    folder.join("database-clock")
}

/// Lets every user enter a folder: Postgres runs as one of its own.
pub fn open_to_all(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}
