//! Pools and the one way to begin a transaction.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use ids::TenantId;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, Postgres, Transaction};

use crate::error::Error;
use crate::scope::TenantScope;

/// Bounds of a pool.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// Connections at most (D43: six a process, two more for its relay).
    pub connections_max: u32,
    /// How long a caller waits for a connection before the answer is "unavailable".
    pub acquire_timeout_ms: u64,
    /// A statement that runs longer is cancelled by the server.
    pub statement_timeout_ms: u64,
    /// A transaction that idles longer is ended by the server.
    pub idle_in_transaction_timeout_ms: u64,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            connections_max: 6,
            acquire_timeout_ms: 1_500,
            statement_timeout_ms: 10_000,
            idle_in_transaction_timeout_ms: 15_000,
        }
    }
}

/// A pool of connections of one role. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Pool(sqlx::PgPool);

impl Pool {
    /// Makes a pool whose unqualified names resolve in `schema`; connects lazily, so a database that is down at
    /// start is no error here. The path is set per connection: settings of a role get lost with a dump.
    pub fn new(url: &str, schema: &str, config: &PoolConfig) -> Result<Self, Error> {
        let options = url.parse::<PgConnectOptions>()?.options([
            ("search_path", schema.to_owned()),
            ("statement_timeout", config.statement_timeout_ms.to_string()),
            ("idle_in_transaction_session_timeout", config.idle_in_transaction_timeout_ms.to_string()),
            // A dead client is noticed by the server within seconds, so its row locks go.
            ("tcp_keepalives_idle", "5".to_owned()),
            ("tcp_keepalives_interval", "2".to_owned()),
            ("tcp_keepalives_count", "3".to_owned()),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(config.connections_max)
            .acquire_timeout(Duration::from_millis(config.acquire_timeout_ms))
            .test_before_acquire(false)
            .connect_lazy_with(options);
        Ok(Self(pool))
    }

    /// Begins a transaction that sees exactly the tenants of `scope`.
    ///
    /// The beginning runs in a task of its own: a caller that is cancelled while it waits drops the finished
    /// transaction, which rolls back, instead of leaving a half-begun one in the pool (sqlx's own `begin` is
    /// not safe against being dropped midway).
    pub async fn begin(&self, scope: TenantScope) -> Result<ScopedTx, Error> {
        let pool = self.0.clone();
        let statement = AssertSqlSafe(scope.begin_statement());
        let begun = tokio::spawn(async move { pool.begin_with(statement).await }).await;
        match begun {
            Ok(Ok(inner)) => Ok(ScopedTx { inner, scope }),
            Ok(Err(error)) => Err(error.into()),
            Err(join) => Err(Error::broken("the task that begins a transaction ended", join)),
        }
    }

    /// The answer to "can this service reach its database?".
    pub async fn ping(&self) -> Result<(), Error> {
        let tx = self.begin(TenantScope::of_claim()).await?;
        tx.commit().await
    }

    /// A connection outside the pool's accounting, for session locks (the relay's shards).
    pub async fn dedicated(&self) -> Result<PgConnection, Error> {
        Ok(self.0.acquire().await?.detach())
    }

    /// Closes every connection and refuses new ones.
    pub async fn close(&self) {
        self.0.close().await;
    }

    /// Open and idle connections, for metrics and leak checks.
    pub fn connections(&self) -> (u32, usize) {
        (self.0.size(), self.0.num_idle())
    }
}

/// A transaction with its scope. Dropping it rolls back.
#[derive(Debug)]
pub struct ScopedTx {
    inner: Transaction<'static, Postgres>,
    scope: TenantScope,
}

impl ScopedTx {
    /// Which tenants it sees.
    pub fn scope(&self) -> &TenantScope {
        &self.scope
    }

    /// After a claim from infrastructure tables: see the tenants of what was claimed, and their districts
    /// where the caller adds them.
    pub async fn narrow_to_claimed(
        &mut self,
        tenants: impl IntoIterator<Item = TenantId>,
    ) -> Result<(), Error> {
        self.scope = TenantScope::of_subjects(tenants);
        let statement = AssertSqlSafe(self.scope.set_statement());
        sqlx::raw_sql(statement).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Makes its effects durable. An error means unknown: the caller retries with the same ids.
    pub async fn commit(self) -> Result<(), Error> {
        Ok(self.inner.commit().await?)
    }
}

impl Deref for ScopedTx {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for ScopedTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}

/// Runs a whole transaction again when Postgres asked for that (deadlock, serialization), at most five times.
/// `attempt` begins and commits its own transaction.
pub async fn retrying<T, E, F>(mut attempt: impl FnMut() -> F) -> Result<T, E>
where
    E: AsRef<Error> + std::fmt::Debug,
    F: Future<Output = Result<T, E>>,
{
    const ATTEMPTS_MAX: u32 = 5;
    let mut tried = 0;
    loop {
        tried += 1;
        match attempt().await {
            Err(error) if tried < ATTEMPTS_MAX && error.as_ref().ran_into_another() => {
                tracing::debug!(tried, "transaction ran into another and is tried again");
                tokio::time::sleep(Duration::from_millis(u64::from(tried) * 5)).await;
            }
            outcome => return outcome,
        }
    }
}
