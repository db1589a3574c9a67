//! Saying something: one journal row, which is change, audit entry, event and outbox payload at once (D11).

use std::sync::Arc;

use bytes::Bytes;
use contract::EventType;
use ids::{EventId, Lane, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::relay::LOOPS;
use crate::{chain, store};

/// One event to be said in the current transaction.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Minted in this transaction (D16); also the message id.
    pub id: EventId,
    /// What happened.
    pub event_type: EventType,
    /// Whose it is; inside the transaction's scope.
    pub tenant: TenantId,
    /// Which lane it travels in.
    pub lane: Lane,
    /// What changed.
    pub aggregate_id: Uuid,
    /// Version of the aggregate after the change: 1..n without gaps.
    pub version: u64,
    /// The transaction's bound time.
    pub at: Timestamp,
    /// The principal's subject; `clock` for wake-ups, the consumer's name for messages.
    pub actor: String,
    /// Why, where a purpose must be recorded.
    pub purpose: Option<String>,
    /// W3C trace context of the request that caused it.
    pub traceparent: String,
    /// A rehearsal.
    pub drill: bool,
    /// The encoded message.
    pub payload: Bytes,
}

impl NewEvent {
    /// What the seal is about.
    pub fn content_sha256(&self) -> [u8; 32] {
        chain::content_sha256(&chain::Content {
            id: self.id.as_uuid(),
            event_type: self.event_type.as_str(),
            tenant: self.tenant,
            aggregate_id: self.aggregate_id,
            version: self.version,
            at: self.at,
            actor: &self.actor,
            purpose: self.purpose.as_deref(),
            payload: &self.payload,
        })
    }
}

/// The way out of a service. Cloning shares the signals that wake the relay and the runners.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    /// One for each loop of the relay: a signal that is taken by one must not be lost to the other.
    committed: Arc<[Notify; LOOPS]>,
    armed: Arc<Notify>,
}

impl Outbox {
    /// Journal rows and pending rows, in one statement of the caller's transaction.
    pub async fn append(&self, tx: &mut ScopedTx, events: &[NewEvent]) -> Result<(), pg::Error> {
        if events.is_empty() {
            return Ok(());
        }
        let written = store::append(tx, events).await?;
        pg::rows_affected("appending to the journal", written, events.len())
    }

    /// Tells the relay to look, and the runners, because the same transaction may have armed a wake-up; call after
    /// the commit. A lost call costs a poll (100 ms, 250 ms), nothing else.
    pub fn wake(&self) {
        self.committed.iter().for_each(Notify::notify_one);
        self.armed.notify_waiters();
        self.armed.notify_one();
    }

    /// Signalled after each commit; runners of wake-ups wait for it.
    pub fn armed(&self) -> Arc<Notify> {
        self.armed.clone()
    }

    pub(crate) async fn woken(&self, turn: usize) {
        self.committed[turn].notified().await;
    }
}
