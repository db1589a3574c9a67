//! What time calls: plans nobody has reviewed.

use std::sync::Arc;

use jiff::Timestamp;
use pg::ScopedTx;
use wakeups::{Fire, FireError, Kind, Wakeup};

use crate::handle::{Room, plans};

/// Plans whose time to be reviewed is over.
pub(crate) struct PlansDue(pub Arc<Room>);

impl Fire for PlansDue {
    const KIND: Kind = plans::PLAN_REVIEW;

    async fn fire(&self, tx: &mut ScopedTx, now: Timestamp, due: Vec<Wakeup>) -> Result<usize, FireError> {
        plans::lapse(&self.0, tx, now, due).await
    }
}
