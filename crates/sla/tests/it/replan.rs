//! What a new publication does to clocks that run.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use proptest::prelude::*;
use sla::{
    Calendar, CalendarSpec, Change, DayKind, DayName, DaySpec, Effect, Outlook, Replan, StopWatch, replan,
};

use crate::laws::{calendars, limits, starts};
use crate::official::{at, calendar, frame, spec};
use crate::table::limit;

/// The next publication: Monday 7 December off by name, Saturday 5 December worked.
fn next() -> Calendar {
    let mut spec = CalendarSpec { version: 2, ..spec() };
    let (monday, saturday) = ("2026-12-07".parse().unwrap(), "2026-12-05".parse().unwrap());
    spec.days.push(DaySpec { date: monday, kind: DayKind::Holiday });
    spec.days.push(DaySpec { date: saturday, kind: DayKind::MakeupWorkday });
    let name = DayName { zh: "校庆".to_owned(), en: "jubilee".to_owned() };
    Calendar::compile_with(spec, Vec::new(), BTreeMap::from([(monday, name)])).unwrap()
}

fn effect(new: &Calendar, from: &str, text: &str, start: &str) -> Option<Effect> {
    let watch = StopWatch::start(limit(text), &calendar(), at(start));
    Replan::new(&calendar(), new, at(from)).unwrap().effect(&watch).unwrap()
}

#[test]
fn tells_the_due_time_before_and_after_and_why() {
    let of = |text, start| effect(&next(), "2026-11-25 09:00", text, start);
    // Due on the Friday before: neither matters.
    assert_eq!(of("9 workday", "2026-11-23 10:00"), None);
    let saturday = of("10 workday", "2026-11-23 10:00").unwrap();
    assert_eq!(saturday.before, Outlook::Due(at("2026-12-07 18:00")));
    assert_eq!(saturday.after, Outlook::Due(at("2026-12-05 18:00")));
    let why: Vec<_> = saturday.why.iter().map(|change| (change.text_zh(), change.text_en())).collect();
    let told = |zh: &str, en: &str| (zh.to_owned(), en.to_owned());
    assert_eq!(
        why,
        [
            told("2026-12-05 改为上班", "2026-12-05 is worked now"),
            told("2026-12-07 改为休息（校庆）", "2026-12-07 is off now (jubilee)")
        ]
    );
    // One more and one less on the way.
    assert_eq!(of("11 workday", "2026-11-23 10:00"), None);
    assert_eq!(of("24 clock hour", "2026-12-06 10:00"), None);
}

/// Hours change for all dates; what was used by the old hours stays used.
#[test]
fn what_was_used_stays_used() {
    let hours = vec![frame("10:00", "12:00")];
    let short = Calendar::compile(CalendarSpec { version: 2, frames: hours, ..spec() }).unwrap();
    let moved = effect(&short, "2026-11-23 15:00", "450 minute", "2026-11-23 10:00").unwrap();
    assert_eq!(moved.before, Outlook::Due(at("2026-11-24 10:00")));
    assert_eq!(moved.after, Outlook::Due(at("2026-11-25 12:00")));
    assert_eq!(moved.why, [Change::Hours("2026-11-23".parse().unwrap())]);
    // A limit of days is over at the close of its last day by the hours of that day.
    let days = effect(&short, "2026-11-23 15:00", "3 workday", "2026-11-23 10:00").unwrap();
    assert_eq!(days.after, Outlook::Due(at("2026-11-26 12:00")));
}

#[test]
fn an_awaited_year_is_published() {
    let mut spec = CalendarSpec { version: 2, ..spec() };
    spec.years.push(2027);
    spec.days.push(DaySpec { date: "2027-01-01".parse().unwrap(), kind: DayKind::Holiday });
    let new = Calendar::compile(spec).unwrap();
    let filled = effect(&new, "2026-12-20 09:00", "10 workday", "2026-12-18 10:00").unwrap();
    assert_eq!(filled.before, Outlook::AwaitingCalendar(2027));
    assert_eq!(filled.after, Outlook::Due(at("2027-01-04 18:00")));
    assert_eq!(filled.why, [Change::Published(2027)]);
    assert_eq!(filled.why[0].text_zh(), "发布2027年日历");
    let old = calendar();
    let back = Replan::new(&new, &old, at("2026-12-20 09:00")).unwrap();
    assert_eq!(back.changes(), [Change::Withdrawn(2027)]);
}

#[test]
fn what_is_on_hold_has_more_or_less_left() {
    let mut watch = StopWatch::start(limit("10 workday"), &calendar(), at("2026-11-23 10:00"));
    watch.pause(at("2026-11-23 11:00")).unwrap();
    // Ten days and the afternoon of the 23rd, with a Saturday for the Monday.
    let from = at("2026-11-25 09:00");
    assert_eq!(replan(&calendar(), &next(), from, [("held", &watch)]).unwrap(), []);
    let hours = vec![frame("10:00", "12:00")];
    let short = Calendar::compile(CalendarSpec { version: 2, frames: hours, ..spec() }).unwrap();
    let effects = replan(&calendar(), &short, from, [("held", &watch)]).unwrap();
    let [("held", effect)] = effects.as_slice() else { panic!("one effect, not {effects:?}") };
    assert_eq!((effect.before, effect.after), (Outlook::OnHold, Outlook::OnHold));
    // Nine of its days are to come; each is worth 120 minutes, not 450.
    assert_eq!(effect.left_more_us, -9 * (450 - 120) * 60_000_000);
    watch.close(at("2026-11-25 09:00")).unwrap();
    let elsewhere = StopWatch::start(limit("10 workday"), &crate::week::all_day_and_night(), watch.since());
    let other = Calendar::compile(CalendarSpec { id: "other".to_owned(), ..spec() }).unwrap();
    assert_eq!(replan(&other, &other, from, [(1, &watch), (2, &elsewhere)]).unwrap(), []);
}

/// Another publication of any calendar: a few days turned round, other hours.
fn another(calendar: &Calendar, turned: &[u16], hours: bool) -> Calendar {
    let spec = CalendarSpec::from(calendar.clone());
    let mut days: BTreeMap<_, _> = spec.days.iter().map(|day| (day.date, day.kind)).collect();
    for day in turned {
        let date = jiff::civil::date(2024, 1, 3) + jiff::Span::new().days(i64::from(*day));
        let worked = calendar.is_workday(date).unwrap();
        days.insert(date, if worked { DayKind::Holiday } else { DayKind::MakeupWorkday });
    }
    let days = days.into_iter().map(|(date, kind)| DaySpec { date, kind }).collect();
    let frames =
        if hours { vec![frame("08:00", "11:00"), frame("13:15", "16:45")] } else { spec.frames.clone() };
    Calendar::compile(CalendarSpec { version: spec.version + 1, days, frames, ..spec }).unwrap()
}

proptest! {
    #[test]
    fn the_same_calendar_again_changes_nothing(
        calendar in calendars(), limit in limits(), start in starts(), after in 0i64..3_000_000, held: bool,
    ) {
        let mut watch = StopWatch::start(limit, &calendar, start);
        let from = watch.since() + SignedDuration::from_secs(after);
        if held {
            watch.pause(watch.since() + SignedDuration::from_secs(after / 2)).unwrap();
        }
        let effects = replan(&calendar, &calendar, from, [((), &watch)]).unwrap();
        prop_assert_eq!(effects, vec![]);
    }

    #[test]
    fn moving_does_what_was_told_and_changes_nothing_that_was_used(
        limit in limits(), start in starts(), after in 0i64..3_000_000,
        turned in prop::collection::vec(0u16..1_000, 0..40), hours: bool,
    ) {
        let (old, new) = (calendar(), another(&calendar(), &turned, hours));
        let watch = StopWatch::start(limit, &old, start);
        let from = watch.since() + SignedDuration::from_secs(after);
        let effects = replan(&old, &new, from, [((), &watch)]).unwrap();
        let mut moved = watch.clone();
        moved.move_to(&old, &new, from).unwrap();
        let told = effects.first().map_or(watch.outlook(&old), |((), effect)| Ok(effect.after));
        prop_assert_eq!(moved.outlook(&new), told);
        prop_assert_eq!(moved.used(&new, from), watch.used(&old, from));
        for ((), effect) in effects {
            prop_assert_ne!(effect.before, effect.after);
            prop_assert!(!effect.why.is_empty());
        }
    }
}
