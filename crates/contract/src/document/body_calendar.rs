//! Working calendars of bodies that keep hours of their own: the district's with other hours, weekdays and days. Pure.
//!
//! A bus company runs on Sundays and a utility's night desk through midnight; a limit of working time of theirs counts
//! on their hours. Zone and published years are the district's, so that an unpublished year stays unpublished for everybody (D31).
//! The version says both what it stands on and its own, as of a street's own calendar ([`super::own_calendar`]).

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::manifest::BodyCalendarForm;
use super::own_calendar;
use super::policy::{CalendarSpec, DayException, DayKind, Frame, WeekDay};

/// The calendar of this id on the district's.
pub(super) fn of(id: &str, form: BodyCalendarForm, base: &CalendarSpec) -> CalendarSpec {
    let BodyCalendarForm { version, frames, weekdays, works_on_holidays, days } = form;
    // What moves a weekend into the week is nothing to who works by weekdays of its own.
    let theirs = |day: &&DayException| match day.kind {
        DayKind::Holiday => !works_on_holidays,
        DayKind::MakeupWorkday => weekdays.is_empty(),
    };
    let own = days.into_iter().map(DayException::from);
    let days = base.days.iter().filter(theirs).cloned().chain(own).map(|day| (day.date, day));
    CalendarSpec {
        id: id.to_owned(),
        version: own_calendar::version(base.version, version),
        zone: base.zone.clone(),
        frames: match frames.is_empty() {
            true => base.frames.clone(),
            false => frames.into_iter().map(Frame::from).collect(),
        },
        week: weekdays.iter().map(|day| WeekDay { day: *day }).collect(),
        years: base.years.clone(),
        days: days.collect::<BTreeMap<Date, DayException>>().into_values().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::policy::DayOfWeek;
    use super::*;

    fn frame(start: &str, end: &str) -> Frame {
        Frame { start: start.to_owned(), end: end.to_owned() }
    }

    fn base() -> CalendarSpec {
        let day = |date: &str, kind| DayException { date: date.parse().unwrap(), kind };
        CalendarSpec {
            id: "cn".to_owned(),
            version: 3,
            zone: "Asia/Shanghai".to_owned(),
            frames: vec![frame("09:00", "17:00")],
            week: vec![],
            years: vec![2026],
            days: vec![day("2026-10-01", DayKind::Holiday), day("2026-10-10", DayKind::MakeupWorkday)],
        }
    }

    fn form(text: &str) -> BodyCalendarForm {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_day_of_the_week_through_the_holidays() {
        let every_day = r#"["mon", "tue", "wed", "thu", "fri", "sat", "sun"]"#;
        let bus = form(&format!(
            r#"{{ "version": 2, "weekdays": {every_day}, "works_on_holidays": true,
                 "frames": [{{ "start": "05:30", "end": "23:30" }}] }}"#
        ));
        let bus = of("bus", bus, &base());
        assert_eq!(
            (bus.id.as_str(), bus.version, bus.frames.clone()),
            ("bus", 20_003, vec![frame("05:30", "23:30")])
        );
        assert!(bus.days.is_empty() && bus.week.len() == 7);
        for date in ["2026-10-01", "2026-11-29"] {
            assert_eq!(bus.worked(date.parse().unwrap()), Some(true), "{date}");
        }
        assert_eq!(
            bus.worked("2027-01-04".parse().unwrap()),
            None,
            "no more is published than the district has"
        );
    }

    #[test]
    fn what_is_not_said_is_the_districts() {
        let same = of("same", form(r#"{ "version": 1 }"#), &base());
        assert_eq!(same, CalendarSpec { id: "same".to_owned(), version: 10_003, ..base() });
        let weekend = of("weekend", form(r#"{ "version": 1, "weekdays": ["sat", "sun"] }"#), &base());
        assert_eq!(weekend.week, [WeekDay { day: DayOfWeek::Sat }, WeekDay { day: DayOfWeek::Sun }]);
        let worked = |date: &str| weekend.worked(date.parse().unwrap());
        assert_eq!(
            (worked("2026-11-28"), worked("2026-11-27"), worked("2026-10-01")),
            (Some(true), Some(false), Some(false))
        );
    }
}
