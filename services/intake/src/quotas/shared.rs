//! One share a street, however many replicas there are: what each let in is added up in Redis, a moment afterwards.
//!
//! Nobody at the door waits for Redis. A replica lets in what its own buckets allow, tells the sum twenty times a
//! second, and hears how long a street has to wait when all replicas together were over. What was let in too much
//! meanwhile is owed and waited for, so the rate holds exactly over time. While Redis is away each replica counts for
//! itself, which is what a process without `STREETWISE_REDIS_URL` does; a flushed Redis forgives what was owed, and a sum
//! whose answer was lost may count twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bootstrap::part::Part;
use futures_util::future::BoxFuture;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{RedisError, Script};
use tokio_util::sync::CancellationToken;

use super::Taken;
use crate::handle::Room;

/// How often sums are told. At a thousand reports a second a street is known to be over within fifty.
const TELL_EVERY: Duration = Duration::from_millis(50);
/// How long Redis may take to be reached, and to answer.
const CONNECT_WITHIN: Duration = Duration::from_millis(500);
const ANSWER_WITHIN: Duration = Duration::from_millis(250);

/// The part that tells and hears.
pub struct Sharing {
    room: Arc<Room>,
    redis: ConnectionManager,
    script: Script,
    /// Whether Redis answered last time.
    heard: AtomicBool,
}

impl Sharing {
    /// Of the server at an address; it need not be there yet.
    pub fn new(room: Arc<Room>, client: redis::Client) -> Result<Self, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_WITHIN))
            .set_response_timeout(Some(ANSWER_WITHIN))
            .set_number_of_retries(1);
        let redis = ConnectionManager::new_lazy_with_config(client, config)?;
        let script = Script::new(include_str!("shared.lua"));
        Ok(Self { room, redis, script, heard: AtomicBool::new(true) })
    }

    /// Tells what was let in since the last time; returns of how many streets.
    pub async fn tell(&self) -> usize {
        let taken = self.room.quotas().taken();
        if taken.is_empty() {
            return 0;
        }
        match self.waits(&taken).await {
            Ok(waits) => {
                self.note(None);
                self.room.quotas().settle(&taken, &waits);
                taken.len()
            }
            Err(error) => {
                self.note(Some(&error));
                self.room.quotas().give_back(taken);
                0
            }
        }
    }

    async fn waits(&self, taken: &[Taken]) -> Result<Vec<Duration>, RedisError> {
        let mut call = self.script.prepare_invoke();
        for taken in taken {
            let rate = self.room.quotas().rate(taken.share);
            call.key(key(taken)).arg(60e6 / f64::from(rate.per_minute)).arg(rate.burst).arg(taken.reports);
        }
        let waits_us: Vec<u64> = call.invoke_async(&mut self.redis.clone()).await?;
        Ok(waits_us.into_iter().map(Duration::from_micros).collect())
    }

    /// Says it once when Redis stops answering, and once when it answers again.
    fn note(&self, error: Option<&RedisError>) {
        let (heard, changed) = (error.is_none(), self.heard.swap(error.is_none(), Ordering::Relaxed));
        self.room.events.quota_shared(heard);
        match error {
            Some(error) if changed => tracing::warn!(
                error = error as &dyn std::error::Error,
                "quotas are counted by this process alone: Redis does not answer"
            ),
            None if !changed => tracing::info!("quotas are counted together again"),
            _ => {}
        }
    }
}

/// A street is twelve digits, so no two streets share a name.
fn key(taken: &Taken) -> String {
    let street = taken.street.map_or_else(|| "unknown".to_owned(), |street| street.to_string());
    format!("intake:quota:{street}:{}", taken.share.as_str())
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
        Box::pin(async { Ok(self.tell().await) })
    }
}
