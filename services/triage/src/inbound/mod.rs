//! The doors of triage: parse, authenticate, make a command; decide nothing.

mod backtest;
mod explanation;
pub mod http;
pub mod messages;
pub(crate) mod redraws;
mod reviews;
pub(crate) mod rpc;
mod territory;
