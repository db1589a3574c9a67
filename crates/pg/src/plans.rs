//! How long the server keeps the plan of a statement.
//!
//! Planning anew each time took a fifth of the server's work (`docs/performance.md`). A plan that is kept for ever was made while
//! its table was small, and reads it whole once it is large. So plans are kept, and forgotten every so often.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// After so many beginnings of a pool, one connection forgets its plans. A prime: however many connections take turns, each has
/// its turn in this, too.
const BEGINNINGS: u64 = 97;
/// Where less is begun: after so long.
const LONGEST: Duration = Duration::from_secs(5);

/// Which beginnings of a pool forget the plans of their connection.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    begun: AtomicU64,
    forgotten_ms: AtomicU64,
}

impl Plans {
    /// Another transaction begins, so long after the pool was made: whether it forgets what its connection has planned.
    pub(crate) fn forgets(&self, age: Duration) -> bool {
        let now_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        let begun = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        let longest_ms = LONGEST.as_millis() as u64;
        let last_ms = self.forgotten_ms.load(Ordering::Relaxed);
        let due = begun.is_multiple_of(BEGINNINGS) || now_ms.saturating_sub(last_ms) >= longest_ms;
        if due {
            self.forgotten_ms.store(now_ms, Ordering::Relaxed);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_pool_forgets_by_number_and_reaches_each_connection() {
        for connections in 1..=8 {
            let plans = Plans::default();
            let mut reached = vec![false; connections];
            for beginning in 0..BEGINNINGS as usize * connections {
                reached[beginning % connections] |= plans.forgets(Duration::ZERO);
            }
            assert_eq!(reached, vec![true; connections], "taking turns");
        }
    }

    #[test]
    fn a_quiet_pool_forgets_by_time() {
        let plans = Plans::default();
        let at = |ms| plans.forgets(Duration::from_millis(ms));
        assert_eq!(
            [at(1), at(4_999), at(5_000), at(5_001), at(9_999), at(10_000)],
            [false, false, true, false, false, true]
        );
    }
}
