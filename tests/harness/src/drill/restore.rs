//! Destroyed, and restored by the steps of docs/operations/restore.md, with the commands it names.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use contract::broker_user::PROVISIONER;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use testkit::process::binaries;

use super::{Seconds, ran, roles};
use crate::cluster::{Cluster, SERVICES};

/// Gone: every process, the database, and the roles, as on a server that was lost. The broker stays, with streams of
/// another instant.
pub(super) async fn destroy(cluster: &Cluster) -> Result<()> {
    cluster.stop_services().await;
    let mut server = server(cluster).await?;
    execute(&mut server, format!("DROP DATABASE {} WITH (FORCE)", cluster.database_name())).await?;
    for role in roles().into_iter().chain(["backup".to_owned()]) {
        execute(&mut server, format!("DROP ROLE {role}")).await?;
    }
    Ok(server.close().await?)
}

/// Step 2: roles by a scratch database, then the dump, then the grants that are the database's.
pub(super) async fn database(cluster: &Cluster, dump: &Path, seconds: &mut Seconds) -> Result<()> {
    let mut server = server(cluster).await?;
    let began = Instant::now();
    execute(&mut server, "CREATE DATABASE scratch".to_owned()).await?;
    migrate(&cluster.postgres.cluster().admin_url("scratch")).await?;
    execute(&mut server, "DROP DATABASE scratch WITH (FORCE)".to_owned()).await?;
    seconds.note("2 roles", began);

    let began = Instant::now();
    execute(&mut server, format!("CREATE DATABASE {}", cluster.database_name())).await?;
    let (into, file) = (format!("--dbname={}", cluster.admin_url()), dump.display().to_string());
    ran("pg_restore".as_ref(), &["--exit-on-error", &into, &file], &[]).await?;
    // A dump has no statistics: a plan that is made without them may read a large table once for each row of another.
    let mut database = PgConnection::connect(&cluster.admin_url()).await?;
    execute(&mut database, "ANALYZE".to_owned()).await?;
    database.close().await?;
    seconds.note("3 pg_restore", began);

    let began = Instant::now();
    migrate(&cluster.admin_url()).await?;
    seconds.note("4 migrate", began);
    Ok(server.close().await?)
}

/// Step 4: streams and consumers, emptied; what readers lack back into the outboxes. Returns what was printed.
pub(super) async fn streams(cluster: &Cluster, seconds: &mut Seconds) -> Result<Vec<String>> {
    let began = Instant::now();
    let broker = ["--nats-url", &cluster.broker.url(), "--nkey-file", &cluster.broker_key_file(PROVISIONER)];
    streetwise(&[&["provision"], &broker[..]].concat()).await?;
    let refill = ["refill", "--admin-url", &cluster.admin_url(), "--purge"];
    let said = streetwise(&[&refill[..], &broker[..]].concat()).await?;
    seconds.note("5 refill", began);
    Ok(said.lines().map(str::to_owned).collect())
}

/// Step 5: the services, intake last.
pub(super) async fn services(cluster: &Cluster, seconds: &mut Seconds) -> Result<()> {
    let began = Instant::now();
    for name in SERVICES.iter().rev() {
        cluster.start_service(name, &[]).await?;
        cluster.await_ready(&[name], Duration::from_secs(60)).await?;
    }
    seconds.note("6 services", began);
    Ok(())
}

async fn migrate(admin_url: &str) -> Result<()> {
    streetwise(&["migrate", "--admin-url", admin_url]).await.map(drop)
}

async fn streetwise(arguments: &[&str]) -> Result<String> {
    ran(&binaries().join("streetwise"), arguments, &[]).await
}

async fn server(cluster: &Cluster) -> Result<PgConnection> {
    Ok(PgConnection::connect(&cluster.postgres.cluster().admin_url("postgres")).await?)
}

async fn execute(server: &mut PgConnection, statement: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(server).await?;
    Ok(())
}
