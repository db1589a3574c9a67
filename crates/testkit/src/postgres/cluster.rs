//! The two kinds of server: the shared one that may forget, and the durable one that may be killed.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use tokio::sync::OnceCell;

use super::server::{self, Durability, Told};
use crate::breakable::Breakable;
use crate::guardian::Guarded;
use crate::{Error, port};

const ADDRESS_VARIABLE: &str = "STREETWISE_TEST_POSTGRES_URL";
const START_TRIES: usize = 3;

/// Where a server listens and who is superuser there.
#[derive(Clone, Debug)]
pub struct Cluster {
    host: String,
    port: u16,
    superuser: String,
}

/// The process's own server. A static is never dropped: its guardian ends it with the process.
static SHARED: OnceCell<(Cluster, Option<Guarded>)> = OnceCell::const_new();

impl Cluster {
    /// The server which all tests of this process share.
    pub async fn get() -> Result<&'static Self, Error> {
        let shared = SHARED.get_or_try_init(async || match std::env::var(ADDRESS_VARIABLE) {
            Ok(url) => Ok((Self::at(&url)?, None)),
            Err(_) => Self::start_own().await.map(|(cluster, server)| (cluster, Some(server))),
        });
        shared.await.map(|(cluster, _)| cluster)
    }

    /// A server of one's own with syncing on, its data in `dir`, which may be killed and restarted. As root, `postgres`
    /// must be able to reach `dir`; the folder itself is given to that user.
    pub async fn start_durable(dir: &Path) -> Result<DurableCluster, Error> {
        Self::start_durable_with(dir, &[]).await
    }

    /// The same with further settings, each as `name=value`.
    pub async fn start_durable_with(
        dir: &Path,
        settings: &'static [&'static str],
    ) -> Result<DurableCluster, Error> {
        Self::start_durable_in(dir, settings, &[]).await
    }

    /// The same with variables in the server's environment.
    pub async fn start_durable_in(
        dir: &Path,
        settings: &'static [&'static str],
        env: &[(&str, String)],
    ) -> Result<DurableCluster, Error> {
        let folder = dir.to_owned();
        let env: Vec<String> = env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let as_told = Told { durability: Durability::Synced, settings, env: &env };
        let (port, server) = start_anywhere(&folder, as_told, None).await?;
        let (cluster, server) = (Self::local(port), Breakable::new("postgres", server));
        Ok(DurableCluster { cluster, folder, settings, env, server })
    }

    /// A URL of the role `postgres` or whoever is superuser, for `database`.
    pub fn admin_url(&self, database: &str) -> String {
        self.url(&self.superuser, database)
    }

    /// A URL of `role` for `database`; authentication is trust, so there is no password.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@{}:{}/{database}", self.host, self.port)
    }

    fn at(url: &str) -> Result<Self, Error> {
        let options = PgConnectOptions::from_str(url)
            .map_err(Error::postgres(format!("reading {ADDRESS_VARIABLE}")))?;
        Ok(Self {
            host: options.get_host().to_owned(),
            port: options.get_port(),
            superuser: options.get_username().to_owned(),
        })
    }

    fn local(port: u16) -> Self {
        Self { host: "127.0.0.1".to_owned(), port, superuser: "postgres".to_owned() }
    }

    async fn start_own() -> Result<(Self, Guarded), Error> {
        let folder = tempfile::Builder::new().prefix("streetwise-postgres-").tempdir();
        let folder = folder.map_err(Error::io("making a data folder"))?;
        let (port, server) = start_anywhere(folder.path(), Told::unsynced(), Some(folder.path())).await?;
        // From here on the guardian removes it, also when this process is killed.
        let _: PathBuf = folder.keep();
        Ok((Self::local(port), server))
    }
}

async fn start_anywhere(
    folder: &Path,
    told: Told<'_>,
    folder_to_remove: Option<&Path>,
) -> Result<(u16, Guarded), Error> {
    server::initialise(folder)?;
    let mut tries = 1;
    loop {
        let port = port::unused();
        match server::start(folder, port, told, folder_to_remove).await {
            Ok(server) => return Ok((port, server)),
            // Somebody else may have been faster to the port.
            Err(_) if tries < START_TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// A server that keeps what it acknowledged, for tests that take it away. It keeps port and data across restarts.
pub struct DurableCluster {
    cluster: Cluster,
    folder: PathBuf,
    settings: &'static [&'static str],
    env: Vec<String>,
    server: Breakable,
}

impl DurableCluster {
    /// Its address, the same after every restart.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// `kill -9` of the server and every one of its children at once, as a power cut; returns when they are gone.
    pub async fn kill(&self) {
        self.server.kill().await;
    }

    /// Freezes the server and its children: connections stay open and nothing answers.
    pub async fn pause(&self) {
        self.server.pause().await;
    }

    /// Ends [`DurableCluster::pause`].
    pub fn resume(&self) {
        self.server.resume();
    }

    /// Starts it again on the same port and data, after a kill if it still runs; returns when it has recovered.
    pub async fn restart(&self) -> Result<(), Error> {
        self.kill().await;
        let (folder, port) = (&self.folder, self.cluster.port);
        let told = Told { durability: Durability::Synced, settings: self.settings, env: &self.env };
        let server = server::start(folder, port, told, None).await?;
        self.server.replace(server);
        Ok(())
    }
}
