//! One batch: apply whole, or halve until the culprit is alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_nats::jetstream::{AckKind, Message};
use futures_util::future::BoxFuture;
use pg::{DbClock, Kind, Pool, crash};

use super::{Apply, ApplyError, Received, Refused};
use crate::journal::Outbox;
use crate::{parking, store};

/// How long a message that cannot be judged yet stays away.
const NOT_YET_DELAY: std::time::Duration = std::time::Duration::from_millis(500);
/// How long a batch stays away after the database was.
const UNAVAILABLE_DELAY: std::time::Duration = std::time::Duration::from_secs(1);
/// A message that breaks our own code is tried this often before it is parked (F15).
const ATTEMPTS_MAX: i64 = 5;
/// A batch that runs into other transactions is tried this often at once.
const COLLISIONS_MAX: u32 = 5;

/// A message with its decoded item.
pub(super) struct Entry<I> {
    pub message: Message,
    pub received: Received,
    pub item: I,
}

/// All a batch needs.
pub(super) struct Room<A> {
    pub consumer: String,
    pub pool: Pool,
    pub clock: Arc<dyn DbClock>,
    pub outbox: Outbox,
    pub apply: Arc<A>,
}

impl<A: Apply> Room<A> {
    /// Takes messages to their end: acknowledged, parked, or sent back for later. Returns how many were applied.
    pub(super) async fn settle(&self, messages: Vec<Message>) -> usize {
        let mut entries = Vec::with_capacity(messages.len());
        for message in messages {
            match self.read(&message) {
                Ok((received, item)) => entries.push(Entry { message, received, item }),
                Err(Refused::Poison(reason)) => self.park(&message, &reason).await,
                Err(Refused::NotYet(reason)) => {
                    tracing::info!(consumer = self.consumer, reason, "message comes back later");
                    send_back(&message, NOT_YET_DELAY).await;
                }
            }
        }
        self.apply_or_halve(entries).await
    }

    fn read(&self, message: &Message) -> Result<(Received, A::Item), Refused> {
        let headers = message.headers.as_ref();
        let header = |name: &str| headers.and_then(|map| map.get(name)).map(|value| value.as_str());
        let envelope = contract::Envelope::read(&message.subject, header);
        let envelope = envelope.map_err(|error| Refused::Poison(error.to_string()))?;
        let received = Received { envelope, payload: message.payload.clone() };
        let item = self.apply.decode(&received)?;
        Ok((received, item))
    }

    fn apply_or_halve(&self, mut entries: Vec<Entry<A::Item>>) -> BoxFuture<'_, usize> {
        Box::pin(async move {
            if entries.is_empty() {
                return 0;
            }
            match self.apply_retrying(&entries).await {
                Ok(()) => {
                    crash::point("consumer.after_commit");
                    acknowledge(&entries).await;
                    crash::point("consumer.after_ack");
                    entries.len()
                }
                Err(error) if gone(&error) => {
                    tracing::warn!(consumer = self.consumer, error = chain(&error), "batch comes back later");
                    for entry in &entries {
                        send_back(&entry.message, UNAVAILABLE_DELAY).await;
                    }
                    tokio::time::sleep(UNAVAILABLE_DELAY).await;
                    0
                }
                Err(error) if entries.len() == 1 => {
                    self.blame(&entries[0].message, &error).await;
                    0
                }
                Err(_) => {
                    let second = entries.split_off(entries.len() / 2);
                    self.apply_or_halve(entries).await + self.apply_or_halve(second).await
                }
            }
        })
    }

    async fn apply_retrying(&self, entries: &[Entry<A::Item>]) -> Result<(), ApplyError> {
        let mut collisions = 0;
        loop {
            match self.apply_once(entries).await {
                Err(ApplyError::Database(error))
                    if error.ran_into_another() && collisions < COLLISIONS_MAX =>
                {
                    collisions += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn apply_once(&self, entries: &[Entry<A::Item>]) -> Result<(), ApplyError> {
        let tenants: BTreeSet<_> = entries.iter().map(|entry| entry.received.envelope.tenant).collect();
        let mut tx = self.pool.begin(self.apply.scope(tenants)).await?;
        let now = self.clock.now(&mut tx).await?;
        let ids: Vec<_> = entries.iter().map(|entry| entry.received.envelope.id.as_uuid()).collect();
        let mut unseen: BTreeSet<_> =
            store::enter(&mut tx, &self.consumer, &ids).await?.into_iter().collect();
        // Taking an id out of the set also folds the same message delivered twice in one batch.
        let fresh: Vec<_> = entries
            .iter()
            .filter(|entry| unseen.remove(&entry.received.envelope.id.as_uuid()))
            .map(|entry| (entry.received.clone(), entry.item.clone()))
            .collect();
        if !fresh.is_empty() {
            self.apply.apply(&mut tx, now, fresh).await?;
        }
        crash::point("consumer.before_commit");
        tx.commit().await?;
        self.outbox.wake();
        Ok(())
    }

    /// The culprit is alone: bad data is parked at once, our own mistakes after some attempts.
    async fn blame(&self, message: &Message, error: &ApplyError) {
        let attempts = message.info().map(|info| info.delivered).unwrap_or(ATTEMPTS_MAX);
        let ours = matches!(error, ApplyError::Database(error) if error.kind() == Kind::Broken);
        if ours && attempts < ATTEMPTS_MAX {
            tracing::error!(consumer = self.consumer, attempts, error = chain(error), "message failed");
            return send_back(message, UNAVAILABLE_DELAY).await;
        }
        self.park(message, &chain(error)).await;
    }

    async fn park(&self, message: &Message, reason: &str) {
        match parking::park(&self.pool, &self.consumer, message, reason).await {
            Ok(()) => {
                tracing::error!(consumer = self.consumer, reason, "message is parked");
                settle(message, AckKind::Term).await;
            }
            Err(error) => {
                tracing::warn!(consumer = self.consumer, error = %error, "could not park a message yet");
                send_back(message, UNAVAILABLE_DELAY).await;
            }
        }
    }
}

/// The database is away: nothing is wrong with the batch.
fn gone(error: &ApplyError) -> bool {
    matches!(error, ApplyError::Database(error)
        if matches!(error.kind(), Kind::Unavailable | Kind::RanIntoAnother))
}

/// The error with its causes, for a log line or a parking reason. Database texts name constraints, not values.
fn chain(error: &ApplyError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

async fn acknowledge<I>(entries: &[Entry<I>]) {
    for entry in entries {
        settle(&entry.message, AckKind::Ack).await;
    }
}

async fn send_back(message: &Message, delay: std::time::Duration) {
    settle(message, AckKind::Nak(Some(delay))).await;
}

/// An ack that is lost means redelivery, which the inbox makes harmless; so a failure here is only noted.
async fn settle(message: &Message, kind: AckKind) {
    if let Err(error) = message.ack_with(kind).await {
        tracing::debug!(error = %error, "acknowledgement was not sent; the message will come again");
    }
}
