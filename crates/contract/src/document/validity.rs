//! From which day to which day something counts. Pure: the day is an argument.
//!
//! Days are local ones of the tenant's time zone. Both ends are days on which it still counts (有效期自…至…), as people
//! write them into notices.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Days on which something counts; without either end, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Validity {
    /// The first day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// The last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Date>,
}

impl Validity {
    /// Whether it counts on this day.
    pub fn holds(&self, on: Date) -> bool {
        self.valid_from.is_none_or(|first| first <= on) && self.valid_until.is_none_or(|last| on <= last)
    }

    /// Whether there is a day on which it counts.
    pub fn possible(&self) -> bool {
        self.valid_from.zip(self.valid_until).is_none_or(|(first, last)| first <= last)
    }

    /// The days on which both count.
    pub fn within(&self, other: &Self) -> Self {
        let later = |a: Option<Date>, b: Option<Date>| a.max(b);
        let earlier = |a: Option<Date>, b: Option<Date>| a.into_iter().chain(b).min();
        Self {
            valid_from: later(self.valid_from, other.valid_from),
            valid_until: earlier(self.valid_until, other.valid_until),
        }
    }

    /// The days on which what is seen changes: its first day, and the one after its last.
    pub fn turns(&self) -> impl Iterator<Item = Date> {
        let after = self.valid_until.and_then(|last| last.tomorrow().ok());
        self.valid_from.into_iter().chain(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn of(first: &str, last: &str) -> Validity {
        let day = |text: &str| (!text.is_empty()).then(|| day(text));
        Validity { valid_from: day(first), valid_until: day(last) }
    }

    #[test]
    fn both_ends_are_days_on_which_it_counts() {
        let year = of("2026-01-01", "2026-12-31");
        for (on, holds) in
            [("2025-12-31", false), ("2026-01-01", true), ("2026-12-31", true), ("2027-01-01", false)]
        {
            assert_eq!(year.holds(day(on)), holds, "{on}");
        }
        assert!(
            Validity::default().holds(day("0001-01-01")) && of("", "2026-01-01").holds(day("1999-01-01"))
        );
        assert!(of("2026-01-01", "2026-01-01").possible() && !of("2026-01-02", "2026-01-01").possible());
    }

    #[test]
    fn a_part_counts_no_longer_than_its_whole() {
        let (whole, part) = (of("2026-01-01", ""), of("", "2026-06-30"));
        assert_eq!(part.within(&whole), of("2026-01-01", "2026-06-30"));
        assert_eq!(part.within(&of("", "2026-03-31")), of("", "2026-03-31"));
        assert_eq!(part.within(&Validity::default()), part);
        assert_eq!(
            of("2026-01-01", "2026-06-30").turns().collect::<Vec<_>>(),
            [day("2026-01-01"), day("2026-07-01")]
        );
    }
}
