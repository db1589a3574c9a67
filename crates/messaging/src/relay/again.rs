//! What was published once and is to be published once more: refilling the streams after a restore.
//!
//! These events were sealed when they were published first, so nothing is sealed here. The broker may still remember
//! their message ids from then; so they travel without one, and the reader's inbox folds what is there twice.

use std::collections::HashMap;

use ids::TenantId;
use pg::{Pool, TenantScope};
use uuid::Uuid;

use super::event::Sealed;
use super::shards::Pending;
use super::{RelayError, sql};

/// The events of rows of `outbox_again`, in their order. Rows whose journal row is gone (its street was removed) are
/// left out: there is nothing to publish.
pub(crate) async fn load(pool: &Pool, rows: &[Pending]) -> Result<Vec<Sealed>, RelayError> {
    let tenants = rows.iter().filter_map(|row| TenantId::from_i64(row.tenant_id).ok());
    let mut tx = pool.begin(TenantScope::of_subjects(tenants)).await?;
    let found = sql::load_again(&mut tx, &sql::Columns::of(rows.iter())).await?;
    tx.commit().await?;
    let mut by_id: HashMap<Uuid, sql::JournalRow> = found.into_iter().map(|row| (row.id, row)).collect();
    let events = rows.iter().filter_map(|row| Some(Sealed::once_more(*row, by_id.remove(&row.journal_id)?)));
    Ok(events.collect())
}
