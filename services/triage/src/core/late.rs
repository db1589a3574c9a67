//! A report that nobody decides on does not lie where it is for ever: from the street's desk it goes up to the district's, and there
//! it is told once more. What somebody has in hand waits until that is over. Pure.

use jiff::{SignedDuration, Timestamp};

use super::desk::{Claim, Desk};

/// What is said with a report that went up by itself.
pub const RAISED: &str = "街道未在时限内研判，已自动转区研判台 / Nobody at the street's desk decided in time: it went up to the district's by itself";
/// What is said with one that is told once more.
pub const REMINDED: &str = "区未在时限内研判，再次提醒，不再自动提醒 / Nobody at the district's desk has decided in time: told once more, and not again by itself";

/// How a report waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Whose desk it lies on.
    pub desk: Desk,
    /// Who has it in hand.
    pub claim: Option<Claim>,
    /// Until then somebody there decides.
    pub due_at: Timestamp,
    /// The district was told once more: nothing follows by itself.
    pub reminded: bool,
}

impl Waiting {
    /// Nothing follows by itself. At the street's desk something always does: a build before this one hands down what
    /// the district was told of twice, and leaves its mark.
    pub fn rests(&self) -> bool {
        self.reminded && self.desk == Desk::District
    }
}

/// What follows by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing before this instant.
    Wait(Timestamp),
    /// It goes up to the district's desk.
    Raise,
    /// The district is told once more.
    Remind,
    /// Nothing any more: it is the district's to decide.
    Rest,
}

/// What is to be done about it now.
pub fn step(waiting: &Waiting, now: Timestamp) -> Step {
    if waiting.rests() {
        return Step::Rest;
    }
    let in_hand = waiting.claim.as_ref().filter(|claim| now < claim.until);
    match (in_hand, waiting.desk) {
        _ if now < waiting.due_at => Step::Wait(waiting.due_at),
        (Some(claim), _) => Step::Wait(claim.until),
        (None, Desk::Street) => Step::Raise,
        (None, Desk::District) => Step::Remind,
    }
}

/// How it waits after a step that says something, for this long.
pub fn after(waiting: &Waiting, step: Step, now: Timestamp, limit: SignedDuration) -> Waiting {
    match step {
        Step::Wait(_) | Step::Rest => waiting.clone(),
        Step::Raise => come_to(Desk::District, now, limit),
        Step::Remind => Waiting { reminded: true, ..waiting.clone() },
    }
}

/// How it waits at a desk it comes to now.
pub fn come_to(desk: Desk, now: Timestamp, limit: SignedDuration) -> Waiting {
    Waiting { desk, claim: None, due_at: now + limit, reminded: false }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minutes: i64) -> Timestamp {
        "2026-11-23T02:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
    }

    fn claimed(until: i64) -> Option<Claim> {
        Some(Claim { by: "a".to_owned(), until: at(until) })
    }

    #[test]
    fn it_goes_up_once_and_is_told_once_more() {
        let limit = SignedDuration::from_mins(30);
        let street = come_to(Desk::Street, at(0), limit);
        assert_eq!(step(&street, at(29)), Step::Wait(at(30)));
        assert_eq!(step(&street, at(30)), Step::Raise);
        let district = after(&street, Step::Raise, at(31), limit);
        assert_eq!((district.desk, step(&district, at(60))), (Desk::District, Step::Wait(at(61))));
        assert_eq!(step(&district, at(61)), Step::Remind);
        let told = after(&district, Step::Remind, at(61), limit);
        assert_eq!((told.desk, step(&told, at(9_999))), (Desk::District, Step::Rest));
    }

    #[test]
    fn who_has_it_in_hand_is_waited_for() {
        let waiting =
            Waiting { claim: claimed(40), ..come_to(Desk::Street, at(0), SignedDuration::from_mins(30)) };
        assert_eq!(step(&waiting, at(10)), Step::Wait(at(30)));
        assert_eq!(step(&waiting, at(30)), Step::Wait(at(40)));
        assert_eq!(step(&waiting, at(40)), Step::Raise, "the claim is over");
        let over = Waiting { claim: claimed(20), ..waiting };
        assert_eq!(step(&over, at(30)), Step::Raise);
    }

    #[test]
    fn nothing_rests_at_the_streets_desk() {
        let limit = SignedDuration::from_mins(30);
        let handed_down = Waiting { reminded: true, ..come_to(Desk::Street, at(0), limit) };
        assert_eq!(step(&handed_down, at(0)), Step::Wait(at(30)));
        assert_eq!(step(&handed_down, at(30)), Step::Raise);
        assert!(!after(&handed_down, Step::Raise, at(30), limit).reminded, "and it is told once more");
    }

    fn waiting() -> impl Strategy<Value = Waiting> {
        let desk = prop::sample::select(vec![Desk::Street, Desk::District]);
        let claim = prop::option::of(0i64..200).prop_map(|until| until.and_then(claimed));
        (desk, claim, 0i64..200, any::<bool>()).prop_map(|(desk, claim, due, reminded)| Waiting {
            desk,
            claim,
            due_at: at(due),
            reminded,
        })
    }

    proptest! {
        /// However it waits: woken at the instants it names, it is never moved early nor out of somebody's hands, ends at the
        /// district's desk, and says at most two things on its way.
        #[test]
        fn it_ends_at_the_districts_desk(start in waiting(), begun in 0i64..200, limit in 1i64..100) {
            let (limit, mut waiting, mut now) = (SignedDuration::from_mins(limit), start, at(begun));
            let (mut said, mut woken) = (0, 0);
            loop {
                woken += 1;
                prop_assert!(woken <= 8, "it ends");
                match step(&waiting, now) {
                    Step::Rest => break,
                    Step::Wait(then) => {
                        prop_assert!(then > now);
                        now = then;
                    }
                    moved => {
                        prop_assert!(now >= waiting.due_at);
                        prop_assert!(Claim::holding(waiting.claim.clone(), now).is_none());
                        said += 1;
                        waiting = after(&waiting, moved, now, limit);
                    }
                }
            }
            prop_assert!(waiting.reminded && said <= 2);
            prop_assert_eq!(waiting.desk, Desk::District);
        }
    }
}
