//! Console through its doors, on a real database and broker, each test with its own.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod desk;
mod doors;
mod live;
mod positions;
mod projecting;
mod readers;
mod story;
mod tracking;
mod world;
