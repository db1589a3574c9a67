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
    // The rest of the Monday counts as it was promised that morning: three of the four hours that are left.
    assert_eq!(moved.after, Outlook::Due(at("2026-11-24 11:00")));
    assert_eq!(moved.why, [Change::Hours("2026-11-23".parse().unwrap())]);
    // A limit of days is over at the close of its last day by the hours of that day.
    let days = effect(&short, "2026-11-23 15:00", "3 workday", "2026-11-23 10:00").unwrap();
    assert_eq!(days.after, Outlook::Due(at("2026-11-26 12:00")));
}

/// The hours of a day are shortened in the middle of it, and its new close has passed: nobody is late for what was published
/// after the fact. Pauses behind the move are charged by what was kept of the day, and what follows by the new hours.
#[test]
fn a_day_under_way_ends_as_it_was_promised() {
    let hours = vec![frame("10:00", "12:00")];
    let short = Calendar::compile(CalendarSpec { version: 2, frames: hours, ..spec() }).unwrap();
    let last_day = effect(&short, "2026-11-25 14:30", "2 workday", "2026-11-23 10:00");
    assert_eq!(last_day, None, "due at 18:00 of that day before and after");
    let mut watch = StopWatch::start(limit("2 workday"), &calendar(), at("2026-11-23 10:00"));
    watch.move_to(&calendar(), &short, at("2026-11-25 14:30")).unwrap();
    assert_eq!(watch.due(&short).unwrap(), Some(at("2026-11-25 18:00")));
    let text = serde_json::to_string(&watch).unwrap();
    assert_eq!(serde_json::from_str::<StopWatch>(&text).unwrap(), watch);
    watch.pause(at("2026-11-25 15:00")).unwrap();
    watch.resume(at("2026-11-26 11:00")).unwrap();
    // Three hours were left: one on the Thursday, two on the Friday.
    assert_eq!(watch.due(&short).unwrap(), Some(at("2026-11-27 12:00")));
    let told = watch.explain(&short, at("2026-11-26 11:00")).unwrap();
    assert_eq!(told.outlook, Outlook::Due(at("2026-11-27 12:00")));
    let counted = told.stretches.iter().map(|stretch| match stretch.counts {
        sla::Counts::All => stretch.to.duration_since(stretch.from),
        sla::Counts::Settled(us) => SignedDuration::from_micros(us),
        sla::Counts::Nothing(_) => SignedDuration::ZERO,
    });
    assert_eq!(counted.sum::<SignedDuration>(), watch.allowance(&short).unwrap(), "{}", told.text_en());
    // Off altogether, the day counts no more from the move on.
    let mut off = CalendarSpec { version: 3, ..spec() };
    off.days.push(DaySpec { date: "2026-11-25".parse().unwrap(), kind: DayKind::Holiday });
    let off = Calendar::compile(off).unwrap();
    let moved = effect(&off, "2026-11-25 14:30", "2 workday", "2026-11-23 10:00").unwrap();
    assert_eq!(moved.after, Outlook::Due(at("2026-11-26 18:00")));
}

/// A Saturday becomes a working day when its hours are over: nobody could have worked it, so it is none of the limit's.
#[test]
fn a_day_that_is_worked_after_the_fact_is_no_day_of_the_limit() {
    let mut spec = CalendarSpec { version: 2, ..spec() };
    spec.days.push(DaySpec { date: "2026-11-28".parse().unwrap(), kind: DayKind::MakeupWorkday });
    let next = Calendar::compile(spec).unwrap();
    assert_eq!(effect(&next, "2026-11-28 18:30", "1 workday", "2026-11-27 10:00"), None);
    let early = effect(&next, "2026-11-28 08:30", "1 workday", "2026-11-27 10:00").unwrap();
    assert_eq!(early.after, Outlook::Due(at("2026-11-28 18:00")), "known in the morning, it is worked");
}

/// A publication may leave out years that have passed: what was settled in them needs no calendar any more.
#[test]
fn what_is_settled_needs_no_calendar_of_its_year() {
    let start = at("2025-12-29 10:00");
    let mut watch = StopWatch::start(limit("40 hour"), &calendar(), start);
    let mut spec = CalendarSpec { version: 2, ..spec() };
    spec.years.retain(|year| *year == 2026);
    spec.days.retain(|day| day.date.year() == 2026);
    let later = Calendar::compile(spec).unwrap();
    let before = watch.due(&calendar()).unwrap();
    watch.move_to(&calendar(), &later, at("2026-01-05 09:00")).unwrap();
    assert_eq!(watch.due(&later).unwrap(), before);
    let early = watch.fraction_at(&later, sla::PerMille::new(100).unwrap()).unwrap().unwrap();
    assert!(
        start < early && early <= at("2026-01-05 09:00"),
        "passed, at the latest when it was settled: {early}"
    );
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
    // Nine of its days are to come: today counts as it was promised, and each of the eight behind it is worth 120 minutes, not 450.
    assert_eq!(effect.left_more_us, -8 * (450 - 120) * 60_000_000);
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
        if hours { vec![frame("08:00", "09:30"), frame("10:15", "11:45")] } else { spec.frames.clone() };
    Calendar::compile(CalendarSpec { version: spec.version + 1, days, frames, ..spec }).unwrap()
}

proptest! {
    /// Moves within a day or two of the due time, where a close may have passed.
    #[test]
    fn no_move_makes_late_what_was_in_time(
        limit in limits(), start in starts(), before_s in 0i64..200_000,
        turned in prop::collection::vec(0u16..1_000, 0..40),
    ) {
        let (old, new) = (calendar(), another(&calendar(), &turned, true));
        let mut watch = StopWatch::start(limit, &old, start);
        let due = watch.due(&old).unwrap().unwrap();
        let from = watch.since().max(due - SignedDuration::from_secs(before_s));
        watch.move_to(&old, &new, from).unwrap();
        let after = watch.due(&new).unwrap().unwrap();
        prop_assert!(after > from || due == from, "due {} became {}, moved at {}", due, after, from);
        prop_assert_eq!(watch.used(&new, after), watch.allowance(&new));
    }

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
        // What was in time is not late by the move.
        if let (Outlook::Due(before), Outlook::Due(after)) = (watch.outlook(&old).unwrap(), moved.outlook(&new).unwrap()) {
            prop_assert!(before <= from || after > from, "{} {} {}", before, from, after);
        }
        for ((), effect) in effects {
            prop_assert_ne!(effect.before, effect.after);
            prop_assert!(!effect.why.is_empty());
        }
    }
}
