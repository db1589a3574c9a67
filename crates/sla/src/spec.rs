//! The written form of a calendar, as it stands in tenant documents and manifests.
//!
//! ```json
//! { "id": "cn-office", "version": 1, "zone": "Asia/Shanghai",
//!   "frames": [{"start": "09:00", "end": "12:30"}, {"start": "14:00", "end": "18:00"}],
//!   "years": [2024, 2025, 2026],
//!   "days": [{"date": "2026-10-01", "kind": "holiday"}, {"date": "2026-10-10", "kind": "makeup_workday"}] }
//! ```
//!
//! Two more fields may stand in it: `week`, for a calendar that is not worked from Monday to Friday, and `names` of days.
//!
//! ```json
//!   "week": [{"day": "tue"}, {"day": "thu", "frames": [{"start": "13:00", "end": "20:00"}]}],
//!   "names": {"2026-10-01": {"zh": "国庆节", "en": "National Day"}}
//! ```

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Time, Weekday};
use serde::{Deserialize, Serialize};

/// A calendar as written. Unknown fields are refused. [`crate::Calendar::compile`] checks the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarSpec {
    /// Key of the calendar in its document: a slug of at most 64 of `a-z 0-9 -`.
    pub id: String,
    /// Counts the publications of this calendar, from 1; kept beside every due time computed with it.
    pub version: u64,
    /// IANA name, e.g. `Asia/Shanghai`.
    pub zone: String,
    /// The stretches worked on a working day, in order, not overlapping. The last may end after midnight, on the next
    /// day before anything else begins.
    pub frames: Vec<FrameSpec>,
    /// The years whose days off are published. A date of another year has no answer.
    pub years: Vec<i16>,
    /// The exceptions from Monday to Friday. Each within a published year.
    pub days: Vec<DaySpec>,
}

/// One stretch of a working day in local time, written `HH:MM`. It ends on the day it begins on, or on the next when the
/// end is not later: `22:00` to `06:00` is a night, `00:00` to `24:00` a day and a night.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameSpec {
    /// Opening.
    #[serde(with = "hours_minutes")]
    pub start: Time,
    /// Close. Midnight is written `24:00`.
    #[serde(with = "hours_minutes::end")]
    pub end: Time,
}

impl FrameSpec {
    /// Whether it ends on the day after.
    pub fn over_midnight(&self) -> bool {
        self.end <= self.start
    }
}

/// A weekday that is worked, on a calendar that has a week of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeekdaySpec {
    /// Which.
    pub day: WeekdayName,
    /// Its own frames; empty: those of the calendar.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<FrameSpec>,
}

/// A weekday as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum WeekdayName {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl WeekdayName {
    pub(crate) fn number(self) -> Weekday {
        match self {
            WeekdayName::Mon => Weekday::Monday,
            WeekdayName::Tue => Weekday::Tuesday,
            WeekdayName::Wed => Weekday::Wednesday,
            WeekdayName::Thu => Weekday::Thursday,
            WeekdayName::Fri => Weekday::Friday,
            WeekdayName::Sat => Weekday::Saturday,
            WeekdayName::Sun => Weekday::Sunday,
        }
    }
}

/// What people call a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayName {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// One exceptional day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaySpec {
    /// The local date.
    pub date: Date,
    /// What it is instead of an ordinary day.
    pub kind: DayKind,
}

/// What an exceptional day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// Not worked (放假), whatever the weekday.
    Holiday,
    /// Worked (补班), whatever the weekday.
    MakeupWorkday,
}

/// Why a written calendar is none.
#[derive(Debug, thiserror::Error)]
pub enum InvalidCalendar {
    /// The id is no slug.
    #[error("calendar id {0:?} is not a slug of at most 64 characters")]
    Id(String),
    /// Versions count from 1.
    #[error("calendar version must be at least 1")]
    Version,
    /// The zone is not in the IANA data.
    #[error("time zone {zone:?} is unknown")]
    Zone {
        /// As written.
        zone: String,
        /// What the zone data said.
        source: jiff::Error,
    },
    /// A calendar without frames would never let a limit end.
    #[error("a calendar needs at least one frame")]
    NoFrames,
    /// Starts before its predecessor ends, or ends after midnight without being the last. Counted from 0.
    #[error("frame {index} overlaps the one before it")]
    Frame {
        /// Position in the list.
        index: usize,
    },
    /// A frame that ends after midnight runs into a frame of the next day.
    #[error("a frame until {until} of the next day runs into one that begins then")]
    Night {
        /// Its end.
        until: Time,
    },
    /// One weekday twice in a week.
    #[error("a weekday is listed twice")]
    DuplicateWeekday,
    /// A name of a day that is no exception.
    #[error("{date} has a name and is no exceptional day")]
    Name {
        /// The date.
        date: Date,
    },
    /// Outside 2000 to 2199.
    #[error("year {year} is out of range")]
    Year {
        /// As written.
        year: i16,
    },
    /// Two entries for one date.
    #[error("{date} is listed twice")]
    DuplicateDay {
        /// The date.
        date: Date,
    },
    /// An exception in a year that is not published is a mistake in one of the two lists.
    #[error("{date} lies in a year that is not published")]
    DayOutsideYears {
        /// The date.
        date: Date,
    },
}

/// A calendar in JSON, with what not every calendar has.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    id: String,
    version: u64,
    zone: String,
    frames: Vec<FrameSpec>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    week: Vec<WeekdaySpec>,
    years: Vec<i16>,
    days: Vec<DaySpec>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    names: BTreeMap<Date, DayName>,
}

impl Written {
    pub(crate) fn new(spec: CalendarSpec, week: Vec<WeekdaySpec>, names: BTreeMap<Date, DayName>) -> Self {
        let CalendarSpec { id, version, zone, frames, years, days } = spec;
        Self { id, version, zone, frames, week, years, days, names }
    }

    pub(crate) fn parts(self) -> (CalendarSpec, Vec<WeekdaySpec>, BTreeMap<Date, DayName>) {
        let Self { id, version, zone, frames, week, years, days, names } = self;
        (CalendarSpec { id, version, zone, frames, years, days }, week, names)
    }
}

/// Everything but the zone; answers the exceptional days.
pub(crate) fn check(
    spec: &CalendarSpec,
    week: &[WeekdaySpec],
    names: &BTreeMap<Date, DayName>,
) -> Result<BTreeMap<Date, DayKind>, InvalidCalendar> {
    check_id(&spec.id)?;
    if spec.version == 0 {
        return Err(InvalidCalendar::Version);
    }
    if spec.frames.is_empty() {
        return Err(InvalidCalendar::NoFrames);
    }
    let all: Vec<&[FrameSpec]> =
        [spec.frames.as_slice()].into_iter().chain(week.iter().map(|day| day.frames.as_slice())).collect();
    all.iter().try_for_each(|frames| check_frames(frames))?;
    check_nights(&all)?;
    let weekdays: BTreeSet<i8> = week.iter().map(|day| day.day.number().to_monday_zero_offset()).collect();
    if weekdays.len() < week.len() {
        return Err(InvalidCalendar::DuplicateWeekday);
    }
    if let Some(&year) = spec.years.iter().find(|year| !(2000..2200).contains(*year)) {
        return Err(InvalidCalendar::Year { year });
    }
    let days = check_days(&spec.days, &spec.years)?;
    match names.keys().find(|date| !days.contains_key(date)) {
        Some(&date) => Err(InvalidCalendar::Name { date }),
        None => Ok(days),
    }
}

fn check_id(id: &str) -> Result<(), InvalidCalendar> {
    let slug = (1..=64).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if slug { Ok(()) } else { Err(InvalidCalendar::Id(id.to_owned())) }
}

/// In order; only the last may end after midnight.
fn check_frames(frames: &[FrameSpec]) -> Result<(), InvalidCalendar> {
    for (index, pair) in frames.windows(2).enumerate() {
        if pair[0].over_midnight() || pair[1].start < pair[0].end {
            return Err(InvalidCalendar::Frame { index: index + 1 });
        }
    }
    Ok(())
}

/// Whichever day follows a night, its first frame does not begin before the night ends.
fn check_nights(days: &[&[FrameSpec]]) -> Result<(), InvalidCalendar> {
    let first = days.iter().filter_map(|frames| frames.first()).map(|frame| frame.start).min();
    let nights = days.iter().filter_map(|frames| frames.last()).filter(|frame| frame.over_midnight());
    match (nights.map(|frame| frame.end).max(), first) {
        (Some(until), Some(first)) if first < until => Err(InvalidCalendar::Night { until }),
        _ => Ok(()),
    }
}

fn check_days(listed: &[DaySpec], years: &[i16]) -> Result<BTreeMap<Date, DayKind>, InvalidCalendar> {
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

mod hours_minutes {
    use jiff::civil::Time;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&time.strftime("%H:%M"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        parse(&String::deserialize(deserializer)?)
    }

    fn parse<E: de::Error>(text: &str) -> Result<Time, E> {
        let time = Time::strptime("%H:%M", text).ok().filter(|_| text.len() == "HH:MM".len());
        time.ok_or_else(|| E::custom("expected a time of day as HH:MM"))
    }

    /// The end of a frame: midnight is the end of the day, not its beginning.
    pub(super) mod end {
        use jiff::civil::Time;
        use serde::{Deserialize, Deserializer, Serializer};

        pub(in super::super) fn serialize<S: Serializer>(
            time: &Time,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            if *time == Time::midnight() {
                serializer.serialize_str("24:00")
            } else {
                super::serialize(time, serializer)
            }
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Time, D::Error> {
            let text = String::deserialize(deserializer)?;
            if text == "24:00" { Ok(Time::midnight()) } else { super::parse(&text) }
        }
    }
}
