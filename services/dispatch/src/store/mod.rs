//! All SQL of dispatch. Functions take the scoped transaction; one query each, multi-row where there is a batch.
//!
//! Locks: cases in (tenant, id) order, and a case before its orders, everywhere. A batch that takes cases in several steps
//! locks them all before the first (`handle::hold`). Wake-up rows come last; a runner,
//! which holds its wake-up rows first, never waits for a case ([`cases::lock_free`]).

pub(crate) mod answers;
pub(crate) mod auditor;
pub(crate) mod calendars;
pub(crate) mod cases;
pub(crate) mod changes;
pub(crate) mod links;
pub(crate) mod lists;
pub(crate) mod orders;
pub(crate) mod past_case_clocks;
pub(crate) mod past_clocks;
pub(crate) mod stages;

use ids::TenantId;
use sqlx::types::Json;
use uuid::Uuid;

/// A tenant's row.
pub(crate) type Key = (TenantId, Uuid);

/// Keys as the two arrays of a statement.
fn columns(keys: &[Key]) -> (Vec<i64>, Vec<Uuid>) {
    keys.iter().map(|(tenant, id)| (tenant.as_i64(), *id)).unzip()
}

/// States as a column of a statement: written once, straight into the message.
fn states<'a, T>(states: impl Iterator<Item = &'a T>) -> Vec<Json<&'a T>> {
    states.map(Json).collect()
}

/// One field of each row, as a column of a statement.
fn column<R, T>(rows: &[R], field: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(field).collect()
}
