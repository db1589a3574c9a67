//! The doors of triage: parse, authenticate, make a command; decide nothing.

mod backtest;
mod cases;
mod desk;
mod examples;
mod explanation;
mod hints;
pub mod http;
mod merges;
pub mod messages;
mod plans;
mod point;
pub(crate) mod redraws;
mod reroutes;
mod reviews;
pub(crate) mod rpc;
mod splits;
mod territory;
mod voices;
pub(crate) mod wakeups;
