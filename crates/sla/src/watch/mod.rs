//! The stop-watch of one limit: what may be used, what was used, and when it will be used up (D32).
//!
//! Used time is the sum of the recorded stretches that ran, counted on the limit's clock. Time on hold (挂起, or closed
//! until reopened) is never charged: it moves the due time by as much *business* time as was held, and has no part in
//! when the limit started. So at every instant `used + remaining = limit + extensions`
//! ([`StopWatch::allowance`]), whatever was paused, resumed, closed and reopened in between.
//!
//! A limit of working days is a date first, the close of business of the n-th, and so worth what is worked until then;
//! its worth changes with the calendar and with nothing else. Days and hours may be mixed on the working clock: days
//! count first, time after the last of them.
//!
//! Nothing here needs a calendar to be recorded, so a pause is never refused because a year is not published. What was
//! recorded is counted on the calendar given, unless it was settled ([`StopWatch::settle`]) on the one of its day.
//!
//! Deliberately not here: who may pause or extend and how often, and what a breach does (crate `orders`).

mod act;
mod count;
mod kept;
mod written;

pub(crate) use self::kept::under_way;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Calendar, CalendarRef, ClockKind, Limit, to_micros};

/// A limit with the record of when it ran. Its JSON is stable and checked when read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "written::Written", into = "written::Written")]
pub struct StopWatch {
    limit: Limit,
    extensions: Vec<Extension>,
    calendar: Option<CalendarRef>,
    days_over: Option<DaysOver>,
    /// What was left of a day in the middle of which another publication was adopted.
    kept: Option<kept::KeptDay>,
    /// Never empty, times never going back; each lasts until the next, the last is open.
    marks: Vec<Mark>,
}

/// Working days of the limit that were over when they were settled. Later publications neither move them nor count them
/// anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DaysOver {
    /// How many.
    days: u32,
    /// The date they were counted to.
    date: Date,
    /// Close of business of the last of them.
    close: Timestamp,
}

/// More time, granted by somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// How much, on the clock of the limit.
    pub limit: Limit,
    /// When it was granted.
    pub at: Timestamp,
}

/// Whether time is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchState {
    /// Charged.
    Running,
    /// 挂起: not charged until it is resumed.
    Paused,
    /// 已结: not charged until it is reopened.
    Closed,
}

/// From here on, until the next mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    at: Timestamp,
    state: WatchState,
    /// Working time until the next mark in microseconds, once settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worked_us: Option<i64>,
}

/// One recorded stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// First instant.
    pub from: Timestamp,
    /// The instant behind the last; `None` while it lasts.
    pub to: Option<Timestamp>,
    /// Whether it is charged.
    pub state: WatchState,
}

/// Why a stop-watch does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WatchRefusal {
    /// Only what runs can be paused.
    #[error("the stop-watch does not run")]
    NotRunning,
    /// Only what is paused can be resumed.
    #[error("the stop-watch is not paused")]
    NotPaused,
    /// Closed once is closed.
    #[error("the stop-watch is closed")]
    Closed,
    /// Only what is closed can be reopened.
    #[error("the stop-watch is not closed")]
    NotClosed,
    /// Earlier than what is recorded already.
    #[error("the instant lies before the last recorded one")]
    Backwards,
    /// Working time cannot be added to a limit that counts around the clock, nor the other way round.
    #[error("limit and extensions must count on one clock")]
    OtherClock,
    /// Limit and extensions together exceed ten years.
    #[error("limit and extensions must not exceed ten years")]
    TooLong,
    /// More marks or extensions than anybody's work needs.
    #[error("more than {MARKS_MAX} changes")]
    TooMany,
    /// A limit on the working clock needs a calendar, and one on the 24-hour clock has none.
    #[error("a calendar belongs to the working clock and to it alone")]
    Calendar,
    /// Without a first mark nothing ever started.
    #[error("a stop-watch starts running")]
    NeverStarted,
}

/// The most marks and the most extensions.
pub const MARKS_MAX: usize = 1_000;

impl StopWatch {
    /// Starts to run at `at`. The calendar is remembered by its reference on the working clock only.
    pub fn start(limit: Limit, calendar: &Calendar, at: Timestamp) -> Self {
        let calendar = (limit.clock() == ClockKind::Work).then(|| calendar.reference().clone());
        let mark = Mark { at: to_micros(at), state: WatchState::Running, worked_us: None };
        Self { limit, extensions: Vec::new(), calendar, days_over: None, kept: None, marks: vec![mark] }
    }

    /// What may be used before extensions.
    pub fn limit(&self) -> Limit {
        self.limit
    }

    /// What was granted on top, in order.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// Which calendar and publication it counts on; none on the 24-hour clock.
    pub fn calendar(&self) -> Option<&CalendarRef> {
        self.calendar.as_ref()
    }

    /// Where the limit starts to count. No hold ever moves it.
    pub fn started_at(&self) -> Timestamp {
        self.marks[0].at
    }

    /// Whether it runs now.
    pub fn state(&self) -> WatchState {
        self.last().state
    }

    /// Since when it is in that state.
    pub fn since(&self) -> Timestamp {
        self.last().at
    }

    /// Everything recorded, in order and without a gap; the last one is open.
    pub fn intervals(&self) -> impl Iterator<Item = Interval> + '_ {
        let ends = self.marks[1..].iter().map(|mark| Some(mark.at)).chain([None]);
        let interval = |(mark, to): (&Mark, _)| Interval { from: mark.at, to, state: mark.state };
        self.marks.iter().zip(ends).map(interval)
    }

    /// The same with what is settled of each, in microseconds.
    pub(crate) fn settled_intervals(&self) -> impl Iterator<Item = (Interval, Option<i64>)> + '_ {
        self.intervals().zip(self.marks.iter().map(|mark| mark.worked_us))
    }

    /// As it stood at a moment: without what was marked and granted later. Of limits it knows the last one.
    pub fn as_of(&self, at: Timestamp) -> Self {
        let mut then = self.clone();
        let kept = then.marks.partition_point(|mark| mark.at <= at).max(1);
        if kept < then.marks.len() {
            then.marks.truncate(kept);
            then.marks[kept - 1].worked_us = None;
        }
        then.days_over = then.days_over.filter(|over| over.close <= at);
        then.kept = then.kept.filter(|kept| kept.from <= at);
        then.extensions.retain(|extension| extension.at <= at);
        then
    }

    fn last(&self) -> &Mark {
        self.marks.last().expect("a stop-watch has its first mark from the start")
    }
}
