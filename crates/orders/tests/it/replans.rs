//! A calendar is published anew while clocks run (重排): what was used stays as it was counted, the rest counts on the new
//! one, and the move says why.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use orders::{
    Act, Case, CaseCommand, CaseEventKind, CasePlan, HoldReason, OrderCommand, OrderEventKind, OrderPlan,
    Publications, Refusal, Role, Stage, StageMove, StagePlan, TimeWanted,
};
use sla::{Calendar, CalendarSpec, Change, ClockKind, DayKind, DaySpec, Limit, StopWatch, Unit};

use crate::fixtures::{Life, actor, at, calendar, command, plan, reformed, stage};

/// Wednesday the second of December off, and nothing else.
fn day_off() -> Calendar {
    let mut spec = CalendarSpec::from(calendar(&[2026]));
    spec.version = 2;
    spec.days.push(DaySpec { date: "2026-12-02".parse().unwrap(), kind: DayKind::Holiday });
    Calendar::compile(spec).unwrap()
}

/// Eight to twelve and one to eight from now on.
fn long_hours() -> Calendar {
    reformed(0, &[Arc::new(calendar(&[2026]))])
}

fn resolve(amount: u32, unit: Unit, warn: &[u16]) -> OrderPlan {
    let limits = vec![stage(Stage::Resolve, ClockKind::Work, amount, unit, warn)];
    plan(Role::Lead, "transport", limits, vec![])
}

fn life(plan: OrderPlan, dispatched_at: &str) -> Life {
    let mut life = Life::since(plan, &calendar(&[2026]), at(dispatched_at));
    life.acts(Act::Acknowledge, at(dispatched_at)).unwrap();
    life
}

/// The office's first publication and one more, which is in force.
struct Books(Calendar, [Arc<Calendar>; 2]);

impl Books {
    fn of(present: Calendar) -> Self {
        let earlier = [Arc::new(calendar(&[2026])), Arc::new(present.clone())];
        Self(present, earlier)
    }

    fn publications(&self) -> Publications<'_> {
        Publications::new(&self.0, &self.1)
    }
}

impl Life {
    fn replans(&mut self, books: &Books, now: &str) -> String {
        let (actor, note) = (actor("sun"), "2026 年调休".to_owned());
        let replan = OrderCommand::Replan { actor, calendars: books.publications(), note };
        self.does(replan, at(now)).unwrap()
    }

    fn wants(&mut self, wanted: TimeWanted, now: &str) {
        let note = String::new();
        self.does(OrderCommand::AskTime { actor: actor("li"), wanted, note }, at(now)).unwrap();
    }

    fn gets(&mut self, books: &Books, now: &str) -> Result<String, Refusal> {
        let (calendars, note) = (books.publications(), String::new());
        self.does(OrderCommand::GrantTime { actor: actor("sun"), calendars, note }, at(now))
    }

    fn due_at(&self) -> Option<Timestamp> {
        self.order.stages[0].due_at()
    }

    fn moves(&self) -> &[StageMove] {
        let replanned = self.events.iter().rev().find_map(|event| match &event.kind {
            OrderEventKind::Replanned { moves, .. } => Some(moves),
            _ => None,
        });
        replanned.unwrap()
    }
}

#[test]
fn a_day_off_moves_the_due_time_and_says_why() {
    let mut life = life(resolve(10, Unit::Workday, &[]), "2026-11-23 10:00");
    assert_eq!(life.due_at(), Some(at("2026-12-07 18:00")));
    let books = Books::of(day_off());
    assert_eq!(life.replans(&books, "2026-11-30 10:00"), "replanned");
    assert_eq!((life.due_at(), life.order.wake_at()), (Some(at("2026-12-08 18:00")), life.due_at()));
    let [moved] = life.moves() else { panic!("{:?}", life.moves()) };
    assert_eq!(moved.why, [Change::Off("2026-12-02".parse().unwrap(), None)]);
    let event = life.events.last().unwrap();
    assert_eq!((event.actor.clone(), event.kind.note()), (Some(actor("sun")), "2026 年调休"));
    assert_eq!(life.order.stages[0].counted_on(), Some(books.0.reference()));
    // Once is enough, and a day that lies behind the due time moves nothing.
    assert_eq!(life.replans(&books, "2026-11-30 10:00"), "=");
    let mut early = self::life(resolve(2, Unit::Workday, &[]), "2026-11-23 10:00");
    assert_eq!(early.replans(&books, "2026-11-24 10:00"), "=");
}

#[test]
fn what_was_used_stays_as_it_was_counted() {
    // Sixteen working hours: seven and a half on Monday afternoon and Tuesday morning by the old hours.
    let mut life = life(resolve(16, Unit::Hour, &[]), "2026-11-23 14:00");
    let books = Books::of(long_hours());
    assert_eq!(life.replans(&books, "2026-11-24 13:00"), "replanned");
    let watch = life.order.stages[0].watch.clone().unwrap();
    assert_eq!(watch.used(&books.0, at("2026-11-24 13:00")), Ok(SignedDuration::from_mins(450)));
    // Four more by what was left of the day, two in the evening that is worked now, two and a half on Wednesday.
    assert_eq!(life.due_at(), Some(at("2026-11-25 10:30")));
    assert_eq!(life.ticks(at("2026-11-25 10:29")), "=");
    assert_eq!(life.ticks(at("2026-11-25 10:30")), "breached:resolve");
    assert_eq!(life.replans(&books, "2026-11-26 10:00"), "=");
}

/// It was so that the hours of today were taken for those of the past: who got more time lost what was worked before.
#[test]
fn more_time_after_a_publication_counts_the_past_on_the_old_calendar() {
    let mut life = life(resolve(8, Unit::Hour, &[]), "2026-11-23 14:00");
    let books = Books::of(long_hours());
    let more = TimeWanted::Extension { more: Limit::new(ClockKind::Work, 4, Unit::Hour).unwrap() };
    life.wants(more, "2026-11-24 09:30");
    assert_eq!(life.gets(&books, "2026-11-24 10:00").unwrap(), "extended");
    // Four hours on Monday and one on Tuesday were used, not seven and two. Seven are left: six and a half by what is left of the
    // day, and half an hour of the evening that is worked now.
    let watch = life.order.stages[0].watch.clone().unwrap();
    assert_eq!(watch.used(&books.0, at("2026-11-24 10:00")), Ok(SignedDuration::from_hours(5)));
    assert_eq!(life.due_at(), Some(at("2026-11-24 18:30")));
}

#[test]
fn a_suspension_after_a_publication_counts_the_past_on_the_old_calendar() {
    let mut life = life(resolve(8, Unit::Hour, &[]), "2026-11-23 14:00");
    let books = Books::of(long_hours());
    let wanted = TimeWanted::Suspension { until: at("2026-11-25 08:00"), reason: HoldReason::Weather };
    life.wants(wanted, "2026-11-24 09:30");
    assert_eq!(life.gets(&books, "2026-11-24 10:00").unwrap(), "suspended");
    let (calendars, note) = (books.publications(), String::new());
    let resume = OrderCommand::Resume { actor: None, calendars, note };
    assert_eq!(life.does(resume, at("2026-11-25 08:00")).unwrap(), "resumed");
    // Three are left; the day on which it goes over has the hours it began with.
    assert_eq!(life.due_at(), Some(at("2026-11-25 12:00")));
}

#[test]
fn a_clock_on_hold_goes_over_and_stays_on_hold() {
    let mut life = life(resolve(3, Unit::Workday, &[]), "2026-11-30 10:00");
    assert_eq!(life.due_at(), Some(at("2026-12-03 18:00")));
    let first = Books::of(calendar(&[2026]));
    let wanted = TimeWanted::Suspension { until: at("2026-12-01 14:00"), reason: HoldReason::Weather };
    life.wants(wanted, "2026-11-30 14:00");
    life.gets(&first, "2026-11-30 14:00").unwrap();
    let books = Books::of(day_off());
    life.replans(&books, "2026-11-30 16:00");
    assert!(life.order.stages[0].held());
    assert_eq!(life.replans(&books, "2026-11-30 16:00"), "=");
    let (calendars, note) = (books.publications(), String::new());
    life.does(OrderCommand::Resume { actor: None, calendars, note }, at("2026-12-01 14:00")).unwrap();
    // The three days and the half that was held, with one off between.
    assert!(life.due_at() > Some(at("2026-12-04 18:00")), "{:?}", life.due_at());
}

#[test]
fn what_was_warned_of_comes_again_only_with_its_time() {
    let mut life = life(resolve(10, Unit::Hour, &[500, 800]), "2026-11-23 09:00");
    assert_eq!(life.ticks(at("2026-11-23 15:30")), "warned:resolve:500");
    // On short hours from Monday evening on, what is left comes later; half of it is not told twice.
    let books = Books::of(reformed(1, &[Arc::new(calendar(&[2026]))]));
    assert_eq!(life.replans(&books, "2026-11-23 18:00"), "replanned");
    assert_eq!(life.order.stages[0].warned, 1);
    assert_eq!(life.ticks(at("2026-11-23 20:00")), "=");
    assert_eq!(life.ticks(life.order.wake_at().unwrap()), "warned:resolve:800");
}

#[test]
fn what_has_come_by_then_has_come() {
    let mut life = life(resolve(2, Unit::Hour, &[500]), "2026-11-23 10:00");
    // The due time was noon; nobody had looked.
    assert_eq!(life.replans(&Books::of(long_hours()), "2026-11-23 12:00"), "=");
    assert_eq!(life.ticks(at("2026-11-23 12:00")), "breached:resolve");
}

#[test]
fn documents_that_are_behind_take_no_clock_back() {
    let mut life = life(resolve(10, Unit::Workday, &[]), "2026-11-23 10:00");
    life.replans(&Books::of(day_off()), "2026-11-30 10:00");
    let behind = Books(calendar(&[2026]), [Arc::new(calendar(&[2026])), Arc::new(day_off())]);
    assert_eq!(life.replans(&behind, "2026-11-30 11:00"), "=");
    life.wants(
        TimeWanted::Extension { more: Limit::new(ClockKind::Work, 1, Unit::Workday).unwrap() },
        "2026-11-30 11:00",
    );
    life.gets(&behind, "2026-11-30 12:00").unwrap();
    assert_eq!(life.due_at(), Some(at("2026-12-09 18:00")));
}

#[test]
fn a_year_that_is_published_no_more_is_awaited() {
    let both = calendar(&[2026, 2027]);
    let mut life = Life::since(resolve(10, Unit::Workday, &[]), &both, at("2026-12-21 10:00"));
    let mut spec = CalendarSpec::from(calendar(&[2026]));
    spec.version = 3;
    let books = Books(Calendar::compile(spec).unwrap(), [Arc::new(both.clone()), Arc::new(both)]);
    assert_eq!(life.replans(&books, "2026-12-22 10:00"), "replanned calendar_awaited:resolve:2027");
    assert_eq!((life.order.stages[0].awaiting_year(), life.order.wake_at()), (Some(2027), None));
}

#[test]
fn around_the_clock_there_is_no_calendar() {
    let limits = vec![stage(Stage::Resolve, ClockKind::Clock, 300, Unit::Hour, &[])];
    let mut life = life(plan(Role::Lead, "transport", limits, vec![]), "2026-11-30 10:00");
    assert_eq!(life.replans(&Books::of(day_off()), "2026-12-01 10:00"), "=");
}

#[test]
fn the_verification_goes_over_too() {
    let lead = life(resolve(10, Unit::Workday, &[]), "2026-11-30 10:00").order;
    let terms = StagePlan::default_verification().unwrap().into();
    let plan = CasePlan {
        case_id: lead.case_id,
        tenant: lead.tenant,
        lead: lead.body.clone(),
        terms,
        plan_version: 0,
    };
    let (case, _) = Case::open(plan, None, at("2026-11-30 10:00")).unwrap();
    let office = calendar(&[2026]);
    let submit = command(Act::Submit, "li", (&office).into(), &[]);
    let (lead, _) = lead.decide(submit, at("2026-11-30 11:00")).unwrap().or_unchanged(lead);
    let orders = [lead];
    let submit = CaseCommand::Submit { actor: actor("li"), orders: &orders, calendar: &office };
    let (case, _) = case.decide(submit, at("2026-11-30 11:00")).unwrap().or_unchanged(case);
    let books = Books::of(day_off());
    let replan = |case: &Case| {
        let (actor, calendars, note) = (actor("sun"), books.publications(), String::new());
        let replan = CaseCommand::Replan { actor, calendars, note };
        case.decide(replan, at("2026-11-30 12:00")).unwrap().or_unchanged(case.clone())
    };
    assert_eq!(case.verification().unwrap().due_at(), Some(at("2026-12-02 18:00")));
    let (case, events) = replan(&case);
    assert!(matches!(&events[..], [event] if matches!(event.kind, CaseEventKind::Replanned { .. })));
    assert_eq!(case.verification().unwrap().due_at(), Some(at("2026-12-03 18:00")));
    assert_eq!(case.wake_at().map(|wake_at| wake_at > at("2026-12-02 18:00")), Some(true));
    assert!(replan(&case).1.is_empty());
}

#[test]
fn a_move_survives_storage() {
    let mut life = life(resolve(10, Unit::Workday, &[]), "2026-11-23 10:00");
    life.replans(&Books::of(day_off()), "2026-11-30 10:00");
    let event = life.events.last().unwrap();
    let text = serde_json::to_string(event).unwrap();
    assert_eq!(serde_json::from_str::<orders::OrderEvent>(&text).unwrap(), *event);
    // Used and left are one and the same clock before and after.
    let [moved] = life.moves() else { panic!() };
    let watch: &StopWatch = &moved.clock.watch;
    let now = at("2026-11-30 10:00");
    let (used, left) = (watch.used(&day_off(), now).unwrap(), watch.remaining(&day_off(), now).unwrap());
    assert_eq!(used + left, watch.allowance(&day_off()).unwrap());
}
