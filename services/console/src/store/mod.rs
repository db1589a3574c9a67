//! All SQL of console. Functions take the scoped transaction, one query each.
//!
//! Every read of a door takes the bodies whose rows the caller may see (D8); `None` is all of them.

pub(crate) mod cases;
pub(crate) mod lines;
pub(crate) mod of_case;
pub(crate) mod orders;
pub(crate) mod positions;
pub(crate) mod reports;
pub(crate) mod timeline;
pub(crate) mod tracking;

use std::collections::BTreeMap;

use ids::TenantId;
use jiff::Timestamp;
use uuid::Uuid;

/// A tenant's row.
pub(crate) type Key = (TenantId, Uuid);

/// The keys of news as the two arrays of a statement, in their order.
fn columns<N>(news: &BTreeMap<Key, N>) -> (Vec<i64>, Vec<Uuid>) {
    news.keys().map(|(tenant, id)| (tenant.as_i64(), *id)).unzip()
}

fn column<N, T>(news: &BTreeMap<Key, N>, field: impl Fn(&N) -> T) -> Vec<T> {
    news.values().map(field).collect()
}

fn instant(at: Option<Timestamp>) -> Option<jiff_sqlx::Timestamp> {
    at.map(Into::into)
}

fn jiff(at: Option<jiff_sqlx::Timestamp>) -> Option<Timestamp> {
    at.map(|at| at.to_jiff())
}

fn json(state: &impl serde::Serialize) -> Result<serde_json::Value, pg::Error> {
    serde_json::to_value(state).map_err(|error| pg::Error::broken("encoding a state", error))
}

fn jsons<N, T: serde::Serialize>(
    news: &BTreeMap<Key, N>,
    field: impl Fn(&N) -> &T,
) -> Result<Vec<serde_json::Value>, pg::Error> {
    news.values().map(|news| json(field(news))).collect()
}

fn state<T: serde::de::DeserializeOwned>(
    what: &'static str,
    state: serde_json::Value,
) -> Result<T, pg::Error> {
    serde_json::from_value(state).map_err(|error| pg::Error::broken(what, error))
}
