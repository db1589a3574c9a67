//! Orders whose due time needs a year that is not published (D31, D49).

use orders::{Act, OrderCommand, Role, RoundVerdict, Stage, StageDue, Verdict};
use sla::{ClockKind, Unit};

use crate::fixtures::{Life, actor, at, calendar, plan, seconds, stage};

/// Ten working days and an acknowledgement of an hour, as `TRA-01` in the pack.
fn bus_line(dispatched_at: &str) -> Life {
    let stages = vec![
        seconds(Stage::Acknowledge, 3_600, &[]),
        stage(Stage::Resolve, ClockKind::Work, 10, Unit::Workday, &[800]),
    ];
    Life::since(plan(Role::Lead, "transport", stages, vec![]), &calendar(&[2026]), at(dispatched_at))
}

fn fill(life: &mut Life, years: &[i16], now: &str) -> String {
    let calendar = calendar(years);
    life.does(OrderCommand::FillCalendar { calendar: &calendar }, at(now)).unwrap()
}

fn names(life: &Life) -> Vec<&'static str> {
    life.events.iter().map(|event| event.kind.name()).collect()
}

#[test]
fn both_sides_of_the_last_computable_day() {
    let computable = bus_line("2026-12-17 10:00");
    assert_eq!(names(&computable), ["dispatched"]);
    assert_eq!(computable.order.stages[1].due_at(), Some(at("2026-12-31 18:00")));
    let StageDue::At(due) = &computable.order.stages[1].due else { panic!("{:?}", computable.order) };
    assert_eq!(due.calendar.as_ref(), Some(calendar(&[2026]).reference()));

    let awaiting = bus_line("2026-12-18 10:00");
    assert_eq!(names(&awaiting), ["dispatched", "calendar_awaited"]);
    assert_eq!(awaiting.order.stages[1].due_at(), None);
    assert_eq!(awaiting.order.stages[1].awaiting_year(), Some(2027));
    // The other stage runs; the waiting one arms nothing.
    assert_eq!(awaiting.order.wake_at(), Some(at("2026-12-18 11:00")));
}

#[test]
fn a_publication_fills_the_due_time() {
    let mut life = bus_line("2026-12-18 10:00");
    assert_eq!(fill(&mut life, &[2026], "2026-12-20 10:00"), "=");
    assert_eq!(fill(&mut life, &[2026, 2027], "2026-12-20 10:00"), "calendar_filled:resolve");
    // Nine days of December, New Year off, then Monday 4 January 2027 is the tenth.
    assert_eq!(life.order.stages[1].due_at(), Some(at("2027-01-04 18:00")));
    assert_eq!(fill(&mut life, &[2026, 2027], "2026-12-20 10:00"), "=");
}

#[test]
fn another_calendar_fills_nothing() {
    let mut life = bus_line("2026-12-18 10:00");
    let mut spec = sla::CalendarSpec::from(calendar(&[2026, 2027]));
    spec.id = "bus-depot".to_owned();
    let depot = sla::Calendar::compile(spec).unwrap();
    let filled = life.does(OrderCommand::FillCalendar { calendar: &depot }, at("2026-12-20 10:00"));
    assert_eq!(filled.unwrap(), "=");
}

#[test]
fn a_late_publication_breaches_at_the_next_wake_up() {
    let mut life = bus_line("2026-12-18 10:00");
    life.acts(Act::Acknowledge, at("2026-12-18 10:30")).unwrap();
    assert_eq!(fill(&mut life, &[2026, 2027], "2027-02-01 10:00"), "calendar_filled:resolve");
    assert!(life.order.wake_at().unwrap() < at("2027-02-01 10:00"));
    assert_eq!(life.ticks(at("2027-02-01 10:00")), "breached:resolve");
}

#[test]
fn work_done_before_the_awaited_year_is_in_time() {
    let mut life = bus_line("2026-12-18 10:00");
    life.acts(Act::Acknowledge, at("2026-12-18 10:30")).unwrap();
    life.acts(Act::Submit, at("2026-12-31 23:59")).unwrap();
    assert_eq!(life.order.stages[1].verdict, Some(Verdict::Met));
}

/// Submitted within the awaited year, before its calendar is known.
fn submitted_undecided(submitted_at: &str) -> Life {
    let mut life = bus_line("2026-12-18 10:00");
    life.acts(Act::Acknowledge, at("2026-12-18 10:30")).unwrap();
    life.acts(Act::Submit, at(submitted_at)).unwrap();
    let stage = &life.order.stages[1];
    assert_eq!((stage.verdict, stage.met_at), (None, Some(at(submitted_at))));
    assert_eq!(life.order.wake_at(), None);
    life
}

#[test]
fn work_done_within_the_awaited_year_is_judged_on_publication() {
    for (submitted_at, verdict) in
        [("2027-01-04 18:00", Verdict::Met), ("2027-01-04 18:00:01", Verdict::Breached)]
    {
        let mut life = submitted_undecided(submitted_at);
        fill(&mut life, &[2026, 2027], "2027-02-01 10:00");
        assert_eq!(life.order.stages[1].verdict, Some(verdict), "{submitted_at}");
    }
}

#[test]
fn what_no_calendar_decided_before_the_end_is_cancelled() {
    let mut life = submitted_undecided("2027-01-04 10:00");
    let close = OrderCommand::CloseWithCase { actor: actor("wang"), verdict: RoundVerdict::Passed };
    assert_eq!(life.does(close, at("2027-01-05 10:00")).unwrap(), "done");
    assert_eq!(life.order.stages[1].verdict, Some(Verdict::Cancelled));
}

#[test]
fn a_year_that_is_still_missing_is_awaited_next() {
    let long = vec![stage(Stage::Resolve, ClockKind::Work, 300, Unit::Workday, &[])];
    let plan = plan(Role::Lead, "transport", long, vec![]);
    let mut life = Life::since(plan, &calendar(&[2026]), at("2026-11-23 10:00"));
    assert_eq!(fill(&mut life, &[2026, 2027], "2026-12-20 10:00"), "calendar_awaited:resolve:2028");
    assert_eq!(life.order.stages[0].awaiting_year(), Some(2028));
    life.acts(Act::Acknowledge, at("2027-06-01 10:00")).unwrap();
    life.acts(Act::Submit, at("2027-12-31 10:00")).unwrap();
    assert_eq!(life.order.stages[0].verdict, Some(Verdict::Met));
}

#[test]
fn a_later_awaited_year_settles_what_was_done_before_it() {
    let long = vec![stage(Stage::Resolve, ClockKind::Work, 300, Unit::Workday, &[])];
    let plan = plan(Role::Lead, "transport", long, vec![]);
    let mut life = Life::since(plan, &calendar(&[2026]), at("2026-11-23 10:00"));
    life.acts(Act::Acknowledge, at("2027-06-01 10:00")).unwrap();
    life.acts(Act::Submit, at("2027-06-02 10:00")).unwrap();
    assert_eq!(life.order.stages[0].verdict, None);
    assert_eq!(fill(&mut life, &[2026, 2027], "2027-07-01 10:00"), "calendar_awaited:resolve:2028");
    assert_eq!(life.order.stages[0].verdict, Some(Verdict::Met));
}
