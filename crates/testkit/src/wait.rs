//! Waiting for a level, with a deadline. The one place in tests that sleeps.
//!
//! A test never waits for an edge ("it just happened") and never sleeps to let something happen: it asks again
//! until the state is there or the deadline passes.

use std::time::Duration;

use tokio::time::Instant;

const PAUSE: Duration = Duration::from_millis(10);

/// Asks until the answer is there and returns it.
///
/// # Panics
/// When `within` passes first, saying `what` was waited for.
pub async fn eventually<T>(within: Duration, what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    match until(within, ask).await {
        Some(answer) => answer,
        None => panic!("waited {within:?} in vain for {what}"),
    }
}

/// As [`eventually`], but the deadline is an answer: `None`. A question that itself hangs is cut off at the deadline.
pub async fn until<T>(within: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    while Instant::now() < deadline {
        if let Ok(Some(answer)) = tokio::time::timeout_at(deadline, ask()).await {
            return Some(answer);
        }
        tokio::time::sleep(PAUSE).await;
    }
    None
}
