//! The guarantee of crate messaging, on a real Postgres and a real broker that are killed on the way.

#![allow(clippy::unwrap_used, reason = "a test says what failed by failing there")]

mod auditing;
mod batching;
mod consuming;
mod keeping;
mod parking;
mod provisioning;
mod refilling;
mod relaying;
mod removed;
mod retention;
mod world;
