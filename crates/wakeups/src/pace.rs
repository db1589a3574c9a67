//! Where the next claim looks. Pure.
//!
//! A claim takes what became due since the last one: a few rows at the front of one index, however many streets there are. Where
//! one street would crowd out the others it goes round the streets instead and takes a few rows of each (D30); so it does where very
//! much is due at one instant, since every look would step over what the one before has fired, and now and then where a runner is
//! behind, since many streets together may crowd one out. What this process arms for the past is
//! announced, and seen at once. What a look since the last one cannot see otherwise, rows that another runner had locked and gave
//! back and rows that another process armed for the past, is searched for beside the claims; what is found lowers the next look.
//!
//! A second hand of the runner looks from where the first one is and takes what that one has not locked. It raises no floor, since
//! the first may still give its rows back; what it leaves or gives back lowers the next look of the first, too.

use std::time::Duration;

use jiff::Timestamp;

/// Due rows are looked for this much further back than needed: another process may still have been committing them.
const MARGIN: Duration = Duration::from_millis(20);
/// At most so long from one search for what lies before the floor to the next.
const SEARCH_PAUSE_MAX: Duration = Duration::from_secs(20);
/// A look that is full and comes no further than this has very much before it that is due at one instant.
const STEP: Duration = Duration::from_millis(1);
/// Going round pays while it finds so many rows of a street.
const ROWS_PER_TENANT_MIN: usize = 8;
/// A runner whose full looks come no nearer to now than this is behind.
const BEHIND: Duration = Duration::from_secs(1);
/// So many looks in the order of due times a runner that is behind makes before it goes round: a street with one wake-up waits for
/// these, not for all that was due before it.
const IN_ORDER_MAX: u32 = 8;
/// Nothing is due before.
pub(crate) const BEGINNING: Timestamp = Timestamp::UNIX_EPOCH;

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
    /// Tenants they are of.
    pub tenants: usize,
    /// The earliest due time among them.
    pub first: Timestamp,
    /// The latest.
    pub last: Timestamp,
    /// Whether there may be more than were claimed.
    pub full: bool,
}

/// What one runner remembers between its looks.
#[derive(Debug)]
pub(crate) struct Pace {
    floor: Timestamp,
    /// The earliest that a second hand left as it was or a search found, since the last look.
    left: Option<Timestamp>,
    round: bool,
    /// Looks in the order of due times since it went round last, while it is behind.
    in_order: u32,
    /// How often something failed: what a look from before says is of no use.
    failures: u64,
}

/// A look with what it has to be true to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Looked {
    pub look: Look,
    pub failures: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { floor: BEGINNING, left: None, round: false, in_order: 0, failures: 0 }
    }
}

impl Pace {
    /// Somebody armed something for this instant.
    pub(crate) fn heard(&mut self, armed: Option<Timestamp>) {
        self.floor = armed.map_or(self.floor, |armed| armed.min(self.floor));
    }

    /// The next look of the first hand.
    pub(crate) fn look(&mut self, now: Timestamp) -> Looked {
        self.floor = self.left.take().map_or(self.floor, |left| left.min(self.floor));
        let look = match self.round {
            true => Look::Round,
            // A clock that was set back: what was known is of another time.
            false if now < self.floor => Look::Since(BEGINNING),
            false => Look::Since(self.floor),
        };
        Looked { look, failures: self.failures }
    }

    /// The next look of a second hand.
    pub(crate) fn look_beside(&self) -> Looked {
        let look = if self.round { Look::Round } else { Look::Since(self.floor) };
        Looked { look, failures: self.failures }
    }

    /// A look of the first hand was committed. `look` is how it was done in the end.
    pub(crate) fn served(&mut self, looked: Looked, now: Timestamp, came: Came) {
        if looked.failures != self.failures {
            return;
        }
        // What cannot be moved must not be all that is ever looked at.
        let stuck = came.moved * 2 < came.claimed;
        match looked.look {
            // It says nothing of what lies before the floor.
            Look::Round => {
                self.in_order = 0;
                let many = came.tenants * ROWS_PER_TENANT_MIN <= came.claimed;
                self.round = came.full && (many || stuck);
            }
            Look::Since(since) => {
                let behind = came.full && came.last + BEHIND < now;
                self.in_order = if behind { self.in_order + 1 } else { 0 };
                let turn = self.in_order >= IN_ORDER_MAX;
                self.round = came.full && (stuck || turn || came.last <= since + STEP);
                self.floor = match came.moved < came.claimed {
                    // It is still due.
                    true => came.first,
                    false if came.full => came.last,
                    false => now - MARGIN,
                }
                .max(since);
            }
        }
    }

    /// A look of a second hand was committed.
    pub(crate) fn served_beside(&mut self, came: Came) {
        if came.moved < came.claimed {
            self.found(came.first);
        }
    }

    /// Something waits that is due at this instant. The next look of the first hand begins there, whatever is committed until then.
    pub(crate) fn found(&mut self, due: Timestamp) {
        self.left = Some(self.left.map_or(due, |left| left.min(due)));
    }

    /// One was not, of whichever hand: nothing is known any more.
    pub(crate) fn failed(&mut self) {
        *self = Self { failures: self.failures + 1, ..Self::default() };
    }
}

/// The pause after a search that took so long: it takes a hundredth of its runner's time, since on a busy database it steps over
/// everything fired since the last vacuum.
pub(crate) fn search_pause(took: Duration, least: Duration) -> Duration {
    (took * 100).clamp(least, SEARCH_PAUSE_MAX.max(least))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Pace {
        fn next(&mut self, now: Timestamp) -> Look {
            self.look(now).look
        }

        fn did(&mut self, look: Look, now: Timestamp, came: Came) {
            self.served(Looked { look, failures: self.failures }, now, came);
        }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_780_000_000_000 + ms).unwrap()
    }

    fn came(claimed: usize, moved: usize) -> Came {
        Came { claimed, moved, tenants: claimed, first: at(-9_000), last: at(0), full: false }
    }

    #[test]
    fn a_runner_that_keeps_up_looks_from_its_last_look_on() {
        let mut pace = Pace::default();
        assert_eq!(pace.next(at(0)), Look::Since(BEGINNING));
        pace.did(Look::Since(BEGINNING), at(0), came(3, 3));
        assert_eq!(pace.next(at(5)), Look::Since(at(-20)));
        pace.did(Look::Since(at(-20)), at(5), came(0, 0));
        assert_eq!(pace.next(at(10)), Look::Since(at(-15)));
        assert_eq!(pace.next(at(60_000)), Look::Since(at(-15)), "however long it takes");
    }

    /// Eight streets with much to do keep a ninth waiting for eight looks, not for all they have.
    #[test]
    fn a_runner_that_is_behind_goes_round_now_and_then() {
        let mut pace = Pace::default();
        let full = |last| Came { tenants: 9, full: true, first: at(last - 4), last: at(last), ..came(9, 9) };
        let now = at(60_000);
        for turn in 0..3 {
            for n in 1..=8 {
                let look = pace.next(now);
                assert!(matches!(look, Look::Since(_)), "{turn} {n}");
                pace.did(look, now, full(100 * turn + 10 * n));
            }
            assert_eq!(pace.next(now), Look::Round);
            pace.did(Look::Round, now, full(0));
        }
        for n in 1..=20 {
            let look = pace.next(now);
            assert!(matches!(look, Look::Since(_)), "it has caught up");
            pace.did(look, now, full(59_500 + 10 * n));
        }
    }

    #[test]
    fn a_dear_search_is_made_less_often() {
        let least = Duration::from_secs(2);
        for (took_ms, pause_ms) in [(1, 2_000), (50, 5_000), (4_000, 20_000)] {
            let pause = search_pause(Duration::from_millis(took_ms), least);
            assert_eq!(pause, Duration::from_millis(pause_ms), "{took_ms} ms");
        }
        let minute = Duration::from_secs(60);
        assert_eq!(search_pause(Duration::ZERO, minute), minute, "as it is set");
    }

    /// What a search found while a claim was under way is not passed over by that claim's commit.
    #[test]
    fn what_a_search_finds_lowers_the_next_look() {
        let mut pace = Pace::default();
        pace.did(Look::Since(BEGINNING), at(0), came(0, 0));
        let under_way = pace.look(at(5));
        pace.found(at(-600));
        pace.found(at(-500));
        pace.served(under_way, at(5), came(2, 2));
        assert_eq!(pace.next(at(6)), Look::Since(at(-600)));
        pace.did(Look::Since(at(-600)), at(6), came(1, 1));
        pace.found(at(900));
        assert_eq!(pace.next(at(7)), Look::Since(at(-14)), "what is not due yet lies on the way");
    }

    #[test]
    fn what_is_armed_for_the_past_lowers_the_floor() {
        let mut pace = Pace::default();
        pace.did(Look::Since(BEGINNING), at(0), came(0, 0));
        pace.heard(Some(at(9_000)));
        assert_eq!(pace.next(at(1)), Look::Since(at(-20)));
        pace.heard(Some(at(-9_000)));
        assert_eq!(pace.next(at(1)), Look::Since(at(-9_000)));
        pace.did(Look::Since(at(-9_000)), at(1), came(1, 0));
        assert_eq!(pace.next(at(2)), Look::Since(at(-9_000)), "it could not be moved yet");
    }

    #[test]
    fn a_full_look_goes_on_where_it_ended_and_goes_round_where_it_came_no_further() {
        let full = |tenants, last| Came {
            claimed: 512,
            moved: 512,
            tenants,
            first: at(last - 20),
            last: at(last),
            full: true,
        };
        let mut pace = Pace::default();
        pace.did(Look::Since(BEGINNING), at(0), full(512, -900));
        assert_eq!(pace.next(at(1)), Look::Since(at(-900)));
        pace.did(Look::Since(at(-900)), at(1), full(512, -880));
        assert_eq!(pace.next(at(2)), Look::Since(at(-880)));
        // A thousand at one instant.
        pace.did(Look::Since(at(-880)), at(2), full(512, -880));
        assert_eq!(pace.next(at(3)), Look::Round);
        pace.did(Look::Round, at(3), full(8, -880));
        assert_eq!(pace.next(at(4)), Look::Round, "while there are many of a street");
        pace.did(Look::Round, at(4), full(300, -880));
        assert_eq!(pace.next(at(5)), Look::Since(at(-880)), "few of many streets: by their time");
        let stuck = Came { moved: 0, ..full(512, -800) };
        pace.did(Look::Since(at(-880)), at(5), stuck);
        assert_eq!(pace.next(at(6)), Look::Round, "whoever cannot be moved stands in nobody's way");
        pace.did(Look::Round, at(6), came(40, 0));
        assert_eq!(pace.next(at(7)), Look::Since(at(-820)));
    }

    /// One that stays does not send every look back to the beginning.
    #[test]
    fn what_cannot_be_moved_is_looked_at_again_and_holds_nobody_up() {
        let mut pace = Pace::default();
        let one_stays = Came { first: at(-700), ..came(3, 2) };
        pace.did(Look::Since(BEGINNING), at(0), one_stays);
        assert_eq!(pace.next(at(1)), Look::Since(at(-700)));
        let busy =
            Came { claimed: 512, moved: 500, tenants: 512, first: at(-700), last: at(-10), full: true };
        pace.did(Look::Since(at(-700)), at(1), busy);
        assert_eq!(pace.next(at(2)), Look::Since(at(-700)), "a few of many");
    }

    #[test]
    fn a_clock_set_back_and_a_failure_begin_anew() {
        let mut pace = Pace::default();
        pace.did(Look::Since(BEGINNING), at(60_000), came(0, 0));
        let little = Look::Since(at(59_980));
        assert_eq!(pace.next(at(59_980)), little, "by no more than the margin: nothing was passed over");
        assert_eq!(pace.next(at(0)), Look::Since(BEGINNING));
        pace.failed();
        assert_eq!(pace.next(at(60_001)), Look::Since(BEGINNING));
    }

    #[test]
    fn what_a_second_hand_leaves_is_seen_by_the_next_look_of_the_first() {
        let mut pace = Pace::default();
        pace.did(Look::Since(BEGINNING), at(0), came(3, 3));
        let under_way = pace.look(at(1));
        assert_eq!(pace.look_beside(), under_way, "from where the first one is");
        pace.served_beside(Came { first: at(-400), ..came(9, 8) });
        pace.served_beside(Came { first: at(-300), ..came(9, 8) });
        pace.served(under_way, at(1), came(2, 2));
        assert_eq!(pace.next(at(2)), Look::Since(at(-400)), "although the first was committed after it");
        pace.did(Look::Since(at(-400)), at(2), came(1, 1));
        pace.served_beside(came(9, 9));
        assert_eq!(pace.next(at(3)), Look::Since(at(-18)), "nothing was left");
    }

    #[test]
    fn what_a_second_hand_gave_back_is_not_passed_over_by_a_look_from_before() {
        let mut pace = Pace::default();
        let under_way = pace.look(at(0));
        assert_eq!(under_way.look, Look::Since(BEGINNING));
        // The second hand had rows locked that the first could not see.
        pace.failed();
        pace.served(under_way, at(0), came(0, 0));
        assert_eq!(pace.next(at(1)), Look::Since(BEGINNING));
    }
}
