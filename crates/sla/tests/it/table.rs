//! What is due when: one line a case.

use jiff::SignedDuration;
use rstest::rstest;
use sla::{ClockKind, Limit, PerMille, Segment, SlaError, Unit, due, fraction_at, used, worked_between};

use crate::official::{at, calendar};

/// `10 workday`, `450 minute`, `24 clock hour`.
pub fn limit(text: &str) -> Limit {
    let words: Vec<&str> = text.split_whitespace().collect();
    let clock = if words.contains(&"clock") { ClockKind::Clock } else { ClockKind::Work };
    let unit = match words[words.len() - 1] {
        "second" => Unit::Second,
        "minute" => Unit::Minute,
        "hour" => Unit::Hour,
        "workday" => Unit::Workday,
        other => panic!("unknown unit {other}"),
    };
    Limit::new(clock, words[0].parse().unwrap(), unit).unwrap()
}

#[rstest]
#[case::in_the_morning("2026-11-23 10:00", "120 minute", "2026-11-23 12:00")]
#[case::until_lunch_exactly("2026-11-23 10:30", "120 minute", "2026-11-23 12:30")]
#[case::over_lunch("2026-11-23 11:30", "120 minute", "2026-11-23 15:00")]
#[case::start_at_the_stroke_of_lunch("2026-11-23 12:30", "120 minute", "2026-11-23 16:00")]
#[case::start_in_lunch("2026-11-23 13:10", "120 minute", "2026-11-23 16:00")]
#[case::before_opening("2026-11-23 06:00", "30 minute", "2026-11-23 09:30")]
#[case::after_close("2026-11-23 19:00", "30 minute", "2026-11-24 09:30")]
#[case::over_night("2026-11-23 17:00", "2 hour", "2026-11-24 10:00")]
#[case::one_day_of_minutes("2026-11-23 10:00", "450 minute", "2026-11-24 10:00")]
#[case::one_day_of_minutes_ends_at_close("2026-11-23 09:00", "450 minute", "2026-11-23 18:00")]
#[case::over_the_weekend("2026-11-20 17:30", "1 hour", "2026-11-23 09:30")]
#[case::seconds("2026-11-23 12:29:30", "45 second", "2026-11-23 14:00:15")]
#[case::saturday_is_no_day("2026-11-21 10:00", "240 minute", "2026-11-23 14:30")]
#[case::makeup_saturday_is_worked("2026-10-10 10:00", "120 minute", "2026-10-10 12:00")]
#[case::national_day("2026-09-30 17:00", "2 hour", "2026-10-08 10:00")]
#[case::spring_festival("2026-02-14 17:00", "120 minute", "2026-02-24 10:00")]
#[case::workday_starts_tomorrow("2026-11-23 00:00", "1 workday", "2026-11-24 18:00")]
#[case::workday_from_the_evening("2026-11-23 23:59", "1 workday", "2026-11-24 18:00")]
#[case::workdays_from_a_sunday("2026-11-22 10:00", "1 workday", "2026-11-23 18:00")]
#[case::workdays_over_the_weekend("2026-11-19 10:00", "3 workday", "2026-11-24 18:00")]
#[case::workdays_count_a_makeup_sunday("2026-09-18 10:00", "1 workday", "2026-09-20 18:00")]
#[case::workdays_over_spring_festival("2026-02-13 10:00", "2 workday", "2026-02-24 18:00")]
#[case::the_last_computable_day("2026-12-17 23:59:59", "10 workday", "2026-12-31 18:00")]
#[case::the_last_working_minute("2026-12-31 17:59", "1 minute", "2026-12-31 18:00")]
#[case::clock_knows_no_night("2026-12-31 20:00", "24 clock hour", "2027-01-01 20:00")]
#[case::demo_fast("2026-11-21 03:00", "5 clock second", "2026-11-21 03:00:05")]
fn is_due(#[case] start: &str, #[case] text: &str, #[case] expected: &str) {
    let due = due(&calendar(), limit(text), at(start)).unwrap();
    assert_eq!(due.at, at(expected), "{}", due.at);
}

#[rstest]
#[case::the_first_day_too_late("2026-12-18 00:00", "10 workday", 2027)]
#[case::the_first_minute_too_late("2026-12-31 17:59", "2 minute", 2027)]
#[case::started_in_an_unpublished_year("2027-01-04 10:00", "1 workday", 2027)]
#[case::started_before_all_years("2023-12-31 10:00", "1 workday", 2023)]
fn awaits_a_calendar(#[case] start: &str, #[case] text: &str, #[case] year: i16) {
    let missing = Err(SlaError::CalendarUnpublished { year });
    assert_eq!(due(&calendar(), limit(text), at(start)), missing);
    let start_of_year = calendar().year_start(year).unwrap();
    assert_eq!(start_of_year, at(&format!("{year}-01-01 00:00")));
}

#[rstest]
#[case::clock("2026-11-23 10:00", "10 clock hour", 800, "2026-11-23 18:00")]
#[case::working_minutes("2026-11-23 10:00", "450 minute", 800, "2026-11-23 17:30")]
#[case::nothing_yet("2026-11-23 20:00", "450 minute", 0, "2026-11-23 20:00")]
// 450 minutes on Tuesday and 210 + 240 − 60 = 390 left of Monday: 0.8 of 840 is 672 = 390 + 282.
#[case::the_rest_of_the_first_day_counts("2026-11-23 10:00", "1 workday", 800, "2026-11-24 15:12")]
#[case::at_night_nothing_is_left_of_the_day("2026-11-23 22:00", "1 workday", 500, "2026-11-24 14:15")]
fn warns(#[case] start: &str, #[case] text: &str, #[case] per_mille: u16, #[case] expected: &str) {
    let fraction = PerMille::new(per_mille).unwrap();
    let warn_at = fraction_at(&calendar(), limit(text), at(start), fraction).unwrap();
    assert_eq!(warn_at, at(expected), "{warn_at}");
}

#[test]
fn a_due_time_unfolds_into_its_segments() {
    let due = due(&calendar(), limit("450 minute"), at("2026-11-20 11:30")).unwrap();
    let expected = [
        ("2026-11-20 11:30", "2026-11-20 12:30"),
        ("2026-11-20 14:00", "2026-11-20 18:00"),
        ("2026-11-23 09:00", "2026-11-23 11:30"),
    ];
    assert_eq!(due.segments, expected.map(|(from, to)| Segment { from: at(from), to: at(to) }));
}

#[test]
fn used_time_adds_recorded_intervals() {
    let interval = |from, to| Segment { from: at(from), to: at(to) };
    let intervals = [
        interval("2026-11-20 17:00", "2026-11-23 10:00"),
        interval("2026-11-23 13:00", "2026-11-23 14:30"),
        interval("2026-11-24 10:00", "2026-11-24 09:00"),
    ];
    let hours = |n| Ok(SignedDuration::from_mins(n));
    assert_eq!(used(ClockKind::Work, &calendar(), &intervals), hours(60 + 60 + 30));
    assert_eq!(used(ClockKind::Clock, &calendar(), &intervals), hours(65 * 60 + 90));
    let unpublished = worked_between(&calendar(), at("2026-12-31 10:00"), at("2027-01-01 00:00"));
    assert_eq!(unpublished, Err(SlaError::CalendarUnpublished { year: 2027 }));
    assert_eq!(worked_between(&calendar(), at("2026-12-31 10:00"), at("2026-12-31 23:59")), hours(390));
}
