//! The high-water mark (D24): when too many events wait for the broker, new reports are refused with 503, before
//! the disk is full. Marks go by rows, never by age: a broker that is away for minutes refuses nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bootstrap::part::Part;
use futures_util::future::BoxFuture;
use pg::TenantScope;
use tokio_util::sync::CancellationToken;

use crate::handle::Room;
use crate::store;

/// How often the outbox is looked at. Between two looks the last answer holds: at 1,000 reports a second the mark
/// is overrun by a thousandth of its default.
const LOOK: Duration = Duration::from_secs(1);

/// Whether the outbox is over its mark, as of the last look.
#[derive(Debug, Default)]
pub struct Pressure {
    over: AtomicBool,
}

impl Pressure {
    /// As of the last look.
    pub fn over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

impl Room {
    /// Looks at the outbox. Counting ends at the mark, so the cost is bounded by it.
    pub async fn measure(&self) -> Result<(), pg::Error> {
        let mut tx = self.house.pool.begin(TenantScope::of_claim()).await?;
        let rows = store::outbox::rows_up_to(&mut tx, i64::from(self.outbox_rows_max)).await?;
        tx.commit().await?;
        self.events.outbox_measured(rows);
        let over = rows >= i64::from(self.outbox_rows_max);
        if self.pressure.over.swap(over, Ordering::Relaxed) != over {
            tracing::warn!(rows, over, "the outbox crossed its high-water mark");
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
                if let Err(error) = self.0.measure().await {
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
