//! Tenant documents compiled in memory (D21).
//!
//! A service keeps every tenant's newest documents in its own schema ([`keep`], called by its one document
//! consumer) and each replica compiles them into a [`View`] that readers take without waiting. Generations only
//! move forward; a document that does not compile leaves the last good view in place and says so.
//! A street is given the model its texts are judged by ([`Project::learned`]): its own, else its district's.
//! A tombstone removes a tenant and all its rows ([`removal`]).
//! With the broker down at start the view comes from Postgres.
//!
//! Deliberately not here: how documents arrive (`bootstrap` wires the consumer), what a service wants of them
//! (its `tenants.rs` implements [`Project`]).

pub mod export;
mod keeper;
mod people;
mod poll;
pub mod removal;
mod retired;
mod spread;
mod store;
mod view;

pub use keeper::keep;
pub use poll::{Poller, Snapshot};
pub use view::{Learned, Project, Removed, StreetView, View};

/// Tables of this crate; part of every service's schema.
pub fn migrations() -> sqlx::migrate::Migrator {
    sqlx::migrate!("./migrations")
}
