//! Connections that may have a transaction open of which nobody knows.
//!
//! The driver counts a transaction only once the server has answered its beginning. A beginning that is given up before, or
//! fails half way, leaves the connection in a transaction that nobody ends: what is written without one later would never be
//! committed, and what is begun later may be read only.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use telemetry::Stopwatch;

/// Which connections are not to be used any more: whatever lay idle since before a beginning went wrong, or came back soon after.
#[derive(Debug)]
pub(crate) struct Doubt {
    age: Stopwatch,
    /// When it ends, as age of the pool in milliseconds; 0 where nothing went wrong yet.
    until_ms: AtomicU64,
}

/// So long after a beginning went wrong its connection is back, or closed.
const BACK_WITHIN: Duration = Duration::from_secs(2);

impl Doubt {
    pub(crate) fn none() -> Self {
        Self { age: Stopwatch::start(), until_ms: AtomicU64::new(0) }
    }

    /// A beginning went wrong just now.
    pub(crate) fn arises(&self) {
        self.arises_at(self.age.elapsed());
    }

    fn arises_at(&self, age: Duration) {
        self.until_ms.fetch_max(millis(age + BACK_WITHIN), Ordering::Relaxed);
    }

    /// Whether it is about a connection that has been idle for so long.
    pub(crate) fn about(&self, idle_for: Duration) -> bool {
        self.about_at(self.age.elapsed(), idle_for)
    }

    fn about_at(&self, age: Duration, idle_for: Duration) -> bool {
        millis(age.saturating_sub(idle_for)) < self.until_ms.load(Ordering::Relaxed)
    }
}

fn millis(age: Duration) -> u64 {
    u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_about_what_came_back_before_it_ends() {
        let (doubt, s) = (Doubt::none(), Duration::from_secs);
        assert!(!doubt.about_at(s(100), s(100)), "nothing went wrong");
        doubt.arises_at(s(100));
        assert!(doubt.about_at(s(101), s(1)), "came back at once");
        assert!(doubt.about_at(s(500), s(500)), "lies idle since the start");
        assert!(doubt.about_at(s(500), s(399)), "came back a second later");
        assert!(!doubt.about_at(s(500), s(398)), "came back when it was over");
        doubt.arises_at(s(90));
        assert!(!doubt.about_at(s(500), s(398)), "what went wrong earlier is told later");
        assert!(doubt.about_at(s(101), s(1)));
    }
}
