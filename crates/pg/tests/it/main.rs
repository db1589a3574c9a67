//! What crate pg promises, on a real Postgres.

#![allow(clippy::unwrap_used, reason = "a test says what failed by failing there")]

mod half_begun;
mod overrides;
mod pool_of_one;
mod row_security;
mod trial;
