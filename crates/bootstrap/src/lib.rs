//! Turns a Service into a process: config, listen, health, shutdown.
//!
//! A service says what it is ([`Service`]); [`process::main`] is its whole `main`. Tests put the same parts
//! together with [`assemble::assemble`] and drain them. [`door`] holds what every HTTP door shares, [`rpc`] what
//! every gRPC door does.
//!
//! Deliberately not here: anything a service decides.

pub mod assemble;
pub mod broker;
pub mod catch_up;
pub mod clock;
pub mod config;
pub mod documents;
pub mod door;
mod export;
pub mod health;
pub mod house;
pub mod identity;
pub mod listen;
mod parked;
pub mod part;
pub mod process;
pub mod removal;
pub mod rpc;
pub mod service;
pub mod shutdown;

pub use config::{ConfigError, Env, Settings};
pub use house::{Admitted, House};
pub use identity::{Bearer, Identity};
pub use service::{Plan, Service, StreetOf, schema};
