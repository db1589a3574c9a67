//! The moving part that gives timeline lines their positions after they were committed.
//!
//! Looks when a consumer of this process has committed, again as long as there is something, and every
//! 100 ms: for lines another process left, and for lines that have waited long enough. Twice a second the look is
//! thorough. Any number of processes may do this at the same time: [`crate::handle::sequence`] holds the tenants' rows.
//! It also passes hints of other processes to the live readers of this one, and ends their streams when the process
//! stops.

use std::time::Duration;

use bootstrap::part::Part;
use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::handle::sequence::{Look, Round, Turns};
use crate::handle::{Room, sequence};

/// How soon a committed line is found when nobody said so.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Longest rest after a round with few lines, so that the next finds more of them together.
const REST_MAX: Duration = Duration::from_millis(50);
/// Lines of a round that are few.
const FEW_LINES: usize = 500;
/// How late a line can be that a quick look passes over.
const THOROUGH_EVERY: Duration = Duration::from_millis(500);
/// Pause after a failure.
const FAILED_PAUSE: Duration = Duration::from_secs(1);
/// How long one look may take; a connection that died unheard is not waited on for ever.
const LOOK_WITHIN: Duration = Duration::from_secs(15);

/// The part.
#[derive(Debug)]
pub struct Sequencer {
    room: Room,
    turns: Mutex<Turns>,
}

impl Sequencer {
    /// Not yet running.
    pub fn new(room: Room) -> Self {
        Self { room, turns: Mutex::default() }
    }

    /// One look at the tenants whose turn it is; returns how many lines got a position. An error means that the
    /// database is away; a tenant that fails by itself is none.
    pub async fn look(&self) -> Result<usize, pg::Error> {
        Ok(self.look_as(Look::Thorough).await?.lines)
    }

    async fn look_as(&self, look: Look) -> Result<Round, pg::Error> {
        let mut turns = self.turns.lock().await;
        let outcome = pg::within(LOOK_WITHIN, sequence::round(&self.room, &mut turns, look)).await;
        if outcome.is_err() {
            turns.forget();
        }
        outcome
    }

    async fn sequence(&self) {
        let committed = self.room.house.outbox.armed();
        let (mut pace, mut thorough) = (pg::Pace::new(REST_MAX), pg::apart(THOROUGH_EVERY));
        let mut backlog = false;
        loop {
            let due = thorough.tick().now_or_never().is_some() || backlog;
            if due {
                let view = self.room.house.snapshot.view();
                self.room.events.know(view.streets().map(|street| street.code));
            }
            let round = pace.during(self.look_as(if due { Look::Thorough } else { Look::Quick })).await;
            backlog = round.as_ref().map_or(true, |round| round.full);
            match round {
                Ok(Round { lines: 0, .. }) => {
                    tokio::select! {
                        () = committed.notified() => {}
                        () = tokio::time::sleep(LOOK_EVERY) => {}
                    }
                    pace.rest().await;
                }
                Ok(Round { lines, .. }) if lines < FEW_LINES => {
                    pace.rest().await;
                }
                Ok(_) => {}
                Err(error) => {
                    say(&error);
                    tokio::time::sleep(FAILED_PAUSE).await;
                }
            }
        }
    }
}

fn say(error: &pg::Error) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "lines get their positions later");
}

impl Part for Sequencer {
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.sequence() => {}
                () = self.room.live.listen() => {}
            }
            self.room.live.ending().cancel();
        })
    }

    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        async {
            let mut sequenced = 0;
            loop {
                match self.look().await {
                    Ok(0) => return Ok(sequenced),
                    Ok(lines) => sequenced += lines,
                    Err(error) => return Err(format!("{error:?}")),
                }
            }
        }
        .boxed()
    }
}
