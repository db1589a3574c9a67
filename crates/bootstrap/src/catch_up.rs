//! Work that follows from tenant documents: awaited calendars are filled in, open cases are placed anew.
//!
//! Done again when the snapshot has a new view, and by a slow tick: what another replica was doing by the old
//! documents is found by the next look. What is left to do stands in rows, so it takes no input, may run anywhere at
//! any time, and whoever is interrupted is followed by somebody else.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use snapshot::Snapshot;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::part::Part;

/// How soon a new view is noticed; comparing two pointers costs nothing.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How soon what slipped through is found.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// Such work.
pub trait CatchUp: Send + Sync + 'static {
    /// One word for the log, e.g. `awaiting-calendars`.
    const TASK: &'static str;

    /// Does all that is there; returns how much that was.
    fn catch_up(&self) -> BoxFuture<'_, Result<usize, pg::Error>>;
}

/// The moving part that does it.
pub(crate) struct CatchingUp<S, C> {
    pub snapshot: Snapshot<S>,
    pub work: C,
}

impl<S: Send + Sync + 'static, C: CatchUp> CatchingUp<S, C> {
    async fn watch(self, shutdown: CancellationToken) {
        let mut handled = None;
        let mut last_sweep = Instant::now();
        while !shutdown.is_cancelled() {
            let view = self.snapshot.view();
            let new = handled.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &view));
            if new || last_sweep.elapsed() >= SWEEP_EVERY {
                match self.work.catch_up().await {
                    Ok(_) => (handled, last_sweep) = (Some(view), Instant::now()),
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(
                            error,
                            task = C::TASK,
                            "what follows from tenant documents is done later"
                        );
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

impl<S: Send + Sync + 'static, C: CatchUp> Part for CatchingUp<S, C> {
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        self.watch(shutdown).boxed()
    }

    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        async {
            match self.work.catch_up().await {
                // Held like everything else: nothing to do until the time is believed again.
                Err(error) if error.clock_held().is_some() => Ok(0),
                done => done.map_err(|error| format!("{error:?}")),
            }
        }
        .boxed()
    }
}
