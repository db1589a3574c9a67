//! Laws over random lives of a case: random policies, acts by anybody, late and double wake-ups, waits,
//! clocks that step back, publications.

use jiff::{SignedDuration, Timestamp};
use orders::{
    Act, Case, CaseEvent, CaseEventKind, CaseTerms, Deciding, LinkDeed, LinkDenial, Milestone, Order,
    OrderEvent, OrderEventKind, OrderPlan, PairPlan, Role, Stage, StageEvent, StagePlan, StageState,
};
use proptest::prelude::*;
use sla::{ClockKind, PerMille, StopWatch, Unit};

use crate::fixtures::{self, at, calendar, named, plan, stage, step};
use crate::invariants::{check, check_step};
use crate::world::{Policy, Step, Verb, World, Written};

fn limits(kind: Stage) -> impl Strategy<Value = StagePlan> {
    let limit = prop_oneof![
        (1u32..50_000).prop_map(|n| (ClockKind::Clock, n, Unit::Second)),
        (1u32..900).prop_map(|n| (ClockKind::Work, n, Unit::Minute)),
        (1u32..9).prop_map(|n| (ClockKind::Work, n, Unit::Workday)),
    ];
    let warns = prop::collection::vec(0u16..=1000, 0..4);
    (limit, warns).prop_map(move |((clock, n, unit), warns)| stage(kind, clock, n, unit, &warns))
}

/// Pairs of any two milestones of which the second may follow, each name once.
fn pairs() -> impl Strategy<Value = Vec<PairPlan>> {
    let milestone = || prop::sample::select(&Milestone::ALL[..]);
    let one = |name| {
        let pair = (milestone(), milestone(), limits(named(name)));
        pair.prop_filter_map("nothing may follow", |(from, to, plan)| {
            to.may_follow(from).then(|| fixtures::pair(plan, from, to))
        })
    };
    let maybe = |name| prop::option::weighted(0.5, one(name));
    (maybe("first-word"), maybe("repair-time"), maybe("way-there"))
        .prop_map(|(a, b, c)| [a, b, c].into_iter().flatten().collect())
}

fn policies() -> impl Strategy<Value = Policy> {
    let maybe = |kind| prop::option::weighted(0.7, limits(kind));
    let stages = (maybe(Stage::See), maybe(Stage::Acknowledge), maybe(Stage::OnSite), maybe(Stage::Resolve));
    let chain = prop::collection::vec(0u32..40_000, 0..3).prop_map(|mut after| {
        after.sort();
        after.into_iter().map(|after_s| step(after_s, "governance-centre")).collect()
    });
    (stages, pairs(), chain).prop_map(|((a, b, c, d), pairs, chain)| {
        let stages = [a, b, c, d].into_iter().flatten().collect();
        Policy { stages, pairs, chain }
    })
}

fn under(policy: Policy, role: Role, body: &str) -> OrderPlan {
    OrderPlan { pairs: policy.pairs, ..plan(role, body, policy.stages, policy.chain) }
}

/// Limits of a case's own stages, under the chain of its lead's policy.
fn terms() -> impl Strategy<Value = CaseTerms> {
    let adjudicate = prop::option::weighted(0.7, limits(Stage::Adjudicate));
    let terms = (limits(Stage::Verify), adjudicate);
    terms.prop_map(|(verify, adjudicate)| CaseTerms { verify, adjudicate, chain: vec![] })
}

fn worlds() -> impl Strategy<Value = (World, Written)> {
    (policies(), policies(), terms()).prop_map(|(lead, assist, terms)| {
        let terms = CaseTerms { chain: lead.chain.clone(), ..terms };
        let plans = vec![
            under(lead, Role::Lead, "transport"),
            under(assist.clone(), Role::Assist, "bus-company"),
            under(assist, Role::Inform, "street-centre"),
        ];
        // Two working days before an unpublished year: about half of the working limits wait for it.
        World::open(plans, terms, calendar(&[2026]), at("2026-12-29 10:00"))
    })
}

fn single_steps() -> impl Strategy<Value = Step> {
    let act = prop::sample::select(&Act::ALL[..]);
    let person = prop::sample::select(&["li", "zhao", "wang"][..]);
    let verb = prop::sample::select(&[Verb::Claim, Verb::Pass, Verb::Fail][..]);
    prop_oneof![
        12 => (0usize..3, act, person.clone()).prop_map(|(index, act, who)| Step::Act(index, act, who)),
        4 => (verb, person).prop_map(|(verb, who)| Step::Verify(verb, who)),
        4 => Just(Step::Tick),
        4 => Just(Step::WaitForWakeUp),
        4 => (-600i64..40_000).prop_map(Step::Wait),
        1 => Just(Step::Cancel(1)),
        4 => directed(),
        5 => time(),
        3 => links(),
        3 => visits(),
        1 => Just(Step::Publish(&[2026, 2027])),
        1 => Just(Step::Publish(&[2026, 2027, 2028])),
        2 => (0usize..3).prop_map(Step::Reform),
        3 => Just(Step::Replan),
        3 => (0usize..4, policies()).prop_map(|(index, policy)| Step::Adopt(index, policy)),
    ]
}

/// What those who direct the work do, and returns with their rulings. A case called off has no more to show,
/// so that is rare.
fn directed() -> impl Strategy<Value = Step> {
    let body = prop::sample::select(&["transport", "bus-company", "urban-management"][..]);
    let deciding = prop::sample::select(&[Deciding::Centre, Deciding::District][..]);
    prop_oneof![
        4 => (0usize..3, body.clone()).prop_map(|(index, body)| Step::Return(index, "li", body)),
        6 => (0usize..5, deciding, body).prop_map(|(index, by, body)| Step::Place(index, "sun", by, body)),
        2 => (0usize..4).prop_map(Step::Waive),
        1 => (0usize..4).prop_map(Step::Urge),
        1 => (0usize..4).prop_map(Step::Supervise),
        1 => Just(Step::CancelCase),
        2 => prop::sample::select(&["traffic-police", "urban-management"][..]).prop_map(Step::Whistle),
        2 => reroutes(),
    ]
}

/// Plans drawn anew, by who returns orders, too.
fn reroutes() -> impl Strategy<Value = Step> {
    let plans: [&'static [(&'static str, Role)]; 4] = [
        &[("transport", Role::Lead), ("bus-company", Role::Assist), ("street-centre", Role::Inform)],
        &[("bus-company", Role::Lead), ("transport", Role::Assist), ("street-centre", Role::Inform)],
        &[("urban-management", Role::Lead), ("transport", Role::Inform)],
        &[("transport", Role::Lead), ("urban-management", Role::Assist)],
    ];
    let deciding = prop::sample::select(&[Deciding::Centre, Deciding::District][..]);
    let who = prop::sample::select(&["sun", "sun", "li"][..]);
    (prop::sample::select(plans.to_vec()), who, deciding)
        .prop_map(|(plan, who, deciding)| Step::Reroute(plan, who, deciding))
}

/// Links given out, opened, revoked and refused, by verifiers, too; and questions.
fn links() -> impl Strategy<Value = Step> {
    let person = || prop::sample::select(&["li", "wang", "link:9"][..]);
    let deed = prop::sample::select(vec![
        LinkDeed::Issue { until: at("2027-01-04 10:00") },
        LinkDeed::Open,
        LinkDeed::Revoke,
        LinkDeed::Refuse { why: LinkDenial::Revoked },
    ]);
    prop_oneof![
        3 => (0usize..4, person(), deed).prop_map(|(index, who, deed)| Step::Link(index, who, deed)),
        1 => (0usize..4, person()).prop_map(|(index, who)| Step::Ask(index, who)),
    ]
}

/// Joint visits and their signatures, of the future and of long ago, too.
fn visits() -> impl Strategy<Value = Step> {
    let person = || prop::sample::select(&["li", "zhao"][..]);
    prop_oneof![
        (0usize..4, person(), -10i64..5_000).prop_map(|(index, who, ago)| Step::Visit(index, who, ago)),
        (0usize..4, person()).prop_map(|(index, who)| Step::Sign(index, who)),
    ]
}

/// Questions for time and their answers.
fn time() -> impl Strategy<Value = Step> {
    let order = || 0usize..4;
    prop_oneof![
        2 => order().prop_map(|index| Step::Extend(index, "li")),
        3 => (order(), -10i64..100_000).prop_map(|(index, seconds)| Step::Suspend(index, "li", seconds)),
        5 => order().prop_map(|index| Step::Grant(index, "sun")),
        1 => order().prop_map(|index| Step::Deny(index, "sun")),
        2 => order().prop_map(|index| Step::Resume(index, "li")),
    ]
}

/// Single steps, and now and then a duty done in one go: random acts alone seldom get as far as a
/// verification.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let handled = (0usize..2, prop::sample::select(&["li", "zhao"][..])).prop_map(|(index, who)| {
        [Act::Acknowledge, Act::Arrive, Act::Submit].map(|act| Step::Act(index, act, who)).to_vec()
    });
    let some = prop_oneof![8 => single_steps().prop_map(|step| vec![step]), 1 => handled];
    prop::collection::vec(some, 0..80).prop_map(|steps| steps.concat())
}

/// Every event so far, by order and for the case.
#[derive(Default)]
struct Journal {
    case: Vec<CaseEvent>,
    orders: Vec<Vec<OrderEvent>>,
}

impl Journal {
    fn write(&mut self, written: Written) {
        self.case.extend(written.case);
        for (index, event) in written.orders {
            self.orders.resize_with(self.orders.len().max(index + 1), Vec::new);
            self.orders[index].push(event);
        }
    }
}

fn fold_order(events: &[OrderEvent]) -> Order {
    let step = |order, event| Some(Order::evolve(order, event).unwrap());
    events.iter().fold(None, step).unwrap()
}

fn fold_case(events: &[CaseEvent]) -> Case {
    let step = |case, event| Some(Case::evolve(case, event).unwrap());
    events.iter().fold(None, step).unwrap()
}

/// What was used stays as it was counted, nothing falls due before the move, and a second one moves nothing.
fn check_replan(before: &World, after: &World, written: &Written) {
    let (_, again) = after.after(&Step::Replan).unwrap();
    assert!(again.orders.is_empty() && again.case.is_empty(), "replanned twice");
    for (index, event) in &written.orders {
        let OrderEventKind::Replanned { moves, .. } = &event.kind else { continue };
        for moved in moves {
            let of = |world: &World| {
                let mut stages = world.orders[*index].stages.iter();
                stages.find(|stage| stage.stage() == moved.clock.stage).unwrap().clone()
            };
            check_move(before, after, &of(before), &of(after), event.at);
        }
    }
    for event in &written.case {
        let CaseEventKind::Replanned { .. } = &event.kind else { continue };
        let of = |world: &World| world.case.adjudication().or(world.case.verification()).unwrap().clone();
        check_move(before, after, &of(before), &of(after), event.at);
    }
}

/// What was used and held stays, also where it is counted on another clock from then on; nothing falls due before the adoption, and
/// the same once more says nothing.
fn check_adoption(before: &World, after: &World, step: &Step, written: &Written) {
    let (_, again) = after.after(step).unwrap();
    assert!(again.orders.is_empty(), "adopted twice");
    for (index, event) in &written.orders {
        let OrderEventKind::PolicyAdopted { stages, chain, .. } = &event.kind else { continue };
        assert_eq!(&after.orders[*index].chain, chain);
        for renewed in stages {
            let of = |world: &World| {
                let mut stages = world.orders[*index].stages.iter();
                stages.find(|stage| stage.stage() == renewed.clock.stage).unwrap().clone()
            };
            check_renewed(before, after, &of(before), &of(after), event.at);
        }
    }
}

fn check_renewed(before: &World, after: &World, old: &StageState, new: &StageState, at: Timestamp) {
    assert_eq!((old.verdict, old.met_at, new.verdict, new.met_at), (None, None, None, None));
    assert!(new.held() || new.due_at().is_none_or(|due_at| due_at >= at), "a breach was made");
    let counted_on = |world: &World, stage: &StageState| {
        let found = |reference| world.published.iter().find(|calendar| calendar.reference() == reference);
        stage.counted_on().and_then(found).unwrap_or(&world.calendar).clone()
    };
    let (was, now) = (counted_on(before, old), counted_on(after, new));
    let started = || StopWatch::start(old.plan.limit, &was, old.started_at);
    let watch = old.watch.clone().unwrap_or_else(started);
    let renewed = new.watch.as_ref().unwrap();
    if new.held() {
        assert!(
            renewed.remaining(&now, at).map_or(true, |left| !left.is_negative()),
            "a breach waits for the end of the pause"
        );
    }
    // A suspension that is over ended first.
    if old.held() == new.held() {
        let intervals = |watch: &StopWatch| watch.as_of(at).intervals().collect::<Vec<_>>();
        assert_eq!(intervals(&watch), intervals(renewed), "when it ran and when it was held");
    }
    assert_eq!(watch.extensions(), renewed.extensions());
    if let (Ok(left), Ok(used), Ok(allowed)) =
        (renewed.remaining(&now, at), renewed.used(&now, at), renewed.allowance(&now))
    {
        assert_eq!(left + used, allowed);
    }
}

fn check_move(before: &World, after: &World, old: &StageState, new: &StageState, at: Timestamp) {
    // A suspension that is over has ended first, and the clock has gone over with that.
    if old.held() && !new.held() {
        return;
    }
    let counted_on = |world: &World, stage: &StageState| {
        let reference = stage.counted_on().expect("working time");
        world.published.iter().find(|calendar| calendar.reference() == reference).unwrap().clone()
    };
    let (was, now) = (counted_on(before, old), counted_on(after, new));
    assert_eq!(now.reference(), after.calendar.reference());
    let started = || StopWatch::start(old.plan.limit, &was, old.started_at);
    let mut watch = old.watch.clone().unwrap_or_else(started);
    watch.adopt(&was);
    let moved = new.watch.as_ref().unwrap();
    assert!(new.held() || new.due_at().is_none_or(|due_at| due_at >= at), "moved into the past");
    assert_eq!(watch.used(&was, at), moved.used(&now, at), "what was used is counted anew");
    assert_eq!(watch.held(&was, at), moved.held(&now, at));
    if let (Ok(left), Ok(used), Ok(allowed)) =
        (moved.remaining(&now, at), moved.used(&now, at), moved.allowance(&now))
    {
        assert_eq!(left + used, allowed);
    }
}

fn live(first: (World, Written), steps: &[Step]) -> (World, Journal) {
    let (mut world, written) = first;
    let mut journal = Journal::default();
    journal.write(written);
    check(&world);
    for step in steps {
        let orders = world.orders.len() - world.round_starts();
        if step.index().is_some_and(|index| index >= orders) {
            continue;
        }
        let Ok((next, written)) = world.after(step) else { continue };
        check(&next);
        check_step(&world, &next);
        if *step == Step::Tick {
            // No livelock: a handled wake-up leaves nothing due, and a second one does nothing.
            assert!(next.wake_at().is_none_or(|wake_at| wake_at > next.now));
            let (_, again) = next.after(&Step::Tick).unwrap();
            assert!(again.orders.is_empty() && again.case.is_empty());
        }
        if matches!(step, Step::Adopt(..)) {
            check_adoption(&world, &next, step, &written);
        }
        if *step == Step::Replan {
            check_replan(&world, &next, &written);
        }
        world = next;
        journal.write(written);
    }
    (world, journal)
}

proptest! {
    #[test]
    fn every_life_keeps_the_promises_and_folds(
        first in worlds(), steps in steps(),
    ) {
        let (world, journal) = live(first, &steps);
        prop_assert_eq!(&fold_case(&journal.case), &world.case);
        prop_assert_eq!(journal.orders.len(), world.orders.len());
        for (events, order) in journal.orders.iter().zip(&world.orders) {
            prop_assert_eq!(&fold_order(events), order);
            let versions: Vec<u64> = events.iter().map(|event| event.version).collect();
            prop_assert_eq!(versions, (1..=order.version).collect::<Vec<_>>());
            prop_assert!(events.is_sorted_by_key(|event| event.at));
            let text = serde_json::to_string(order).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Order>(&text).unwrap(), order);
        }
        let text = serde_json::to_string(&world.case).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Case>(&text).unwrap(), &world.case);
    }

    /// Woken on time or hours late, an order that nobody touches ends with the same verdicts, and every
    /// step of its chain was taken.
    #[test]
    fn late_wake_ups_change_no_verdict(policy in policies(), late_s in 0i64..500_000) {
        let chain_steps = policy.chain.len() as u32;
        let lead = under(policy, Role::Lead, "transport");
        let verify = stage(Stage::Verify, ClockKind::Clock, 1, Unit::Hour, &[]);
        let published = calendar(&[2026, 2027, 2028]);
        let (first, _) = World::open(vec![lead], verify, published, at("2026-12-29 10:00"));
        let run = |late_s: i64| {
            let mut world = first.clone();
            while world.wake_at().is_some() {
                for step in [Step::WaitForWakeUp, Step::Wait(late_s), Step::Tick] {
                    world = world.after(&step).unwrap().0;
                }
            }
            world.orders.remove(0)
        };
        let (punctual, late) = (run(0), run(late_s));
        for (a, b) in punctual.stages.iter().zip(&late.stages) {
            prop_assert_eq!((a.verdict, a.escalated), (b.verdict, b.escalated));
            prop_assert_eq!(a.escalated, chain_steps);
            prop_assert_eq!(a.verdict_at, a.due_at());
            let delay = b.verdict_at.unwrap().duration_since(b.due_at().unwrap());
            prop_assert!(delay >= SignedDuration::ZERO && delay <= SignedDuration::from_secs(late_s));
            let warns_before_due = a.plan.warn.iter().filter(|warn| **warn < PerMille::new(1000).unwrap());
            prop_assert!(a.warned as usize <= warns_before_due.count());
        }
    }

    /// The same of a case that nobody verifies: each step of the chain is taken once, in order.
    #[test]
    fn late_wake_ups_take_each_step_of_a_case(
        policy in policies(), verify in limits(Stage::Verify), late_s in 0i64..500_000,
    ) {
        let chain = policy.chain;
        let lead = plan(Role::Lead, "transport", vec![], vec![]);
        let terms = CaseTerms { chain: chain.clone(), ..verify.into() };
        let (mut world, _) = World::open(vec![lead], terms, calendar(&[2026, 2027]), at("2026-12-29 10:00"));
        for act in [Act::Acknowledge, Act::Submit] {
            world = world.after(&Step::Act(0, act, "li")).unwrap().0;
        }
        let mut taken = Vec::new();
        while world.wake_at().is_some() {
            for step in [Step::WaitForWakeUp, Step::Wait(late_s), Step::Tick] {
                let (next, written) = world.after(&step).unwrap();
                check(&next);
                check_step(&world, &next);
                world = next;
                let due_at = world.case.verification().unwrap().due_at().unwrap();
                for event in written.case {
                    if let CaseEventKind::Stage(StageEvent::Escalated { step, .. }) = event.kind {
                        taken.push(step);
                        let after_s = i64::from(chain[step as usize - 1].after_s);
                        let delay = event.at.duration_since(due_at + SignedDuration::from_secs(after_s));
                        prop_assert!(delay >= SignedDuration::ZERO && delay <= SignedDuration::from_secs(late_s));
                    }
                }
            }
        }
        prop_assert_eq!(taken, (1..=chain.len() as u32).collect::<Vec<_>>());
    }
}
