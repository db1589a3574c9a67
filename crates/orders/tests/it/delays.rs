//! Extensions and suspensions: who grants, what is charged, and that nobody's lateness changes it.

use jiff::SignedDuration;
use orders::{Act, HoldReason, Order, OrderCommand, Refusal, ReturnGround, Role, Stage, TimeWanted, Verdict};
use sla::{Calendar, ClockKind, Limit, Unit};

use crate::fixtures::{Life, actor, at, calendar, command, plan, second, seconds, stage, step};

fn life(limit_s: u32, warn: &[u16]) -> Life {
    let mut life =
        Life::new(vec![seconds(Stage::Resolve, limit_s, warn)], vec![step(50, "governance-centre")]);
    life.acts(Act::Acknowledge, second(0)).unwrap();
    life
}

fn more(seconds: u32) -> TimeWanted {
    TimeWanted::Extension { more: Limit::new(ClockKind::Clock, seconds, Unit::Second).unwrap() }
}

fn until(seconds: i64) -> TimeWanted {
    TimeWanted::Suspension { until: second(seconds), reason: HoldReason::Materials }
}

impl Life {
    fn asks(&mut self, wanted: TimeWanted, at_s: i64) -> Result<String, Refusal> {
        let note = "waiting for parts".to_owned();
        self.does(OrderCommand::AskTime { actor: actor("li"), wanted, note }, second(at_s))
    }

    fn granted(&mut self, who: &str, at_s: i64) -> Result<String, Refusal> {
        let (calendar, note) = (calendar(&[2026]), String::new());
        self.does(
            OrderCommand::GrantTime { actor: actor(who), calendars: (&calendar).into(), note },
            second(at_s),
        )
    }

    fn resumes(&mut self, at_s: i64) -> String {
        let (calendar, note) = (calendar(&[2026]), String::new());
        let resume = OrderCommand::Resume { actor: Some(actor("li")), calendars: (&calendar).into(), note };
        self.does(resume, second(at_s)).unwrap()
    }

    fn due_s(&self) -> i64 {
        self.order.stages[0].due_at().unwrap().duration_since(second(0)).as_secs()
    }
}

#[test]
fn time_is_granted_by_another_person_and_runs_until_then() {
    let mut life = life(100, &[]);
    assert_eq!(life.asks(more(60), 10).unwrap(), "extension_asked");
    assert_eq!(life.due_s(), 100);
    assert_eq!(life.granted("li", 20), Err(Refusal::AskerMayNotDecide));
    assert_eq!(life.asks(until(50), 20), Err(Refusal::TimePending));
    assert_eq!(life.granted("sun", 30).unwrap(), "extended");
    assert_eq!((life.due_s(), life.order.wake_at()), (160, Some(second(160))));
    assert_eq!(life.granted("sun", 31), Err(Refusal::NothingAsked));
    // One that is refused leaves everything as it was, and may be asked again.
    life.asks(more(60), 40).unwrap();
    let deny = OrderCommand::RefuseTime { actor: actor("sun"), note: "no".to_owned() };
    assert_eq!(life.does(deny, second(50)).unwrap(), "time_refused");
    assert_eq!((life.due_s(), life.order.time_asked.clone()), (160, None));
    assert_eq!(life.asks(more(60), 60).unwrap(), "extension_asked");
}

#[test]
fn what_is_on_hold_is_not_charged_and_nothing_falls_due() {
    let mut life = life(100, &[800]);
    life.asks(until(1_000), 30).unwrap();
    assert_eq!(life.granted("sun", 40).unwrap(), "suspended");
    assert_eq!(life.order.wake_at(), Some(second(1_000)));
    assert_eq!(life.ticks(second(500)), "=");
    assert_eq!(life.acts(Act::Submit, second(500)), Err(Refusal::Suspended));
    assert_eq!(life.acts(Act::Arrive, second(500)), Err(Refusal::Suspended));
    assert_eq!(life.acts(Act::Progress, second(500)).unwrap(), "progressed");
    assert_eq!(life.resumes(540), "resumed");
    // 40 of 100 were used; 500 were held.
    assert_eq!((life.due_s(), life.order.wake_at()), (600, Some(second(580))));
    assert_eq!(life.ticks(second(580)), "warned:resolve:800");
    assert_eq!(life.acts(Act::Submit, second(600)).unwrap(), "submitted");
    assert_eq!(life.order.stages[0].verdict, Some(Verdict::Met));
    let watch = life.order.stages[0].watch.as_ref().unwrap();
    let (used, held) =
        (watch.used(&calendar(&[2026]), second(600)), watch.held(&calendar(&[2026]), second(600)));
    assert_eq!((used, held), (Ok(SignedDuration::from_secs(100)), Ok(SignedDuration::from_secs(500))));
}

/// The times decide, not when somebody came by: a suspension is over at its end, whenever its wake-up is handled.
#[test]
fn a_late_wake_up_gives_no_time_away() {
    let ended = |late_s: i64| {
        let mut life = life(100, &[]);
        life.asks(until(200), 30).unwrap();
        life.granted("sun", 40).unwrap();
        assert!(life.order.suspension_over(second(200 + late_s)));
        assert_eq!(life.resumes(200 + late_s), "resumed");
        // Nobody resumed it: time did.
        assert_eq!(life.events.last().unwrap().actor, None);
        life.due_s()
    };
    assert_eq!([ended(0), ended(7), ended(5_000)], [260; 3]);
}

#[test]
fn held_working_time_moves_the_due_time_by_as_much_business_time() {
    let calendar = calendar(&[2026]);
    let limit = stage(Stage::Resolve, ClockKind::Work, 8, Unit::Hour, &[]);
    let monday = at("2026-11-23 09:00");
    let mut life = Life::since(plan(Role::Lead, "transport", vec![limit], vec![]), &calendar, monday);
    assert_eq!(life.order.stages[0].due_at(), Some(at("2026-11-24 09:30")));
    life.acts(Act::Acknowledge, monday).unwrap();
    let hold = |life: &mut Life, from: &str, until: &str, calendar: &Calendar| {
        let wanted = TimeWanted::Suspension { until: at(until), reason: HoldReason::Approval };
        let note = String::new();
        life.does(OrderCommand::AskTime { actor: actor("li"), wanted, note: note.clone() }, at(from))
            .unwrap();
        life.does(
            OrderCommand::GrantTime { actor: actor("sun"), calendars: calendar.into(), note: note.clone() },
            at(from),
        )
        .unwrap();
        life.does(OrderCommand::Resume { actor: None, calendars: calendar.into(), note }, at(until)).unwrap();
    };
    // From half past four to nine on Wednesday: 1.5 and 7.5 working hours.
    hold(&mut life, "2026-11-23 16:30", "2026-11-25 09:00", &calendar);
    // Six were used on Monday; two are left.
    assert_eq!(life.order.stages[0].due_at(), Some(at("2026-11-25 11:00")));
    assert_eq!(life.order.stages[0].started_at, monday);
}

#[test]
fn a_resumed_clock_may_await_a_calendar() {
    let december = calendar(&[2026]);
    let limit = stage(Stage::Resolve, ClockKind::Work, 2, Unit::Workday, &[]);
    let monday = at("2026-12-28 10:00");
    let mut life = Life::since(plan(Role::Lead, "transport", vec![limit], vec![]), &december, monday);
    assert_eq!(life.order.stages[0].due_at(), Some(at("2026-12-30 18:00")));
    life.acts(Act::Acknowledge, monday).unwrap();
    let wanted = TimeWanted::Suspension { until: at("2027-01-08 09:00"), reason: HoldReason::Weather };
    let (who, note) = (actor("li"), String::new());
    life.does(OrderCommand::AskTime { actor: who, wanted, note: note.clone() }, monday).unwrap();
    let grant =
        OrderCommand::GrantTime { actor: actor("sun"), calendars: (&december).into(), note: note.clone() };
    life.does(grant, at("2026-12-29 09:00")).unwrap();
    let resume = OrderCommand::Resume { actor: None, calendars: (&december).into(), note };
    assert_eq!(life.does(resume, at("2027-01-08 09:00")).unwrap(), "resumed");
    assert_eq!((life.order.stages[0].awaiting_year(), life.order.wake_at()), (Some(2027), None));
    let published = calendar(&[2026, 2027]);
    let fill = OrderCommand::FillCalendar { calendar: &published };
    assert_eq!(life.does(fill, at("2027-01-08 10:00")).unwrap(), "calendar_filled:resolve");
    assert!(life.order.stages[0].due_at() > Some(at("2027-01-08 09:00")));
}

#[test]
fn a_breach_is_not_granted_away() {
    let mut life = life(100, &[]);
    life.asks(more(60), 90).unwrap();
    // Between the question and the answer the due time came.
    assert_eq!(life.granted("sun", 101), Err(Refusal::NoClock));
    assert_eq!(life.ticks(second(101)), "breached:resolve");
    assert_eq!(life.granted("sun", 102), Err(Refusal::NoClock));
}

#[test]
fn what_cannot_be_granted_is_not_asked() {
    let mut life = life(100, &[]);
    assert_eq!(life.asks(until(10), 10), Err(Refusal::UntilOutOfRange));
    assert_eq!(life.asks(until(40_000_000), 10), Err(Refusal::UntilOutOfRange));
    let hours = Limit::new(ClockKind::Work, 2, Unit::Hour).unwrap();
    assert_eq!(life.asks(TimeWanted::Extension { more: hours }, 10), Err(Refusal::OtherClock));
    let mut unseen = Life::new(vec![seconds(Stage::Resolve, 100, &[])], vec![]);
    assert_eq!(unseen.asks(more(10), 10).unwrap_err().code(), "invalid-transition");
    let mut timeless = Life::new(vec![], vec![]);
    timeless.acts(Act::Acknowledge, second(0)).unwrap();
    assert_eq!(timeless.asks(more(10), 10), Err(Refusal::NoClock));
    assert_eq!(timeless.asks(until(100), 10), Err(Refusal::NoClock));
    let mut inform = Life::of(plan(Role::Inform, "street-centre", vec![], vec![]));
    inform.does(command(Act::See, "wang", (&calendar(&[2026])).into(), &[]), second(1)).unwrap();
    assert_eq!(inform.asks(until(100), 10), Err(Refusal::InformOnly));
}

impl Life {
    fn gives_back(&mut self, at_s: i64) -> Result<String, Refusal> {
        let (calendar, note) = (calendar(&[2026]), "not ours".to_owned());
        let (ground, proposed) = (ReturnGround::NotOurDuty, "traffic-police".parse().unwrap());
        let calendars = (&calendar).into();
        let give_back = OrderCommand::Return { actor: actor("li"), ground, proposed, calendars, note };
        self.does(give_back, second(at_s))
    }
}

/// Who says that it is not theirs waits for nothing, and gains no time.
#[test]
fn a_suspension_ends_with_a_return_and_none_begins_before_the_ruling() {
    let mut life = life(100, &[800]);
    life.asks(until(1_000), 30).unwrap();
    life.granted("sun", 40).unwrap();
    assert_eq!(life.gives_back(540).unwrap(), "resumed return_asked");
    assert_eq!((life.order.suspended, life.due_s()), (None, 600), "40 of 100 were used before");
    assert_eq!(life.order.wake_at(), Some(second(580)));
    assert_eq!(life.asks(until(2_000), 541), Err(Refusal::ReturnPending));
    // More time may be asked for: it is granted by somebody, and the clock runs on.
    assert_eq!(life.asks(more(60), 542).unwrap(), "extension_asked");
    assert_eq!(life.granted("sun", 543).unwrap(), "extended");
    let stays =
        OrderCommand::Place { actor: actor("sun"), to: "transport".parse().unwrap(), note: String::new() };
    life.does(stays, second(545)).unwrap();
    assert_eq!(life.asks(until(2_000), 546).unwrap(), "suspension_asked");
}

#[test]
fn a_suspension_asked_before_a_return_is_not_granted_before_its_ruling() {
    let mut life = life(100, &[]);
    life.asks(until(1_000), 30).unwrap();
    assert_eq!(life.gives_back(40).unwrap(), "return_asked");
    assert_eq!(life.granted("sun", 50), Err(Refusal::ReturnPending));
    let deny = OrderCommand::RefuseTime { actor: actor("sun"), note: "no".to_owned() };
    assert_eq!(life.does(deny, second(60)).unwrap(), "time_refused");
    assert_eq!(life.due_s(), 100);
}

/// Over at its end, whoever comes by later: also when that is a return.
#[test]
fn a_suspension_that_is_over_has_ended_by_itself() {
    let mut life = life(100, &[]);
    life.asks(until(200), 30).unwrap();
    life.granted("sun", 40).unwrap();
    assert_eq!(life.gives_back(230).unwrap(), "resumed return_asked");
    assert_eq!((life.due_s(), life.order.returning.is_some()), (260, true));
}

#[test]
fn a_question_lapses_with_the_duty() {
    let mut life = life(100, &[]);
    life.asks(more(60), 10).unwrap();
    life.acts(Act::Submit, second(20)).unwrap();
    assert_eq!((life.order.time_asked.clone(), life.granted("sun", 30)), (None, Err(Refusal::NothingAsked)));
}

#[test]
fn a_suspended_order_survives_storage() {
    let mut life = life(100, &[800]);
    life.asks(until(1_000), 30).unwrap();
    life.granted("sun", 40).unwrap();
    let text = serde_json::to_string(&life.order).unwrap();
    life.order = serde_json::from_str::<Order>(&text).unwrap();
    assert_eq!(life.resumes(540), "resumed");
    assert_eq!(life.due_s(), 600);
}
