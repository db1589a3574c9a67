//! The kit against the real thing: servers that start, die and come back, faults that are felt.

#![expect(clippy::unwrap_used, reason = "helpers of tests; the lint exempts test functions only")]

mod clock;
mod identity;
mod nats;
mod postgres;
mod proxy;
mod sink;
mod wait;
