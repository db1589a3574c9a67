//! Laws, in the office's zone and in zones whose clocks jump within a frame.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use sla::{
    Calendar, CalendarSpec, ClockKind, Limit, PerMille, Segment, StopWatch, Unit, due, due_at, fraction_at,
    to_micros, used, worked_between,
};

use crate::official::{frame, spec};
use crate::week;

/// The office; New York with a frame over the hour of the jump; Lord Howe, which jumps half an hour; and
/// Cairo, which jumped at midnight. And weeks and nights of one's own.
pub fn calendars() -> impl Strategy<Value = Calendar> {
    let night = || {
        vec![
            frame("00:00", "00:20"),
            frame("00:30", "01:45"),
            frame("02:15", "02:40"),
            frame("02:45", "09:30"),
        ]
    };
    let at_night = |zone: &str| CalendarSpec { zone: zone.to_owned(), frames: night(), ..spec() };
    let every_day_worked = |spec: CalendarSpec| {
        let all = jiff::civil::date(2024, 1, 1).series(jiff::Span::new().days(1));
        let kind = sla::DayKind::MakeupWorkday;
        let days = all.take_while(|day| day.year() < 2027).map(|date| sla::DaySpec { date, kind }).collect();
        CalendarSpec { days, ..spec }
    };
    let specs =
        ["America/New_York", "Australia/Lord_Howe", "Africa/Cairo"].map(|z| every_day_worked(at_night(z)));
    let compiled = specs.into_iter().chain([spec()]).map(|spec| Calendar::compile(spec).unwrap());
    let others = [week::all_day_and_night(), week::tuesday_and_thursday(), week::until_two()];
    prop::sample::select(compiled.chain(others).collect::<Vec<_>>())
}

pub fn starts() -> impl Strategy<Value = Timestamp> {
    let year = |y: i16| jiff::civil::date(y, 1, 2).in_tz("UTC").unwrap().timestamp().as_microsecond();
    (year(2024)..year(2026)).prop_map(|us| Timestamp::from_microsecond(us).unwrap())
}

pub fn limits() -> impl Strategy<Value = Limit> {
    let limit = |clock, unit| move |amount| Limit::new(clock, amount, unit).unwrap();
    prop_oneof![
        (1u32..400_000).prop_map(limit(ClockKind::Clock, Unit::Second)),
        (1u32..4_000).prop_map(limit(ClockKind::Work, Unit::Second)),
        (1u32..9_000).prop_map(limit(ClockKind::Work, Unit::Minute)),
        (1u32..200).prop_map(limit(ClockKind::Work, Unit::Hour)),
        (1u32..60).prop_map(limit(ClockKind::Work, Unit::Workday)),
    ]
}

fn sum(segments: &[Segment]) -> SignedDuration {
    segments.iter().fold(SignedDuration::ZERO, |sum, segment| sum + segment.length())
}

/// What the limit asks for, or `None` for whole days.
fn asked(limit: Limit) -> Option<SignedDuration> {
    let seconds = match limit.unit() {
        Unit::Second => 1,
        Unit::Minute => 60,
        Unit::Hour => 3_600,
        Unit::Workday => return None,
    };
    Some(SignedDuration::from_secs(i64::from(limit.amount()) * seconds))
}

proptest! {
    #[test]
    fn due_never_moves_back_when_the_start_moves_on(
        calendar in calendars(), limit in limits(), a in starts(), b in starts(),
    ) {
        let (first, second) = (a.min(b), a.max(b));
        prop_assert!(due(&calendar, limit, first).unwrap().at <= due(&calendar, limit, second).unwrap().at);
    }

    #[test]
    fn more_time_is_never_due_sooner(calendar in calendars(), limit in limits(), start in starts(), more in 1u32..50) {
        let longer = Limit::new(limit.clock(), limit.amount() + more, limit.unit()).unwrap();
        prop_assert!(due(&calendar, limit, start).unwrap().at < due(&calendar, longer, start).unwrap().at);
    }

    #[test]
    fn segments_add_up_to_the_limit(calendar in calendars(), limit in limits(), start in starts()) {
        let due = due(&calendar, limit, start).unwrap();
        prop_assert!(due.at > start);
        prop_assert!(due.segments.iter().all(|s| s.from < s.to && s.from >= start && s.to <= due.at));
        prop_assert!(due.segments.windows(2).all(|pair| pair[0].to <= pair[1].from));
        prop_assert_eq!(due.segments.last().unwrap().to, due.at);
        match asked(limit) {
            Some(asked) => prop_assert_eq!(sum(&due.segments), asked),
            None => {
                let mut days: Vec<_> = due.segments.iter().map(|s| calendar.local_date(s.from)).collect();
                days.dedup();
                prop_assert_eq!(days.len(), limit.amount() as usize);
                prop_assert!(days[0] > calendar.local_date(start));
            }
        }
    }

    #[test]
    fn what_was_counted_is_what_was_worked(calendar in calendars(), limit in limits(), start in starts()) {
        let due = due(&calendar, limit, start).unwrap();
        let whole = used(limit.clock(), &calendar, &[Segment { from: start, to: due.at }]).unwrap();
        match asked(limit) {
            Some(asked) => prop_assert_eq!(whole, asked),
            None => prop_assert!(whole >= sum(&due.segments)),
        }
    }

    #[test]
    fn fractions_run_from_start_to_due(
        calendar in calendars(), limit in limits(), start in starts(), a in 0u16..=1000, b in 0u16..=1000,
    ) {
        let at = |f: u16| fraction_at(&calendar, limit, start, PerMille::new(f).unwrap()).unwrap();
        let due = due(&calendar, limit, start).unwrap().at;
        prop_assert_eq!(at(0), start);
        prop_assert_eq!(at(1000), due);
        prop_assert!(at(a.min(b)) <= at(a.max(b)));
        prop_assert_eq!(at(a), to_micros(at(a)));
        let time = |to| used(limit.clock(), &calendar, &[Segment { from: start, to }]).unwrap().as_micros();
        prop_assert_eq!(time(at(a)), time(due) * i128::from(a) / 1000);
    }

    #[test]
    fn a_watch_nobody_touched_says_the_same(
        calendar in calendars(), limit in limits(), start in starts(), part in 0u16..=1000,
    ) {
        let watch = StopWatch::start(limit, &calendar, start);
        prop_assert_eq!(watch.due(&calendar).unwrap(), Some(due(&calendar, limit, start).unwrap().at));
        prop_assert_eq!(due_at(&calendar, limit, start), Ok(due(&calendar, limit, start).unwrap().at));
        let part = PerMille::new(part).unwrap();
        let warn_at = fraction_at(&calendar, limit, start, part).unwrap();
        prop_assert_eq!(watch.fraction_at(&calendar, part).unwrap(), Some(warn_at));
    }

    #[test]
    fn a_hold_moves_the_due_time_by_the_business_time_held(
        calendar in calendars(), limit in limits(), start in starts(), wait in 0i64..400_000, hold in 0i64..2_000_000,
    ) {
        let mut watch = StopWatch::start(limit, &calendar, start);
        let before = watch.due(&calendar).unwrap().unwrap();
        let paused = to_micros(start) + SignedDuration::from_secs(wait);
        let resumed = paused + SignedDuration::from_secs(hold);
        prop_assume!(paused < before);
        watch.pause(paused).unwrap();
        watch.resume(resumed).unwrap();
        let time = |from, to| used(limit.clock(), &calendar, &[Segment { from, to }]).unwrap();
        let after = watch.due(&calendar).unwrap().unwrap();
        prop_assert_eq!(time(before, after), time(paused, resumed));
        prop_assert_eq!(watch.started_at(), to_micros(start));
    }

    #[test]
    fn splitting_an_interval_loses_nothing(
        calendar in calendars(), mut cuts in prop::collection::vec(starts(), 2..8), work: bool,
    ) {
        cuts.sort();
        let clock = if work { ClockKind::Work } else { ClockKind::Clock };
        let pieces: Vec<_> = cuts.windows(2).map(|pair| Segment { from: pair[0], to: pair[1] }).collect();
        let whole = Segment { from: cuts[0], to: cuts[cuts.len() - 1] };
        prop_assert_eq!(used(clock, &calendar, &pieces), used(clock, &calendar, &[whole]));
        prop_assert!(worked_between(&calendar, whole.from, whole.to).unwrap() <= whole.length());
    }
}
