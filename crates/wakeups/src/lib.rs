//! Call me at T, in my own transaction.
//!
//! A wake-up is a key and an instant. The transaction that changes the subject moves the row; a runner claims due
//! rows in a fair batch and hands them to the service inside the same transaction, which re-arms or deletes them.
//! The state decides what happens, so late, double and lost wake-ups are harmless (D28, D30, D49).
//!
//! Guarantees, each with the test that shows it (`tests/it`): never early (`never_early`), each once although
//! two runners race (`two_runners`) or one has two hands (`a_second_hand`), nobody starves behind a busy tenant (`nobody_starves`) or behind many
//! (`claims_go_round`), a jumping database clock holds firing until it returns or is accepted (`clock_jump`), a
//! wake-up that cannot be fired is put off alone (`a_culprit`), and a runner that dies after claiming loses nothing
//! (`killed_while_claiming`).
//!
//! Deliberately not here: what a wake-up means, and any service clock; time is the database's.

mod fire;
mod metrics;
mod pace;
mod runner;
mod store;

pub use fire::{Fire, FireError, RunnerConfig};
pub use runner::{Base, Runner};
pub use store::{arm, disarm};

use ids::TenantId;
use jiff::Timestamp;
use uuid::Uuid;

/// A key to look at, and when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wakeup {
    /// Whose.
    pub tenant: TenantId,
    /// What kind of subject: `order`, `case`, `delivery` … One kind per table the id points into.
    pub kind: Kind,
    /// The subject.
    pub subject_id: Uuid,
    /// Not before this instant, by the database's clock.
    pub due_at: Timestamp,
}

/// The kind of a wake-up's subject.
pub type Kind = &'static str;

/// Tables of this crate; part of every service's schema.
pub fn migrations() -> sqlx::migrate::Migrator {
    sqlx::migrate!("./migrations")
}
