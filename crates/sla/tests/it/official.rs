//! The days off and make-up workdays of 2024 to 2026, as published by the State Council.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use sla::{Calendar, CalendarSpec, DayKind, DaySpec, FrameSpec};

const HOLIDAYS: &str = "\
    2024-01-01 2024-02-10..2024-02-17 2024-04-04..2024-04-06 2024-05-01..2024-05-05 2024-06-10 \
    2024-09-15..2024-09-17 2024-10-01..2024-10-07 \
    2025-01-01 2025-01-28..2025-02-04 2025-04-04..2025-04-06 2025-05-01..2025-05-05 \
    2025-05-31..2025-06-02 2025-10-01..2025-10-08 \
    2026-01-01..2026-01-03 2026-02-15..2026-02-23 2026-04-04..2026-04-06 2026-05-01..2026-05-05 \
    2026-06-19..2026-06-21 2026-09-25..2026-09-27 2026-10-01..2026-10-07";

const MAKEUP_WORKDAYS: &str = "\
    2024-02-04 2024-02-18 2024-04-07 2024-04-28 2024-05-11 2024-09-14 2024-09-29 2024-10-12 \
    2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11 \
    2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10";

fn days(ranges: &str, kind: DayKind) -> Vec<DaySpec> {
    let range = |text: &str| {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let (first, last): (Date, Date) = (first.parse().unwrap(), last.parse().unwrap());
        first.series(jiff::Span::new().days(1)).take_while(move |day| *day <= last)
    };
    ranges.split_whitespace().flat_map(range).map(|date| DaySpec { date, kind }).collect()
}

pub fn frame(start: &str, end: &str) -> FrameSpec {
    FrameSpec { start: start.parse().unwrap(), end: end.parse().unwrap() }
}

pub fn spec() -> CalendarSpec {
    let mut listed = days(HOLIDAYS, DayKind::Holiday);
    listed.extend(days(MAKEUP_WORKDAYS, DayKind::MakeupWorkday));
    CalendarSpec {
        id: "cn-office".to_owned(),
        version: 1,
        zone: "Asia/Shanghai".to_owned(),
        frames: vec![frame("09:00", "12:30"), frame("14:00", "18:00")],
        years: vec![2024, 2025, 2026],
        days: listed,
    }
}

pub fn calendar() -> Calendar {
    Calendar::compile(spec()).unwrap()
}

/// `2026-12-17 10:00` or `2026-12-17 10:00:00` in the office's zone.
pub fn at(local: &str) -> Timestamp {
    let local: jiff::civil::DateTime = local.parse().unwrap();
    local.in_tz("Asia/Shanghai").unwrap().timestamp()
}

#[test]
fn lists_every_exceptional_day_once() {
    assert_eq!(days(HOLIDAYS, DayKind::Holiday).len(), 89);
    assert_eq!(days(MAKEUP_WORKDAYS, DayKind::MakeupWorkday).len(), 19);
}

#[test]
fn counts_the_published_working_days() {
    let calendar = calendar();
    for (year, expected) in [(2024, 251), (2025, 248), (2026, 248)] {
        let dates = date(year, 1, 1).series(jiff::Span::new().days(1)).take_while(|day| day.year() == year);
        let worked = dates.filter(|day| calendar.is_workday(*day).unwrap()).count();
        assert_eq!(worked, expected, "{year}");
    }
}

#[test]
fn is_written_and_read_alike() {
    let text = serde_json::to_string(&calendar()).unwrap();
    assert!(text.contains(r#"{"start":"09:00","end":"12:30"}"#), "{text}");
    assert_eq!(serde_json::from_str::<Calendar>(&text).unwrap(), calendar());
}
