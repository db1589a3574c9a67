//! A checked calendar: which dates are worked, and which instants their frames are.
//!
//! Daylight saving: a frame's opening that does not exist (the clock jumped over it) is the instant of the
//! jump; one that exists twice is its first. So frames never overlap and no second counts twice.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

use crate::{CalendarSpec, DayKind, DaySpec, FrameSpec, InvalidCalendar, Segment, SlaError};

/// A working calendar that passed [`Calendar::compile`]. Serialised as its [`CalendarSpec`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "CalendarSpec", into = "CalendarSpec")]
pub struct Calendar {
    reference: CalendarRef,
    zone: TimeZone,
    frames: Vec<FrameSpec>,
    years: BTreeSet<i16>,
    days: BTreeMap<Date, DayKind>,
}

/// The rule kept beside every instant computed with it: which calendar, which publication, which zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarRef {
    /// Key of the calendar.
    pub id: String,
    /// Its publication.
    pub version: u32,
    /// IANA name of the zone.
    pub zone: String,
}

impl Calendar {
    /// Checks a written calendar; the error names the first thing wrong.
    pub fn compile(spec: CalendarSpec) -> Result<Self, InvalidCalendar> {
        check_id(&spec.id)?;
        if spec.version == 0 {
            return Err(InvalidCalendar::Version);
        }
        let zone = TimeZoneDatabase::bundled()
            .get(&spec.zone)
            .map_err(|source| InvalidCalendar::Zone { zone: spec.zone.clone(), source })?;
        check_frames(&spec.frames)?;
        let years = compile_years(&spec.years)?;
        let days = compile_days(&spec.days, &years)?;
        let reference = CalendarRef { id: spec.id, version: spec.version, zone: spec.zone };
        Ok(Self { reference, zone, frames: spec.frames, years, days })
    }

    /// Which calendar this is, to be kept beside what it computed.
    pub fn reference(&self) -> &CalendarRef {
        &self.reference
    }

    /// The local date of an instant, e.g. for a case number.
    pub fn local_date(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// Whether the year's days off are published.
    pub fn publishes(&self, year: i16) -> bool {
        self.years.contains(&year)
    }

    /// Whether the date is worked; an error when its year is not published.
    pub fn is_workday(&self, date: Date) -> Result<bool, SlaError> {
        if !self.publishes(date.year()) {
            return Err(SlaError::CalendarUnpublished { year: date.year() });
        }
        Ok(match self.days.get(&date) {
            Some(DayKind::Holiday) => false,
            Some(DayKind::MakeupWorkday) => true,
            None => !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday),
        })
    }

    /// The first instant of a year in the calendar's zone: nothing that awaits this year's days off can
    /// be due before it.
    pub fn year_start(&self, year: i16) -> Result<Timestamp, SlaError> {
        let date = Date::new(year, 1, 1).map_err(|_| SlaError::OutOfRange)?;
        self.instant(date, Time::midnight())
    }

    /// The worked stretches of a date in order; none when it is not worked.
    pub(crate) fn frames_on(&self, date: Date) -> Result<Vec<Segment>, SlaError> {
        if !self.is_workday(date)? {
            return Ok(Vec::new());
        }
        let mut segments = Vec::with_capacity(self.frames.len());
        for frame in &self.frames {
            let (from, to) = (self.instant(date, frame.start)?, self.instant(date, frame.end)?);
            if from < to {
                segments.push(Segment { from, to });
            }
        }
        Ok(segments)
    }

    /// Close of business: the end of the date's last frame.
    pub(crate) fn close_of(&self, date: Date) -> Result<Timestamp, SlaError> {
        let last = self.frames.last().expect("a compiled calendar has a frame");
        self.instant(date, last.end)
    }

    fn instant(&self, date: Date, time: Time) -> Result<Timestamp, SlaError> {
        let local = date.to_datetime(time);
        let resolved = match self.zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local),
            AmbiguousOffset::Gap { after, .. } => {
                // Read with the later offset the instant lies before the jump, so the jump is the next one.
                let before_jump = after.to_timestamp(local).map_err(|_| SlaError::OutOfRange)?;
                let jump = self.zone.following(before_jump).next().ok_or(SlaError::OutOfRange)?;
                return Ok(jump.timestamp());
            }
        };
        resolved.map_err(|_| SlaError::OutOfRange)
    }
}

fn check_id(id: &str) -> Result<(), InvalidCalendar> {
    let slug = (1..=64).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if slug { Ok(()) } else { Err(InvalidCalendar::Id(id.to_owned())) }
}

fn check_frames(frames: &[FrameSpec]) -> Result<(), InvalidCalendar> {
    if frames.is_empty() {
        return Err(InvalidCalendar::NoFrames);
    }
    let mut open_from = Time::midnight();
    for (index, frame) in frames.iter().enumerate() {
        if frame.start < open_from || frame.end <= frame.start {
            return Err(InvalidCalendar::Frame { index });
        }
        open_from = frame.end;
    }
    Ok(())
}

fn compile_years(years: &[i16]) -> Result<BTreeSet<i16>, InvalidCalendar> {
    match years.iter().find(|year| !(2000..2200).contains(*year)) {
        Some(&year) => Err(InvalidCalendar::Year { year }),
        None => Ok(years.iter().copied().collect()),
    }
}

fn compile_days(
    listed: &[DaySpec],
    years: &BTreeSet<i16>,
) -> Result<BTreeMap<Date, DayKind>, InvalidCalendar> {
    let mut days = BTreeMap::new();
    for &DaySpec { date, kind } in listed {
        if !years.contains(&date.year()) {
            return Err(InvalidCalendar::DayOutsideYears { date });
        }
        if days.insert(date, kind).is_some() {
            return Err(InvalidCalendar::DuplicateDay { date });
        }
    }
    Ok(days)
}

impl TryFrom<CalendarSpec> for Calendar {
    type Error = InvalidCalendar;
    fn try_from(spec: CalendarSpec) -> Result<Self, Self::Error> {
        Self::compile(spec)
    }
}

impl From<Calendar> for CalendarSpec {
    fn from(calendar: Calendar) -> Self {
        let CalendarRef { id, version, zone } = calendar.reference;
        let days = calendar.days.into_iter().map(|(date, kind)| DaySpec { date, kind }).collect();
        let years = calendar.years.into_iter().collect();
        Self { id, version, zone, frames: calendar.frames, years, days }
    }
}
