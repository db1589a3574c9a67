//! The high-water mark (D24): when too many events wait for the broker, new reports are refused with 503, before
//! the disk is full. Marks go by rows, never by age: a broker that is away for minutes refuses nobody. Urgent reports
//! are few and may not wait: they are refused only at a hard cap of twice the mark (D15). What can wait, drills among it, is
//! refused from half the mark on, so that it never is the reason why another is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use bootstrap::part::Part;
use futures_util::future::BoxFuture;
use ids::Lane;
use pg::TenantScope;
use tokio_util::sync::CancellationToken;

use crate::handle::Room;
use crate::store;

/// How often the outbox is looked at. Between two looks the last answer holds: at 1,000 reports a second the mark
/// is overrun by a thousandth of its default.
const LOOK: Duration = Duration::from_secs(1);
/// How long one look may take; a connection that died unheard is not waited on for ever.
const MEASURE_WITHIN: Duration = Duration::from_secs(5);

/// How many times the mark the hard cap is.
const CAP_TIMES: u32 = 2;

/// Where the outbox stands, as of the last look.
#[derive(Debug, Default)]
pub struct Pressure(AtomicU8);

/// Below half the mark; from there on; from the mark on; from the cap on.
const LEVELS: [&str; 4] = ["below half the mark", "over half the mark", "over the mark", "over the cap"];

impl Pressure {
    /// Whether a new report of this lane is refused, as of the last look.
    pub fn refuses(&self, lane: Lane) -> bool {
        let level = self.0.load(Ordering::Relaxed);
        let refused_from = match lane {
            Lane::Bulk => 1,
            Lane::Normal => 2,
            Lane::Urgent => 3,
        };
        level >= refused_from
    }

    /// Notes a look; returns the new level if it changed.
    fn note(&self, rows: i64, mark: u32) -> Option<&'static str> {
        let marks = [i64::from(mark.div_ceil(2)), i64::from(mark), cap(mark)];
        let level = marks.iter().map(|mark| u8::from(rows >= *mark)).sum();
        let changed = self.0.swap(level, Ordering::Relaxed) != level;
        changed.then(|| LEVELS[usize::from(level)])
    }
}

/// Rows at which even urgent reports are refused.
fn cap(mark: u32) -> i64 {
    i64::from(mark) * i64::from(CAP_TIMES)
}

impl Room {
    /// Looks at the outbox. Counting ends at the cap, so the cost is bounded by it.
    pub async fn measure(&self) -> Result<(), pg::Error> {
        let mark = self.outbox_rows_max;
        let mut tx = self.house.pool.begin(TenantScope::of_claim()).await?;
        let rows = store::outbox::rows_up_to(&mut tx, cap(mark)).await?;
        tx.commit().await?;
        self.events.outbox_measured(rows);
        if let Some(level) = self.pressure.note(rows, mark) {
            tracing::warn!(rows, level, "the outbox crossed its high-water mark");
        }
        Ok(())
    }
}

/// The part that looks.
pub struct Gauging(pub Arc<Room>);

impl Part for Gauging {
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            while !shutdown.is_cancelled() {
                // A database that is away refuses reports by itself; the last answer holds until it is back.
                if let Err(error) = pg::within(MEASURE_WITHIN, self.0.measure()).await {
                    tracing::debug!(error = &error as &dyn std::error::Error, "the outbox was not measured");
                }
                tokio::select! {
                    () = shutdown.cancelled() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        })
    }

    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        Box::pin(async move { self.0.measure().await.map(|()| 0).map_err(|error| error.to_string()) })
    }
}
