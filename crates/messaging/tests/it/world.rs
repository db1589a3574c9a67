//! A publisher (schema `intake`) and a hearer (schema `triage`) with one effect table, and a broker of their own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use async_nats::jetstream;
use bytes::Bytes;
use contract::{Envelope, EventType};
use ids::{Lane, TenantId};
use jiff::Timestamp;
use messaging::provision::{Replicas, provision};
use messaging::{
    Apply, ApplyError, Consumer, ConsumerConfig, NewEvent, Outbox, Received, Refused, Relay, RelayConfig,
};
use pg::migrate::{self, Schema};
use pg::{Minter, Pool, PoolConfig, ScopedTx, ServerClock, TenantScope};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use testkit::nats::Broker;
use testkit::postgres::Database;
use uuid::Uuid;

pub fn street(n: i64) -> TenantId {
    TenantId::from_i64(990_102_000_000 + n * 1000).unwrap()
}

pub fn relay_config() -> RelayConfig {
    RelayConfig { ack_timeout_ms: 500, batch_rows_max: 50, ..RelayConfig::default() }
}

/// One row per applied message. Applying one twice is a unique violation, so a double effect cannot hide.
#[derive(Default)]
pub struct Effects {
    /// Payloads that break their transaction, as bad data would.
    pub culprit: &'static str,
    pub batches: AtomicUsize,
    /// How many messages were decoded: how many deliveries there were.
    pub decoded: AtomicUsize,
    /// A street whose documents are not here yet; 0 for none.
    pub absent: AtomicI64,
    /// What [`FOLLOWING`] follows from is not here yet.
    pub missing: AtomicBool,
    /// What happens inside the transaction, after the effect.
    pub midway: Option<Midway>,
}

/// Something a test does to the world while a batch is being applied.
pub type Midway = Box<dyn Fn() -> futures_util::future::BoxFuture<'static, ()> + Send + Sync>;

/// A payload whose statement takes longer than any statement may.
pub const SLOW: &str = "slow";

/// A payload that can be applied only after what another lane brings.
pub const FOLLOWING: &str = "following";

impl Apply for Effects {
    type Item = String;

    fn decode(&self, received: &Received) -> Result<String, Refused> {
        self.decoded.fetch_add(1, Ordering::SeqCst);
        if received.envelope.tenant.as_i64() == self.absent.load(Ordering::SeqCst) {
            return Err(Refused::NotYet("the street's documents are not here"));
        }
        let text = std::str::from_utf8(&received.payload);
        text.map(str::to_owned).map_err(|_| Refused::Poison("not a text".to_owned()))
    }

    async fn apply(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        fresh: Vec<(Received, String)>,
    ) -> Result<(), ApplyError> {
        self.batches.fetch_add(1, Ordering::SeqCst);
        for (received, text) in fresh {
            if text == FOLLOWING && self.missing.load(Ordering::SeqCst) {
                return Err(ApplyError::NotYet("what it follows from is not here"));
            }
            if text == SLOW {
                sqlx::query("SELECT pg_sleep(60)").execute(&mut **tx).await?;
            }
            let length = if text == self.culprit { -1 } else { text.len() as i64 };
            sqlx::query("INSERT INTO effects (tenant_id, message_id, length, at) VALUES ($1, $2, $3, $4)")
                .bind(received.envelope.tenant.as_i64())
                .bind(received.envelope.id.as_uuid())
                .bind(length)
                .bind(jiff_sqlx::Timestamp::from(now))
                .execute(&mut **tx)
                .await?;
        }
        if let Some(midway) = &self.midway {
            midway().await;
        }
        Ok(())
    }
}

pub struct World {
    pub database: Database,
    pub broker: Broker,
    pub client: async_nats::Client,
    pub intake: Pool,
    pub intake_relay: Pool,
    pub outbox: Outbox,
    pub minter: Minter,
    pub admin: PgPool,
}

impl World {
    pub async fn start() -> Self {
        let database = Database::fresh_from_template("messaging_world_4", async |url: String| {
            for service in ["intake", "triage", "console"] {
                let migrators = vec![migrate::base(), messaging::migrations()];
                migrate::apply(&url, &Schema { service, migrators }).await?;
                let effects = format!(
                    "SET ROLE {service}_owner; SET search_path = {service};
                     CREATE TABLE effects (tenant_id bigint NOT NULL, message_id uuid NOT NULL,
                         length bigint NOT NULL CHECK (length >= 0), at timestamptz NOT NULL,
                         PRIMARY KEY (tenant_id, message_id));
                     SELECT tenant_table('effects');"
                );
                let mut admin = PgConnection::connect(&url).await?;
                sqlx::raw_sql(AssertSqlSafe(effects)).execute(&mut admin).await?;
                admin.close().await?;
            }
            Ok::<(), pg::Error>(())
        })
        .await
        .unwrap();
        let broker = Broker::start().await.unwrap();
        let client = async_nats::connect(broker.url()).await.unwrap();
        provision(&client, Replicas(1)).await.unwrap();
        provision(&client, Replicas(1)).await.expect("repeatable");
        let pool =
            |role: &str, schema| Pool::new(&database.url_for(role), schema, &PoolConfig::default()).unwrap();
        Self {
            intake: pool("intake", "intake"),
            intake_relay: pool("intake_relay", "intake"),
            outbox: Outbox::default(),
            minter: Minter::from_seed(7),
            admin: PgPool::connect(&database.admin_url()).await.unwrap(),
            database,
            broker,
            client,
        }
    }

    pub fn relay(&self) -> Relay {
        let jetstream = jetstream::new(self.client.clone());
        Relay::new("intake", self.intake_relay.clone(), jetstream, self.outbox.clone(), relay_config())
    }

    /// Another process's relay: bounds, pool and signals of its own.
    pub fn relay_with(&self, pool: Pool, config: RelayConfig) -> Relay {
        Relay::new("intake", pool, jetstream::new(self.client.clone()), Outbox::default(), config)
    }

    pub fn consumer(&self, service: &str, culprit: &'static str) -> Consumer<Effects> {
        self.consumer_of(service, Lane::Normal, culprit)
    }

    pub fn consumer_of(&self, service: &str, lane: Lane, culprit: &'static str) -> Consumer<Effects> {
        let effects = Arc::new(Effects { culprit, ..Effects::default() });
        self.consumer_with(service, lane, effects, self.client.clone(), ConsumerConfig::default())
    }

    pub fn consumer_with(
        &self,
        service: &str,
        lane: Lane,
        effects: Arc<Effects>,
        client: async_nats::Client,
        config: ConsumerConfig,
    ) -> Consumer<Effects> {
        let pool = PoolConfig { statement_timeout_ms: 1_000, ..PoolConfig::default() };
        let pool = Pool::new(&self.database.url_for(service), service, &pool).unwrap();
        Consumer::new(
            format!("{service}-intake-{lane}"),
            "intake",
            jetstream::new(client),
            pool,
            Arc::new(ServerClock),
            Outbox::default(),
            effects,
            config,
        )
    }

    pub fn pool_of(&self, service: &str) -> Pool {
        Pool::new(&self.database.url_for(service), service, &PoolConfig::default()).unwrap()
    }

    /// What the broker knows of a consumer.
    pub async fn outstanding(&self, consumer: &str) -> (usize, u64) {
        let stream = jetstream::new(self.client.clone()).get_stream("intake").await.unwrap();
        let info = stream.consumer_info(consumer).await.unwrap();
        (info.num_ack_pending, info.num_pending)
    }

    pub async fn event(&self, tx: &mut ScopedTx, tenant: TenantId, lane: Lane, text: &str) -> NewEvent {
        let at = pg::DbClock::now(&ServerClock, tx).await.unwrap();
        NewEvent {
            id: self.minter.mint(at).into(),
            event_type: EventType::ReportAccepted,
            tenant,
            lane,
            aggregate_id: self.minter.mint(at),
            version: 1,
            at,
            actor: "tester".to_owned(),
            purpose: None,
            traceparent: String::new(),
            drill: false,
            payload: Bytes::from(text.to_owned()),
        }
    }

    /// Says some events of some streets, one transaction; returns their ids.
    pub async fn say(&self, tenants: &[TenantId], texts: &[&str]) -> BTreeSet<Uuid> {
        let mut tx = self.intake.begin(TenantScope::of_principal(tenants.iter().copied())).await.unwrap();
        let mut events = Vec::new();
        for (n, text) in texts.iter().enumerate() {
            events.push(self.event(&mut tx, tenants[n % tenants.len()], Lane::Normal, text).await);
        }
        self.outbox.append(&mut tx, &events).await.unwrap();
        tx.commit().await.unwrap();
        events.iter().map(|event| event.id.as_uuid()).collect()
    }

    /// Puts an event on the broker by hand, without its dedupe header.
    pub async fn publish(&self, event: &NewEvent) {
        let envelope = Envelope {
            id: event.id,
            event_type: event.event_type,
            time: event.at,
            tenant: event.tenant,
            lane: event.lane,
            aggregate_id: event.aggregate_id,
            version: event.version,
            traceparent: String::new(),
            drill: false,
        };
        let mut headers = async_nats::HeaderMap::new();
        for (name, value) in envelope.headers().into_iter().filter(|(name, _)| *name != "Nats-Msg-Id") {
            headers.insert(name, value.as_str());
        }
        self.publish_raw(envelope.subject(), headers, event.payload.clone()).await;
    }

    pub async fn publish_raw(&self, subject: String, headers: async_nats::HeaderMap, payload: Bytes) {
        let jetstream = jetstream::new(self.client.clone());
        jetstream.publish_with_headers(subject, headers, payload).await.unwrap().await.unwrap();
    }

    pub async fn count(&self, table_and_where: &str) -> i64 {
        let statement = format!("SELECT count(*) FROM {table_and_where}");
        sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&self.admin).await.unwrap()
    }

    pub async fn applied(&self, service: &str) -> BTreeSet<Uuid> {
        let statement = format!("SELECT message_id FROM {service}.effects");
        let ids: Vec<Uuid> =
            sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(&self.admin).await.unwrap();
        ids.into_iter().collect()
    }
}
