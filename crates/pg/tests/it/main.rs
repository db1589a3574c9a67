//! What crate pg promises, on a real Postgres.

mod overrides;
mod pool_of_one;
mod row_security;
mod trial;
