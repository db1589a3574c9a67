//! The processes of a cluster and what they are told in their environment.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use testkit::identity::{AUDIENCE, ISSUER};
use testkit::nats::Broker;
use testkit::postgres::Database;
use testkit::process::{Program, binaries, free_port};
use testkit::wait;

use super::Setup;
use crate::broker_users::BrokerUsers;
use crate::front::Front;

/// A service of a cluster: its process, another one that may take its place, and where clients find them.
pub(super) struct Service {
    pub program: Program,
    /// The same once more, with ports of its own; not started.
    pub second: Program,
    pub address: SocketAddr,
    pub second_address: SocketAddr,
    /// What clients see instead of the process.
    pub front: Option<Front>,
    pub url: String,
    pub grpc_url: String,
    pub env: BTreeMap<String, String>,
}

/// One of a service's processes.
pub(crate) struct Replica<'a> {
    pub program: &'a Program,
    pub address: SocketAddr,
}

impl Replica<'_> {
    /// Waits until it says that it is ready.
    pub async fn ready(&self, http: &reqwest::Client, within: Duration) -> bool {
        let url = format!("http://{}/readyz", self.address);
        let ready = wait::until(within, async || {
            http.get(&url).send().await.ok()?.status().is_success().then_some(())
        });
        ready.await.is_some()
    }
}

pub(super) fn service(
    name: &'static str,
    database: &Database,
    (broker, users): (&Broker, &BrokerUsers),
    sink_port: u16,
    folder: &Path,
    setup: Setup,
) -> Service {
    let (port, grpc_port) = (free_port(), free_port());
    let file = |file: &str| folder.join(file).display().to_string();
    let origin = format!("http://127.0.0.1:{sink_port}");
    let env = [
        ("STREETWISE_DATABASE_URL", database.url_for(name)),
        ("STREETWISE_RELAY_DATABASE_URL", database.url_for(&format!("{name}_relay"))),
        ("STREETWISE_NATS_URL", broker.url()),
        ("STREETWISE_NATS_NKEY_FILE", users.key_file(name)),
        ("STREETWISE_HTTP_LISTEN", format!("127.0.0.1:{port}")),
        ("STREETWISE_GRPC_LISTEN", format!("127.0.0.1:{grpc_port}")),
        ("STREETWISE_ENVIRONMENT", "development".to_owned()),
        ("STREETWISE_JWKS_FILE", file("jwks.json")),
        ("STREETWISE_JWT_ISSUER", ISSUER.to_owned()),
        ("STREETWISE_JWT_AUDIENCE", AUDIENCE.to_owned()),
        ("STREETWISE_LOG", "info,async_nats=error".to_owned()),
        ("STREETWISE_INTAKE_SECRET_FILE", file("intake-secret")),
        ("STREETWISE_SEAL_KEY_FILE", file("seal-key")),
        ("STREETWISE_LINK_KEY_FILE", file("link-key")),
        ("STREETWISE_PUBLIC_URL", format!("http://127.0.0.1:{port}")),
        ("STREETWISE_ENDPOINT_SECRETS_DIR", file("secrets")),
        ("STREETWISE_EGRESS_ALLOW", format!("http://127.0.0.1/127.0.0.1/32:{}", sink_port)),
        ("STREETWISE_MANIFEST_VARIABLES", format!("SINK_URL={origin}")),
        ("STREETWISE_DIRECTORY_ADMINS", "sre".to_owned()),
        ("STREETWISE_RETRY_DIVISOR", "300".to_owned()),
    ];
    let knobs = setup.knobs.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let env: BTreeMap<String, String> =
        env.into_iter().chain(knobs).map(|(name, value)| (name.to_owned(), value)).collect();
    let path: PathBuf = binaries().join(name);
    assert!(path.exists(), "{} is not built: build the workspace's binaries first", path.display());
    let log = folder.join(format!("{name}.log"));
    let (second_port, second_grpc_port) = (free_port(), free_port());
    let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let mut second_env = env.clone();
    second_env.insert("STREETWISE_HTTP_LISTEN".to_owned(), local(second_port).to_string());
    second_env.insert("STREETWISE_GRPC_LISTEN".to_owned(), local(second_grpc_port).to_string());
    let url = |port| format!("http://127.0.0.1:{port}");
    Service {
        // Both write to one log.
        second: program(path.clone(), log.clone(), second_env, setup.under),
        program: program(path, log, env.clone(), setup.under),
        address: local(port),
        second_address: local(second_port),
        front: None,
        url: url(port),
        grpc_url: url(grpc_port),
        env,
    }
}

fn program(path: PathBuf, log: PathBuf, env: BTreeMap<String, String>, under: &[&str]) -> Program {
    let Some((first, rest)) = under.split_first() else { return Program::new(path, log, env) };
    let arguments = rest.iter().map(|argument| (*argument).to_owned());
    let arguments = arguments.chain([path.display().to_string()]).collect();
    Program::new(PathBuf::from(first), log, env).with_arguments(arguments)
}

pub(super) fn streetwise_sink(port: u16, folder: &Path) -> Program {
    let file = |name: &str| folder.join(name).display().to_string();
    let env = BTreeMap::from([("STREETWISE_ENVIRONMENT".to_owned(), "development".to_owned())]);
    let arguments =
        ["sink", "--listen", &format!("127.0.0.1:{port}"), "--secrets", &file("secrets"), "--out"];
    let arguments = arguments.iter().map(|part| (*part).to_owned()).chain([file("sink.jsonl")]).collect();
    Program::new(binaries().join("streetwise"), folder.join("sink.log"), env).with_arguments(arguments)
}
