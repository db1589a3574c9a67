//! How many deliveries one endpoint may have in hand, from how it answered last. A slow, dead or unknown endpoint
//! gets few, so that it never holds the others back; a quick one gets a queue, so that it is kept busy.

use std::time::Duration;

use super::outcome::Outcome;

/// Requests under way to one endpoint at most.
pub const IN_FLIGHT_MAX: usize = 4;
/// An answer within this time lets 256 deliveries wait for their turn, four at a time, and be done within 4 s.
const FAST: Duration = Duration::from_millis(50);
/// An answer within this time is quick.
const QUICK: Duration = Duration::from_millis(200);
/// An endpoint that takes longer is slow, whatever it says in the end: a body that drips, an answer at the last
/// moment. A request that has lasted this long is no longer counted with the others (see `desk`).
pub const SLOW: Duration = Duration::from_secs(2);

/// How an endpoint answered last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// Answers at once.
    Fast,
    /// Answers quickly.
    Quick,
    /// Answers in good time.
    Steady,
    /// Was never asked by this process: one request tells.
    #[default]
    Unknown,
    /// Did not answer, or not in good time.
    Slow,
}

impl Pace {
    /// What an attempt says about the endpoint; one that was not sent says nothing.
    pub fn after(self, outcome: &Outcome, took: Duration) -> Self {
        match outcome {
            Outcome::NotSent | Outcome::UrlRefused => self,
            Outcome::Answered { .. } if took <= FAST => Pace::Fast,
            Outcome::Answered { .. } if took <= QUICK => Pace::Quick,
            Outcome::Answered { .. } if took < SLOW => Pace::Steady,
            Outcome::Answered { .. } | Outcome::TimedOut | Outcome::Unreachable | Outcome::AddressRefused => {
                Pace::Slow
            }
        }
    }

    /// Deliveries claimed at once, under way or waiting for a slot.
    pub const fn seats(self) -> usize {
        match self {
            Pace::Fast => 64 * IN_FLIGHT_MAX,
            Pace::Quick => 8 * IN_FLIGHT_MAX,
            Pace::Steady => IN_FLIGHT_MAX,
            Pace::Unknown | Pace::Slow => 1,
        }
    }

    /// Whether its requests begin under the passes that are kept for those that answer quickly.
    pub const fn trusted(self) -> bool {
        matches!(self, Pace::Fast | Pace::Quick)
    }

    /// How long a delivery that found no seat stays away.
    pub const fn pause(self) -> Duration {
        match self {
            Pace::Fast | Pace::Quick => Duration::from_millis(50),
            Pace::Unknown => Duration::from_millis(100),
            Pace::Steady => Duration::from_millis(250),
            Pace::Slow => Duration::from_secs(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_endpoint_is_asked_one_at_a_time_until_it_answers() {
        let ok = Outcome::Answered { status: 500, retry_after: None };
        let slow = Pace::Quick.after(&Outcome::TimedOut, Duration::from_secs(15));
        assert_eq!((slow, slow.seats()), (Pace::Slow, 1));
        assert_eq!(slow.after(&Outcome::NotSent, Duration::ZERO), Pace::Slow);
        assert_eq!(slow.after(&ok, Duration::from_millis(3)), Pace::Fast);
        assert_eq!(slow.after(&ok, Duration::from_millis(200)), Pace::Quick);
        assert_eq!(slow.after(&ok, Duration::from_millis(1_999)), Pace::Steady);
    }

    /// A 200 whose body drips until the time is up is an answer, and a slow one.
    #[test]
    fn an_answer_that_takes_two_seconds_is_slow_whatever_it_says() {
        let ok = Outcome::Answered { status: 200, retry_after: None };
        assert_eq!(Pace::Quick.after(&ok, SLOW), Pace::Slow);
        assert_eq!(Pace::Steady.after(&ok, Duration::from_secs(15)), Pace::Slow);
    }
}
