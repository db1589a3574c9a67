//! A checked calendar: which dates are worked, and which instants their frames are.
//!
//! A frame belongs to the date it begins on, also where it ends after midnight: the night of a Friday is worked until
//! Saturday morning whatever Saturday is.
//!
//! Daylight saving: a frame's opening that does not exist (the clock jumped over it) is the instant of the
//! jump; one that exists twice is its first. So frames never overlap and no second counts twice.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jiff::civil::{Date, Time, Weekday, date};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::explain::DayPiece;
use crate::spec::{Written, check};
use crate::table::Table;
use crate::{
    CalendarSpec, DayKind, DayName, DaySpec, FrameSpec, InvalidCalendar, Segment, SlaError, WeekdaySpec,
};

/// A working calendar that passed [`Calendar::compile`]. Serialised as its [`CalendarSpec`], with week and names where
/// it has some.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Calendar {
    reference: CalendarRef,
    zone: TimeZone,
    frames: Vec<FrameSpec>,
    week: Vec<WeekdaySpec>,
    years: Vec<Year>,
    days: BTreeMap<Date, DayKind>,
    names: BTreeMap<Date, DayName>,
    over_midnight: bool,
}

/// The rule kept beside every instant computed with it: which calendar, which publication, which zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarRef {
    /// Key of the calendar.
    pub id: String,
    /// Its publication.
    pub version: u64,
    /// IANA name of the zone.
    pub zone: String,
}

/// A published year. Its table is made when it is first counted on: most streets' calendars are held and never asked.
#[derive(Debug, Clone)]
struct Year {
    number: i16,
    /// Local midnight of 1 January and of the next, in Unix seconds.
    from: i64,
    to: i64,
    table: OnceLock<Arc<Table>>,
}

impl Calendar {
    /// Checks a written calendar; the error names the first thing wrong.
    pub fn compile(spec: CalendarSpec) -> Result<Self, InvalidCalendar> {
        Self::compile_with(spec, Vec::new(), BTreeMap::new())
    }

    /// A calendar with a week of its own instead of Monday to Friday, unless that is empty, and with names of days.
    pub fn compile_with(
        spec: CalendarSpec,
        week: Vec<WeekdaySpec>,
        names: BTreeMap<Date, DayName>,
    ) -> Result<Self, InvalidCalendar> {
        let zone = TimeZoneDatabase::bundled()
            .get(&spec.zone)
            .map_err(|source| InvalidCalendar::Zone { zone: spec.zone.clone(), source });
        let days = check(&spec, &week, &names)?;
        let zone = zone?;
        let mut numbers = spec.years;
        numbers.sort_unstable();
        numbers.dedup();
        let years = numbers.into_iter().map(|number| Year::new(&zone, number)).collect();
        let over_midnight =
            spec.frames.iter().chain(week.iter().flat_map(|day| &day.frames)).any(FrameSpec::over_midnight);
        let reference = CalendarRef { id: spec.id, version: spec.version, zone: spec.zone };
        Ok(Self { reference, zone, frames: spec.frames, week, years, days, names, over_midnight })
    }

    /// Which calendar this is, to be kept beside what it computed.
    pub fn reference(&self) -> &CalendarRef {
        &self.reference
    }

    /// The local date of an instant, e.g. for a case number.
    pub fn local_date(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// The zone it counts in.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// A stretch without frames, day by day.
    pub(crate) fn days_of(&self, gap: Segment) -> Result<Vec<DayPiece>, SlaError> {
        let mut pieces = Vec::new();
        let mut at = gap.from;
        while at < gap.to {
            let year = self.year_of(at)?;
            let table = self.table(year);
            let day = table.day_of(at);
            let until = Timestamp::from_microsecond(table.day_end(day)).map_err(|_| SlaError::OutOfRange)?;
            let part = Segment { from: at, to: until.min(gap.to) };
            let date = self.date_of(year, day)?;
            let worked = table.workdays_before(day + 1) > table.workdays_before(day);
            pieces.push(DayPiece { date, part, worked, between_frames: table.is_between_frames(day, part) });
            at = part.to;
        }
        Ok(pieces)
    }

    /// Whether the year's days off are published.
    pub fn publishes(&self, year: i16) -> bool {
        self.years.binary_search_by_key(&year, |published| published.number).is_ok()
    }

    /// The years whose days off are published, in order.
    pub fn years(&self) -> impl Iterator<Item = i16> + '_ {
        self.years.iter().map(|year| year.number)
    }

    /// Whether the date is worked; an error when its year is not published.
    pub fn is_workday(&self, date: Date) -> Result<bool, SlaError> {
        if !self.publishes(date.year()) {
            return Err(SlaError::CalendarUnpublished { year: date.year() });
        }
        Ok(self.pattern(date).is_some())
    }

    /// What the date is instead of an ordinary one of its weekday.
    pub fn exception(&self, date: Date) -> Option<DayKind> {
        self.days.get(&date).copied()
    }

    /// The name of a day that has one, e.g. of a holiday.
    pub fn name_of(&self, date: Date) -> Option<&DayName> {
        self.names.get(&date)
    }

    /// The first instant of a year in the calendar's zone: nothing that awaits this year's days off can
    /// be due before it.
    pub fn year_start(&self, year: i16) -> Result<Timestamp, SlaError> {
        let date = Date::new(year, 1, 1).map_err(|_| SlaError::OutOfRange)?;
        let seconds = instant(&self.zone, date, Time::midnight()).ok_or(SlaError::OutOfRange)?;
        Timestamp::from_second(seconds).map_err(|_| SlaError::OutOfRange)
    }

    /// The frames of a date in a published year; `None` when it is not worked.
    pub(crate) fn pattern(&self, date: Date) -> Option<&[FrameSpec]> {
        let ordinary = self.of_weekday(date.weekday());
        match self.days.get(&date) {
            Some(DayKind::Holiday) => None,
            Some(DayKind::MakeupWorkday) => Some(ordinary.unwrap_or(&self.frames)),
            None => ordinary,
        }
    }

    fn of_weekday(&self, weekday: Weekday) -> Option<&[FrameSpec]> {
        if self.week.is_empty() {
            let worked = !matches!(weekday, Weekday::Saturday | Weekday::Sunday);
            return worked.then_some(&self.frames);
        }
        let day = self.week.iter().find(|day| day.day.number() == weekday)?;
        Some(if day.frames.is_empty() { &self.frames } else { &day.frames })
    }

    /// The position of the published year that an instant lies in; an error names the year it lies in otherwise.
    pub(crate) fn year_of(&self, at: Timestamp) -> Result<usize, SlaError> {
        let second = at.as_microsecond().div_euclid(1_000_000);
        let after = self.years.partition_point(|year| year.from <= second);
        match after.checked_sub(1) {
            Some(index) if second < self.years[index].to => Ok(index),
            _ => Err(SlaError::CalendarUnpublished { year: self.local_date(at).year() }),
        }
    }

    /// The position of a year by its number; an error when it is not published.
    pub(crate) fn year_at(&self, number: i16) -> Result<usize, SlaError> {
        let found = self.years.binary_search_by_key(&number, |year| year.number);
        found.map_err(|_| SlaError::CalendarUnpublished { year: number })
    }

    /// The date of a day of the year at that position.
    pub(crate) fn date_of(&self, index: usize, day: usize) -> Result<Date, SlaError> {
        let days = i64::try_from(day).map_err(|_| SlaError::OutOfRange)?;
        let first = date(self.years[index].number, 1, 1);
        first.checked_add(Span::new().days(days)).map_err(|_| SlaError::OutOfRange)
    }

    /// The year whose frames may reach to an instant first: on a calendar with frames over midnight the one before, on
    /// 1 January.
    pub(crate) fn first_year_of(&self, at: Timestamp) -> Result<usize, SlaError> {
        let index = self.year_of(at)?;
        let year = &self.years[index];
        let second = at.as_microsecond().div_euclid(1_000_000);
        if !self.over_midnight || second - year.from >= 86_400 {
            return Ok(index);
        }
        let before = year.number - 1;
        match index.checked_sub(1).filter(|earlier| self.years[*earlier].number == before) {
            Some(earlier) => Ok(earlier),
            None => Err(SlaError::CalendarUnpublished { year: before }),
        }
    }

    /// The position of the year after; an error when it is not published.
    pub(crate) fn year_after(&self, index: usize) -> Result<usize, SlaError> {
        let next = self.years[index].number + 1;
        match self.years.get(index + 1) {
            Some(year) if year.number == next => Ok(index + 1),
            _ => Err(SlaError::CalendarUnpublished { year: next }),
        }
    }

    /// The position of the year in which counting up to `to` goes on from the year at that position; `None` when it ends
    /// there. A night that ends a year is its own to the end, whether the next is published or not.
    pub(crate) fn next_year(&self, index: usize, to: Timestamp) -> Result<Option<usize>, SlaError> {
        if to.as_microsecond() < self.years[index].to * 1_000_000 {
            return Ok(None);
        }
        match self.year_after(index) {
            Err(_) if self.over_midnight && self.table(index).reaches(to) => Ok(None),
            next => next.map(Some),
        }
    }

    /// What is worked in the year at that position.
    pub(crate) fn table(&self, index: usize) -> &Table {
        let year = &self.years[index];
        year.table.get_or_init(|| {
            let patterns = |date| self.pattern(date);
            Arc::new(Table::new(&self.zone, year.number, patterns))
        })
    }
}

impl Year {
    fn new(zone: &TimeZone, number: i16) -> Self {
        let start = |number| midnight(zone, date(number, 1, 1));
        Self { number, from: start(number), to: start(number + 1), table: OnceLock::new() }
    }
}

/// The first instant of a date of a year that may be published, in Unix seconds.
pub(crate) fn midnight(zone: &TimeZone, date: Date) -> i64 {
    instant(zone, date, Time::midnight()).expect("years 2000 to 2199 are within what a timestamp holds")
}

/// The instant of a local time in Unix seconds; `None` beyond what a timestamp holds.
pub(crate) fn instant(zone: &TimeZone, date: Date, time: Time) -> Option<i64> {
    let local = date.to_datetime(time);
    let at = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok()?,
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok()?,
        AmbiguousOffset::Gap { after, .. } => {
            // Read with the later offset the instant lies before the jump, so the jump is the next one.
            zone.following(after.to_timestamp(local).ok()?).next()?.timestamp()
        }
    };
    Some(at.as_second())
}

/// Two calendars are equal when they are written alike, whatever was counted on them so far.
impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        let years = |calendar: &Self| calendar.years.iter().map(|year| year.number).collect::<Vec<_>>();
        let rest = |c: &Self| (c.reference.clone(), c.frames.clone(), c.week.clone());
        rest(self) == rest(other)
            && years(self) == years(other)
            && self.days == other.days
            && self.names == other.names
    }
}

impl TryFrom<Written> for Calendar {
    type Error = InvalidCalendar;
    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let (spec, week, names) = written.parts();
        Self::compile_with(spec, week, names)
    }
}

impl From<Calendar> for Written {
    fn from(mut calendar: Calendar) -> Self {
        let week = std::mem::take(&mut calendar.week);
        let names = std::mem::take(&mut calendar.names);
        Self::new(CalendarSpec::from(calendar), week, names)
    }
}

/// What every calendar has; a week of its own and names of days are not among it.
impl From<Calendar> for CalendarSpec {
    fn from(calendar: Calendar) -> Self {
        let CalendarRef { id, version, zone } = calendar.reference;
        let days = calendar.days.into_iter().map(|(date, kind)| DaySpec { date, kind }).collect();
        let years = calendar.years.into_iter().map(|year| year.number).collect();
        Self { id, version, zone, frames: calendar.frames, years, days }
    }
}
