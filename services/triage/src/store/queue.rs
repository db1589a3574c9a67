//! How what waits for a person is ordered: urgent ones first, of a lane the longest waiting first. The same for reports and plans.

use jiff::Timestamp;
use uuid::Uuid;

/// Where an entry stands in its queue: by lane, then by how long it waits, then by the id it is called by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    pub lane: i16,
    pub requested_at: jiff_sqlx::Timestamp,
    pub id: Uuid,
}

impl Position {
    /// Before every entry: lanes count from 0.
    pub(crate) fn start() -> Self {
        Self { lane: -1, requested_at: Timestamp::UNIX_EPOCH.into(), id: Uuid::nil() }
    }
}
