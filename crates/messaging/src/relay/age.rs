//! How long the oldest event has been waiting for the broker: shown to those who watch, decided by nobody.
//!
//! Looked up beside the loops and over all shards: a loop that hangs at the broker, and a shard nobody holds, are what
//! it is to show. Between two looks, and while the database is away, what waited goes on getting older.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use pg::{Pool, TenantScope};
use telemetry::{Metrics, Stopwatch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{RelayError, SHARDS, in_time, sql};

/// How often it is looked up: a look steps over all index entries that were deleted since the last vacuum.
const EVERY: Duration = Duration::from_secs(5);

/// What the last look found waiting, and since when that is known.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    age: Duration,
    seen: Stopwatch,
}

/// `messaging.outbox.oldest_age` of one relay.
#[derive(Debug, Clone)]
pub(crate) struct Age(Arc<Mutex<Option<Waiting>>>);

impl Age {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let age = Self(Arc::default());
        let shown = age.clone();
        let help = "Age of the oldest event that the broker has not taken; 0 when none waits.";
        metrics.level("messaging.outbox.oldest_age", help, "s", move || shown.seconds());
        age
    }

    /// Looks until shutdown.
    pub(crate) async fn follow(&self, pool: &Pool, shutdown: &CancellationToken) {
        let mut every = pg::apart(EVERY);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = every.tick() => {}
            }
            match in_time(oldest(pool)).await {
                Ok(waiting) => *self.0.lock().unwrap_or_else(PoisonError::into_inner) = waiting,
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the oldest waiting event could not be looked up"
                ),
            }
        }
    }

    fn seconds(&self) -> i64 {
        let waiting = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.map_or(0, |waiting| (waiting.age + waiting.seen.elapsed()).as_secs() as i64)
    }
}

async fn oldest(pool: &Pool) -> Result<Option<Waiting>, RelayError> {
    let shards: Vec<i16> = (0..SHARDS).collect();
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let found = sql::oldest_pending(&mut tx, &shards).await?;
    tx.commit().await?;
    Ok(found.and_then(|oldest| {
        let age = oldest.now.to_jiff().duration_since(minted_at(oldest.journal_id)?);
        Some(Waiting { age: age.try_into().unwrap_or_default(), seen: Stopwatch::start() })
    }))
}

/// Journal ids are UUIDv7: when the transaction that made it began, to the millisecond.
fn minted_at(id: Uuid) -> Option<Timestamp> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()
}
