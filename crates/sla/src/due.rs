//! Due times, warn instants and used time.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::limit::Span;
use crate::{Calendar, ClockKind, Limit, PerMille, Segment, to_micros};

/// A due time with its explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The last instant that is in time.
    pub at: Timestamp,
    /// What was counted, in order. Their lengths sum to the limit; for working days they are the frames
    /// of exactly that many days.
    pub segments: Vec<Segment>,
}

/// Why there is no due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SlaError {
    /// Counting reached a year whose days off are not published. Everything before that year was
    /// counted, so the due time is not before its first instant ([`Calendar::year_start`]).
    #[error("the calendar of {year} is not published")]
    CalendarUnpublished {
        /// The first year missing.
        year: i16,
    },
    /// The stop-watch counts on a calendar with another id.
    #[error("the stop-watch counts on another calendar")]
    OtherCalendar,
    /// A stop-watch was settled too often ([`crate::MARKS_MAX`]).
    #[error("the stop-watch is in too many pieces")]
    TooMany,
    /// Beyond what a timestamp can hold.
    #[error("the time is out of range")]
    OutOfRange,
}

/// The due time of a limit that starts at `start`. On the working clock the start's own date must be
/// published too.
pub fn due(calendar: &Calendar, limit: Limit, start: Timestamp) -> Result<Due, SlaError> {
    let start = to_micros(start);
    match (limit.clock(), limit.span()) {
        (ClockKind::Clock, Span::Elapsed(time)) => elapse(start, time),
        (ClockKind::Work, Span::Elapsed(time)) => work_off(calendar, start, time),
        (_, Span::Workdays(count)) => work_days(calendar, start, count),
    }
}

/// The earliest instant at which that part of the time from `start` to due has passed. On the working
/// clock it is the working time between start and due that is divided (D47); for a limit in working days
/// this includes what is left of the day it started on.
pub fn fraction_at(
    calendar: &Calendar,
    limit: Limit,
    start: Timestamp,
    fraction: PerMille,
) -> Result<Timestamp, SlaError> {
    let start = to_micros(start);
    let whole = Segment { from: start, to: due(calendar, limit, start)?.at };
    let allowed = used(limit.clock(), calendar, &[whole])?;
    let part_us = allowed.as_micros() * i128::from(fraction.get()) / 1000;
    let part = SignedDuration::from_micros(i64::try_from(part_us).map_err(|_| SlaError::OutOfRange)?);
    match limit.clock() {
        ClockKind::Clock => Ok(elapse(start, part)?.at),
        ClockKind::Work => Ok(work_off(calendar, start, part)?.at),
    }
}

/// Time used on a clock, summed over recorded intervals; they must not overlap.
pub fn used(
    clock: ClockKind,
    calendar: &Calendar,
    intervals: &[Segment],
) -> Result<SignedDuration, SlaError> {
    let one = |interval: &Segment| match clock {
        ClockKind::Clock => Ok(interval.length()),
        ClockKind::Work => worked_between(calendar, interval.from, interval.to),
    };
    intervals.iter().try_fold(SignedDuration::ZERO, |sum, interval| Ok(sum + one(interval)?))
}

/// Working time in `from..to`; zero when `to` is not later. Every date touched must be published.
pub fn worked_between(
    calendar: &Calendar,
    from: Timestamp,
    to: Timestamp,
) -> Result<SignedDuration, SlaError> {
    let window = Segment { from, to };
    let mut sum = SignedDuration::ZERO;
    if from >= to {
        return Ok(sum);
    }
    let (mut date, last) = (calendar.local_date(from), calendar.local_date(to));
    while date <= last {
        let counted = calendar.frames_on(date)?.into_iter().filter_map(|frame| frame.within(window));
        sum = counted.fold(sum, |sum, segment| sum + segment.length());
        date = next_day(date)?;
    }
    Ok(sum)
}

pub(crate) fn elapse(start: Timestamp, time: SignedDuration) -> Result<Due, SlaError> {
    let at = start.checked_add(time).map_err(|_| SlaError::OutOfRange)?;
    Ok(Due { at, segments: vec![Segment { from: start, to: at }] })
}

/// Ends: either the time is used up or the dates run out of published years.
pub(crate) fn work_off(calendar: &Calendar, start: Timestamp, time: SignedDuration) -> Result<Due, SlaError> {
    let ahead = Segment { from: start, to: Timestamp::MAX };
    let mut due = Due { at: start, segments: Vec::new() };
    let mut left = time;
    let mut date = calendar.local_date(start);
    while left > SignedDuration::ZERO {
        for frame in calendar.frames_on(date)?.into_iter().filter_map(|frame| frame.within(ahead)) {
            let counted = frame.length().min(left);
            if counted.is_zero() {
                break;
            }
            left -= counted;
            due.at = frame.from + counted;
            due.segments.push(Segment { from: frame.from, to: due.at });
        }
        date = next_day(date)?;
    }
    Ok(due)
}

fn work_days(calendar: &Calendar, start: Timestamp, count: u32) -> Result<Due, SlaError> {
    let mut due = Due { at: start, segments: Vec::new() };
    let mut date = calendar.local_date(start);
    calendar.is_workday(date)?;
    let mut left = count;
    while left > 0 {
        date = next_day(date)?;
        if calendar.is_workday(date)? {
            left -= 1;
            due.segments.extend(calendar.frames_on(date)?);
        }
    }
    due.at = calendar.close_of(date)?;
    Ok(due)
}

/// Close of business of the n-th working day after the local date of the start, which must be published too.
pub(crate) fn close_of_nth(calendar: &Calendar, start: Timestamp, count: u32) -> Result<Timestamp, SlaError> {
    Ok(work_days(calendar, start, count)?.at)
}

fn next_day(date: Date) -> Result<Date, SlaError> {
    date.tomorrow().map_err(|_| SlaError::OutOfRange)
}
