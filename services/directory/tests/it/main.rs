//! The directory through its own door, on a real database and a real broker.

#![allow(clippy::unwrap_used, reason = "a test says what failed by failing there")]

mod apply;
mod classifier;
mod days;
mod generations;
mod offboard;
mod office;
mod pairs;
mod plan;
mod read;
mod refusals;
mod rollback;
mod rotas;
mod rules;
mod streets;
mod terms;
mod territory;
mod together;
