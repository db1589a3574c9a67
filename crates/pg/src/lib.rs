//! Postgres as the house uses it: every transaction carries a [`TenantScope`], time comes from the database,
//! errors are told apart by what the caller can do about them.
//!
//! Guarantees, each with the test that shows it (`tests/it`):
//! - no transaction begins without a scope, and the scope is its first statement (`pool_of_one`);
//! - a cancelled or panicking caller never leaves an open transaction in the pool (`pool_of_one`);
//! - a server that answers nothing costs a caller seconds and the pool no connection for good
//!   (`frozen`, in the tests of `bootstrap`);
//! - a row of another tenant is neither read nor written (`row_security`).
//!
//! The settings guard against bugs, not against somebody who can run SQL with a service's role (D6).
//! Session advisory locks are used elsewhere, so a transaction-mode pooler in front of Postgres is not supported.

mod board;
mod clock;
pub mod crash;
mod doubt;
mod error;
pub mod inspect;
mod jump;
pub mod migrate;
mod mint;
mod pace;
mod places;
mod pool;
mod pulse;
mod scope;
mod store;

pub use board::Listener;
pub use clock::{DbClock, GuardedClock, Reading, ServerClock, acceptance, micros};
pub use error::{Error, Kind, rows_affected, scope_refusals};
pub use jump::{Held, JumpGuard};
pub use mint::Minter;
pub use pace::{Gate, Pace, apart};
pub use places::Places;
pub use pool::{Pool, PoolConfig, ScopedTx, retrying, within};
pub use pulse::Pulse;
pub use scope::TenantScope;
