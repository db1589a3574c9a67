//! Pools and the one way to begin a transaction.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use ids::TenantId;
use jiff::Timestamp;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Postgres, Transaction};
use tokio::time::timeout;

use crate::board::{Board, Listener, Notes};
use crate::doubt::Doubt;
use crate::error::Error;
use crate::places::Places;
use crate::scope::TenantScope;

/// A connection whose caller is gone has this long to answer what it was asked last; then it is closed, so that it
/// does not keep its place in the pool.
const SETTLE_WITHIN: Duration = Duration::from_secs(1);

/// Bounds of a pool.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// Connections at most (D43: six a process, two more for its relay).
    pub connections_max: u32,
    /// How long a caller waits for a transaction to begin, connecting included, before the answer is
    /// "unavailable".
    pub begin_timeout_ms: u64,
    /// A statement that runs longer is cancelled by the server.
    pub statement_timeout_ms: u64,
    /// A transaction that idles longer is ended by the server.
    pub idle_in_transaction_timeout_ms: u64,
    /// A beginning nobody waits for any more is given up after this, connecting included.
    pub abandon_begin_ms: u64,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            connections_max: 6,
            begin_timeout_ms: 1_500,
            statement_timeout_ms: 10_000,
            idle_in_transaction_timeout_ms: 15_000,
            abandon_begin_ms: 5_000,
        }
    }
}

/// A pool of connections of one role. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Pool {
    inner: sqlx::PgPool,
    begin_within: Duration,
    abandon_begin_after: Duration,
    doubt: Arc<Doubt>,
    board: Board,
}

impl Pool {
    /// Makes a pool whose unqualified names resolve in `schema`; connects lazily, so a database that is down at
    /// start is no error here. The path is set per connection: settings of a role get lost with a dump.
    pub fn new(url: &str, schema: &str, config: &PoolConfig) -> Result<Self, Error> {
        let options = url.parse::<PgConnectOptions>()?.options([
            ("search_path", schema.to_owned()),
            ("statement_timeout", config.statement_timeout_ms.to_string()),
            // A plan that is kept was made when its table was small, and reads it whole once it is large: a claim of
            // deliveries took 20 times as long until the next ANALYZE. Planning anew costs a tenth of a millisecond,
            // once a batch.
            ("plan_cache_mode", "force_custom_plan".to_owned()),
            // Statements are short; what the server thinks of their costs may not make it compile them.
            ("jit", "off".to_owned()),
            ("idle_in_transaction_session_timeout", config.idle_in_transaction_timeout_ms.to_string()),
            // A dead client is noticed by the server within seconds, so its row locks go.
            // Also in the middle of a statement.
            ("client_connection_check_interval", "1000".to_owned()),
            ("tcp_keepalives_idle", "5".to_owned()),
            ("tcp_keepalives_interval", "2".to_owned()),
            ("tcp_keepalives_count", "3".to_owned()),
        ]);
        let begin_within = Duration::from_millis(config.begin_timeout_ms);
        let doubt = Arc::new(Doubt::none());
        let (asked, released) = (doubt.clone(), doubt.clone());
        let inner = PgPoolOptions::new()
            .max_connections(config.connections_max)
            .acquire_timeout(begin_within)
            .test_before_acquire(false)
            .before_acquire(move |_, known| {
                let sure = !asked.about(known.idle_for);
                Box::pin(async move { Ok(sure) })
            })
            .after_release(move |connection, _| {
                let sure = !released.about(Duration::ZERO);
                Box::pin(async move { Ok(sure && settle(connection).await?) })
            })
            .connect_lazy_with(options);
        let abandon_begin_after = Duration::from_millis(config.abandon_begin_ms);
        Ok(Self { inner, begin_within, abandon_begin_after, doubt, board: Board::default() })
    }

    /// Begins a transaction that sees exactly the tenants of `scope`; "unavailable" if that takes too long.
    ///
    /// The beginning runs in a task of its own: a caller that is cancelled while it waits drops the finished
    /// transaction, which rolls back, instead of leaving a half-begun one in the pool (sqlx's own `begin` is
    /// not safe against being dropped midway). For the same reason the task outlives the caller's deadline.
    pub async fn begin(&self, scope: TenantScope) -> Result<ScopedTx, Error> {
        let span = telemetry::db::transaction_span();
        let beginning = tokio::spawn(beginning(self.clone(), AssertSqlSafe(scope.begin_statement())));
        match timeout(self.begin_within, beginning).await {
            Ok(Ok(Some(Ok(inner)))) => {
                let (board, notes, places) = (self.board.clone(), Notes::new(), Places::default());
                Ok(ScopedTx { inner, scope, board, notes, places, _span: span })
            }
            Ok(Ok(Some(Err(error)))) => Err(error.into()),
            Ok(Err(join)) => Err(Error::broken("the task that begins a transaction ended", join)),
            Ok(Ok(None)) | Err(_) => Err(Error::overdue("beginning a transaction took too long")),
        }
    }

    /// Hears what transactions of this pool announce of a topic ([`ScopedTx::announce`]).
    pub fn listen(&self, topic: &'static str) -> Listener {
        self.board.listen(topic)
    }

    /// A connection of its own, outside the pool, for session locks (the relay's shards). Never one that a transaction was begun on:
    /// what is written without one is to be committed.
    pub async fn dedicated(&self) -> Result<PgConnection, Error> {
        let options = self.inner.connect_options();
        match timeout(self.begin_within, options.connect()).await {
            Ok(connection) => Ok(connection?),
            Err(_) => Err(Error::overdue("connecting took too long")),
        }
    }

    /// Asks the same server the same way, outside of the pool.
    pub fn pulse(&self) -> crate::Pulse {
        crate::Pulse::new(self.inner.connect_options(), self.begin_within)
    }

    /// Closes every connection and refuses new ones.
    pub async fn close(&self) {
        self.inner.close().await;
    }

    /// Open and idle connections, for metrics and leak checks.
    pub fn connections(&self) -> (u32, usize) {
        (self.inner.size(), self.inner.num_idle())
    }
}

/// A transaction with its scope. Dropping it rolls back.
#[derive(Debug)]
pub struct ScopedTx {
    inner: Transaction<'static, Postgres>,
    scope: TenantScope,
    board: Board,
    notes: Notes,
    places: Places,
    /// Ends with the transaction.
    _span: Option<telemetry::Span>,
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

    /// After the commit, tells those of this process who listen that something of this topic is to be looked at
    /// then.
    pub fn announce(&mut self, topic: &'static str, at: Timestamp) {
        let least = self.notes.entry(topic).or_insert(at);
        *least = at.min(*least);
    }

    /// Where rows stand that it has locked.
    pub fn places(&mut self) -> &mut Places {
        &mut self.places
    }

    /// Undoes everything and waits until that is done, for who looks at the same rows next: of a transaction that is
    /// dropped, the locks go a moment later. An error means that the connection is gone, and the transaction with it.
    pub async fn rollback(self) -> Result<(), Error> {
        Ok(self.inner.rollback().await?)
    }

    /// Makes its effects durable. An error means unknown: the caller retries with the same ids.
    pub async fn commit(self) -> Result<(), Error> {
        self.inner.commit().await?;
        self.board.post(self.notes);
        Ok(())
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

/// Begins a transaction; nothing if that is given up. After what went wrong half way the connection is in doubt.
async fn beginning(
    pool: Pool,
    statement: AssertSqlSafe<String>,
) -> Option<Result<Transaction<'static, Postgres>, sqlx::Error>> {
    let mut beginning = std::pin::pin!(pool.inner.begin_with(statement));
    let begun = tokio::select! {
        begun = &mut beginning => Some(begun),
        () = tokio::time::sleep(pool.abandon_begin_after) => None,
    };
    if matches!(begun, None | Some(Err(sqlx::Error::Database(_)))) {
        // Said before the connection goes back.
        pool.doubt.arises();
    }
    begun
}

/// Lets a connection that comes back finish what it was asked (at least the rollback of a dropped transaction).
/// sqlx would wait for that without an end.
async fn settle(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    match timeout(SETTLE_WITHIN, connection.flush()).await {
        Ok(outcome) => outcome.map(|()| true),
        Err(elapsed) => Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, elapsed))),
    }
}

/// The outcome of work on the database, or "unavailable" if it is not there in time. What the work began is
/// rolled back, unless it was already being committed.
pub async fn within<T, E: From<Error>>(
    limit: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match timeout(limit, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::overdue("the database took too long").into()),
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
