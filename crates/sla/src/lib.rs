//! When is it due? Working-time calendars, limits, due times and the segments that explain them.
//!
//! Promises: the same calendar, limit and start always give the same instant; a year whose days off are
//! not published is an error ([`SlaError::CalendarUnpublished`]), never a guess "Monday to Friday" (D31);
//! a due time can be unfolded into the segments counted, and they add up to the limit.
//!
//! [`StopWatch`] adds what happens to a limit on its way: pauses, closing and reopening, extensions, another policy, another
//! publication of the calendar; used and left stay limit and extensions throughout (D32). [`StopWatch::explain`] unfolds it into
//! what counted, what did not, and why.
//!
//! Deliberately not here: the clock (`start` is an argument), who may pause or extend, and what
//! happens when a due time passes (crate `orders`). Zones come from the bundled IANA data, so that two
//! machines never disagree. Arithmetic is in whole microseconds, which is what Postgres keeps.
//!
//! How limits count (D47 and the facts of the default pack):
//! * `clock`: every second of the day and night.
//! * `work` with seconds, minutes or hours: only time inside the frames of working days.
//! * `work` with working days: starts on the next working day after the local date of the start and ends
//!   at close of business of the n-th.
//!
//! ```
//! use sla::{Calendar, CalendarSpec, ClockKind, Limit, PerMille, SlaError, Unit, due, fraction_at};
//!
//! let spec: CalendarSpec = serde_json::from_str(
//!     r#"{ "id": "cn-office", "version": 1, "zone": "Asia/Shanghai",
//!          "frames": [{"start": "09:00", "end": "12:30"}, {"start": "14:00", "end": "18:00"}],
//!          "years": [2026], "days": [{"date": "2026-10-01", "kind": "holiday"}] }"#,
//! )?;
//! let calendar = Calendar::compile(spec)?;
//! let start = "2026-12-17T10:00:00+08:00".parse()?;
//!
//! let two_hours = Limit::new(ClockKind::Work, 120, Unit::Minute)?;
//! assert_eq!(due(&calendar, two_hours, start)?.at, "2026-12-17T12:00:00+08:00".parse()?);
//!
//! let ten_days = Limit::new(ClockKind::Work, 10, Unit::Workday)?;
//! assert_eq!(due(&calendar, ten_days, start)?.at, "2026-12-31T18:00:00+08:00".parse()?);
//! let warn_at = fraction_at(&calendar, ten_days, start, PerMille::new(800)?)?;
//! assert!(warn_at < due(&calendar, ten_days, start)?.at);
//!
//! let a_day_later = "2026-12-18T10:00:00+08:00".parse()?;
//! assert_eq!(due(&calendar, ten_days, a_day_later), Err(SlaError::CalendarUnpublished { year: 2027 }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod calendar;
mod due;
mod explain;
mod limit;
mod segment;
mod spec;
mod table;
mod watch;

pub use calendar::{Calendar, CalendarRef};
pub use due::{Due, SlaError, due, due_at, fraction_at, used, worked_between};
pub use explain::{Counts, Explanation, Outlook, Reason, Stretch};
pub use limit::{ClockKind, InvalidLimit, Limit, PerMille, Unit};
pub use segment::{Segment, to_micros};
pub use spec::{
    CalendarSpec, DayKind, DayName, DaySpec, FrameSpec, InvalidCalendar, WeekdayName, WeekdaySpec,
};
pub use watch::{Extension, Interval, MARKS_MAX, StopWatch, WatchRefusal, WatchState};
