//! Intake through its door, on a real database and broker.
#![expect(clippy::unwrap_used, reason = "helpers of tests; the lint exempts test functions only")]

mod api_keys;
mod assignment;
mod batch;
mod contact;
mod desk;
mod drill;
mod lane;
mod migration;
mod pressure;
mod quota;
mod refusals;
mod replay;
mod reveal;
mod shared;
mod terms;
mod writer;
