//! From the outbox to the broker, at least once (D11, D12).
//!
//! A loop: take the pending rows of the shards we hold, urgent first → seal them (one row per tenant, durable)
//! → publish → delete what the broker acknowledged. A relay that dies anywhere leaves pending rows; its
//! successor publishes them again under the same message ids and does not seal them twice. Beside it, seldom: what was
//! published once and is to be published once more ([`again`]).
//!
//! Two loops work side by side, each on half of the shards, so that one seals while the other publishes (ADR 017).
//! Shards are held by session advisory locks on a loop's own connection; the pending rows are read on that same
//! connection, so a relay that lost its session reads nothing. The seals fence what it had read before.

mod again;
mod age;
mod event;
mod heads;
mod publish;
mod sealing;
mod shards;
mod sql;

use std::collections::HashSet;
use std::time::Duration;

use async_nats::jetstream;
use futures_util::FutureExt;
use ids::TenantId;
use pg::{Pace, Pool, crash};
use telemetry::Metrics;
use telemetry::messaging::Publishing;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::journal::Outbox;
use age::Age;
use event::Sealed;
use heads::Heads;
use publish::{Published, Travel};
use shards::Look;

/// Number of shards; part of the schema (a CHECK) and of the lock keys.
pub const SHARDS: i16 = 8;

/// Loops of one relay, each on its share of the shards.
pub(crate) const LOOPS: usize = 2;

/// The shard of a tenant: Fibonacci hashing (Knuth, TAOCP 6.4), so that neighbouring codes spread.
pub fn shard_of(tenant: TenantId) -> i16 {
    let hashed = (tenant.as_i64() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (hashed >> 61) as i16
}

/// Bounds of the relay.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// Rows sealed and published together at most.
    pub batch_rows_max: i64,
    /// Publishes whose ack is awaited at the same time, at most.
    pub in_flight_max: usize,
    /// How long an ack may take; after that the outcome is unknown and the same id is sent again.
    pub ack_timeout_ms: u64,
    /// Longest rest between two rounds, unless one was full: what is committed meanwhile shares a seal ([`pg::Pace`]).
    pub rest_max_ms: u64,
    /// The net under the in-process signal.
    pub poll_ms: u64,
    /// Pause after the broker or the database failed.
    pub backoff_ms: u64,
    /// Shards one process holds at most; below [`SHARDS`] others have to hold the rest.
    pub shards_max: usize,
    /// How often shards that somebody else let go are looked for, busy or not.
    pub adopt_ms: u64,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            batch_rows_max: 1_000,
            in_flight_max: 1_024,
            ack_timeout_ms: 2_000,
            rest_max_ms: 40,
            poll_ms: 100,
            backoff_ms: 250,
            shards_max: SHARDS as usize,
            adopt_ms: 500,
        }
    }
}

/// Why a round ended early. Everything is tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RelayError {
    #[error("relay could not use the database: {0}")]
    Database(#[from] pg::Error),
    #[error("{unacknowledged} events were not acknowledged by the broker")]
    Broker { unacknowledged: usize },
}

impl From<sqlx::Error> for RelayError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// The relay of one process. It uses the pool of the `<service>_relay` role, which no door holds (D5).
#[derive(Debug)]
pub struct Relay {
    service: &'static str,
    pool: Pool,
    jetstream: jetstream::Context,
    outbox: Outbox,
    config: RelayConfig,
    measured: Option<Publishing>,
    age: Option<Age>,
}

/// How long one step in the database may take.
const STEP_WITHIN: Duration = Duration::from_secs(10);
/// How late an event can be that a quick look passes over.
const THOROUGH_EVERY: Duration = Duration::from_millis(500);

impl Relay {
    /// A relay that has not started yet.
    pub fn new(
        service: &'static str,
        pool: Pool,
        jetstream: jetstream::Context,
        outbox: Outbox,
        config: RelayConfig,
    ) -> Self {
        Self { service, pool, jetstream, outbox, config, measured: None, age: None }
    }

    /// The same, counting what it publishes and showing how long it waits.
    pub fn measured(self, metrics: &Metrics) -> Self {
        let (measured, age) = (Publishing::new(metrics, self.service), Age::new(metrics));
        Self { measured: Some(measured), age: Some(age), ..self }
    }

    /// Runs until shutdown. Never ends by itself: every failure is logged and tried again.
    pub async fn run(self, shutdown: CancellationToken) {
        let loops = (0..LOOPS).map(|turn| self.run_loop(turn, &shutdown));
        let looking = async {
            if let Some(age) = &self.age {
                age.follow(&self.pool, &shutdown).await;
            }
        };
        tokio::join!(futures_util::future::join_all(loops), looking);
    }

    async fn run_loop(&self, turn: usize, shutdown: &CancellationToken) {
        let mut heads = Heads::new(self.service);
        while !shutdown.is_cancelled() {
            if let Err(error) = self.hold_shards(turn, &mut heads, shutdown).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "relay round failed and is tried again"
                );
                self.pause(self.config.backoff_ms, shutdown).await;
            }
        }
        heads.tell();
    }

    /// One session: take what shards are free, settle what a predecessor left, then work until something fails.
    async fn hold_shards(
        &self,
        turn: usize,
        heads: &mut Heads,
        shutdown: &CancellationToken,
    ) -> Result<(), RelayError> {
        let mut session = self.open(turn).await?;
        let mut adopt = pg::apart(Duration::from_millis(self.config.adopt_ms));
        let mut pace = Pace::new(Duration::from_millis(self.config.rest_max_ms));
        let mut thorough = pg::apart(THOROUGH_EVERY);
        while !shutdown.is_cancelled() {
            if session.wants_more() && adopt.tick().now_or_never().is_some() {
                let taken = in_time(session.take_free_shards()).await?;
                self.settle_predecessor(&mut session, &taken, shutdown).await?;
            }
            let due = thorough.tick().now_or_never().is_some();
            let look = if due { Look::Thorough } else { Look::Quick };
            let worked = pace.during(self.round(&mut session, look, heads, shutdown)).await?;
            heads.tell_in_time();
            let once_more = if due { self.once_more(&mut session).await? } else { 0 };
            if once_more > 0 {
                // There may be many, and they go at no other time.
                thorough.reset_immediately();
            }
            if (worked as i64) < self.config.batch_rows_max {
                self.await_work(turn, shutdown).await;
                pace.rest().await;
            }
        }
        session.close().await;
        Ok(())
    }

    async fn open(&self, turn: usize) -> Result<shards::Session, RelayError> {
        let mine = (0..SHARDS).filter(|shard| *shard as usize % LOOPS == turn).collect();
        let held_max = self.config.shards_max.div_ceil(LOOPS);
        in_time(shards::Session::open(self.service, &self.pool, mine, held_max)).await
    }

    /// Publishes everything that is pending now; for tests that drain until empty. Returns how many events.
    pub async fn drain(&self) -> Result<usize, pg::Error> {
        let mut published = 0;
        for turn in 0..LOOPS {
            published += self.drain_loop(turn).await.map_err(|error| match error {
                RelayError::Database(error) => error,
                broker @ RelayError::Broker { .. } => pg::Error::broken("draining the outbox", broker),
            })?;
        }
        Ok(published)
    }

    async fn drain_loop(&self, turn: usize) -> Result<usize, RelayError> {
        let shutdown = CancellationToken::new();
        let (mut session, mut heads) = (self.open(turn).await?, Heads::new(self.service));
        let taken = in_time(session.take_free_shards()).await?;
        let mut published = self.settle_predecessor(&mut session, &taken, &shutdown).await?;
        loop {
            let round = self.round(&mut session, Look::Thorough, &mut heads, &shutdown).await?;
            match round + self.once_more(&mut session).await? {
                0 => break,
                some => published += some,
            }
        }
        session.close().await;
        Ok(published)
    }

    /// Publishes a batch of what `streetwise refill` asked for; what is not acknowledged stays for the next look. Returns
    /// how many rows it took off the table.
    async fn once_more(&self, session: &mut shards::Session) -> Result<usize, RelayError> {
        let rows = in_time(session.again(self.config.batch_rows_max)).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let events = in_time(again::load(&self.pool, &rows)).await?;
        let together = publish::all(&self.jetstream, events, Travel::Together, &self.config).await;
        let singly =
            publish::all(&self.jetstream, together.unacknowledged, Travel::Singly, &self.config).await;
        let kept: HashSet<Uuid> =
            singly.unacknowledged.iter().map(|event| event.pending.journal_id).collect();
        if let Some(measured) = &self.measured {
            measured.published(self.service, rows.len() - kept.len(), kept.len());
        }
        if !kept.is_empty() {
            tracing::warn!(
                unacknowledged = kept.len(),
                "broker did not acknowledge everything that is published once more"
            );
        }
        let done: Vec<_> = rows.into_iter().filter(|row| !kept.contains(&row.journal_id)).collect();
        in_time(session.forget_again(&done)).await?;
        Ok(done.len())
    }

    /// Rows a dead predecessor sealed but did not delete: publish again, do not seal again.
    async fn settle_predecessor(
        &self,
        session: &mut shards::Session,
        taken: &[i16],
        shutdown: &CancellationToken,
    ) -> Result<usize, RelayError> {
        if taken.is_empty() {
            return Ok(0);
        }
        let tenants = in_time(session.tenants_pending(taken)).await?;
        let sealed = in_time(sealing::already_sealed(&self.pool, &tenants)).await?;
        let left = in_time(session.pending_among(taken, &sealed)).await?;
        let batch = in_time(sealing::load(&self.pool, &left)).await?;
        in_time(session.quarantine(&batch.missing)).await?;
        self.publish_and_forget(session, batch.events, shutdown).await
    }

    /// Returns how many pending rows it took off the table.
    async fn round(
        &self,
        session: &mut shards::Session,
        look: Look,
        heads: &mut Heads,
        shutdown: &CancellationToken,
    ) -> Result<usize, RelayError> {
        let pending = in_time(session.pending(self.config.batch_rows_max, look)).await?;
        if pending.is_empty() {
            return Ok(0);
        }
        let batch = in_time(sealing::seal(&self.pool, &pending)).await?;
        crash::point("relay.after_seal");
        heads.sealed(&batch.seals);
        in_time(session.quarantine(&batch.missing)).await?;
        self.publish_and_forget(session, batch.events, shutdown).await?;
        Ok(pending.len())
    }

    /// Publishes until the broker has everything, deleting what it acknowledged. The batch in hand is finished
    /// before another is sealed, so at most the last seal of a tenant can be unpublished.
    async fn publish_and_forget(
        &self,
        session: &mut shards::Session,
        events: Vec<Sealed>,
        shutdown: &CancellationToken,
    ) -> Result<usize, RelayError> {
        let all = events.len();
        let (mut left, mut travel) = (events, Travel::Together);
        while !left.is_empty() {
            let Published { acknowledged, unacknowledged } =
                publish::all(&self.jetstream, left, travel, &self.config).await;
            if let Some(measured) = &self.measured {
                measured.published(self.service, acknowledged.len(), unacknowledged.len());
            }
            crash::point("relay.after_puback");
            in_time(session.forget(&acknowledged)).await?;
            crash::point("relay.after_delete");
            (left, travel) = (unacknowledged, Travel::Singly);
            if left.is_empty() {
                break;
            }
            let unacknowledged = left.len();
            tracing::warn!(
                unacknowledged,
                "broker did not acknowledge everything; publishing the rest again"
            );
            self.pause(self.config.backoff_ms, shutdown).await;
            if shutdown.is_cancelled() {
                return Err(RelayError::Broker { unacknowledged });
            }
        }
        Ok(all)
    }

    async fn await_work(&self, turn: usize, shutdown: &CancellationToken) {
        let poll = Duration::from_millis(self.config.poll_ms);
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.outbox.woken(turn) => {}
            () = tokio::time::sleep(poll) => {}
        }
    }

    async fn pause(&self, pause_ms: u64, shutdown: &CancellationToken) {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(Duration::from_millis(pause_ms)) => {}
        }
    }
}

/// A session whose connection died unheard would hold its shards and wait for ever.
async fn in_time<T, E>(step: impl Future<Output = Result<T, E>>) -> Result<T, RelayError>
where
    RelayError: From<E>,
{
    pg::within(STEP_WITHIN, async { Ok(step.await?) }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_streets_spread_over_all_shards() {
        let mut used = [0; SHARDS as usize];
        for n in 1..=80 {
            let street = TenantId::from_i64(990_102_000_000 + n * 1000).unwrap();
            used[shard_of(street) as usize] += 1;
        }
        assert!(used.iter().all(|streets| (5..=16).contains(streets)), "{used:?}");
    }
}
