//! One share a street, however many replicas there are: what each let in is added up in Redis, a moment afterwards.
//!
//! Nobody at the door waits for Redis. A replica lets in what its own buckets allow, tells the sum twenty times a
//! second, and hears how long a street has to wait when all replicas together were over. What was let in too much
//! meanwhile is owed and waited for, so the rate holds exactly over time. While Redis is away each replica counts for
//! itself, which is what a process without `STREETWISE_REDIS_URL` does; a flushed Redis forgives what was owed.

use std::sync::Arc;
use std::time::Duration;

use bootstrap::part::Part;
use futures_util::future::BoxFuture;
use ids::TenantId;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisError, Script};
use telemetry::Gauge;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::{Share, Taken};
use crate::handle::Room;

/// How often sums are told. At a thousand reports a second a street is known to be over within fifty.
const TELL_EVERY: Duration = Duration::from_millis(50);
/// How long Redis may take to be reached, and to answer.
const CONNECT_WITHIN: Duration = Duration::from_millis(500);
const ANSWER_WITHIN: Duration = Duration::from_millis(250);

/// The part that tells and hears.
pub struct Sharing {
    room: Arc<Room>,
    redis: redis::Client,
    script: Script,
    /// 1 while Redis answers.
    shared: Gauge<0>,
    state: Mutex<State>,
}

struct State {
    /// Made anew after every failure: one that died unheard would fail for a quarter of an hour.
    connection: Option<MultiplexedConnection>,
    /// Whether Redis answered last time.
    heard: bool,
}

impl Sharing {
    /// Of a server, which need not be there yet.
    pub fn new(room: Arc<Room>, redis: redis::Client) -> Self {
        let help = "1 while all replicas count together, in Redis.";
        let shared = room.house.metrics.gauge("intake.quota.shared", help, "", []);
        let script = Script::new(include_str!("shared.lua"));
        let state = Mutex::new(State { connection: None, heard: true });
        Self { room, redis, script, shared, state }
    }

    /// Tells what was let in since the last time; returns of how many shares. What cannot be told is forgotten: this
    /// process has counted it by itself, and telling it again might count it twice.
    pub async fn tell(&self) -> usize {
        let taken = self.room.quotas().taken();
        if taken.is_empty() {
            return 0;
        }
        let mut state = self.state.lock().await;
        let waits = self.waits(&mut state.connection, &taken).await;
        self.note(&mut state.heard, waits.as_ref().err());
        let Ok(waits) = waits else { return 0 };
        self.room.quotas().settle(&taken, &waits);
        taken.len()
    }

    /// The connection is kept only if all went well.
    async fn waits(
        &self,
        kept: &mut Option<MultiplexedConnection>,
        taken: &[Taken],
    ) -> Result<Vec<Duration>, RedisError> {
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => connect(&self.redis).await?,
        };
        let mut call = self.script.prepare_invoke();
        for taken in taken {
            let rate = taken.rate;
            call.key(key(taken)).arg(60e6 / f64::from(rate.per_minute)).arg(rate.burst).arg(taken.reports);
        }
        let waits_us: Vec<u64> = call.invoke_async(&mut connection).await?;
        *kept = Some(connection);
        Ok(waits_us.into_iter().map(Duration::from_micros).collect())
    }

    /// Says it once when Redis stops answering, and once when it answers again.
    fn note(&self, heard: &mut bool, error: Option<&RedisError>) {
        self.shared.set([], error.is_none().into());
        match error {
            Some(error) if *heard => tracing::warn!(
                error = error as &dyn std::error::Error,
                "quotas are counted by this process alone: Redis does not answer"
            ),
            None if !*heard => tracing::info!("quotas are counted together again"),
            _ => {}
        }
        *heard = error.is_none();
    }
}

/// A street is twelve digits, so no two streets share a name.
fn key(taken: &Taken) -> String {
    let street = taken.street.map_or_else(|| "unknown".to_owned(), |street| street.to_string());
    named(&street, taken.share)
}

fn named(street: &str, share: Share) -> String {
    format!("intake:quota:{street}:{}", share.as_str())
}

/// Deletes what a street that is removed has in Redis.
pub async fn erase(redis: &redis::Client, street: TenantId) -> Result<(), RedisError> {
    let mut connection = connect(redis).await?;
    let keys = Share::ALL.map(|share| named(&street.to_string(), share));
    redis::cmd("DEL").arg(&keys).exec_async(&mut connection).await
}

async fn connect(redis: &redis::Client) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_WITHIN))
        .set_response_timeout(Some(ANSWER_WITHIN));
    redis.get_multiplexed_async_connection_with_config(&config).await
}

impl Part for Sharing {
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            while !shutdown.is_cancelled() {
                self.tell().await;
                shutdown.run_until_cancelled(tokio::time::sleep(TELL_EVERY)).await;
            }
        })
    }

    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        Box::pin(async move { Ok(self.tell().await) })
    }
}
