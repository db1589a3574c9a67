//! Named pairs: from their first milestone to their second, charged in between and nowhere else.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use orders::{
    Act, HoldReason, Milestone, Order, OrderCommand, OrderEvent, OrderEventKind, OrderPlan, PairPlan,
    PlanFault, Publications, Refusal, Role, Stage, StagePlan, StageState, Terms, TimeWanted, Verdict,
};
use proptest::prelude::*;
use sla::{Calendar, ClockKind, Unit, worked_between};

use crate::fixtures::{
    self, Life, actor, at, calendar, command, named, plan, reformed, second, seconds, stage, step,
};
use crate::world::{Step, World};

const REPAIR: &str = "repair-time";

fn pair(limit_s: u32, from: Milestone, to: Milestone) -> PairPlan {
    fixtures::pair(seconds(named(REPAIR), limit_s, &[800]), from, to)
}

fn under(pairs: Vec<PairPlan>) -> OrderPlan {
    let stages = vec![seconds(Stage::Resolve, 10_000, &[])];
    OrderPlan { pairs, ..plan(Role::Lead, "transport", stages, vec![step(0, "governance-centre")]) }
}

fn refused(pairs: Vec<PairPlan>) -> Refusal {
    Order::dispatch(under(pairs), &calendar(&[2026]), None, second(0)).unwrap_err()
}

impl Life {
    fn pair(&self) -> Option<&StageState> {
        self.order.stages.iter().find(|stage| stage.stage() == named(REPAIR))
    }

    fn suspended(&mut self, from_s: i64, until_s: i64) {
        let wanted = TimeWanted::Suspension { until: second(until_s), reason: HoldReason::Weather };
        let ask = OrderCommand::AskTime { actor: actor("li"), wanted, note: String::new() };
        self.does(ask, second(from_s)).unwrap();
        let office = calendar(&[2026]);
        let grant =
            OrderCommand::GrantTime { actor: actor("sun"), calendars: (&office).into(), note: String::new() };
        self.does(grant, second(from_s)).unwrap();
    }

    fn goes_on(&mut self, at_s: i64) {
        let office = calendar(&[2026]);
        let resume = OrderCommand::Resume { actor: None, calendars: (&office).into(), note: String::new() };
        self.does(resume, second(at_s)).unwrap();
    }

    fn adopts_pairs(&mut self, pairs: Vec<PairPlan>, at_s: i64) -> Result<String, Refusal> {
        let (office, chain) = (calendar(&[2026]), self.order.chain.clone());
        let terms = Terms { policy: "repairs".to_owned(), stages: vec![], pairs, chain };
        let (actor, note) = (actor("sun"), String::new());
        let calendars = (&office).into();
        self.does(OrderCommand::Adopt { actor, terms, orders: &[], calendars, note }, second(at_s))
    }
}

#[test]
fn it_begins_with_its_first_milestone_and_is_met_by_its_second() {
    let mut life = Life::of(under(vec![pair(100, Milestone::Arrived, Milestone::Submitted)]));
    life.acts(Act::Acknowledge, second(10)).unwrap();
    assert_eq!((life.pair(), life.order.wake_at()), (None, Some(second(10_000))));
    assert_eq!(life.acts(Act::Arrive, second(500)).unwrap(), "arrived");
    assert_eq!(life.pair().unwrap().due_at(), Some(second(600)));
    assert_eq!(life.ticks(second(580)), "warned:repair-time:800");
    assert_eq!(life.ticks(second(600)), "breached:repair-time escalated:repair-time:1:governance-centre");
    life.acts(Act::Submit, second(601)).unwrap();
    assert_eq!(life.pair().unwrap().met_at, Some(second(601)));
    // The next round knows the pair, and has not begun it.
    let again = life.order.plan_again(uuid::Uuid::from_u128(9).into(), 2);
    assert_eq!((again.stages.len(), &again.pairs), (1, &life.order.pairs));
}

#[test]
fn what_begins_with_the_order_is_there_at_once() {
    let life = Life::of(under(vec![pair(100, Milestone::Dispatched, Milestone::Progressed)]));
    assert_eq!(life.pair().unwrap().due_at(), Some(second(100)));
}

#[test]
fn where_the_second_came_first_nothing_begins() {
    let mut life = Life::of(under(vec![pair(100, Milestone::Arrived, Milestone::Progressed)]));
    for (act, at_s) in [(Act::Acknowledge, 1), (Act::Progress, 2), (Act::Arrive, 3), (Act::Progress, 4)] {
        life.acts(act, second(at_s)).unwrap();
    }
    assert_eq!(life.pair(), None);
}

#[test]
fn a_later_act_stands_for_an_earlier_one_but_nothing_for_a_visit() {
    let mut life = Life::of(under(vec![pair(100, Milestone::Dispatched, Milestone::Seen)]));
    life.acts(Act::Acknowledge, second(7)).unwrap();
    assert_eq!(life.pair().unwrap().met_at, Some(second(7)));
    let mut life = Life::of(under(vec![pair(100, Milestone::Seen, Milestone::Acknowledged)]));
    life.acts(Act::Acknowledge, second(7)).unwrap();
    assert_eq!(life.pair().unwrap().verdict, Some(Verdict::Met), "seen and taken in one");
    let mut life = Life::of(under(vec![pair(100, Milestone::Acknowledged, Milestone::Progressed)]));
    life.acts(Act::Acknowledge, second(1)).unwrap();
    life.acts(Act::Submit, second(9)).unwrap();
    assert_eq!(life.pair().unwrap().met_at, Some(second(9)), "who submits has reported");
    let mut life = Life::of(under(vec![pair(100, Milestone::Acknowledged, Milestone::Arrived)]));
    life.acts(Act::Acknowledge, second(1)).unwrap();
    assert_eq!(life.acts(Act::Submit, second(9)), Err(Refusal::VisitRequired));
}

#[test]
fn what_begins_while_time_is_held_is_held_from_its_first_instant() {
    let mut life = Life::of(under(vec![pair(100, Milestone::Progressed, Milestone::Submitted)]));
    life.acts(Act::Acknowledge, second(0)).unwrap();
    life.suspended(10, 1_000);
    life.acts(Act::Progress, second(400)).unwrap();
    let begun = life.pair().unwrap();
    assert!(begun.held() && begun.started_at == second(400));
    assert_eq!((life.order.wake_at(), life.ticks(second(900))), (Some(second(1_000)), "=".to_owned()));
    life.goes_on(1_000);
    assert_eq!(life.pair().unwrap().due_at(), Some(second(1_100)));
}

/// Whoever decides may not have read the later publication yet. By the office's first hours it would be half past ten on
/// Tuesday.
#[test]
fn none_begins_on_an_older_publication_than_its_siblings_counted_on() {
    let office = calendar(&[2026]);
    let long_hours = reformed(0, &[Arc::new(office.clone())]);
    let repair = stage(named(REPAIR), ClockKind::Work, 2, Unit::Hour, &[]);
    let pairs = vec![fixtures::pair(repair, Milestone::Arrived, Milestone::Submitted)];
    let taken = vec![stage(Stage::Acknowledge, ClockKind::Work, 1, Unit::Hour, &[])];
    let plan = OrderPlan { pairs, ..plan(Role::Lead, "transport", taken, vec![]) };
    let mut life = Life::since(plan, &long_hours, second(0));
    life.acts(Act::Acknowledge, second(60)).unwrap();
    assert!(life.order.awaits_pair() && life.order.stages[0].verdict.is_some());
    let earlier = [Arc::new(office.clone()), Arc::new(long_hours.clone())];
    let behind = Publications::new(&office, &earlier);
    life.does(command(Act::Arrive, "li", behind, &[]), at("2026-11-23 17:30")).unwrap();
    let begun = life.pair().unwrap();
    assert_eq!(
        (begun.counted_on(), begun.due_at()),
        (Some(long_hours.reference()), Some(at("2026-11-23 19:30")))
    );
    assert!(!life.order.awaits_pair());
}

/// Held before the first report; the report comes long after the time would have been over.
#[test]
fn what_is_done_while_time_is_held_is_in_time() {
    let mut life = Life::of(under(vec![pair(100, Milestone::Acknowledged, Milestone::Progressed)]));
    life.acts(Act::Acknowledge, second(0)).unwrap();
    life.suspended(99, 1_000);
    life.acts(Act::Progress, second(900)).unwrap();
    let met = life.pair().unwrap();
    assert_eq!((met.verdict, met.met_at), (Some(Verdict::Met), Some(second(900))));
    life.goes_on(1_000);
    assert_eq!(life.pair().unwrap().verdict, Some(Verdict::Met));
}

#[test]
fn a_policy_in_force_changes_the_limit_of_what_measures_the_same() {
    let repair = |limit_s| pair(limit_s, Milestone::Arrived, Milestone::Submitted);
    let mut life = Life::of(under(vec![repair(1_000)]));
    // Not begun yet: it begins under the other limit.
    assert_eq!(life.adopts_pairs(vec![repair(500)], 5).unwrap(), "policy_adopted");
    assert_eq!(life.adopts_pairs(vec![repair(500)], 5).unwrap(), "=");
    life.acts(Act::Acknowledge, second(10)).unwrap();
    life.acts(Act::Arrive, second(100)).unwrap();
    assert_eq!(life.pair().unwrap().due_at(), Some(second(600)));
    // Begun: what was used counts.
    assert_eq!(life.adopts_pairs(vec![repair(50)], 200), Err(Refusal::LimitUsedUp));
    assert_eq!(life.adopts_pairs(vec![repair(300)], 200).unwrap(), "policy_adopted");
    assert_eq!(life.pair().unwrap().due_at(), Some(second(400)));
    // One that measures something else, or has another name, is none of it.
    let other = pair(1, Milestone::Acknowledged, Milestone::Submitted);
    let named_otherwise =
        fixtures::pair(seconds(named("other"), 1, &[]), Milestone::Arrived, Milestone::Submitted);
    assert_eq!(life.adopts_pairs(vec![other, named_otherwise], 210).unwrap(), "=");
    let again = life.order.plan_again(uuid::Uuid::from_u128(9).into(), 2);
    assert_eq!(again.pairs, [repair(300)]);
}

#[test]
fn pairs_that_make_no_sense_are_refused() {
    use Milestone::{Arrived, Dispatched, Seen, Submitted};
    let stage = named(REPAIR);
    let plan = |fault| Refusal::PlanInvalid(fault);
    assert_eq!(refused(vec![pair(1, Seen, Seen)]), plan(PlanFault::BackwardPair(stage)));
    assert_eq!(refused(vec![pair(1, Submitted, Arrived)]), plan(PlanFault::BackwardPair(stage)));
    let twice = vec![pair(1, Dispatched, Seen), pair(2, Seen, Arrived)];
    assert_eq!(refused(twice), plan(PlanFault::RepeatedStage(stage)));
    let fixed = fixtures::pair(seconds(Stage::See, 1, &[]), Dispatched, Seen);
    assert_eq!(refused(vec![fixed]), plan(PlanFault::MisplacedStage(Stage::See)));
    let many = |n: u32| fixtures::pair(seconds(named(&format!("p{n}")), 1, &[]), Dispatched, Seen);
    assert_eq!(refused((0..9).map(many).collect()), plan(PlanFault::TooManyPairs));
    let mut misplaced = under(vec![]);
    misplaced.stages = vec![seconds(stage, 1, &[])];
    let refusal = Order::dispatch(misplaced, &calendar(&[2026]), None, second(0)).unwrap_err();
    assert_eq!(refusal, plan(PlanFault::MisplacedStage(stage)));
}

#[test]
fn a_stage_is_stored_as_its_word() {
    let mut life = Life::of(under(vec![pair(100, Milestone::Acknowledged, Milestone::Submitted)]));
    life.acts(Act::Acknowledge, second(1)).unwrap();
    let stored = serde_json::to_value(&life.order).unwrap();
    assert_eq!(stored["stages"][0]["plan"]["stage"], "resolve");
    assert_eq!(stored["stages"][1]["plan"]["stage"], REPAIR);
    assert_eq!(stored["pairs"][0]["from"], "acknowledged");
    assert_eq!(serde_json::from_value::<Order>(stored).unwrap(), life.order);
    for event in &life.events {
        let text = serde_json::to_string(event).unwrap();
        assert_eq!(&serde_json::from_str::<OrderEvent>(&text).unwrap(), event);
    }
    let folded = life.events.iter().fold(None, |order, event| Some(Order::evolve(order, event).unwrap()));
    assert_eq!(folded, Some(life.order));
    assert!(serde_json::from_str::<Stage>("\"Not A Stage\"").is_err());
}

/// A limit in minutes, on either clock.
fn minutes() -> impl Strategy<Value = StagePlan> {
    let clock = prop::sample::select(&[ClockKind::Clock, ClockKind::Work][..]);
    (clock, 1u32..900).prop_map(|(clock, n)| stage(named(REPAIR), clock, n, Unit::Minute, &[500]))
}

fn any_pair() -> impl Strategy<Value = PairPlan> {
    let milestone = || prop::sample::select(&Milestone::ALL[..]);
    (milestone(), milestone(), minutes()).prop_filter_map("nothing may follow", |(from, to, plan)| {
        to.may_follow(from).then(|| fixtures::pair(plan, from, to))
    })
}

/// Acts in any order, suspensions asked and granted, waits of up to a day.
fn lives() -> impl Strategy<Value = Vec<Step>> {
    let act = prop::sample::select(&Act::ALL[..]);
    let some = prop_oneof![
        4 => act.prop_map(|act| vec![Step::Act(0, act, "li")]),
        2 => (60i64..100_000).prop_map(|s| vec![Step::Suspend(0, "li", s), Step::Grant(0, "sun")]),
        1 => Just(vec![Step::Resume(0, "li")]),
        4 => (60i64..80_000).prop_map(|s| vec![Step::Wait(s)]),
        2 => Just(vec![Step::WaitForWakeUp, Step::Tick]),
        1 => Just(vec![Step::Tick]),
    ];
    prop::collection::vec(some, 1..40).prop_map(|steps| steps.concat())
}

/// Time of a limit's clock in a stretch.
fn counted(office: &Calendar, clock: ClockKind, from: Timestamp, to: Timestamp) -> SignedDuration {
    match clock {
        _ if to <= from => SignedDuration::ZERO,
        ClockKind::Clock => to.duration_since(from),
        ClockKind::Work => worked_between(office, from, to).unwrap(),
    }
}

/// What the journal says of when time was held: from an event to the instant the next one names.
fn holds(events: &[OrderEvent], now: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut holds: Vec<(Timestamp, Timestamp)> = Vec::new();
    let mut since = None;
    for event in events {
        match &event.kind {
            OrderEventKind::Suspended { suspension, .. } => since = Some((event.at, suspension.until)),
            OrderEventKind::Resumed { from, .. } => holds.extend(since.take().map(|(at, _)| (at, *from))),
            _ => {}
        }
    }
    holds.extend(since.map(|(at, _)| (at, now)));
    holds
}

proptest! {
    /// Conservation: what a pair has used is the time of its clock between its two milestones that nobody held, and
    /// the verdict follows from that alone.
    #[test]
    fn a_pair_is_charged_between_its_milestones_and_nowhere_else(pair in any_pair(), steps in lives()) {
        let office = calendar(&[2026]);
        let lead = OrderPlan { pairs: vec![pair.clone()], ..plan(Role::Lead, "transport", vec![], vec![]) };
        let verify = stage(Stage::Verify, ClockKind::Clock, 1, Unit::Hour, &[]);
        let (mut world, written) = World::open(vec![lead], verify, office.clone(), at("2026-02-02 10:00"));
        let mut events: Vec<OrderEvent> = written.orders.into_iter().map(|(_, event)| event).collect();
        for step in &steps {
            let Ok((next, written)) = world.after(step) else { continue };
            crate::invariants::check(&next);
            crate::invariants::check_step(&world, &next);
            events.extend(written.orders.into_iter().map(|(_, event)| event));
            world = next;
        }
        let order = &world.orders[0];
        let Some(stage) = order.stages.first() else { return Ok(()) };
        let clock = pair.plan.limit.clock();
        // What is breached is held no more.
        let breached_at = stage.verdict_at.filter(|_| stage.verdict == Some(Verdict::Breached));
        let mut held = holds(&events, world.now);
        held.retain(|(from, _)| breached_at.is_none_or(|at| *from < at));
        let charged = |until: Timestamp| {
            let all = counted(&office, clock, stage.started_at, until);
            let cut = |(from, to): &(Timestamp, Timestamp)| {
                counted(&office, clock, (*from).max(stage.started_at), (*to).min(until))
            };
            held.iter().fold(all, |all, hold| all - cut(hold))
        };
        let limit = SignedDuration::from_mins(i64::from(pair.plan.limit.amount()));
        let until = stage.met_at.unwrap_or(world.now);
        let told = stage.explain((&office).into(), until).unwrap();
        prop_assert_eq!(told.used, charged(until));
        match stage.verdict {
            Some(Verdict::Met) => prop_assert!(charged(stage.met_at.unwrap()) <= limit),
            Some(Verdict::Breached) => {
                prop_assert_eq!(charged(stage.due_at().unwrap()), limit);
                prop_assert!(stage.verdict_at.unwrap() >= stage.due_at().unwrap());
            }
            Some(Verdict::Cancelled) => prop_assert!(false, "nothing ended"),
            None => prop_assert_eq!(stage.met_at, None),
        }
    }
}
