//! Where the next claim looks. Pure.
//!
//! Who keeps up looks at what became due since the last look: a few rows at the front of one index, however many streets
//! there are. Who is behind goes round the streets and takes a few rows of each (D30). What a look since the last one cannot
//! see is seen by a look from the beginning: rows that another runner had locked and gave back, and rows that another process
//! armed for the past. What this process arms for the past is announced, and seen at once.

use std::time::Duration;

use jiff::Timestamp;

/// Due rows are looked for this much further back than needed: another process may still have been committing them.
const MARGIN: Duration = Duration::from_millis(100);
/// Longest pause between two looks from the beginning.
const WHOLE_PAUSE: Duration = Duration::from_secs(2);
/// Nothing is due before.
const BEGINNING: Timestamp = Timestamp::UNIX_EPOCH;

/// How a claim looks for what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// In the order of due times, from this instant on.
    Since(Timestamp),
    /// From street to street.
    Round,
}

impl Look {
    /// Nothing that is waited for is due before this instant, as far as this look tells.
    pub(crate) fn floor(self) -> Timestamp {
        match self {
            Self::Since(floor) => floor,
            Self::Round => BEGINNING,
        }
    }
}

/// What came of a look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Came {
    /// Rows claimed.
    pub claimed: usize,
    /// How many of them are armed anew or gone.
    pub moved: usize,
    /// Whether there may be more than were claimed.
    pub full: bool,
}

/// What one runner remembers between its looks.
#[derive(Debug)]
pub(crate) struct Pace {
    floor: Timestamp,
    whole_at: Timestamp,
    behind: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self { floor: BEGINNING, whole_at: BEGINNING, behind: false }
    }
}

impl Pace {
    /// Somebody armed something for this instant.
    pub(crate) fn heard(&mut self, armed: Option<Timestamp>) {
        self.floor = armed.map_or(self.floor, |armed| armed.min(self.floor));
    }

    /// The next look.
    pub(crate) fn look(&self, now: Timestamp) -> Look {
        // A clock that was set back: what was known is of another time.
        let back = now < self.whole_at || now < self.floor;
        match self.behind {
            true => Look::Round,
            false if back || now > self.whole_at + WHOLE_PAUSE => Look::Since(BEGINNING),
            false => Look::Since(self.floor),
        }
    }

    /// It was committed.
    pub(crate) fn served(&mut self, look: Look, now: Timestamp, came: Came) {
        match look {
            Look::Round => *self = Self { behind: came.full, ..Self::default() },
            // What could not be moved is still due, and lies at or behind the floor.
            Look::Since(_) if came.moved < came.claimed => {}
            Look::Since(since) => {
                self.floor = (now - MARGIN).max(since);
                if since == BEGINNING {
                    self.whole_at = now;
                }
            }
        }
    }

    /// It was not: nothing is known any more.
    pub(crate) fn failed(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_780_000_000_000 + ms).unwrap()
    }

    fn came(claimed: usize, moved: usize) -> Came {
        Came { claimed, moved, full: false }
    }

    #[test]
    fn a_runner_that_keeps_up_looks_from_its_last_look_on() {
        let mut pace = Pace::default();
        assert_eq!(pace.look(at(0)), Look::Since(BEGINNING));
        pace.served(Look::Since(BEGINNING), at(0), came(3, 3));
        assert_eq!(pace.look(at(5)), Look::Since(at(-100)));
        pace.served(Look::Since(at(-100)), at(5), came(0, 0));
        assert_eq!(pace.look(at(10)), Look::Since(at(-95)));
        assert_eq!(pace.look(at(2_000)), Look::Since(at(-95)));
        assert_eq!(pace.look(at(2_001)), Look::Since(BEGINNING), "now and then from the beginning");
    }

    #[test]
    fn what_is_armed_for_the_past_lowers_the_floor() {
        let mut pace = Pace::default();
        pace.served(Look::Since(BEGINNING), at(0), came(0, 0));
        pace.heard(Some(at(9_000)));
        assert_eq!(pace.look(at(1)), Look::Since(at(-100)));
        pace.heard(Some(at(-9_000)));
        assert_eq!(pace.look(at(1)), Look::Since(at(-9_000)));
        // A look that came between an arming and its commit raises nothing above what was asked for.
        pace.served(Look::Since(at(-9_000)), at(1), came(1, 0));
        assert_eq!(pace.look(at(2)), Look::Since(at(-9_000)), "it could not be moved yet");
    }

    #[test]
    fn who_is_behind_goes_round_until_a_round_takes_all() {
        let mut pace = Pace::default();
        let full = Came { claimed: 512, moved: 512, full: true };
        pace.served(Look::Round, at(0), full);
        assert_eq!(pace.look(at(1)), Look::Round);
        pace.served(Look::Round, at(1), came(100, 100));
        assert_eq!(pace.look(at(2)), Look::Since(BEGINNING));
    }

    #[test]
    fn a_clock_set_back_and_a_failure_begin_anew() {
        let mut pace = Pace::default();
        pace.served(Look::Since(BEGINNING), at(60_000), came(0, 0));
        assert_eq!(pace.look(at(0)), Look::Since(BEGINNING));
        pace.failed();
        assert_eq!(pace.look(at(60_001)), Look::Since(BEGINNING));
    }
}
