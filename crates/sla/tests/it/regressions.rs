//! What other trackers got wrong about calendars and clocks, one test each, by name. What orders, chains and rotas got wrong
//! stands with these.

use jiff::civil::Weekday;
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use sla::{
    Calendar, CalendarSpec, ClockKind, DayKind, PerMille, Segment, StopWatch, Unit, WatchState, WeekdayName,
    WeekdaySpec, due, fraction_at, used, worked_between,
};

use crate::official::{at, calendar, frame, spec};
use crate::table::limit;
use crate::week::{all_day_and_night, every_day, tuesday_and_thursday, until_two};

fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

fn watch(calendar: &Calendar, text: &str, start: &str) -> StopWatch {
    StopWatch::start(limit(text), calendar, at(start))
}

/// Frames until 23:59 lost a minute each night.
#[test]
fn a_24_7_calendar_loses_no_minute_at_midnight() {
    let always = all_day_and_night();
    let halves = every_day(vec![frame("00:00", "12:00"), frame("12:00", "00:00")]);
    let from_eight = every_day(vec![frame("08:00", "08:00")]);
    for calendar in [always, halves, from_eight] {
        let worked = |from, to| worked_between(&calendar, at(from), at(to)).unwrap();
        assert_eq!(worked("2026-01-02 00:00", "2026-12-31 00:00"), hours(24 * 363));
        assert_eq!(worked("2026-11-23 23:59", "2026-11-24 00:01"), SignedDuration::from_mins(2));
        let due = due(&calendar, limit("72 hour"), at("2026-02-27 15:42")).unwrap().at;
        assert_eq!(due, at("2026-03-02 15:42"));
    }
}

/// “An hour before due” was counted back around the clock, so it fell into the night or before the creation.
#[rstest]
#[case::created_late("2026-11-23 17:30", "2026-11-24 10:30", "2026-11-24 09:30")]
#[case::over_lunch("2026-11-23 11:00", "2026-11-23 14:30", "2026-11-23 12:00")]
#[case::created_in_lunch("2026-11-23 13:00", "2026-11-23 16:00", "2026-11-23 15:00")]
#[case::created_on_friday_night("2026-11-20 23:00", "2026-11-23 11:00", "2026-11-23 10:00")]
fn a_threshold_an_hour_before_due_with_segmented_hours_falls_on_the_next_morning(
    #[case] created: &str,
    #[case] due_at: &str,
    #[case] threshold: &str,
) {
    let (calendar, two_hours, half) = (calendar(), limit("2 hour"), PerMille::new(500).unwrap());
    assert_eq!(due(&calendar, two_hours, at(created)).unwrap().at, at(due_at));
    assert_eq!(fraction_at(&calendar, two_hours, at(created), half), Ok(at(threshold)));
    assert_eq!(worked_between(&calendar, at(threshold), at(due_at)), Ok(hours(1)));
}

/// Created outside the custom hours, everything was breached at once.
#[test]
fn a_custom_calendar_does_not_escalate_at_creation() {
    for calendar in [tuesday_and_thursday(), until_two(), one_day_a_week()] {
        // A Saturday, a night, a holiday, and the end of a week's last frame.
        for created in ["2026-11-21 10:00", "2026-11-24 03:30", "2026-10-03 12:00", "2026-11-26 21:00"] {
            let watch = watch(&calendar, "30 minute", created);
            let due_at = watch.due(&calendar).unwrap().unwrap();
            assert!(due_at >= at(created) + SignedDuration::from_mins(30), "{created}: {due_at}");
            for part in [1, 500, 800] {
                let warn_at = watch.fraction_at(&calendar, PerMille::new(part).unwrap()).unwrap().unwrap();
                assert!(at(created) < warn_at && warn_at < due_at, "{created}: {warn_at}");
            }
            assert_eq!(watch.used(&calendar, at(created)), Ok(SignedDuration::ZERO));
        }
    }
}

fn one_day_a_week() -> Calendar {
    let week = vec![WeekdaySpec { day: WeekdayName::Wed, frames: vec![frame("13:00", "15:00")] }];
    let mut spec = spec();
    // Not open on made-up working days.
    spec.days.retain(|day| day.kind == DayKind::Holiday);
    Calendar::compile_with(spec, week, Default::default()).unwrap()
}

/// Searches for the next frame gave up after a few days, or ran for ever.
#[rstest]
#[case::this_week("2026-11-23 10:00", "1 hour", "2026-11-25 14:00")]
#[case::three_weeks("2026-11-25 13:30", "5 hour", "2026-12-09 14:30")]
#[case::a_holiday_week_is_passed_over("2026-09-30 14:30", "1 hour", "2026-10-14 13:30")]
#[case::ten_days_are_ten_weeks("2026-09-23 10:00", "10 workday", "2026-12-09 15:00")]
fn a_calendar_of_one_day_a_week_reaches_its_next_frame(
    #[case] start: &str,
    #[case] text: &str,
    #[case] expected: &str,
) {
    assert_eq!(due(&one_day_a_week(), limit(text), at(start)).unwrap().at, at(expected));
}

#[test]
fn a_calendar_of_two_days_a_week_counts_both_and_nothing_else() {
    let calendar = tuesday_and_thursday();
    let worked = worked_between(&calendar, at("2026-11-02 00:00"), at("2026-11-30 00:00")).unwrap();
    assert_eq!(worked, SignedDuration::from_mins(4 * (450 + 180)));
    let due = due(&calendar, limit("450 minute"), at("2026-11-24 14:00")).unwrap();
    // 240 on Tuesday, 180 on Thursday evening, 30 on the next Tuesday.
    assert_eq!(due.at, at("2026-12-01 09:30"));
}

/// A changed policy started the clock of what was paused.
#[test]
fn a_policy_changed_during_a_pause_keeps_the_pause() {
    let calendar = calendar();
    let mut watch = watch(&calendar, "4 hour", "2026-11-23 09:00");
    watch.pause(at("2026-11-23 10:00")).unwrap();
    watch.change_limit(limit("2 hour"), &calendar).unwrap();
    assert_eq!(watch.state(), WatchState::Paused);
    assert_eq!(watch.due(&calendar), Ok(None));
    assert_eq!(watch.used(&calendar, at("2026-11-25 18:00")), Ok(hours(1)));
    watch.resume(at("2026-11-26 09:00")).unwrap();
    assert_eq!(watch.due(&calendar), Ok(Some(at("2026-11-26 10:00"))));
}

/// A case reopened after a month was overdue by a month.
#[test]
fn time_while_closed_is_not_charged_on_reopen() {
    let calendar = calendar();
    for text in ["4 hour", "4 clock hour"] {
        let mut watch = watch(&calendar, text, "2026-10-23 10:00");
        watch.close(at("2026-10-23 12:00")).unwrap();
        watch.reopen(at("2026-11-23 09:00")).unwrap();
        assert_eq!(watch.used(&calendar, at("2026-11-23 09:00")), Ok(hours(2)), "{text}");
        assert_eq!(watch.due(&calendar), Ok(Some(at("2026-11-23 11:00"))), "{text}");
    }
}

/// Held time was added to the creation time: a hold over a night moved the due time into the night.
#[test]
fn held_time_is_added_to_business_time_not_to_creation_time() {
    let calendar = calendar();
    let mut watch = watch(&calendar, "4 hour", "2026-11-23 16:00");
    watch.pause(at("2026-11-23 17:00")).unwrap();
    watch.resume(at("2026-11-24 10:00")).unwrap();
    // Two business hours were held, not seventeen; the start is where it was.
    assert_eq!(watch.held(&calendar, at("2026-11-24 10:00")), Ok(hours(2)));
    assert_eq!(watch.due(&calendar), Ok(Some(at("2026-11-24 14:30"))));
    assert_eq!(watch.started_at(), at("2026-11-23 16:00"));
    // A hold that lies outside the hours moves nothing.
    let mut night = StopWatch::start(limit("4 hour"), &calendar, at("2026-11-23 16:00"));
    night.pause(at("2026-11-23 18:00")).unwrap();
    night.resume(at("2026-11-24 09:00")).unwrap();
    assert_eq!(night.due(&calendar), Ok(Some(at("2026-11-24 11:00"))));
}

/// Reminders went out at three in the morning.
#[test]
fn reminders_respect_working_hours() {
    let minute = SignedDuration::from_mins(1);
    for calendar in [calendar(), tuesday_and_thursday(), until_two()] {
        for start in ["2026-11-20 17:59", "2026-11-21 04:00", "2026-10-02 09:00"].map(at) {
            for part in (10..1_000).step_by(10) {
                let part = PerMille::new(part).unwrap();
                let warn_at = fraction_at(&calendar, limit("1500 minute"), start, part).unwrap();
                let before = worked_between(&calendar, warn_at - minute, warn_at).unwrap();
                assert!(before > SignedDuration::ZERO, "{part:?} of a limit from {start} at {warn_at}");
            }
        }
    }
}

/// “On working days” meant Monday to Friday, whatever the official table said.
#[rstest]
#[case::an_ordinary_monday("2026-11-23", Weekday::Monday, None, true)]
#[case::an_ordinary_saturday("2026-11-21", Weekday::Saturday, None, false)]
#[case::a_holiday_on_a_thursday("2026-10-01", Weekday::Thursday, Some(DayKind::Holiday), false)]
#[case::a_made_up_sunday("2026-09-20", Weekday::Sunday, Some(DayKind::MakeupWorkday), true)]
#[case::a_made_up_saturday("2026-10-10", Weekday::Saturday, Some(DayKind::MakeupWorkday), true)]
fn weekday_and_working_day_are_two_conditions(
    #[case] date: &str,
    #[case] weekday: Weekday,
    #[case] exception: Option<DayKind>,
    #[case] worked: bool,
) {
    let date: jiff::civil::Date = date.parse().unwrap();
    assert_eq!(date.weekday(), weekday);
    assert_eq!(calendar().exception(date), exception);
    assert_eq!(calendar().is_workday(date), Ok(worked));
}

/// Two targets of one order share nothing: the shorter is over and the longer goes on.
#[test]
fn the_shorter_of_two_targets_does_not_hide_the_other() {
    let calendar = calendar();
    let mut targets = ["1 hour", "10 workday"].map(|text| watch(&calendar, text, "2026-11-23 10:00"));
    let later = targets[1].due(&calendar).unwrap();
    targets[0].close(at("2026-11-23 10:30")).unwrap();
    assert_eq!(targets.map(|watch| watch.due(&calendar).unwrap()), [None, later]);
    assert_eq!(later, Some(at("2026-12-07 18:00")));
}

/// Days that are an hour longer or shorter shifted every due time behind them.
#[test]
fn a_day_of_23_or_25_hours_is_counted_as_long_as_it_is() {
    let compile = |spec: CalendarSpec| {
        use WeekdayName::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
        let week = [Mon, Tue, Wed, Thu, Fri, Sat, Sun].map(|day| WeekdaySpec { day, frames: Vec::new() });
        Calendar::compile_with(spec, week.to_vec(), Default::default()).unwrap()
    };
    let zone = "America/New_York".to_owned();
    let frames = vec![frame("00:00", "00:00")];
    let calendar = compile(CalendarSpec { zone, frames, days: Vec::new(), ..spec() });
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    let days = [
        ("2026-03-08T00:00:00-05:00", "2026-03-09T00:00:00-04:00", 23),
        ("2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00", 25),
        ("2026-06-01T00:00:00-04:00", "2026-06-02T00:00:00-04:00", 24),
    ];
    for (from, to, long) in days {
        let day = Segment { from: instant(from), to: instant(to) };
        assert_eq!(used(ClockKind::Work, &calendar, &[day]), Ok(hours(long)));
        let all_day = sla::Limit::new(ClockKind::Work, u32::try_from(long).unwrap(), Unit::Hour).unwrap();
        assert_eq!(due(&calendar, all_day, day.from).unwrap().at, day.to);
    }
}
