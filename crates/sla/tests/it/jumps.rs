//! Frames over an hour that a zone's clock skips or repeats.

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use sla::{Calendar, CalendarSpec, ClockKind, DayKind, DaySpec, Limit, Unit, due, worked_between};

use crate::official::{frame, spec};

/// New York, one frame, and the one Sunday made a working day.
fn calendar(sunday: &str, start: &str, end: &str) -> Calendar {
    let day = DaySpec { date: sunday.parse().unwrap(), kind: DayKind::MakeupWorkday };
    let zone = "America/New_York".to_owned();
    Calendar::compile(CalendarSpec { zone, frames: vec![frame(start, end)], days: vec![day], ..spec() })
        .unwrap()
}

/// On 2026-03-08 the clock goes from 02:00 to 03:00, on 2026-11-01 from 02:00 back to 01:00.
#[rstest]
#[case::over_the_skipped_hour("2026-03-08", "01:00", "04:00", 120)]
#[case::opening_in_the_skipped_hour("2026-03-08", "02:30", "04:00", 60)]
#[case::closing_in_the_skipped_hour("2026-03-08", "01:00", "02:30", 60)]
#[case::wholly_skipped("2026-03-08", "02:15", "02:45", 0)]
#[case::over_the_repeated_hour("2026-11-01", "00:30", "02:30", 180)]
#[case::opening_at_the_first_of_two("2026-11-01", "01:30", "02:30", 120)]
#[case::closing_at_the_first_of_two("2026-11-01", "00:30", "01:30", 60)]
#[case::within_the_repeated_hour("2026-11-01", "01:15", "01:45", 30)]
fn counts_elapsed_minutes(#[case] day: &str, #[case] start: &str, #[case] end: &str, #[case] minutes: i64) {
    let eve: Timestamp = format!("{day}T03:00:00Z").parse().unwrap();
    let worked = worked_between(&calendar(day, start, end), eve, eve + SignedDuration::from_hours(20));
    assert_eq!(worked, Ok(SignedDuration::from_mins(minutes)));
}

#[test]
fn a_due_time_is_what_postgres_can_keep() {
    let start: Timestamp = "2026-11-23T15:00:00.123456789Z".parse().unwrap();
    for (clock, unit) in [(ClockKind::Clock, Unit::Second), (ClockKind::Work, Unit::Minute)] {
        let limit = Limit::new(clock, 60, unit).unwrap();
        let due = due(&calendar("2026-11-01", "09:00", "18:00"), limit, start).unwrap();
        assert_eq!(due.at.subsec_nanosecond(), 123_456_000);
    }
}
