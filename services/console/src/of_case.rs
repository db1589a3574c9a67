//! Which events a case consists of, in whatever journal they stand: for `streetwise audit export`, which proves them.

use std::collections::BTreeSet;

use ids::TenantId;
use sqlx::Connection;
use uuid::Uuid;

use crate::store::of_case as store;

/// A case and its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfCase {
    /// Its id.
    pub case_id: Uuid,
    /// As people know it; empty until it is heard.
    pub case_no: Option<String>,
    /// Ids of all events that were heard of it and of its reports.
    pub events: BTreeSet<Uuid>,
}

/// Looks a case up by its id or its number; `None` for one that was never heard of.
pub async fn look(admin_url: &str, tenant: TenantId, case: &str) -> Result<Option<OfCase>, pg::Error> {
    let mut connection = pg::migrate::as_owner(admin_url, "console").await?;
    let (id, of) = (case.parse().ok(), tenant.as_i64());
    let found = store::find(&mut connection, of, id, Some(case)).await?;
    let Some((case_id, case_no)) = found else { return Ok(None) };
    let events = store::events(&mut connection, of, case_id).await?.into_iter().collect();
    connection.close().await?;
    Ok(Some(OfCase { case_id, case_no, events }))
}
