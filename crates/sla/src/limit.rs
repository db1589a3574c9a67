//! How long a stage may take, and on which clock.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// Which time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// 24 hours a day.
    Clock,
    /// The frames of the working calendar.
    Work,
}

/// What the amount of a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Seconds of the limit's clock.
    Second,
    /// Minutes of the limit's clock: under `work`, working minutes.
    Minute,
    /// Hours of the limit's clock.
    Hour,
    /// Whole working days, from the next one on. Only on the working clock.
    Workday,
}

/// An amount of time on a clock, greater than zero and at most about ten years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Limit {
    clock: ClockKind,
    amount: u32,
    unit: Unit,
}

/// Why an amount on a clock is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLimit {
    /// A limit of nothing.
    #[error("a limit must be greater than zero")]
    Zero,
    /// More than ten years of seconds, or 3,660 working days.
    #[error("a limit must not exceed ten years")]
    TooLong,
    /// The 24-hour clock knows no working days.
    #[error("working days count on the working clock only")]
    WorkdayOnClock,
    /// More than the whole.
    #[error("a fraction must not exceed 1000 per mille")]
    Fraction,
}

pub(crate) const SECONDS_MAX: i64 = 3_660 * 24 * 3_600;
pub(crate) const WORKDAYS_MAX: u32 = 3_660;

impl Limit {
    /// Checks the combination.
    pub fn new(clock: ClockKind, amount: u32, unit: Unit) -> Result<Self, InvalidLimit> {
        let limit = Self { clock, amount, unit };
        let too_long = match limit.span() {
            Span::Elapsed(time) => time.as_secs() > SECONDS_MAX,
            Span::Workdays(_) if clock == ClockKind::Clock => return Err(InvalidLimit::WorkdayOnClock),
            Span::Workdays(count) => count > WORKDAYS_MAX,
        };
        match (amount, too_long) {
            (0, _) => Err(InvalidLimit::Zero),
            (_, true) => Err(InvalidLimit::TooLong),
            (_, false) => Ok(limit),
        }
    }

    /// The clock it counts on.
    pub const fn clock(self) -> ClockKind {
        self.clock
    }

    /// How many units.
    pub const fn amount(self) -> u32 {
        self.amount
    }

    /// What is counted.
    pub const fn unit(self) -> Unit {
        self.unit
    }

    pub(crate) fn span(self) -> Span {
        let seconds = |each: i64| Span::Elapsed(SignedDuration::from_secs(i64::from(self.amount) * each));
        match self.unit {
            Unit::Second => seconds(1),
            Unit::Minute => seconds(60),
            Unit::Hour => seconds(3_600),
            Unit::Workday => Span::Workdays(self.amount),
        }
    }
}

/// What is to be counted off.
pub(crate) enum Span {
    Elapsed(SignedDuration),
    Workdays(u32),
}

#[derive(Serialize, Deserialize)]
struct Written {
    clock: ClockKind,
    amount: u32,
    unit: Unit,
}

impl TryFrom<Written> for Limit {
    type Error = InvalidLimit;
    fn try_from(written: Written) -> Result<Self, Self::Error> {
        Self::new(written.clock, written.amount, written.unit)
    }
}

impl From<Limit> for Written {
    fn from(Limit { clock, amount, unit }: Limit) -> Self {
        Self { clock, amount, unit }
    }
}

/// A part of the allowed time in thousandths, 0 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct PerMille(u16);

impl PerMille {
    /// Refuses more than the whole.
    pub fn new(thousandths: u16) -> Result<Self, InvalidLimit> {
        if thousandths <= 1000 { Ok(Self(thousandths)) } else { Err(InvalidLimit::Fraction) }
    }

    /// In thousandths.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for PerMille {
    type Error = InvalidLimit;
    fn try_from(thousandths: u16) -> Result<Self, Self::Error> {
        Self::new(thousandths)
    }
}

impl From<PerMille> for u16 {
    fn from(fraction: PerMille) -> u16 {
        fraction.0
    }
}
