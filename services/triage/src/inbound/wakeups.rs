//! What time calls: plans and reports that nobody has decided on.

use std::sync::Arc;

use bootstrap::catch_up::CatchUp;
use futures_util::future::{BoxFuture, FutureExt};
use jiff::Timestamp;
use pg::ScopedTx;
use wakeups::{Fire, FireError, Kind, Wakeup};

use crate::handle::{Room, overdue, plans};

/// Plans whose time to be reviewed is over.
pub(crate) struct PlansDue(pub Arc<Room>);

impl Fire for PlansDue {
    const KIND: Kind = plans::PLAN_REVIEW;

    async fn fire(&self, tx: &mut ScopedTx, now: Timestamp, due: Vec<Wakeup>) -> Result<usize, FireError> {
        plans::lapse(&self.0, tx, now, due).await
    }
}

/// Reports whose time at a desk is over.
pub(crate) struct ReportsDue(pub Arc<Room>);

impl Fire for ReportsDue {
    const KIND: Kind = overdue::REPORT_REVIEW;

    async fn fire(&self, tx: &mut ScopedTx, now: Timestamp, due: Vec<Wakeup>) -> Result<usize, FireError> {
        overdue::due(&self.0, tx, now, due).await
    }
}

/// Reports that a build before this one put onto a desk, without a clock.
pub(crate) struct WithoutClock(pub Arc<Room>);

impl CatchUp for WithoutClock {
    const TASK: &'static str = "reports-without-a-clock";

    fn catch_up(&self) -> BoxFuture<'_, Result<usize, pg::Error>> {
        overdue::begin_clocks(&self.0).boxed()
    }
}
