//! Calendars that are not nine to five from Monday to Friday: nights, all day and night, two days a week.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use rstest::rstest;
use sla::{Calendar, CalendarSpec, DayKind, DaySpec, FrameSpec, SlaError, due, worked_between};
use sla::{WeekdayName, WeekdaySpec};

use crate::official::{at, frame, spec};
use crate::table::limit;

/// Every day of the week, with the frames given.
pub fn every_day(frames: Vec<FrameSpec>) -> Calendar {
    use WeekdayName::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    let week = [Mon, Tue, Wed, Thu, Fri, Sat, Sun].map(|day| WeekdaySpec { day, frames: Vec::new() });
    let spec = CalendarSpec { frames, days: Vec::new(), ..spec() };
    Calendar::compile_with(spec, week.to_vec(), BTreeMap::new()).unwrap()
}

/// No minute is left out.
pub fn all_day_and_night() -> Calendar {
    every_day(vec![frame("00:00", "00:00")])
}

/// Tuesday as everybody, Thursday in the evening.
pub fn tuesday_and_thursday() -> Calendar {
    let day = |day, frames| WeekdaySpec { day, frames };
    let evening = vec![frame("18:00", "21:00")];
    let week = vec![day(WeekdayName::Tue, Vec::new()), day(WeekdayName::Thu, evening)];
    Calendar::compile_with(spec(), week, BTreeMap::new()).unwrap()
}

/// The office, whose evening lasts until two in the morning.
pub fn until_two() -> Calendar {
    let frames = vec![frame("09:00", "12:30"), frame("20:00", "02:00")];
    Calendar::compile(CalendarSpec { frames, ..spec() }).unwrap()
}

#[rstest]
#[case::tuesday(tuesday_and_thursday(), "2026-11-23 10:00", "1 hour", "2026-11-24 10:00")]
#[case::and_the_evening_of_thursday(tuesday_and_thursday(), "2026-11-24 17:00", "2 hour", "2026-11-26 19:00")]
#[case::two_days_are_tuesday_and_thursday(
    tuesday_and_thursday(),
    "2026-11-23 10:00",
    "2 workday",
    "2026-11-26 21:00"
)]
#[case::three_days_reach_into_the_next_week(
    tuesday_and_thursday(),
    "2026-11-23 10:00",
    "3 workday",
    "2026-12-01 18:00"
)]
#[case::a_holiday_is_off(tuesday_and_thursday(), "2026-09-30 10:00", "2 workday", "2026-10-10 18:00")]
#[case::after_midnight(until_two(), "2026-11-23 23:00", "2 hour", "2026-11-24 01:00")]
#[case::begun_after_midnight(until_two(), "2026-11-24 01:30", "1 hour", "2026-11-24 09:30")]
// Friday's night is Friday's, though Saturday is off.
#[case::into_the_weekend(until_two(), "2026-11-20 23:30", "2 hour", "2026-11-21 01:30")]
#[case::over_the_weekend(until_two(), "2026-11-21 01:00", "2 hour", "2026-11-23 10:00")]
#[case::a_day_closes_on_the_next(until_two(), "2026-11-19 10:00", "1 workday", "2026-11-21 02:00")]
#[case::the_last_night_of_the_year(until_two(), "2026-12-31 23:00", "3 hour", "2027-01-01 02:00")]
fn is_due(#[case] calendar: Calendar, #[case] start: &str, #[case] text: &str, #[case] expected: &str) {
    let due = due(&calendar, limit(text), at(start)).unwrap();
    assert_eq!(due.at, at(expected), "{}", due.at);
    assert_eq!(due.segments.last().unwrap().to, due.at);
}

#[test]
fn a_night_that_ends_a_published_year_is_counted_to_its_end_and_not_beyond() {
    let calendar = until_two();
    let worked = |from, to| worked_between(&calendar, at(from), at(to));
    assert_eq!(worked("2026-12-31 23:00", "2027-01-01 02:00"), Ok(SignedDuration::from_hours(3)));
    let unpublished = |year| Err(SlaError::CalendarUnpublished { year });
    assert_eq!(worked("2026-12-31 23:00", "2027-01-01 02:01"), unpublished(2027));
    assert_eq!(worked("2024-01-01 01:00", "2024-01-02 10:00"), unpublished(2023));
    assert_eq!(worked("2025-01-01 01:00", "2025-01-02 10:00"), Ok(SignedDuration::from_hours(2)));
}

/// Published and unpublished years take turns; none is skipped over.
#[test]
fn a_year_between_that_is_not_published_is_awaited() {
    let mut spec = spec();
    spec.years = vec![2024, 2026];
    spec.days.retain(|day| day.date.year() != 2025);
    let calendar = Calendar::compile(spec).unwrap();
    let missing = Err(SlaError::CalendarUnpublished { year: 2025 });
    assert_eq!(worked_between(&calendar, at("2024-12-31 10:00"), at("2026-01-05 10:00")), missing);
    let long = due(&calendar, limit("3000 hour"), at("2024-01-02 10:00")).map(|due| due.at);
    assert_eq!(long, Err(SlaError::CalendarUnpublished { year: 2025 }));
}

#[test]
fn is_written_and_read_alike() {
    let names = r#""names":{"2026-10-01":{"zh":"国庆节","en":"National Day"}}"#;
    let text = format!(
        r#"{{"id":"desk","version":2,"zone":"Asia/Shanghai","frames":[{{"start":"18:00","end":"24:00"}}],
        "week":[{{"day":"tue"}},{{"day":"sun","frames":[{{"start":"22:00","end":"06:00"}}]}}],
        "years":[2026],"days":[{{"date":"2026-10-01","kind":"holiday"}}],{names}}}"#
    );
    let text: String = text.split('\n').map(str::trim_start).collect();
    let calendar: Calendar = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&calendar).unwrap(), text);
    assert_eq!(calendar.name_of("2026-10-01".parse().unwrap()).unwrap().zh, "国庆节");
    let nameless: Calendar = serde_json::from_str(&text.replace(&format!(",{names}"), "")).unwrap();
    assert_ne!(nameless, calendar);
}

#[rstest]
#[case::begins_before_the_night_ends(vec![frame("05:00", "06:00"), frame("22:00", "05:30")], "a frame until 05:30:00 of the next day runs into one that begins then")]
#[case::a_night_is_the_last(vec![frame("22:00", "02:00"), frame("23:00", "23:30")], "frame 1 overlaps the one before it")]
fn is_no_night(#[case] frames: Vec<FrameSpec>, #[case] message: &str) {
    let error = Calendar::compile(CalendarSpec { frames, ..spec() }).unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[test]
fn a_week_is_checked() {
    let day = |frames| WeekdaySpec { day: WeekdayName::Tue, frames };
    let compile = |week, names| Calendar::compile_with(spec(), week, names).unwrap_err().to_string();
    let twice = vec![day(Vec::new()), day(Vec::new())];
    assert_eq!(compile(twice, BTreeMap::new()), "a weekday is listed twice");
    let night = vec![day(vec![frame("22:00", "10:00")])];
    let message = "a frame until 10:00:00 of the next day runs into one that begins then";
    assert_eq!(compile(night, BTreeMap::new()), message);
    let name = sla::DayName { zh: "某日".to_owned(), en: "some day".to_owned() };
    let names = BTreeMap::from([("2026-11-24".parse().unwrap(), name)]);
    assert_eq!(compile(Vec::new(), names), "2026-11-24 has a name and is no exceptional day");
}

/// Chile's clock jumps at midnight from 5 to 6 September 2026: a night over it is an hour shorter, and nothing is lost or
/// counted twice where frames meet at the midnight that does not exist.
#[test]
fn nights_over_a_midnight_that_does_not_exist() {
    let zone = "America/Santiago".to_owned();
    let day = |date: &str| DaySpec { date: date.parse().unwrap(), kind: DayKind::MakeupWorkday };
    let days = vec![day("2026-09-05"), day("2026-09-06")];
    let compile =
        |frames| Calendar::compile(CalendarSpec { zone: zone.clone(), frames, days: days.clone(), ..spec() });
    let from = "2026-09-05T21:00:00-04:00".parse().unwrap();
    let to = "2026-09-06T06:00:00-03:00".parse().unwrap();
    for frames in [vec![frame("07:00", "06:00")], vec![frame("00:00", "06:00"), frame("07:00", "00:00")]] {
        let worked = worked_between(&compile(frames).unwrap(), from, to);
        assert_eq!(worked, Ok(SignedDuration::from_hours(8)));
    }
}
