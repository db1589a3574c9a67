//! The guard against a database clock that jumps forward (D29, F12). Pure: fed all readings.
//!
//! A reading was taken somewhere between sending the question and getting the answer. The guard takes of both
//! bounds the one that makes the database look slow: an answer may come as late as it likes (a stopped process, a
//! retransmission) and an honest clock is never held. The price is that a jump is seen when it exceeds two seconds
//! and the delays of the two answers compared.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Reading;

/// A jump of more than this holds.
const JUMP_MAX_US: i64 = 2_000_000;
/// An answer that took longer says too little to compare later ones with, if there is a better one.
const PROMPT: Duration = Duration::from_millis(250);
/// The alarm is repeated this often while it lasts.
const ALARM_EVERY: Duration = Duration::from_secs(5);

/// The time is in doubt: the database's clock is this far ahead of where our own elapsed time says it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the database's clock is {ahead_us} microseconds ahead")]
pub struct Held {
    /// How far ahead at least, in microseconds.
    pub ahead_us: i64,
}

/// Compares database time with elapsed monotonic time since an anchor. One per process.
#[derive(Debug, Default)]
pub struct JumpGuard(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    anchor: Option<Anchor>,
    held: bool,
    alarmed: Option<Duration>,
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    reading: Reading,
    sent: Duration,
    took: Duration,
}

impl JumpGuard {
    /// Checks one reading: `sent` and `answered` are this process's monotonic time before and after it. A clock
    /// that runs slower or goes back is never held: late is harmless, early is not. Nor is one whose jump a person
    /// has accepted since the anchor.
    pub fn check(&self, sent: Duration, reading: Reading, answered: Duration) -> Result<(), Held> {
        let mut state = self.state();
        let fresh = Anchor { reading, sent, took: answered.saturating_sub(sent) };
        let Some(known) = state.anchor.filter(|known| known.reading.acceptance >= reading.acceptance) else {
            (state.anchor, state.held) = (Some(fresh), false);
            return Ok(());
        };
        let moved_us = reading.now.as_microsecond() - known.reading.now.as_microsecond();
        let passed_us = i64::try_from(answered.saturating_sub(known.sent).as_micros()).unwrap_or(i64::MAX);
        let ahead_us = moved_us.saturating_sub(passed_us);
        state.held = ahead_us > JUMP_MAX_US;
        if state.held {
            return Err(Held { ahead_us });
        }
        if fresh.took <= known.took.max(PROMPT) {
            state.anchor = Some(fresh);
        }
        Ok(())
    }

    /// Whether the last reading was in doubt.
    pub fn held(&self) -> bool {
        self.state().held
    }

    /// Whether to say (again) that the time is held, at this moment of elapsed time.
    pub(crate) fn alarm_is_due(&self, elapsed: Duration) -> bool {
        let mut state = self.state();
        let due = state.alarmed.is_none_or(|last| elapsed.saturating_sub(last) >= ALARM_EVERY);
        if due {
            state.alarmed = Some(elapsed);
        }
        due
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state has no invariant a panicking holder could break.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    const HOUR_US: i64 = 3_600_000_000;

    fn at(us: i64) -> Reading {
        let now = Timestamp::from_microsecond(1_800_000_000_000_000 + us).unwrap();
        Reading { now, acceptance: 0 }
    }

    fn us(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    /// An answer without any delay.
    fn prompt(guard: &JumpGuard, seconds: u64, reading: Reading) -> Result<(), Held> {
        guard.check(Duration::from_secs(seconds), reading, Duration::from_secs(seconds))
    }

    #[test]
    fn a_forward_jump_holds_until_it_returns_or_is_accepted() {
        let guard = JumpGuard::default();
        let held = Err(Held { ahead_us: HOUR_US });
        assert_eq!(prompt(&guard, 10, at(0)), Ok(()));
        assert_eq!(prompt(&guard, 11, at(HOUR_US + 1_000_000)), held);
        assert_eq!(prompt(&guard, 19, at(HOUR_US + 9_000_000)), held);
        assert_eq!(prompt(&guard, 20, at(10_000_000)), Ok(()));
        assert_eq!(prompt(&guard, 21, at(HOUR_US + 11_000_000)), held);
        let accepted = Reading { acceptance: 1, ..at(HOUR_US + 12_000_000) };
        assert_eq!(prompt(&guard, 22, accepted), Ok(()));
        let later = Reading { acceptance: 1, ..at(2 * HOUR_US + 13_000_000) };
        assert_eq!(prompt(&guard, 23, later), held, "an old acceptance accepts no new jump");
    }

    #[test]
    fn a_process_that_was_stopped_for_long_goes_on() {
        let guard = JumpGuard::default();
        // Asked at 0 s, read at 0 s, stopped, woken at 90 s: the reading is old by then.
        assert_eq!(guard.check(us(0), at(0), Duration::from_secs(90)), Ok(()));
        assert_eq!(prompt(&guard, 91, at(91_000_000)), Ok(()));
        assert_eq!(guard.check(Duration::from_secs(92), at(92_000_000), Duration::from_secs(180)), Ok(()));
        assert_eq!(prompt(&guard, 181, at(181_000_000)), Ok(()));
    }

    #[test]
    fn a_late_answer_does_not_blunt_the_guard() {
        let guard = JumpGuard::default();
        assert_eq!(prompt(&guard, 1, at(1_000_000)), Ok(()));
        assert_eq!(guard.check(Duration::from_secs(2), at(59_000_000), Duration::from_secs(60)), Ok(()));
        assert_eq!(prompt(&guard, 61, at(71_000_000)), Err(Held { ahead_us: 10_000_000 }));
    }

    #[test]
    fn the_alarm_is_repeated_but_not_with_every_reading() {
        let guard = JumpGuard::default();
        let due = |seconds| guard.alarm_is_due(Duration::from_secs(seconds));
        assert_eq!([due(1), due(2), due(5), due(6), due(7)], [true, false, false, true, false]);
    }

    /// How long until the question is asked, until the database reads, until the answer is here; in microseconds.
    fn delays() -> impl Strategy<Value = Vec<(u64, u64, u64)>> {
        let delay = || prop_oneof![4 => 0u64..50_000, 1 => 0u64..200_000_000];
        proptest::collection::vec((delay(), delay(), delay()), 1..50)
    }

    /// Feeds an honest clock with these delays; returns the elapsed time at the end, in microseconds.
    fn feed(guard: &JumpGuard, delays: &[(u64, u64, u64)]) -> Result<u64, Held> {
        let mut elapsed = 0;
        for (idle, there, back) in delays {
            let sent = elapsed + idle;
            let read = sent + there;
            elapsed = read + back;
            guard.check(us(sent), at(read as i64), us(elapsed))?;
        }
        Ok(elapsed)
    }

    proptest! {
        #[test]
        fn an_honest_clock_never_holds_whatever_the_delays(delays in delays()) {
            prop_assert!(feed(&JumpGuard::default(), &delays).is_ok());
        }

        #[test]
        fn a_jump_beyond_the_delays_always_holds(
            delays in delays(), there in 0u64..100_000_000, back in 0u64..100_000_000, beyond in 1i64..10_000_000_000,
        ) {
            let guard = JumpGuard::default();
            let sent = feed(&guard, &delays).unwrap();
            // What the anchor's own answer took, at most.
            let blunt = delays.iter().map(|(_, there, back)| there + back).max().unwrap_or(0);
            let jump = JUMP_MAX_US + beyond + (blunt + there + back) as i64;
            let reading = at((sent + there) as i64 + jump);
            prop_assert!(guard.check(us(sent), reading, us(sent + there + back)).is_err());
        }

        #[test]
        fn after_a_prompt_answer_late_ones_do_not_count(
            late in proptest::collection::vec((0u64..1_000_000, 0u64..200_000_000), 0..20), beyond in 1i64..10_000_000_000,
        ) {
            let guard = JumpGuard::default();
            prompt(&guard, 0, at(0)).unwrap();
            let late: Vec<_> = late.into_iter().map(|(idle, there)| (idle, there, 0)).collect();
            let sent = feed(&guard, &late).unwrap();
            let reading = at(sent as i64 + JUMP_MAX_US + beyond + PROMPT.as_micros() as i64);
            prop_assert!(guard.check(us(sent), reading, us(sent)).is_err());
        }
    }
}
