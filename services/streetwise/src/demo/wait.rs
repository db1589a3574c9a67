//! Waiting for a level, with a deadline: ask again until it is so.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Stopped;
use super::checklist::Step;
use crate::failure::Failure;

const PAUSE: Duration = Duration::from_millis(150);

/// Asks until there is an answer. Past the deadline the story stops at `step`, with the last failure if the
/// question itself kept failing.
pub(super) async fn until<T>(
    step: Step,
    within: Duration,
    mut ask: impl AsyncFnMut() -> Result<Option<T>, Failure>,
) -> Result<T, Stopped> {
    let deadline = Instant::now() + within;
    loop {
        let answer = ask().await;
        if let Ok(Some(answer)) = answer {
            return Ok(answer);
        }
        if Instant::now() >= deadline {
            return Err(answer.err().map_or(Stopped::NotSeen(step), Stopped::Failed));
        }
        sleep(PAUSE).await;
    }
}
