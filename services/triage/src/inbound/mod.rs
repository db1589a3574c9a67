//! The doors of triage: parse, authenticate, make a command; decide nothing.

mod explanation;
pub mod http;
pub mod messages;
mod reviews;
pub(crate) mod rpc;
