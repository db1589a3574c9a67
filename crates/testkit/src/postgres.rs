//! Real Postgres for tests: one server for all of a process, a fresh database for each test.
//!
//! `STREETWISE_TEST_POSTGRES_URL` (a superuser's, trust authentication) names a server to share; `./dev test` sets it.
//! Without it the process starts one of its own. That server does not sync to disk: what it promises ends with its
//! process. Tests that kill a server take [`Cluster::start_durable`]. Deliberately not here: any schema; the caller
//! migrates.

mod cluster;
mod database;
mod server;

pub use cluster::{Cluster, DurableCluster};
pub use database::Database;
