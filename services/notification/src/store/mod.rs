//! All SQL of this service: one query a function, in the caller's scoped transaction, joined on tenant and id.

pub mod answers;
pub mod attempts;
pub mod deliveries;
pub mod health;
pub mod list;
pub mod secrets;

use ids::TenantId;
use uuid::Uuid;

/// A row's key.
pub type Key = (TenantId, Uuid);

/// Keys as two array parameters.
pub(crate) fn columns(keys: &[Key]) -> (Vec<i64>, Vec<Uuid>) {
    keys.iter().map(|(tenant, id)| (tenant.as_i64(), *id)).unzip()
}

/// A tenant column back to its type.
pub(crate) fn tenant(value: i64, column: &'static str) -> Result<TenantId, pg::Error> {
    TenantId::from_i64(value).map_err(|_| pg::Error::impossible_row(column))
}
