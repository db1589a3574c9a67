//! All SQL of dispatch. Functions take the scoped transaction; one query each, multi-row where there is a batch.
//!
//! Locks: cases in (tenant, id) order, and a case before its orders, everywhere. Wake-up rows come last; a runner,
//! which holds its wake-up rows first, never waits for a case ([`cases::lock_free`]).

pub(crate) mod answers;
pub(crate) mod cases;
pub(crate) mod lists;
pub(crate) mod orders;
pub(crate) mod stages;

use ids::TenantId;
use uuid::Uuid;

/// A tenant's row.
pub(crate) type Key = (TenantId, Uuid);

/// Keys as the two arrays of a statement.
fn columns(keys: &[Key]) -> (Vec<i64>, Vec<Uuid>) {
    keys.iter().map(|(tenant, id)| (tenant.as_i64(), *id)).unzip()
}

fn json(state: &impl serde::Serialize) -> Result<serde_json::Value, pg::Error> {
    serde_json::to_value(state).map_err(|error| pg::Error::broken("encoding a state", error))
}

fn state<T: serde::de::DeserializeOwned>(
    what: &'static str,
    state: serde_json::Value,
) -> Result<T, pg::Error> {
    serde_json::from_value(state).map_err(|error| pg::Error::broken(what, error))
}
