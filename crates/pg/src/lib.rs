//! Postgres as the house uses it: every transaction carries a [`TenantScope`], time comes from the database,
//! errors are told apart by what the caller can do about them.
//!
//! Guarantees, each with the test that shows it (`tests/it`):
//! - no transaction begins without a scope, and the scope is its first statement (`pool_of_one`);
//! - a cancelled or panicking caller never leaves an open transaction in the pool (`pool_of_one`);
//! - a row of another tenant is neither read nor written (`row_security`).
//!
//! The settings guard against bugs, not against somebody who can run SQL with a service's role (D6).
//! Session advisory locks are used elsewhere, so a transaction-mode pooler in front of Postgres is not supported.

mod clock;
pub mod crash;
mod error;
pub mod migrate;
mod mint;
mod pool;
mod scope;

pub use clock::{DbClock, ServerClock, micros};
pub use error::{Error, Kind, rows_affected};
pub use mint::Minter;
pub use pool::{Pool, PoolConfig, ScopedTx, retrying};
pub use scope::TenantScope;
