//! A database for one test, cloned from a migrated template.

use std::time::Duration;

use rand::Rng;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::Cluster;
use crate::{Error, wait};

/// Database that statements about other databases run in. Advisory locks count per database: all take them here.
const MAINTENANCE: &str = "postgres";
/// One lock for all templates of a server: migrations also make roles, and those belong to the whole server.
const TEMPLATE_LOCK: i64 = 0x5354_5245_4554;
/// How long the last connections to a template may take to close.
const TEMPLATE_FREE_WITHIN: Duration = Duration::from_secs(20);
const DROP_WITHIN: Duration = Duration::from_secs(5);
const OBJECT_IN_USE: &str = "55006";

/// A database of one's own. Dropping this drops it, connections and all, as well as that can be done.
#[derive(Debug)]
pub struct Database {
    cluster: Cluster,
    name: String,
}

impl Database {
    /// An empty database on the shared server, named `prefix` and something unique.
    pub async fn fresh(prefix: &str) -> Result<Self, Error> {
        Self::fresh_in(Cluster::get().await?, prefix).await
    }

    /// An empty database on `cluster`.
    pub async fn fresh_in(cluster: &Cluster, prefix: &str) -> Result<Self, Error> {
        let name = unique_name(prefix)?;
        let mut connection = connect(cluster).await?;
        execute(&mut connection, format!("CREATE DATABASE {name}")).await?;
        Ok(Self { cluster: cluster.clone(), name })
    }

    /// A copy of the template `key` on the shared server. The first caller of a key, of all processes, builds the
    /// template with `migrate`, which gets its superuser URL and must leave no connection open; the others wait for
    /// it. A key stands for content: when the migrations differ, the key must.
    pub async fn fresh_from_template<E>(
        key: &str,
        migrate: impl AsyncFnOnce(String) -> Result<(), E>,
    ) -> Result<Self, Error>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let cluster = Cluster::get().await?;
        let template = format!("template_{}", plain(key)?);
        let mut connection = connect(cluster).await?;
        if finished(&mut connection, &template).await? != Some(true) {
            build(cluster, &mut connection, key, &template, migrate).await?;
        }
        let name = unique_name(key)?;
        // A migrator's connection may still be closing: the server refuses the copy until it has.
        let copied = wait::until(TEMPLATE_FREE_WITHIN, async || {
            let statement = format!("CREATE DATABASE {name} TEMPLATE {template}");
            match execute(&mut connection, statement).await {
                Err(error) if is_in_use(&error) => None,
                other => Some(other),
            }
        });
        copied.await.unwrap_or_else(|| {
            let source = format!("{template} is still in use: the migration left a connection open").into();
            Err(Error::Migrate { key: key.to_owned(), source })
        })?;
        Ok(Self { cluster: cluster.clone(), name })
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The superuser's URL.
    pub fn admin_url(&self) -> String {
        self.cluster.admin_url(&self.name)
    }

    /// The URL of a login role, such as `dispatch` or `dispatch_relay`.
    pub fn url_for(&self, role: &str) -> String {
        self.cluster.url(role, &self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (cluster, name) = (self.cluster.clone(), self.name.clone());
        // A thread, because dropping may happen inside a runtime, which cannot be blocked on from within.
        let thread = std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
                return;
            };
            let drop_database = async {
                let mut connection = connect(&cluster).await?;
                execute(&mut connection, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await
            };
            // A server that was killed or frozen by its test cannot answer; then the folder goes as a whole.
            runtime.block_on(async { tokio::time::timeout(DROP_WITHIN, drop_database).await.ok() });
        });
        thread.join().ok();
    }
}

async fn build<E>(
    cluster: &Cluster,
    connection: &mut PgConnection,
    key: &str,
    template: &str,
    migrate: impl AsyncFnOnce(String) -> Result<(), E>,
) -> Result<(), Error>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    execute(connection, format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})")).await?;
    let state = finished(connection, template).await?;
    if state != Some(true) {
        if state == Some(false) {
            // Its builder died half-way.
            execute(connection, format!("DROP DATABASE {template} WITH (FORCE)")).await?;
        }
        execute(connection, format!("CREATE DATABASE {template}")).await?;
        let migrated = migrate(cluster.admin_url(template)).await;
        migrated.map_err(|error| Error::Migrate { key: key.to_owned(), source: error.into() })?;
        execute(
            connection,
            format!("ALTER DATABASE {template} WITH ALLOW_CONNECTIONS false IS_TEMPLATE true"),
        )
        .await?;
    }
    execute(connection, format!("SELECT pg_advisory_unlock({TEMPLATE_LOCK})")).await
}

/// Whether `template` is complete; nothing when it does not exist. Only a complete one is marked as a template.
async fn finished(connection: &mut PgConnection, template: &str) -> Result<Option<bool>, Error> {
    let query = sqlx::query_scalar("SELECT datistemplate FROM pg_database WHERE datname = $1").bind(template);
    query.fetch_optional(connection).await.map_err(Error::postgres("looking for a template database"))
}

async fn connect(cluster: &Cluster) -> Result<PgConnection, Error> {
    let url = cluster.admin_url(MAINTENANCE);
    PgConnection::connect(&url).await.map_err(Error::postgres(format!("connecting to {url}")))
}

/// Runs a statement in which only names checked by [`plain`] were filled in.
async fn execute(connection: &mut PgConnection, statement: String) -> Result<(), Error> {
    let query = sqlx::raw_sql(AssertSqlSafe(statement.clone()));
    query.execute(connection).await.map(drop).map_err(Error::postgres(statement))
}

fn is_in_use(error: &Error) -> bool {
    let Error::Postgres { source: sqlx::Error::Database(source), .. } = error else { return false };
    source.code().as_deref() == Some(OBJECT_IN_USE)
}

fn unique_name(prefix: &str) -> Result<String, Error> {
    Ok(format!("{}_{:016x}", plain(prefix)?, rand::rng().random::<u64>()))
}

/// Letters, digits and underscores only, and short enough that nothing is cut off.
fn plain(name: &str) -> Result<&str, Error> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    if starts_well && name.len() <= 40 && name.bytes().all(legal) {
        return Ok(name);
    }
    Err(Error::Name { name: name.to_owned() })
}
