//! The moving part that gives timeline lines their positions after they were committed.
//!
//! Looks every 100 ms, and again at once as long as there is something. Any number of processes may do this at the
//! same time: [`crate::handle::sequence`] holds the tenant's row. It also passes hints of other processes to the
//! live readers of this one, and ends their streams when the process stops.

use std::time::Duration;

use bootstrap::part::Part;
use futures_util::future::{BoxFuture, FutureExt};
use tokio_util::sync::CancellationToken;

use crate::handle::{Room, sequence};

/// How soon a committed line is found.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Pause after a failure.
const FAILED_PAUSE: Duration = Duration::from_secs(1);

/// The part.
#[derive(Debug)]
pub struct Sequencer(Room);

impl Sequencer {
    /// Not yet running.
    pub fn new(room: Room) -> Self {
        Self(room)
    }

    async fn sequence(&self) {
        loop {
            let pause = match sequence::round(&self.0).await {
                Ok(0) => LOOK_EVERY,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "lines get their positions later");
                    FAILED_PAUSE
                }
            };
            tokio::time::sleep(pause).await;
        }
    }
}

impl Part for Sequencer {
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.sequence() => {}
                () = self.0.live.listen() => {}
            }
            self.0.live.ending().cancel();
        })
    }

    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        async {
            let mut sequenced = 0;
            loop {
                match sequence::round(&self.0).await {
                    Ok(0) => return Ok(sequenced),
                    Ok(lines) => sequenced += lines,
                    Err(error) => return Err(format!("{error:?}")),
                }
            }
        }
        .boxed()
    }
}
