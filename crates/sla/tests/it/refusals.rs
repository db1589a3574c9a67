//! What is no calendar and no limit.

use rstest::rstest;
use sla::{Calendar, CalendarSpec, ClockKind, DayKind, DaySpec, InvalidLimit, Limit, PerMille, Unit};

use crate::official::{frame, spec};

#[rstest]
#[case::id(|s: &mut CalendarSpec| s.id = "Büro".into(), "calendar id \"Büro\" is not a slug of at most 64 characters")]
#[case::version(|s: &mut CalendarSpec| s.version = 0, "calendar version must be at least 1")]
#[case::zone(|s: &mut CalendarSpec| s.zone = "Asia/Nowhere".into(), "time zone \"Asia/Nowhere\" is unknown")]
#[case::no_frames(|s: &mut CalendarSpec| s.frames.clear(), "a calendar needs at least one frame")]
#[case::a_whole_day(|s: &mut CalendarSpec| s.frames[1] = frame("14:00", "14:00"), "a frame until 14:00:00 of the next day runs into one that begins then")]
#[case::overlap(|s: &mut CalendarSpec| s.frames[1] = frame("12:29", "18:00"), "frame 1 overlaps the one before it")]
#[case::unsorted(|s: &mut CalendarSpec| s.frames.reverse(), "frame 1 overlaps the one before it")]
#[case::year(|s: &mut CalendarSpec| s.years.push(26), "year 26 is out of range")]
#[case::twice(|s: &mut CalendarSpec| s.days.push(s.days[0]), "2024-01-01 is listed twice")]
#[case::outside(
    |s: &mut CalendarSpec| s.days.push(DaySpec { date: "2027-01-01".parse().unwrap(), kind: DayKind::Holiday }),
    "2027-01-01 lies in a year that is not published"
)]
fn is_no_calendar(#[case] spoil: fn(&mut CalendarSpec), #[case] message: &str) {
    let mut spec = spec();
    spoil(&mut spec);
    assert_eq!(Calendar::compile(spec).unwrap_err().to_string(), message);
}

#[rstest]
#[case::unknown_field(r#""days""#, r#""dyas""#)]
#[case::lax_time(r#""09:00""#, r#""9:00""#)]
#[case::unknown_kind(r#""holiday""#, r#""vacation""#)]
#[case::checked_when_read(r#""Asia/Shanghai""#, r#""Mars/Base""#)]
fn is_not_read(#[case] good: &str, #[case] bad: &str) {
    let text = serde_json::to_string(&spec()).unwrap();
    assert!(text.contains(good));
    assert!(serde_json::from_str::<Calendar>(&text).is_ok());
    assert!(serde_json::from_str::<Calendar>(&text.replace(good, bad)).is_err());
}

#[rstest]
#[case::nothing(ClockKind::Work, 0, Unit::Minute, InvalidLimit::Zero)]
#[case::no_days(ClockKind::Work, 0, Unit::Workday, InvalidLimit::Zero)]
#[case::days_on_the_clock(ClockKind::Clock, 2, Unit::Workday, InvalidLimit::WorkdayOnClock)]
#[case::long(ClockKind::Clock, 87_841, Unit::Hour, InvalidLimit::TooLong)]
#[case::longest(ClockKind::Work, u32::MAX, Unit::Hour, InvalidLimit::TooLong)]
#[case::many_days(ClockKind::Work, 3_661, Unit::Workday, InvalidLimit::TooLong)]
fn is_no_limit(#[case] clock: ClockKind, #[case] amount: u32, #[case] unit: Unit, #[case] why: InvalidLimit) {
    assert_eq!(Limit::new(clock, amount, unit), Err(why));
}

#[test]
fn limits_are_checked_when_read() {
    let limit = Limit::new(ClockKind::Work, 10, Unit::Workday).unwrap();
    let text = serde_json::to_string(&limit).unwrap();
    assert_eq!(text, r#"{"clock":"work","amount":10,"unit":"workday"}"#);
    assert_eq!(serde_json::from_str::<Limit>(&text).unwrap(), limit);
    assert!(serde_json::from_str::<Limit>(&text.replace("work\"", "clock\"")).is_err());
    assert_eq!(PerMille::new(1001), Err(InvalidLimit::Fraction));
    assert!(serde_json::from_str::<PerMille>("1001").is_err());
}
