//! How many deliveries one endpoint may have in hand, from how it answered last. A slow or dead endpoint gets
//! few, so that it never holds the others back; a quick one gets a queue, so that it is kept busy.

use std::time::Duration;

use super::outcome::Outcome;

/// Requests under way to one endpoint at most.
pub const IN_FLIGHT_MAX: usize = 4;
/// An answer within this time is quick.
const QUICK: Duration = Duration::from_millis(200);

/// How an endpoint answered last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// Answers quickly.
    Quick,
    /// Answers, or was never asked.
    #[default]
    Steady,
    /// Did not answer.
    Silent,
}

impl Pace {
    /// What an attempt says about the endpoint; one that was not sent says nothing.
    pub fn after(self, outcome: &Outcome, took: Duration) -> Self {
        match outcome {
            Outcome::NotSent | Outcome::UrlRefused => self,
            Outcome::Answered { .. } if took <= QUICK => Pace::Quick,
            Outcome::Answered { .. } => Pace::Steady,
            Outcome::TimedOut | Outcome::Unreachable | Outcome::AddressRefused => Pace::Silent,
        }
    }

    /// Deliveries claimed at once, under way or waiting for a slot.
    pub const fn seats(self) -> usize {
        match self {
            Pace::Quick => 8 * IN_FLIGHT_MAX,
            Pace::Steady => IN_FLIGHT_MAX,
            Pace::Silent => 1,
        }
    }

    /// How long a delivery that found no seat stays away.
    pub const fn pause(self) -> Duration {
        match self {
            Pace::Quick => Duration::from_millis(50),
            Pace::Steady => Duration::from_millis(250),
            Pace::Silent => Duration::from_secs(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_endpoint_is_asked_one_at_a_time_until_it_answers() {
        let ok = Outcome::Answered { status: 500, retry_after: None };
        let silent = Pace::Quick.after(&Outcome::TimedOut, Duration::from_secs(15));
        assert_eq!((silent, silent.seats()), (Pace::Silent, 1));
        assert_eq!(silent.after(&Outcome::NotSent, Duration::ZERO), Pace::Silent);
        assert_eq!(silent.after(&ok, Duration::from_millis(3)), Pace::Quick);
        assert_eq!(silent.after(&ok, Duration::from_secs(3)), Pace::Steady);
    }
}
