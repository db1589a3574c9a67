//! The written form of a calendar, as it stands in tenant documents and manifests.
//!
//! ```json
//! { "id": "cn-office", "version": 1, "zone": "Asia/Shanghai",
//!   "frames": [{"start": "09:00", "end": "12:30"}, {"start": "14:00", "end": "18:00"}],
//!   "years": [2024, 2025, 2026],
//!   "days": [{"date": "2026-10-01", "kind": "holiday"}, {"date": "2026-10-10", "kind": "makeup_workday"}] }
//! ```

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

/// A calendar as written. Unknown fields are refused. [`crate::Calendar::compile`] checks the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarSpec {
    /// Key of the calendar in its document: a slug of at most 64 of `a-z 0-9 -`.
    pub id: String,
    /// Counts the publications of this calendar, from 1; kept beside every due time computed with it.
    pub version: u32,
    /// IANA name, e.g. `Asia/Shanghai`.
    pub zone: String,
    /// The stretches worked on a working day, in order, not overlapping, within one local day.
    pub frames: Vec<FrameSpec>,
    /// The years whose days off are published. A date of another year has no answer.
    pub years: Vec<i16>,
    /// The exceptions from Monday to Friday. Each within a published year.
    pub days: Vec<DaySpec>,
}

/// One stretch of a working day in local time, written `HH:MM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameSpec {
    /// Opening.
    #[serde(with = "hours_minutes")]
    pub start: Time,
    /// Close, later than the opening.
    #[serde(with = "hours_minutes")]
    pub end: Time,
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
    /// Ends before it starts, or starts before its predecessor ends. Counted from 0.
    #[error("frame {index} is empty or overlaps the one before it")]
    Frame {
        /// Position in the list.
        index: usize,
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

mod hours_minutes {
    use jiff::civil::Time;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&time.strftime("%H:%M"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = Time::strptime("%H:%M", &text).ok().filter(|_| text.len() == "HH:MM".len());
        time.ok_or_else(|| de::Error::custom("expected a time of day as HH:MM"))
    }
}
