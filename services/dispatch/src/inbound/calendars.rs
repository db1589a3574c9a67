//! Notices published calendar years and has awaiting stages filled (D31).
//!
//! Woken by a new view of the snapshot, and by a slow tick: a case that was being opened with the old calendar
//! while the new one was filled in is found by the next look. Takes no input and may run anywhere, any time.

use std::sync::Arc;
use std::time::Duration;

use bootstrap::part::Part;
use futures_util::future::{BoxFuture, FutureExt};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::handle::{Room, fill};

/// How soon a new view is noticed; comparing two pointers costs nothing.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How soon what slipped through is found.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// The background part.
#[derive(Debug)]
pub(crate) struct Publications(Room);

impl Publications {
    pub fn new(room: Room) -> Self {
        Self(room)
    }

    async fn watch(self, shutdown: CancellationToken) {
        let mut handled = None;
        let mut last_sweep = Instant::now();
        while !shutdown.is_cancelled() {
            let view = self.0.house.snapshot.view();
            let new = handled.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &view));
            if new || last_sweep.elapsed() >= SWEEP_EVERY {
                match fill::all(&self.0).await {
                    Ok(_) => (handled, last_sweep) = (Some(view), Instant::now()),
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(error, "awaiting stages are filled later");
                    }
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = sleep(LOOK_EVERY) => {}
            }
        }
    }
}

impl Part for Publications {
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        self.watch(shutdown).boxed()
    }

    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        async {
            match fill::all(&self.0).await {
                // Held like everything else: nothing to do until the time is believed again.
                Err(error) if error.clock_held().is_some() => Ok(0),
                filled => filled.map_err(|error| format!("{error:?}")),
            }
        }
        .boxed()
    }
}
