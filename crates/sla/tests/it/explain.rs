//! Explanations: what counted, what did not, and why, at any moment.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use proptest::prelude::*;
use sla::{
    Calendar, ClockKind, Counts, DayName, Explanation, Outlook, Reason, StopWatch, Stretch, WatchState,
    worked_between,
};

use crate::laws::{calendars, limits, starts};
use crate::official::{at, calendar, spec};
use crate::table::limit;
use crate::week::{tuesday_and_thursday, until_two};

fn lines(explanation: &Explanation) -> (Vec<String>, Vec<String>) {
    let lines = |text: String| text.split('\n').map(str::to_owned).collect();
    (lines(explanation.text_zh()), lines(explanation.text_en()))
}

#[test]
fn tells_a_moment_in_the_middle() {
    let watch = StopWatch::start(limit("8 hour"), &calendar(), at("2026-11-23 10:30"));
    let (zh, en) = lines(&watch.explain(&calendar(), at("2026-11-23 15:10")).unwrap());
    assert_eq!(
        zh,
        [
            "时限 8 小时（工作时）；2026-11-23 15:10 已用 3 小时 10 分，共 8 小时；到期 2026-11-24 11:00",
            "2026-11-23 10:30–12:30 计入 2 小时",
            "2026-11-23 12:30–14:00 不计：午休",
            "2026-11-23 14:00–18:00 计入 4 小时",
            "2026-11-23 18:00–2026-11-24 09:00 不计：下班时间",
            "2026-11-24 09:00–11:00 计入 2 小时",
        ]
    );
    assert_eq!(
        en,
        [
            "limit 8 h (working time); 2026-11-23 15:10: 3 h 10 min of 8 h used; due 2026-11-24 11:00",
            "2026-11-23 10:30–12:30 counted 2 h",
            "2026-11-23 12:30–14:00 not counted: lunch break",
            "2026-11-23 14:00–18:00 counted 4 h",
            "2026-11-23 18:00–2026-11-24 09:00 not counted: outside working hours",
            "2026-11-24 09:00–11:00 counted 2 h",
        ]
    );
}

/// The office with the names of two feasts.
fn named() -> Calendar {
    let name = |zh: &str, en: &str| DayName { zh: zh.to_owned(), en: en.to_owned() };
    let days = |first: &str, count| {
        let first: jiff::civil::Date = first.parse().unwrap();
        first.series(jiff::Span::new().days(1)).take(count)
    };
    let autumn = days("2026-09-25", 3).map(|day| (day, name("中秋节", "Mid-Autumn Festival")));
    let national = days("2026-10-01", 5).map(|day| (day, name("国庆节", "National Day")));
    Calendar::compile_with(spec(), Vec::new(), autumn.chain(national).collect::<BTreeMap<_, _>>()).unwrap()
}

#[test]
fn tells_holidays_by_name_where_it_knows_them() {
    let calendar = named();
    let watch = StopWatch::start(limit("3 workday"), &calendar, at("2026-09-29 17:00"));
    let (zh, en) = lines(&watch.explain(&calendar, at("2026-09-29 17:00")).unwrap());
    assert_eq!(zh[0], "时限 3 个工作日；2026-09-29 17:00 已用 0 分，共 23 小时 30 分；到期 2026-10-09 18:00");
    let gaps: Vec<_> = zh.iter().filter(|line| line.contains("不计") && !line.contains("午休")).collect();
    assert_eq!(
        gaps,
        [
            "2026-09-29 18:00–2026-09-30 09:00 不计：下班时间",
            "2026-09-30 18:00–2026-10-06 00:00 不计：国庆节",
            "2026-10-06 00:00–2026-10-08 09:00 不计：节假日",
            "2026-10-08 18:00–2026-10-09 09:00 不计：下班时间",
        ]
    );
    assert!(en.contains(&"2026-09-30 18:00–2026-10-06 00:00 not counted: National Day".to_owned()), "{en:?}");
}

fn gaps(calendar: &Calendar, text: &str, start: &str) -> Vec<Reason> {
    let watch = StopWatch::start(limit(text), calendar, at(start));
    let stretches = watch.explain(calendar, at(start)).unwrap().stretches;
    let reason = |stretch: Stretch| match stretch.counts {
        Counts::Nothing(reason) => Some(reason),
        Counts::All | Counts::Settled(_) => None,
    };
    stretches.into_iter().filter_map(reason).collect()
}

#[test]
fn tells_weekends_days_off_and_nights_apart() {
    use Reason::{Break, DayOff, Holiday, Lunch, Night, Weekend};
    let office = |text, start| gaps(&calendar(), text, start);
    assert_eq!(office("1 workday", "2026-11-20 15:00"), [Weekend, Lunch]);
    assert_eq!(office("1 hour", "2026-11-21 10:00"), [Weekend]);
    assert_eq!(office("30 minute", "2026-11-23 07:00"), [Night]);
    assert_eq!(office("1 hour", "2026-02-14 17:30"), [Holiday(None)]);
    // Friday evening, a free weekend, and Qingming from Saturday on: the weekend is a holiday here.
    assert_eq!(office("1 hour", "2026-04-03 17:30"), [Holiday(None)]);
    let twice_a_week = |text, start| gaps(&tuesday_and_thursday(), text, start);
    assert_eq!(twice_a_week("9 hour", "2026-11-24 10:00"), [Lunch, DayOff]);
    assert_eq!(twice_a_week("1 hour", "2026-11-27 10:00"), [DayOff, Weekend, DayOff]);
    let late = |text, start| gaps(&until_two(), text, start);
    assert_eq!(late("10 hour", "2026-11-23 09:00"), [Lunch, Night]);
    assert_eq!(late("7 hour", "2026-11-20 20:00"), [Weekend]);
    let frames = [("08:00", "10:00"), ("10:15", "12:00")].map(|(from, to)| crate::official::frame(from, to));
    let pauses = Calendar::compile(sla::CalendarSpec { frames: frames.to_vec(), ..spec() }).unwrap();
    assert_eq!(gaps(&pauses, "3 hour", "2026-11-23 08:00"), [Break]);
}

/// A later pause moves the due time; what was expected before it stays explainable.
#[test]
fn a_past_moment_is_told_as_it_was_then() {
    let mut watch = StopWatch::start(limit("8 hour"), &calendar(), at("2026-11-23 09:00"));
    watch.pause(at("2026-11-23 15:00")).unwrap();
    watch.extend(limit("2 hour"), at("2026-11-23 15:00")).unwrap();
    watch.resume(at("2026-11-24 10:00")).unwrap();
    let told = |moment| {
        let explanation = watch.explain(&calendar(), at(moment)).unwrap();
        let minutes = |time: SignedDuration| time.as_mins();
        (explanation.outlook, minutes(explanation.used), explanation.allowance.map(minutes))
    };
    assert_eq!(told("2026-11-23 14:20"), (Outlook::Due(at("2026-11-24 09:30")), 230, Some(480)));
    assert_eq!(told("2026-11-23 16:00"), (Outlook::OnHold, 270, Some(600)));
    assert_eq!(told("2026-11-24 11:00"), (Outlook::Due(at("2026-11-24 17:00")), 330, Some(600)));
    let now = watch.explain(&calendar(), at("2026-11-24 11:00")).unwrap();
    assert!(now.text_zh().contains("2026-11-23 15:00–2026-11-24 10:00 不计：挂起"), "{}", now.text_zh());
    let then = watch.explain(&calendar(), at("2026-11-23 16:00")).unwrap();
    assert!(then.text_en().contains("of 10 h used; on hold"), "{}", then.text_en());
}

#[test]
fn what_waits_for_a_calendar_is_told_up_to_the_moment() {
    let watch = StopWatch::start(limit("10 workday"), &calendar(), at("2026-12-18 10:00"));
    let told = watch.explain(&calendar(), at("2026-12-18 11:00")).unwrap();
    assert_eq!((told.outlook, told.allowance), (Outlook::AwaitingCalendar(2027), None));
    assert_eq!(
        lines(&told).0,
        [
            "时限 10 个工作日；2026-12-18 11:00 已用 1 小时；等待2027年日历",
            "2026-12-18 10:00–11:00 计入 1 小时"
        ]
    );
    assert!(
        told.text_en()
            .starts_with("limit 10 working days; 2026-12-18 11:00: 1 h used; awaiting calendar 2027")
    );
}

#[test]
fn what_was_settled_is_told_as_an_amount() {
    let mut watch = StopWatch::start(limit("8 hour"), &calendar(), at("2026-11-23 09:00"));
    watch.settle(&calendar(), at("2026-11-23 15:00")).unwrap();
    let text = watch.explain(&calendar(), at("2026-11-23 16:00")).unwrap().text_zh();
    assert!(
        text.contains("\n2026-11-23 09:00–15:00 计入 4 小时 30 分\n2026-11-23 15:00–18:00 计入 3 小时\n"),
        "{text}"
    );
}

#[test]
fn around_the_clock_everything_counts() {
    let watch = StopWatch::start(limit("5 clock second"), &calendar(), at("2026-11-23 23:59:58"));
    let told = watch.explain(&calendar(), at("2026-11-23 23:59:59")).unwrap();
    let expected = "时限 5 秒（自然时）；2026-11-23 23:59:59 已用 1 秒，共 5 秒；到期 2026-11-24 00:00:03\n\
                    2026-11-23 23:59:58–2026-11-24 00:00:03 计入 5 秒";
    assert_eq!(told.text_zh(), expected);
}

proptest! {
    #[test]
    fn stretches_follow_one_another_and_add_up(
        calendar in calendars(), limit in limits(), start in starts(),
        holds in prop::collection::vec((0i64..200_000, 0i64..200_000), 0..4),
    ) {
        let mut watch = StopWatch::start(limit, &calendar, start);
        for (run, hold) in holds {
            let pause = watch.since() + SignedDuration::from_secs(run);
            watch.pause(pause).unwrap();
            watch.resume(pause + SignedDuration::from_secs(hold)).unwrap();
        }
        let now = watch.since();
        let explained = watch.explain(&calendar, now).unwrap();
        let due = watch.due(&calendar).unwrap().unwrap();
        prop_assert_eq!(explained.outlook, Outlook::Due(due));
        let stretches = explained.stretches;
        prop_assert_eq!(stretches[0].from, watch.started_at());
        prop_assert_eq!(stretches.last().unwrap().to, due);
        prop_assert!(stretches.iter().all(|stretch| stretch.from < stretch.to));
        prop_assert!(stretches.windows(2).all(|pair| pair[0].to == pair[1].from));
        let counted = stretches.iter().filter(|stretch| stretch.counts == Counts::All);
        let counted = counted.map(|stretch| stretch.to.duration_since(stretch.from)).sum::<SignedDuration>();
        prop_assert_eq!(counted, watch.used(&calendar, due).unwrap());
        prop_assert_eq!(Some(counted), explained.allowance);
        for stretch in &stretches {
            let worked = worked_between(&calendar, stretch.from, stretch.to).unwrap();
            match &stretch.counts {
                Counts::Nothing(Reason::Paused) => {
                    let paused = watch.intervals().filter(|interval| interval.state == WatchState::Paused);
                    prop_assert!(paused.into_iter().any(|interval| interval.from == stretch.from));
                }
                Counts::Nothing(_) => prop_assert_eq!(worked, SignedDuration::ZERO),
                Counts::All if limit.clock() == ClockKind::Work => {
                    prop_assert_eq!(worked, stretch.to.duration_since(stretch.from));
                }
                Counts::All | Counts::Settled(_) => {}
            }
        }
    }
}
