//! The messaging crate alone between a synced Postgres and a broker: schemas `intake` (says) and `triage` (hears).

use std::path::Path;

use anyhow::Result;
use async_nats::jetstream;
use bytes::Bytes;
use contract::EventType;
use ids::{Lane, TenantId};
use messaging::NewEvent;
use messaging::provision::{Replicas, provision};
use pg::migrate::{self, Schema};
use pg::{DbClock, Minter, Pool, PoolConfig, ServerClock, TenantScope};
use sqlx::PgPool;
use tempfile::TempDir;
use testkit::postgres::{Cluster as Postgres, Database, DurableCluster};

use super::broker::{Broker, Syncing};
use super::server;

/// Bytes of a message: about those of an event of ours.
const PAYLOAD_BYTES: usize = 400;
/// Streets the messages are of.
const STREETS: i64 = 20;

/// Postgres with both schemas, and a broker.
pub struct Bus {
    /// The broker.
    pub broker: Broker,
    /// Its JetStream.
    pub jetstream: jetstream::Context,
    /// For looking, as an administrator.
    pub admin: PgPool,
    database: Database,
    postgres: DurableCluster,
    minter: Minter,
    // Last: the server's data lie in it.
    _folder: TempDir,
}

impl Bus {
    /// Starts both and provisions the broker.
    pub async fn start(sync: Syncing) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("streetwise-bench-").tempdir_in("/var/tmp")?;
        crate::cluster::open_to_all(folder.path())?;
        let postgres = start_postgres(folder.path()).await?;
        let database = Database::fresh_in(postgres.cluster(), "bus").await?;
        for service in ["intake", "triage"] {
            let migrators = vec![migrate::base(), messaging::migrations()];
            migrate::apply(&database.admin_url(), &Schema { service, migrators }).await?;
        }
        let broker = Broker::start(sync).await?;
        let client = async_nats::connect(broker.url()).await?;
        provision(&client, Replicas(1)).await?;
        let admin = PgPool::connect(&database.admin_url()).await?;
        let jetstream = jetstream::new(client);
        let minter = Minter::from_seed(1);
        Ok(Self { broker, jetstream, admin, database, postgres, minter, _folder: folder })
    }

    /// The superuser's URL of the database that limits are measured in.
    pub fn limits_url(&self) -> String {
        self.postgres.cluster().admin_url("postgres")
    }

    /// The superuser's URL of the bus's own database.
    pub fn admin_url(&self) -> String {
        self.database.admin_url()
    }

    /// A pool of a role, in a service's schema.
    pub fn pool(&self, role: &str, service: &str) -> Result<Pool> {
        Ok(Pool::new(&self.database.url_for(role), service, &PoolConfig::default())?)
    }

    /// This many events of all streets in turn, by the database's time.
    pub async fn events(&self, pool: &Pool, count: usize) -> Result<Vec<NewEvent>> {
        let mut tx = pool.begin(TenantScope::of_subjects(streets())).await?;
        let at = ServerClock.now(&mut tx).await?;
        tx.commit().await?;
        let streets: Vec<TenantId> = streets().collect();
        let one = |n: usize| NewEvent {
            id: self.minter.mint(at).into(),
            event_type: EventType::ReportAccepted,
            tenant: streets[n % streets.len()],
            lane: Lane::Normal,
            aggregate_id: self.minter.mint(at),
            version: 1,
            at,
            actor: "bench".to_owned(),
            purpose: None,
            traceparent: String::new(),
            drill: false,
            payload: Bytes::from(vec![7; PAYLOAD_BYTES]),
        };
        Ok((0..count).map(one).collect())
    }

    /// The whole of one number, by a query.
    pub async fn number(&self, query: &'static str) -> Result<u64> {
        let number: i64 = sqlx::query_scalar(query).fetch_one(&self.admin).await?;
        Ok(number as u64)
    }
}

/// The streets of all events.
pub fn streets() -> impl Iterator<Item = TenantId> {
    (1..=STREETS).map(|n| TenantId::from_i64(990_102_000_000 + n * 1_000).expect("twelve digits"))
}

async fn start_postgres(folder: &Path) -> Result<DurableCluster> {
    let data = folder.join("postgres");
    std::fs::create_dir(&data)?;
    Ok(Postgres::start_durable_with(&data, server::SETTINGS).await?)
}
