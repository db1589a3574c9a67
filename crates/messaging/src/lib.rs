//! The guarantee, once: what a service says is published at least once and applied once in effect.
//!
//! - [`journal`]: the change, its audit entry, its event and its outbox row are one insert in one transaction.
//! - [`relay`]: seals and publishes what is pending, per shard, urgent first; deletes after the broker's ack.
//! - [`consumer`]: takes what is there, up to a bound, applies it in one transaction with the inbox, then acks;
//!   looks for the one culprit when a batch fails, and parks it.
//! - [`provision`]: makes the broker look like `contract::topology` and refuses one that answers otherwise.
//! - [`audit`]: whether the journal is still what its seals say.
//! - [`refill`]: what readers lack after a restore, out of the publishers' journals.
//!
//! Deliberately not here: order. Events carry full state and a version (D9); disorder is harmless.
//! `README.md` beside this crate names each promise and the test that shows it.

pub mod audit;
pub mod backlog;
pub mod chain;
pub mod consumer;
pub mod housekeeping;
pub mod journal;
pub mod parking;
pub mod provision;
pub mod refill;
pub mod relay;
mod store;

pub use consumer::{Apply, ApplyError, Consumer, ConsumerConfig, Received, Refused, Removals, Standing};
pub use journal::{NewEvent, Outbox};
pub use relay::{Relay, RelayConfig};

/// Tables of this crate; part of every service's schema.
pub fn migrations() -> sqlx::migrate::Migrator {
    sqlx::migrate!("./migrations")
}
