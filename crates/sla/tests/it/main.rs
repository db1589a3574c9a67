//! Facts of the official calendar as tables, and laws that hold for any start and limit.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod conservation;
mod explain;
mod jumps;
mod laws;
mod official;
mod refusals;
mod table;
mod watch;
mod week;
