//! Stop-watches: what can be done when, what they then say, and how they are written.

use jiff::SignedDuration;
use rstest::rstest;
use sla::{Calendar, CalendarSpec, PerMille, SlaError, StopWatch, WatchRefusal, WatchState};

use crate::official::{at, calendar, frame, spec};
use crate::table::limit;

fn started(text: &str, start: &str) -> StopWatch {
    StopWatch::start(limit(text), &calendar(), at(start))
}

/// `pause 2026-11-23 11:00; resume 2026-11-23 15:00`.
fn act(watch: &mut StopWatch, acts: &str) -> Result<(), WatchRefusal> {
    for act in acts.split("; ").filter(|act| !act.is_empty()) {
        let (verb, rest) = act.split_once(' ').unwrap();
        match verb {
            "pause" => watch.pause(at(rest))?,
            "resume" => watch.resume(at(rest))?,
            "close" => watch.close(at(rest))?,
            "reopen" => watch.reopen(at(rest))?,
            "extend" => watch.extend(limit(rest), watch.since())?,
            other => panic!("unknown act {other}"),
        }
    }
    Ok(())
}

#[rstest]
#[case::untouched("450 minute", "2026-11-23 10:00", "", Some("2026-11-24 10:00"))]
#[case::paused("450 minute", "2026-11-23 10:00", "pause 2026-11-23 11:00", None)]
#[case::closed("450 minute", "2026-11-23 10:00", "close 2026-11-23 11:00", None)]
// Held from 11:00 to 15:00 are 90 + 60 working minutes, not four hours.
#[case::business_time_is_held(
    "450 minute",
    "2026-11-23 10:00",
    "pause 2026-11-23 11:00; resume 2026-11-23 15:00",
    Some("2026-11-24 12:30")
)]
#[case::a_night_holds_nothing(
    "450 minute",
    "2026-11-23 10:00",
    "pause 2026-11-23 18:00; resume 2026-11-24 09:00",
    Some("2026-11-24 10:00")
)]
#[case::on_the_clock_a_night_counts(
    "24 clock hour",
    "2026-11-23 10:00",
    "pause 2026-11-23 18:00; resume 2026-11-24 09:00",
    Some("2026-11-25 01:00")
)]
#[case::over_the_weekend(
    "2 workday",
    "2026-11-19 10:00",
    "pause 2026-11-20 17:00; resume 2026-11-23 10:00",
    Some("2026-11-24 11:00")
)]
#[case::closed_and_reopened(
    "2 hour",
    "2026-11-23 10:00",
    "close 2026-11-23 11:00; reopen 2026-11-26 09:30",
    Some("2026-11-26 10:30")
)]
#[case::closed_while_paused(
    "2 hour",
    "2026-11-23 10:00",
    "pause 2026-11-23 11:00; close 2026-11-24 11:00; reopen 2026-11-26 09:30",
    Some("2026-11-26 10:30")
)]
#[case::days_longer("1 workday", "2026-11-19 10:00", "extend 2 workday", Some("2026-11-24 18:00"))]
#[case::days_and_then_hours("1 workday", "2026-11-19 10:00", "extend 2 hour", Some("2026-11-23 11:00"))]
#[case::minutes_and_a_day("450 minute", "2026-11-23 10:00", "extend 1 workday", Some("2026-11-25 18:00"))]
#[case::extended_while_paused(
    "1 hour",
    "2026-11-23 10:00",
    "pause 2026-11-23 10:30; extend 1 hour; resume 2026-11-23 14:00",
    Some("2026-11-23 15:30")
)]
// Overdue by the resume: the due time is where the allowance was used up.
#[case::used_up_before_the_pause(
    "1 hour",
    "2026-11-23 10:00",
    "pause 2026-11-23 11:30; resume 2026-11-24 10:00",
    Some("2026-11-23 11:00")
)]
fn is_due(#[case] text: &str, #[case] start: &str, #[case] acts: &str, #[case] expected: Option<&str>) {
    let mut watch = started(text, start);
    act(&mut watch, acts).unwrap();
    assert_eq!(watch.due(&calendar()), Ok(expected.map(at)));
    assert_eq!(watch.started_at(), at(start));
}

#[rstest]
#[case("resume 2026-11-23 10:00", WatchRefusal::NotPaused)]
#[case("reopen 2026-11-23 10:00", WatchRefusal::NotClosed)]
#[case("pause 2026-11-23 09:59", WatchRefusal::Backwards)]
#[case("pause 2026-11-23 11:00; pause 2026-11-23 12:00", WatchRefusal::NotRunning)]
#[case("pause 2026-11-23 11:00; reopen 2026-11-23 12:00", WatchRefusal::NotClosed)]
#[case("close 2026-11-23 11:00; close 2026-11-23 12:00", WatchRefusal::Closed)]
#[case("close 2026-11-23 11:00; resume 2026-11-23 12:00", WatchRefusal::NotPaused)]
#[case("close 2026-11-23 11:00; pause 2026-11-23 12:00", WatchRefusal::NotRunning)]
#[case("extend 2 clock hour", WatchRefusal::OtherClock)]
#[case("extend 3660 workday", WatchRefusal::TooLong)]
fn refuses_and_stays_as_it_was(#[case] acts: &str, #[case] why: WatchRefusal) {
    let mut watch = started("1 workday", "2026-11-23 10:00");
    let (rest, last) = acts.rsplit_once("; ").unwrap_or(("", acts));
    act(&mut watch, rest).unwrap();
    let before = watch.clone();
    assert_eq!(act(&mut watch, last), Err(why));
    assert_eq!(watch, before);
}

#[test]
fn says_what_was_used_held_and_left_at_any_moment() {
    let mut watch = started("450 minute", "2026-11-23 10:00");
    act(&mut watch, "pause 2026-11-23 11:00; resume 2026-11-23 15:00").unwrap();
    let says = |now: &str| {
        let minutes = |time: Result<SignedDuration, SlaError>| time.unwrap().as_mins();
        let now = at(now);
        let calendar = calendar();
        let [used, held] = [watch.used(&calendar, now), watch.held(&calendar, now)].map(minutes);
        (used, held, minutes(watch.remaining(&calendar, now)))
    };
    assert_eq!(says("2026-11-23 09:00"), (0, 0, 450));
    assert_eq!(says("2026-11-23 10:40"), (40, 0, 410));
    assert_eq!(says("2026-11-23 14:30"), (60, 120, 390));
    assert_eq!(says("2026-11-23 16:00"), (120, 150, 330));
    assert_eq!(says("2026-11-24 14:00"), (450, 150, 0));
    assert_eq!(says("2026-11-24 15:00"), (510, 150, -60));
}

#[test]
fn warns_by_what_is_used() {
    let mut watch = started("100 minute", "2026-11-23 10:00");
    let warn =
        |watch: &StopWatch, part| watch.fraction_at(&calendar(), PerMille::new(part).unwrap()).unwrap();
    assert_eq!(warn(&watch, 800), Some(at("2026-11-23 11:20")));
    act(&mut watch, "pause 2026-11-23 11:00").unwrap();
    assert_eq!(warn(&watch, 500), Some(at("2026-11-23 10:50")));
    assert_eq!(warn(&watch, 800), None);
    act(&mut watch, "resume 2026-11-23 14:30").unwrap();
    assert_eq!(warn(&watch, 800), Some(at("2026-11-23 14:50")));
}

#[test]
fn a_pause_in_an_unpublished_year_is_recorded_and_counted_once_it_is_published() {
    let mut watch = started("450 minute", "2026-12-31 16:00");
    act(&mut watch, "pause 2027-01-04 10:00; resume 2027-01-05 10:00").unwrap();
    let missing = SlaError::CalendarUnpublished { year: 2027 };
    assert_eq!(watch.due(&calendar()), Err(missing));
    assert_eq!(watch.used(&calendar(), at("2026-12-31 17:00")), Ok(SignedDuration::from_mins(60)));
    let mut spec = spec();
    (spec.version, spec.years) = (2, vec![2024, 2025, 2026, 2027]);
    let published = Calendar::compile(spec).unwrap();
    // 120 minutes on 31 December, a Friday off in this made-up year, 60 on Monday 4 January, 270 from Tuesday 10:00.
    assert_eq!(watch.used(&published, at("2027-01-04 12:00")), Ok(SignedDuration::from_mins(120 + 450 + 60)));
    assert!(!watch.counts_on(&published));
    watch.adopt(&published);
    assert!(watch.counts_on(&published));
}

#[test]
fn what_is_settled_no_publication_changes() {
    let mut watch = started("450 minute", "2026-11-23 10:00");
    let hours = |from, to| CalendarSpec { version: 2, frames: vec![frame(from, to)], ..spec() };
    let short = Calendar::compile(hours("10:00", "12:00")).unwrap();
    watch.settle(&calendar(), at("2026-11-23 15:00")).unwrap();
    watch.adopt(&short);
    // 150 and 60 minutes of the old day; the rest of it and 120 a day on the new calendar.
    assert_eq!(watch.used(&short, at("2026-11-23 18:00")), Ok(SignedDuration::from_mins(210)));
    assert_eq!(watch.due(&short), Ok(Some(at("2026-11-25 12:00"))));
    let before = watch.clone();
    watch.settle(&short, at("2026-11-23 15:00")).unwrap();
    assert_eq!(watch, before);
    assert_eq!(
        watch.settle(&short, at("2027-01-04 10:00")),
        Err(SlaError::CalendarUnpublished { year: 2027 })
    );
    assert_eq!(watch, before);
}

#[test]
fn another_calendar_is_a_mistake_and_another_version_is_not() {
    let watch = started("450 minute", "2026-11-23 10:00");
    let other = Calendar::compile(CalendarSpec { id: "street".to_owned(), ..spec() }).unwrap();
    assert_eq!(watch.due(&other), Err(SlaError::OtherCalendar));
    assert_eq!(watch.used(&other, at("2026-11-23 11:00")), Err(SlaError::OtherCalendar));
    let newer = Calendar::compile(CalendarSpec { version: 7, ..spec() }).unwrap();
    assert_eq!(watch.due(&newer), Ok(Some(at("2026-11-24 10:00"))));
    let around_the_clock = StopWatch::start(limit("2 clock hour"), &calendar(), at("2026-11-23 10:00"));
    assert_eq!(around_the_clock.calendar(), None);
    assert_eq!(around_the_clock.due(&other), Ok(Some(at("2026-11-23 12:00"))));
}

#[test]
fn the_limit_changes_and_what_was_used_stays() {
    let mut watch = started("450 minute", "2026-11-23 10:00");
    act(&mut watch, "pause 2026-11-23 11:00").unwrap();
    watch.change_limit(limit("2 clock hour"), &calendar()).unwrap();
    assert_eq!((watch.state(), watch.calendar()), (WatchState::Paused, None));
    act(&mut watch, "resume 2026-11-23 20:00").unwrap();
    assert_eq!(watch.due(&calendar()), Ok(Some(at("2026-11-23 21:00"))));
    watch.extend(limit("1 clock hour"), at("2026-11-23 20:30")).unwrap();
    assert_eq!(watch.change_limit(limit("2 hour"), &calendar()), Err(WatchRefusal::OtherClock));
}

/// The written form of what is stored beside orders; a change here is a change of stored data.
#[test]
fn is_written_and_read_alike() {
    let mut watch = started("10 workday", "2026-11-23 10:00");
    act(&mut watch, "extend 3 workday; pause 2026-11-23 11:00; close 2026-11-23 15:00").unwrap();
    watch.settle(&calendar(), at("2026-11-23 11:00")).unwrap();
    let text = serde_json::to_string(&watch).unwrap();
    let expected = r#"{"limit":{"clock":"work","amount":10,"unit":"workday"},
        "extensions":[{"limit":{"clock":"work","amount":3,"unit":"workday"},"at":"2026-11-23T02:00:00Z"}],
        "calendar":{"id":"cn-office","version":1,"zone":"Asia/Shanghai"},
        "marks":[{"at":"2026-11-23T02:00:00Z","state":"running","worked_us":3600000000},
                 {"at":"2026-11-23T03:00:00Z","state":"paused"},{"at":"2026-11-23T07:00:00Z","state":"closed"}]}"#;
    assert_eq!(text, expected.split('\n').map(str::trim_start).collect::<String>());
    assert_eq!(serde_json::from_str::<StopWatch>(&text).unwrap(), watch);
    let around_the_clock = StopWatch::start(limit("5 clock second"), &calendar(), at("2026-11-23 10:00"));
    let text = serde_json::to_string(&around_the_clock).unwrap();
    assert_eq!(serde_json::from_str::<StopWatch>(&text).unwrap(), around_the_clock);
}

#[rstest]
#[case::nothing_marked(r#""marks":[{"at":"2026-11-23T02:00:00Z","state":"running"}]"#, r#""marks":[]"#)]
#[case::starts_paused("running", "paused")]
#[case::unknown_field(r#""marks""#, r#""started":true,"marks""#)]
#[case::no_calendar(r#""calendar":{"id":"cn-office","version":1,"zone":"Asia/Shanghai"},"#, "")]
#[case::calendar_on_the_clock(
    r#""clock":"work","amount":120,"unit":"minute""#,
    r#""clock":"clock","amount":120,"unit":"minute""#
)]
#[case::backwards(
    r#""state":"running"}"#,
    r#""state":"running"},{"at":"2026-11-22T02:00:00Z","state":"paused"}"#
)]
#[case::other_clock(
    r#""calendar""#,
    r#""extensions":[{"limit":{"clock":"clock","amount":1,"unit":"hour"},"at":"2026-11-23T02:00:00Z"}],"calendar""#
)]
fn is_not_read(#[case] good: &str, #[case] bad: &str) {
    let text = serde_json::to_string(&started("120 minute", "2026-11-23 10:00")).unwrap();
    assert!(text.contains(good), "{text}");
    assert!(serde_json::from_str::<StopWatch>(&text.replacen(good, bad, 1)).is_err());
}

#[test]
fn marks_and_extensions_are_bounded() {
    let mut watch = started("1 hour", "2026-11-23 10:00");
    let now = watch.since();
    for _ in 0..sla::MARKS_MAX / 2 {
        watch.pause(now).unwrap();
        let _bounded = watch.resume(now);
    }
    assert_eq!(watch.resume(now), Err(WatchRefusal::TooMany));
    assert_eq!(watch.intervals().count(), sla::MARKS_MAX);
    for _ in 0..sla::MARKS_MAX {
        watch.extend(limit("1 second"), now).unwrap();
    }
    assert_eq!(watch.extend(limit("1 second"), now), Err(WatchRefusal::TooMany));
}
