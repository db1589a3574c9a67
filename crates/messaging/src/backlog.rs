//! What waits in one service's schema, for a person who looks. Reads only.

use crate::store::backlog;

/// Counts and ages. Ages are whole seconds by the database's clock; nothing where there is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// Events that wait for the relay.
    pub pending: i64,
    /// Age of the oldest of them.
    pub pending_oldest_s: Option<i64>,
    /// Events to be published once more (`streetwise refill`).
    pub again: i64,
    /// Pending rows that name no journal row.
    pub quarantined: i64,
    /// Messages that wait for a person.
    pub parked: i64,
    /// Messages that are tried again by themselves.
    pub retried: i64,
    /// How late the latest wake-up is.
    pub overdue_s: Option<i64>,
}

/// Looks at a migrated schema.
pub async fn of(admin_url: &str, service: &'static str) -> Result<Backlog, pg::Error> {
    let mut owner = pg::migrate::as_owner(admin_url, service).await?;
    let found = backlog::of_schema(&mut owner).await?;
    sqlx::Connection::close(owner).await?;
    Ok(found)
}
