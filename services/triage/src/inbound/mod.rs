//! The doors of triage: parse, authenticate, make a command; decide nothing.

mod backtest;
mod cases;
mod desk;
mod examples;
mod explanation;
mod hints;
pub mod http;
pub mod messages;
mod plans;
pub(crate) mod redraws;
mod reviews;
pub(crate) mod rpc;
mod territory;
pub(crate) mod wakeups;
