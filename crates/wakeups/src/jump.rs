//! The guard against a database clock that jumps forward (D29, F12). Pure: fed both readings.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

/// A jump of more than this holds firing.
const JUMP_MAX_US: i64 = 2_000_000;

/// Firing is held: the database's clock is this far ahead of where our own elapsed time says it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// How far ahead, in microseconds.
    pub ahead_us: i64,
}

/// Compares database time with elapsed monotonic time since an anchor. One per process; shared by its runners.
#[derive(Debug, Default)]
pub struct JumpGuard(Mutex<Option<Anchor>>);

#[derive(Debug, Clone, Copy)]
struct Anchor {
    database: Timestamp,
    elapsed: Duration,
}

impl JumpGuard {
    /// Checks one reading. `elapsed` is this process's monotonic time since any fixed moment. A clock that runs
    /// slower or goes back only re-anchors: late is harmless, early is not.
    pub fn check(&self, database: Timestamp, elapsed: Duration) -> Result<(), Held> {
        let mut anchor = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let reading = Anchor { database, elapsed };
        let Some(known) = *anchor else {
            *anchor = Some(reading);
            return Ok(());
        };
        let moved_us = database.as_microsecond() - known.database.as_microsecond();
        let expected_us = elapsed.saturating_sub(known.elapsed).as_micros() as i64;
        let ahead_us = moved_us - expected_us;
        if ahead_us > JUMP_MAX_US {
            return Err(Held { ahead_us });
        }
        *anchor = Some(reading);
        Ok(())
    }

    /// A person has looked: the database's time is right (`streetwise clock accept`).
    pub fn accept(&self) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(us: i64) -> Timestamp {
        Timestamp::from_microsecond(1_800_000_000_000_000 + us).unwrap()
    }

    #[test]
    fn a_forward_jump_holds_until_it_returns_or_is_accepted() {
        let guard = JumpGuard::default();
        assert_eq!(guard.check(at(0), Duration::from_secs(10)), Ok(()));
        let hour_us = 3_600_000_000;
        assert_eq!(
            guard.check(at(hour_us + 1_000_000), Duration::from_secs(11)),
            Err(Held { ahead_us: hour_us })
        );
        assert_eq!(
            guard.check(at(hour_us + 9_000_000), Duration::from_secs(19)),
            Err(Held { ahead_us: hour_us })
        );
        assert_eq!(guard.check(at(10_000_000), Duration::from_secs(20)), Ok(()));
        assert!(guard.check(at(hour_us + 11_000_000), Duration::from_secs(21)).is_err());
        guard.accept();
        assert_eq!(guard.check(at(hour_us + 12_000_000), Duration::from_secs(22)), Ok(()));
    }

    proptest! {
        #[test]
        fn a_clock_that_keeps_pace_never_holds(steps in proptest::collection::vec((0u64..10_000, -50_000i64..50_000), 1..50)) {
            let guard = JumpGuard::default();
            let (mut elapsed, mut database) = (0u64, 0i64);
            for (step_ms, skew_us) in steps {
                elapsed += step_ms;
                database += step_ms as i64 * 1000;
                prop_assert_eq!(guard.check(at(database + skew_us), Duration::from_millis(elapsed)), Ok(()));
            }
        }
    }
}
