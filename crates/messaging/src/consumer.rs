//! Hearing something: a batch is applied once in effect, in one transaction with the inbox, then acknowledged.
//!
//! decode and check (before BEGIN) → inbox → `Apply::apply` → commit → ack. A batch that fails on its data is
//! halved until the one culprit is found, which is parked; the others go through (D17, ADR 013). A message the
//! consumer cannot judge yet (its tenant's first document, or what it follows from, is not here) comes back later by itself:
//! the first few of a tenant from the broker, the rest from the table of parked messages, so that no tenant stops a lane
//! (ADR 016).

mod batch;
mod origin;
mod pull;
mod removed;
mod shelf;
mod trouble;

use std::collections::BTreeSet;
use std::future::Future;

use bytes::Bytes;
use contract::Envelope;
use ids::TenantId;
use jiff::Timestamp;
use pg::{ScopedTx, TenantScope};

pub use pull::{Consumer, ConsumerConfig};
pub use removed::{Removals, Standing};

/// An event as it came: attributes and the untouched bytes (D53).
#[derive(Debug, Clone)]
pub struct Received {
    /// Attributes; the tenant is the subject's.
    pub envelope: Envelope,
    /// The payload as received. Store and forward these bytes, never a re-encoding.
    pub payload: Bytes,
}

/// Why a message cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It never can: parked with this reason (no personal data, no payload text).
    Poison(String),
    /// Not yet, e.g. the tenant's first document is missing: comes back later.
    NotYet(&'static str),
}

impl Refused {
    /// Poison for a payload that does not decode.
    pub fn undecodable(error: &prost::DecodeError) -> Self {
        Self::Poison(format!("undecodable payload: {error}"))
    }
}

/// Why applying failed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The database said no, or nothing at all.
    #[error("applying a batch: {0}")]
    Database(#[from] pg::Error),
    /// The decision refuses this input for ever: the culprit is parked.
    #[error("refused: {0}")]
    Refused(String),
    /// It follows from something that another lane has not brought yet: it comes back later, as what [`Refused::NotYet`] is
    /// said of, and the others go through.
    #[error("not yet: {0}")]
    NotYet(&'static str),
}

impl From<sqlx::Error> for ApplyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// What a service does with the messages of one consumer.
pub trait Apply: Send + Sync + 'static {
    /// A decoded, checked message.
    type Item: Send + Sync;

    /// Decode and check, before any transaction. Called again when a batch is tried again, so what it accepted once
    /// it accepts always.
    fn decode(&self, received: &Received) -> Result<Self::Item, Refused>;

    /// Which tenants the transaction sees; services that need a district's rows add them.
    fn scope(&self, tenants: BTreeSet<TenantId>) -> TenantScope {
        TenantScope::of_subjects(tenants)
    }

    /// The effect, inside the transaction. `fresh` holds only messages never applied before, in order of
    /// arrival. `now` is the database's time, bound once.
    fn apply(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        fresh: Vec<(Received, Self::Item)>,
    ) -> impl Future<Output = Result<(), ApplyError>> + Send;
}
