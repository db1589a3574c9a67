//! Due times, warn instants and used time.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::limit::Span;
use crate::table::micros;
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

/// The due time of a limit that starts at `start`, with what was counted. On the working clock the start's own date must
/// be published too, and on a calendar with frames over midnight the date before it.
pub fn due(calendar: &Calendar, limit: Limit, start: Timestamp) -> Result<Due, SlaError> {
    let at = due_at(calendar, limit, start)?;
    let start = to_micros(start);
    let segments = match (limit.clock(), limit.span()) {
        (ClockKind::Clock, _) => vec![Segment { from: start, to: at }],
        (ClockKind::Work, Span::Elapsed(_)) => frames_between(calendar, start, at)?,
        (ClockKind::Work, Span::Workdays(_)) => {
            let mut frames = frames_between(calendar, start, at)?;
            let first_day = calendar.local_date(start);
            frames.retain(|frame| calendar.local_date(frame.from) > first_day);
            frames
        }
    };
    Ok(Due { at, segments })
}

/// The due time alone: the same instant as [`due`], for those who ask for many.
pub fn due_at(calendar: &Calendar, limit: Limit, start: Timestamp) -> Result<Timestamp, SlaError> {
    let start = to_micros(start);
    match (limit.clock(), limit.span()) {
        (ClockKind::Clock, Span::Elapsed(time)) => elapse(start, time),
        (ClockKind::Work, Span::Elapsed(time)) => work_off(calendar, start, time),
        (_, Span::Workdays(count)) => close_of_nth(calendar, start, count),
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
    let whole = Segment { from: start, to: due_at(calendar, limit, start)? };
    let allowed = used(limit.clock(), calendar, &[whole])?;
    let part_us = allowed.as_micros() * i128::from(fraction.get()) / 1000;
    let part = SignedDuration::from_micros(i64::try_from(part_us).map_err(|_| SlaError::OutOfRange)?);
    match limit.clock() {
        ClockKind::Clock => elapse(start, part),
        ClockKind::Work => work_off(calendar, start, part),
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
    if from >= to {
        return Ok(SignedDuration::ZERO);
    }
    let mut year = calendar.first_year_of(from)?;
    let mut sum_us = 0;
    loop {
        let table = calendar.table(year);
        sum_us += table.worked_until(to) - table.worked_until(from);
        match calendar.next_year(year, to)? {
            None => return Ok(SignedDuration::from_micros(sum_us)),
            Some(next) => year = next,
        }
    }
}

pub(crate) fn elapse(start: Timestamp, time: SignedDuration) -> Result<Timestamp, SlaError> {
    start.checked_add(time).map_err(|_| SlaError::OutOfRange)
}

/// The earliest instant with so much working time since the start. Ends: either the time is used up or the years run out.
pub(crate) fn work_off(
    calendar: &Calendar,
    start: Timestamp,
    time: SignedDuration,
) -> Result<Timestamp, SlaError> {
    let mut left_us = micros(time).ok_or(SlaError::OutOfRange)?;
    if left_us <= 0 {
        return Ok(start);
    }
    let mut year = calendar.first_year_of(start)?;
    loop {
        let table = calendar.table(year);
        let before_us = table.worked_until(start);
        let rest_us = table.worked() - before_us;
        if left_us <= rest_us {
            return timestamp(table.when_worked(before_us + left_us));
        }
        left_us -= rest_us;
        year = calendar.year_after(year)?;
    }
}

/// Close of business of the n-th working day after the local date of the start, which must be published too.
pub(crate) fn close_of_nth(calendar: &Calendar, start: Timestamp, count: u32) -> Result<Timestamp, SlaError> {
    nth_workday(calendar, start, count).and_then(|(year, day)| timestamp(calendar.table(year).close_of(day)))
}

/// The position of the year and the day in it.
fn nth_workday(calendar: &Calendar, start: Timestamp, count: u32) -> Result<(usize, usize), SlaError> {
    let mut year = calendar.year_of(start)?;
    let mut before = calendar.table(year).workdays_before(calendar.table(year).day_of(start) + 1);
    let mut left = count;
    loop {
        let table = calendar.table(year);
        let rest = table.workdays() - before;
        if left <= rest {
            return Ok((year, table.nth_workday(before + left)));
        }
        left -= rest;
        before = 0;
        year = calendar.year_after(year)?;
    }
}

/// Frames that end after `from` and begin before `to`, cut to both; all of them in published years, as somebody who has
/// counted up to `to` knows.
pub(crate) fn frames_between(
    calendar: &Calendar,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Segment>, SlaError> {
    let window = Segment { from, to };
    let mut segments = Vec::new();
    if from >= to {
        return Ok(segments);
    }
    let mut year = calendar.first_year_of(from)?;
    loop {
        let table = calendar.table(year);
        let frames = (table.frame_after(from)..).map_while(|index| table.frame(index));
        segments.extend(frames.take_while(|frame| frame.from < to).filter_map(|frame| frame.within(window)));
        match calendar.next_year(year, to)? {
            None => return Ok(segments),
            Some(next) => year = next,
        }
    }
}

fn timestamp(at_us: i64) -> Result<Timestamp, SlaError> {
    Timestamp::from_microsecond(at_us).map_err(|_| SlaError::OutOfRange)
}
