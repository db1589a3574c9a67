//! Whether a case that bodies have may go into another (并案), and who may say so. Pure.

use ids::Lane;
use routing::{Explanation, Level, Priority};

use super::desk::{Desk, Refusal};

/// What is known of a case that bodies have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The lane it goes on in: urgent where somebody has spoken of danger.
    pub lane: Lane,
    /// What its plan was drawn with.
    pub priority: Priority,
    /// The level the list reserves it for; nothing of what the list does not have.
    pub reserved: Option<Level>,
    /// Whose centre gave it from above.
    pub given_by: Option<Level>,
    /// Where its lead stands; nothing of a body that is not there any more.
    pub lead: Option<Level>,
}

impl Held {
    /// From the explanation of its plan.
    pub fn of(lane: Lane, plan: &Explanation, lead: Option<Level>) -> Self {
        let given_by = plan.inputs.facts.assigned.as_ref().map(|assigned| assigned.by);
        let reserved = plan.inputs.entry.as_ref().map(|entry| entry.level);
        Self { lane, priority: plan.plan.priority, reserved, given_by, lead }
    }

    /// An emergency before what words have made urgent, and that before the rest.
    fn urgency(&self) -> (bool, bool) {
        (self.priority == Priority::P1, self.lane == Lane::Urgent)
    }
}

/// Whether one may go into the other, by a person who may decide at a desk. The orders of the one end: those of the other have
/// to be as urgent, and what the district gave, or the list reserves above the other's lead, is the district's to end.
pub fn may_go(from: &Held, into: &Held, rank: Desk) -> Result<(), Refusal> {
    if from.urgency() > into.urgency() {
        return Err(Refusal::UrgentStays);
    }
    let given = from.given_by == Some(Level::District);
    // Its lead is the plan's: dispatch may have moved the order since, so what the list says of its own item counts too.
    let below = |reserved| {
        into.lead.is_none_or(|lead| lead < reserved) || into.reserved.is_some_and(|level| level < reserved)
    };
    let pushed_down = from.reserved.is_some_and(below);
    if rank < Desk::District && (given || pushed_down) { Err(Refusal::DistrictMerges) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIORITIES: [Priority; 4] = [Priority::P1, Priority::P2, Priority::P3, Priority::P4];
    const LEVELS: [Option<Level>; 4] =
        [None, Some(Level::Community), Some(Level::Street), Some(Level::District)];

    fn every() -> Vec<Held> {
        let mut all = Vec::new();
        for lane in Lane::ALL {
            for priority in PRIORITIES {
                for reserved in LEVELS {
                    for given_by in [None, Some(Level::Street), Some(Level::District)] {
                        let held = |lead| Held { lane, priority, reserved, given_by, lead };
                        all.extend(LEVELS.map(held));
                    }
                }
            }
        }
        all
    }

    /// Of every two cases one may go into the other, by the district: nobody stands before two that cannot be one.
    #[test]
    fn one_of_two_ways_is_always_open_to_the_district() {
        let all = every();
        for one in &all {
            for other in &all {
                let ways = [may_go(one, other, Desk::District), may_go(other, one, Desk::District)];
                assert!(ways.contains(&Ok(())), "{one:?} {other:?}");
                assert!(!ways.contains(&Err(Refusal::DistrictMerges)));
            }
        }
    }

    /// What the street may do the district may, and no emergency ends for what is none.
    #[test]
    fn the_street_does_less_and_danger_stays() {
        let all = every();
        for from in &all {
            for into in &all {
                let (street, district) =
                    (may_go(from, into, Desk::Street), may_go(from, into, Desk::District));
                assert!(street.is_err() || district.is_ok(), "{from:?} {into:?}");
                let emergency = |held: &Held| held.priority == Priority::P1;
                let urgent = |held: &Held| held.lane == Lane::Urgent || emergency(held);
                let lost = (emergency(from) && !emergency(into)) || (urgent(from) && !urgent(into));
                assert!(!lost || district == Err(Refusal::UrgentStays), "{from:?} {into:?}");
            }
        }
    }

    #[test]
    fn what_the_district_gave_or_the_list_reserves_goes_by_the_district() {
        let street = Held {
            lane: Lane::Normal,
            priority: Priority::P3,
            reserved: Some(Level::Street),
            given_by: None,
            lead: Some(Level::Street),
        };
        let district = Held { reserved: Some(Level::District), lead: Some(Level::District), ..street };
        let given = Held { given_by: Some(Level::District), ..street };
        let gone = Held { lead: None, ..street };
        let may = |from: &Held, into: &Held| may_go(from, into, Desk::Street);
        assert_eq!((may(&street, &street), may(&district, &district)), (Ok(()), Ok(())));
        assert_eq!(may(&street, &district), Ok(()), "up is no pushing down");
        let refused = Err(Refusal::DistrictMerges);
        assert_eq!(may(&district, &street), refused);
        assert_eq!(may(&given, &street), refused);
        assert_eq!(may(&street, &gone), refused, "nobody knows where its lead stands");
        let lent = Held { reserved: Some(Level::Street), ..district };
        assert_eq!(may(&district, &lent), refused, "an item of the street's, whoever leads it now");
        let unlisted = Held { reserved: None, ..street };
        assert_eq!(may(&unlisted, &gone), Ok(()), "the list reserves nothing of it");
        let by_street = Held { given_by: Some(Level::Street), ..street };
        assert_eq!((may(&by_street, &street), may(&street, &given)), (Ok(()), Ok(())));
    }
}
