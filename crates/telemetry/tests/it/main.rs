//! What really leaves a process: an exporter in this one, a collector over gRPC, and what it was sent.

#![allow(clippy::unwrap_used, reason = "a test says what failed by failing there")]

mod leaving;
mod redaction;
mod tracing_through;
mod world;
