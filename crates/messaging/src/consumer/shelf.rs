//! Parked messages whose time has come: tenants whose documents may be here by now, and replays a person asked for.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Apply;
use super::batch::Room;
use crate::parking;

/// How often a consumer looks.
const LOOK: Duration = Duration::from_secs(1);
/// Rows tried in one round; a full round is followed by the next at once.
const ROWS_MAX: i64 = 256;
/// Looks in a minute.
const MINUTE: u32 = 60;

impl<A: Apply> Room<A> {
    /// Looks every second until shutdown.
    pub(super) async fn watch_shelf(&self, shutdown: &CancellationToken) {
        let mut looks = 0u32;
        while !shutdown.is_cancelled() {
            match self.take_from_shelf().await {
                // A round that applied nothing put its rows off; asking again at once would find no new ones.
                Ok(applied) if applied > 0 => continue,
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(consumer = self.consumer, error = %error, "parked messages were not looked at");
                }
            }
            looks = looks.wrapping_add(1);
            if looks.is_multiple_of(MINUTE) {
                self.troubles().minute();
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// One round; returns how many were applied. Two replicas may take the same rows: the inbox lets one through.
    pub(super) async fn take_from_shelf(&self) -> Result<usize, pg::Error> {
        let due = parking::due(&self.pool, &self.consumer, ROWS_MAX).await?;
        if due.is_empty() {
            return Ok(0);
        }
        Ok(self.settle(due.into_iter().map(Into::into).collect()).await.applied)
    }
}
