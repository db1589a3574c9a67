//! Every state of small cases. Wake-ups may come late, double or never; anybody may try anything at any time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use orders::{
    Act, CasePhase, Deciding, LinkDeed, Milestone, Order, OrderPlan, PairPlan, Phase, Role, Stage,
    StageState, Visit,
};
use sla::{ClockKind, Unit};

use crate::fixtures::{calendar, named, pair, plan, second, seconds, stage, step};
use crate::invariants::{check, check_step};
use crate::world::{Policy, Step, Verb, World, hours};

const HOUR_S: u32 = 3_600;
const ROUNDS: u32 = 2;

/// A lead with a visit, an assistant, an order for information.
fn small_case() -> World {
    let lead = vec![seconds(Stage::OnSite, HOUR_S, &[]), seconds(Stage::Resolve, 2 * HOUR_S, &[500])];
    let assist = vec![seconds(Stage::Acknowledge, HOUR_S, &[])];
    let plans = vec![
        plan(Role::Lead, "transport", lead, vec![step(HOUR_S, "governance-centre")]),
        plan(Role::Assist, "bus-company", assist, vec![]),
        plan(Role::Inform, "street-centre", vec![], vec![]),
    ];
    World::open(plans, seconds(Stage::Verify, HOUR_S, &[]), calendar(&[2026]), second(0)).0
}

/// Two rounds, three hours.
fn steps(world: &World) -> Vec<Step> {
    let mut steps = vec![Step::Tick, Step::Cancel(0), Step::Cancel(1), Step::CancelCase];
    for act in Act::ALL {
        steps.extend([Step::Act(0, act, "li"), Step::Act(1, act, "zhao"), Step::Act(2, act, "wang")]);
    }
    for who in ["li", "wang"] {
        steps.extend([Step::Verify(Verb::Claim, who), Step::Verify(Verb::Pass, who)]);
        if world.case.round < ROUNDS {
            steps.push(Step::Verify(Verb::Fail, who));
        }
    }
    if hours(world.now) < 2 {
        steps.push(Step::Wait(i64::from(HOUR_S)));
    }
    steps
}

/// A lead with a limit and an assistant, who return, are placed anew by either centre, and let go.
fn disputed_case() -> World {
    let plans = vec![
        plan(Role::Lead, "transport", vec![seconds(Stage::Resolve, HOUR_S, &[])], vec![]),
        plan(Role::Assist, "bus-company", vec![], vec![]),
    ];
    World::open(plans, seconds(Stage::Verify, HOUR_S, &[]), calendar(&[2026]), second(0)).0
}

/// One round more after a failed verification, two hours; each order may be placed at one of three bodies. Urging and
/// supervision change nothing else and are left to the tables.
fn disputes(world: &World) -> Vec<Step> {
    let mut steps = vec![Step::Tick, Step::CancelCase, Step::Verify(Verb::Pass, "wang")];
    if world.case.round < ROUNDS {
        steps.push(Step::Verify(Verb::Fail, "wang"));
    }
    if hours(world.now) < 1 {
        steps.push(Step::Wait(i64::from(HOUR_S)));
    }
    for (index, order) in world.orders[world.round_starts()..].iter().enumerate() {
        if order.phase.ended() {
            continue;
        }
        steps.extend([Act::Acknowledge, Act::Submit].map(|act| Step::Act(index, act, "li")));
        steps.push(Step::Waive(index));
        // One more than one duty may be returned: two of them do not ration each other.
        if world.case.returns < 3 {
            steps.push(Step::Return(index, "li", "traffic-police"));
        }
        // Rulings are kept for ever: without a bound the transfers alone would go on for ever.
        let bodies = ["transport", "bus-company", "traffic-police"].into_iter();
        let bodies = bodies.filter(|_| order.returning.is_some() || world.case.rulings.is_empty());
        for body in bodies {
            for deciding in [Deciding::Centre, Deciding::District] {
                steps.push(Step::Place(index, "sun", deciding, body));
            }
        }
        steps.push(Step::Place(index, "li", Deciding::District, "traffic-police"));
    }
    steps
}

/// A lead with a limit and a chain that asks for time, and gets it or not.
fn slow_case() -> World {
    let limits = vec![seconds(Stage::Resolve, 2 * HOUR_S, &[500])];
    let plans = vec![plan(Role::Lead, "transport", limits, vec![step(HOUR_S, "governance-centre")])];
    World::open(plans, seconds(Stage::Verify, HOUR_S, &[]), calendar(&[2026]), second(0)).0
}

/// Six hours; suspensions of one and of three hours; who asks tries to grant as well.
fn delays(world: &World) -> Vec<Step> {
    let mut steps = vec![Step::Tick, Step::CancelCase, Step::Verify(Verb::Pass, "wang")];
    if hours(world.now) < 5 {
        steps.push(Step::Wait(i64::from(HOUR_S)));
    }
    steps.extend([Act::Acknowledge, Act::Progress, Act::Submit].map(|act| Step::Act(0, act, "li")));
    let hour = i64::from(HOUR_S);
    // More time is granted at most once, or there would be no end of states.
    if world.orders[0].stages[0].watch.as_ref().is_none_or(|watch| watch.extensions().is_empty()) {
        steps.push(Step::Extend(0, "li"));
    }
    steps.extend([Step::Suspend(0, "li", hour), Step::Suspend(0, "li", 3 * hour), Step::Suspend(0, "li", 0)]);
    steps.extend([Step::Grant(0, "sun"), Step::Grant(0, "li"), Step::Deny(0, "sun"), Step::Resume(0, "li")]);
    steps.extend([
        Step::Return(0, "li", "traffic-police"),
        Step::Place(0, "sun", Deciding::Centre, "transport"),
    ]);
    steps
}

/// A lead with a limit in working time whose calendar is published anew, wherever it is on its way.
fn replanned_case() -> World {
    let limits = vec![stage(Stage::Resolve, ClockKind::Work, 1, Unit::Workday, &[500])];
    let plans = vec![plan(Role::Lead, "transport", limits, vec![])];
    let verify = stage(Stage::Verify, ClockKind::Work, 2, Unit::Hour, &[]);
    World::open(plans, verify, calendar(&[2026]), second(0)).0
}

/// Sixteen hours in steps of eight; two publications, one suspension, one return.
fn replans(world: &World) -> Vec<Step> {
    let mut steps = vec![Step::Tick, Step::Replan, Step::CancelCase, Step::Verify(Verb::Pass, "wang")];
    if hours(world.now) < 16 {
        steps.push(Step::Wait(8 * i64::from(HOUR_S)));
    }
    if world.published.len() < 3 {
        steps.extend([Step::Reform(0), Step::Reform(1)]);
    }
    if world.case.round < ROUNDS {
        steps.push(Step::Verify(Verb::Fail, "wang"));
    }
    steps.extend([Act::Acknowledge, Act::Submit].map(|act| Step::Act(0, act, "li")));
    steps.extend([
        Step::Suspend(0, "li", 8 * i64::from(HOUR_S)),
        Step::Grant(0, "sun"),
        Step::Resume(0, "li"),
    ]);
    if world.case.rulings.is_empty() {
        steps.extend([
            Step::Return(0, "li", "traffic-police"),
            Step::Place(0, "sun", Deciding::Centre, "transport"),
        ]);
    }
    steps
}

/// A lead who is joined by whoever is whistled for.
fn summoned_case() -> World {
    let plans = vec![plan(Role::Lead, "transport", vec![], vec![])];
    World::open(plans, seconds(Stage::Verify, HOUR_S, &[]), calendar(&[2026]), second(0)).0
}

/// Two rounds, two hours; four orders at most when somebody is summoned, of which one may be waived and summoned again.
fn summonses(world: &World) -> Vec<Step> {
    let mut steps = vec![Step::Tick, Step::CancelCase, Step::Verify(Verb::Pass, "wang")];
    steps.extend(["transport", "traffic-police", "bus-company"].map(Step::Whistle));
    steps.retain(|step| !matches!(step, Step::Whistle(_)) || world.orders.len() < 4);
    if world.case.round < ROUNDS {
        steps.push(Step::Verify(Verb::Fail, "wang"));
    }
    if hours(world.now) < 1 {
        steps.push(Step::Wait(i64::from(HOUR_S)));
    }
    for index in 0..4 {
        steps.extend([Act::Acknowledge, Act::Arrive, Act::Submit].map(|act| Step::Act(index, act, "li")));
        steps.push(Step::Waive(index));
    }
    steps
}

/// A lead and an assistant whose plan is drawn anew, wherever they are on their way.
fn rerouted_case() -> World {
    let plans = vec![
        plan(Role::Lead, "transport", vec![seconds(Stage::Resolve, HOUR_S, &[])], vec![]),
        plan(Role::Assist, "bus-company", vec![], vec![]),
    ];
    World::open(plans, seconds(Stage::Verify, HOUR_S, &[]), calendar(&[2026]), second(0)).0
}

/// Two plans more, by the centre or the district: the two change places; another body leads alone. One return, which a plan may
/// answer; two rounds, two hours.
fn reroutes(world: &World) -> Vec<Step> {
    let mut steps = vec![Step::Tick, Step::CancelCase, Step::Verify(Verb::Pass, "wang")];
    if world.case.plan_version < 2 {
        steps.push(Step::Reroute(
            &[("bus-company", Role::Lead), ("transport", Role::Assist)],
            "sun",
            Deciding::Centre,
        ));
        steps.push(Step::Reroute(&[("traffic-police", Role::Lead)], "sun", Deciding::District));
        steps.push(Step::Reroute(&[("traffic-police", Role::Lead)], "li", Deciding::Centre));
    }
    if world.case.round < ROUNDS {
        steps.push(Step::Verify(Verb::Fail, "wang"));
    }
    if hours(world.now) < 1 {
        steps.push(Step::Wait(i64::from(HOUR_S)));
    }
    for (index, order) in world.orders[world.round_starts()..].iter().enumerate() {
        if order.phase.ended() {
            continue;
        }
        steps.extend([Act::Acknowledge, Act::Submit].map(|act| Step::Act(index, act, "li")));
        if world.case.returns < 1 {
            steps.push(Step::Return(index, "li", "traffic-police"));
        }
        if order.returning.is_some() {
            steps.push(Step::Place(index, "sun", Deciding::Centre, "traffic-police"));
            steps.push(Step::Place(index, "sun", Deciding::Centre, ["transport", "bus-company"][index % 2]));
        }
    }
    steps
}

/// A lead that is to be there, and two who go along.
fn visited_case() -> World {
    let visit = || vec![seconds(Stage::OnSite, HOUR_S, &[])];
    let plans = vec![
        plan(Role::Lead, "transport", visit(), vec![]),
        plan(Role::Assist, "bus-company", visit(), vec![]),
        plan(Role::Assist, "traffic-police", vec![], vec![]),
    ];
    World::open(plans, seconds(Stage::Verify, HOUR_S, &[]), calendar(&[2026]), second(0)).0
}

/// One visit with either of them, of now or of an hour ago, signed by anybody at any time; acts beside it; two rounds, two hours.
fn visits(world: &World) -> Vec<Step> {
    let mut steps = vec![Step::Tick, Step::CancelCase, Step::Verify(Verb::Pass, "wang")];
    if world.case.round < ROUNDS {
        steps.push(Step::Verify(Verb::Fail, "wang"));
    }
    if hours(world.now) < 1 {
        steps.push(Step::Wait(i64::from(HOUR_S)));
    }
    if world.case.visits.is_empty() {
        let ago = i64::from(HOUR_S);
        steps.extend([Step::Visit(1, "li", 0), Step::Visit(1, "li", ago), Step::Visit(2, "li", 0)]);
    }
    steps.extend([
        Step::Sign(0, "li"),
        Step::Sign(1, "zhao"),
        Step::Sign(2, "zhao"),
        Step::Waive(1),
        Step::Waive(2),
    ]);
    for (index, who) in ["li", "zhao", "zhao"].into_iter().enumerate() {
        steps.extend([Act::Acknowledge, Act::Arrive, Act::Submit].map(|act| Step::Act(index, act, who)));
    }
    steps
}

/// A lead and an assistant to whom links are given out.
fn linked_case() -> World {
    let plans = vec![
        plan(Role::Lead, "transport", vec![seconds(Stage::Acknowledge, HOUR_S, &[])], vec![]),
        plan(Role::Assist, "bus-company", vec![], vec![]),
        plan(Role::Inform, "street-centre", vec![], vec![]),
    ];
    World::open(plans, seconds(Stage::Verify, HOUR_S, &[]), calendar(&[2026]), second(0)).0
}

/// Whoever gives a link out handles the case, who opens one or asks by it does not; two rounds, two hours.
fn links(world: &World) -> Vec<Step> {
    let mut steps = vec![Step::Tick, Step::CancelCase, Step::Cancel(1)];
    for who in ["wang", "sun"] {
        steps.push(Step::Verify(Verb::Pass, who));
    }
    if world.case.round < ROUNDS {
        steps.push(Step::Verify(Verb::Fail, "wang"));
    }
    if hours(world.now) < 1 {
        steps.push(Step::Wait(i64::from(HOUR_S)));
    }
    for index in 0..3 {
        let until = second(100_000);
        steps.push(Step::Link(index, "wang", LinkDeed::Issue { until }));
        steps.extend([LinkDeed::Open, LinkDeed::Revoke].map(|deed| Step::Link(index, "sun", deed)));
        steps.push(Step::Ask(index, "sun"));
        steps.extend([Act::Acknowledge, Act::Submit].map(|act| Step::Act(index, act, "link:9")));
    }
    steps
}

fn repair(limit_s: u32, from: Milestone, to: Milestone) -> PairPlan {
    pair(seconds(named("repair-time"), limit_s, &[]), from, to)
}

/// A lead with a limit, and a pair from its arrival on.
fn adopting_case() -> World {
    let resolve = vec![seconds(Stage::Resolve, 3 * HOUR_S, &[])];
    let lead = plan(Role::Lead, "transport", resolve, vec![step(HOUR_S, "governance-centre")]);
    let pairs = vec![repair(HOUR_S, Milestone::Arrived, Milestone::Submitted)];
    let plans = vec![OrderPlan { pairs, ..lead }];
    World::open(plans, seconds(Stage::Verify, HOUR_S, &[]), calendar(&[2026]), second(0)).0
}

/// Two other policies, shorter and longer, with a suspension; four hours, two rounds.
fn adoptions(world: &World) -> Vec<Step> {
    let policy = |hours: u32, chain| Policy {
        stages: vec![seconds(Stage::Resolve, hours * HOUR_S, &[500])],
        pairs: vec![repair(hours * HOUR_S, Milestone::Arrived, Milestone::Submitted)],
        chain,
    };
    let mut steps = vec![Step::Tick, Step::CancelCase, Step::Verify(Verb::Pass, "wang")];
    steps.extend([
        Step::Adopt(0, policy(2, vec![])),
        Step::Adopt(0, policy(4, vec![step(0, "governance-centre")])),
    ]);
    if world.case.round < ROUNDS {
        steps.push(Step::Verify(Verb::Fail, "wang"));
    }
    if hours(world.now) < 3 {
        steps.push(Step::Wait(i64::from(HOUR_S)));
    }
    steps.extend([Act::Acknowledge, Act::Arrive, Act::Submit].map(|act| Step::Act(0, act, "li")));
    let once = world
        .orders
        .iter()
        .all(|order| order.stages[0].watch.as_ref().is_none_or(|w| w.intervals().count() < 2));
    if once || world.orders.iter().any(|order| order.time_asked.is_some() || order.suspended.is_some()) {
        steps.extend([
            Step::Suspend(0, "li", i64::from(HOUR_S)),
            Step::Grant(0, "sun"),
            Step::Resume(0, "li"),
        ]);
    }
    steps
}

/// A lead under nothing but pairs, of which some end before they begin.
fn paired_case() -> World {
    use Milestone::{Acknowledged, Arrived, Dispatched, Progressed, Submitted};
    let of = |name, hours: u32, from, to| pair(seconds(named(name), hours * HOUR_S, &[]), from, to);
    let pairs = vec![
        of("to-the-place", 1, Progressed, Arrived),
        of("on-the-place", 2, Arrived, Progressed),
        of("work", 2, Acknowledged, Submitted),
        of("first-look", 1, Dispatched, Milestone::Seen),
    ];
    let lead = OrderPlan { pairs, ..plan(Role::Lead, "transport", vec![], vec![]) };
    World::open(vec![lead], seconds(Stage::Verify, HOUR_S, &[]), calendar(&[2026]), second(0)).0
}

/// Every act at any time, suspensions of an hour; three hours, two rounds of which the first is short.
fn paired(world: &World) -> Vec<Step> {
    let mut steps = vec![Step::Tick, Step::CancelCase, Step::Verify(Verb::Pass, "wang")];
    if world.case.round < ROUNDS && hours(world.now) < 1 {
        steps.push(Step::Verify(Verb::Fail, "wang"));
    }
    if hours(world.now) < 3 {
        steps.push(Step::Wait(i64::from(HOUR_S)));
    }
    steps.extend(Act::ALL.map(|act| Step::Act(0, act, "li")));
    if world.case.round == 1 {
        let hour = i64::from(HOUR_S);
        steps.extend([Step::Suspend(0, "li", hour), Step::Grant(0, "sun"), Step::Resume(0, "li")]);
    }
    steps
}

/// Two worlds with equal keys behave alike from here on: instants count only as far as limits start there.
fn key(world: &World) -> String {
    let clock = |stage: &StageState| {
        let due = stage.watch.as_ref().map(|watch| (watch.state(), watch.since(), stage.due_at()));
        let due = (due, stage.counted_on().map(|calendar| calendar.version));
        let limit = (stage.plan.stage, stage.plan.limit.amount(), hours(stage.started_at));
        (stage.verdict, stage.met_at.is_some(), stage.warned, stage.escalated, limit, due)
    };
    let order = |order: &Order| {
        let stages: Vec<_> = order.stages.iter().map(clock).collect();
        let facets = (&order.returning, order.return_refused, order.urged, order.supervised_at.is_some());
        let time = (&order.time_asked, order.suspended, world.returned(order));
        let acts = order.acts.keys().copied().collect::<Vec<_>>();
        let pairs: Vec<_> = order.pairs.iter().map(|pair| pair.plan.limit.amount()).collect();
        let plan = (pairs, order.chain.len(), world.case.off_plan.contains(&order.id));
        format!(
            "{:?}",
            (order.role, &order.body, order.phase, acts, stages, &order.handlers, facets, time, plan)
        )
    };
    // Ended rounds and orders that were left do not act any more; only who handled them counts.
    let present = &world.orders[world.round_starts()..];
    let (left, present): (Vec<&Order>, Vec<&Order>) = present.iter().partition(|order| order.phase.left());
    let handled: BTreeSet<_> = left.iter().flat_map(|order| &order.handlers).collect();
    let present: Vec<_> = present.into_iter().map(order).collect();
    let case = &world.case;
    // Who is to sign, by their place in the round; visits of earlier rounds are signed no more.
    let place =
        |id: &ids::OrderId| world.orders[world.round_starts()..].iter().position(|order| order.id == *id);
    let signed = |visit: &Visit| {
        visit.signatures.iter().map(|(id, of)| (place(id), of.signed_at.is_some())).collect::<Vec<_>>()
    };
    let visits: Vec<_> = case.visits.iter().map(|visit| (visit.round == case.round, signed(visit))).collect();
    let ruling = (case.returns, &case.asked, case.adjudication().map(clock), case.rulings.len().min(2));
    let running = (case.holder(), &case.handlers, case.verification().map(clock), ruling);
    // Publications differ in their hours; what they were in turn decides what follows.
    let hours_of =
        |calendar: &std::sync::Arc<sla::Calendar>| sla::CalendarSpec::from((**calendar).clone()).frames.len();
    let published: Vec<_> = world.published.iter().map(hours_of).collect();
    let now = (hours(world.now), published);
    let planned = (case.plan_version, &case.lead, visits);
    format!("{:?}", (now, case.phase, case.round, running, present, handled, left.len(), planned))
}

/// Walks every state that can be reached, checks each and each step, and that each has a way to an end.
/// Answers how many there are, and which roles were seen in which phases.
fn explore(first: World, steps: fn(&World) -> Vec<Step>) -> (usize, BTreeSet<(Role, Phase)>) {
    let mut numbers = BTreeMap::from([(key(&first), 0usize)]);
    let mut ended = vec![false];
    let mut reached_from: Vec<Vec<usize>> = vec![Vec::new()];
    let mut queue = VecDeque::from([(0, first)]);
    let mut phases = BTreeSet::new();
    while let Some((number, world)) = queue.pop_front() {
        check(&world);
        ended[number] = world.case.phase == CasePhase::Closed;
        phases.extend(world.orders.iter().map(|order| (order.role, order.phase)));
        // What was cancelled or left in an earlier round is not issued again.
        let orders = world.orders.len() - world.round_starts();
        for step in steps(&world) {
            if step.index().is_some_and(|index| index >= orders) {
                continue;
            }
            let Ok((next, _)) = world.after(&step) else { continue };
            check_step(&world, &next);
            let fresh = numbers.len();
            let next_number = *numbers.entry(key(&next)).or_insert(fresh);
            if next_number == fresh {
                // A case called off is an end of its own; a way there is not what is looked for.
                ended.push(next.case.phase == CasePhase::Cancelled);
                reached_from.push(Vec::new());
                queue.push_back((fresh, next));
            }
            if step != Step::CancelCase {
                reached_from[next_number].push(number);
            }
        }
        ended[number] |= world.case.phase == CasePhase::Cancelled;
    }
    every_state_has_a_way_out(&numbers, &ended, &reached_from);
    (numbers.len(), phases)
}

fn every_state_has_a_way_out(numbers: &BTreeMap<String, usize>, ended: &[bool], reached_from: &[Vec<usize>]) {
    let mut has_way_out = ended.to_vec();
    let mut open: Vec<usize> = (0..ended.len()).filter(|number| ended[*number]).collect();
    while let Some(number) = open.pop() {
        for before in &reached_from[number] {
            if !has_way_out[*before] {
                has_way_out[*before] = true;
                open.push(*before);
            }
        }
    }
    let stuck: Vec<_> = numbers.iter().filter(|(_, number)| !has_way_out[**number]).take(3).collect();
    assert!(stuck.is_empty(), "no way out of {stuck:?}");
}

#[test]
fn every_state_has_a_way_out_and_keeps_the_promises() {
    let (states, seen) = explore(small_case(), steps);
    println!("{states} states");
    assert!(states > 10_000, "only {states} states");
    use Phase::{Acknowledged, Cancelled, Dispatched, Done, InProgress, OnSite, Seen, Submitted};
    for phase in [Dispatched, Seen, Acknowledged, OnSite, InProgress, Submitted, Done, Cancelled] {
        assert!(seen.contains(&(Role::Lead, phase)) && seen.contains(&(Role::Assist, phase)), "{phase:?}");
    }
    assert!(seen.contains(&(Role::Inform, Seen)) && !seen.contains(&(Role::Inform, Acknowledged)));
}

#[test]
fn every_dispute_has_a_way_out_and_keeps_the_promises() {
    let (states, seen) = explore(disputed_case(), disputes);
    println!("{states} states");
    assert!(states > 10_000, "only {states} states");
    use Phase::{Done, Returned, Transferred, Waived};
    for phase in [Done, Returned, Transferred] {
        assert!(seen.contains(&(Role::Lead, phase)) && seen.contains(&(Role::Assist, phase)), "{phase:?}");
    }
    assert!(seen.contains(&(Role::Assist, Waived)) && !seen.contains(&(Role::Lead, Waived)));
}

#[test]
fn every_delay_has_a_way_out_and_keeps_the_promises() {
    let (states, seen) = explore(slow_case(), delays);
    println!("{states} states");
    assert!(states > 1_000, "only {states} states");
    assert!(seen.contains(&(Role::Lead, Phase::Done)));
}

#[test]
fn every_replan_has_a_way_out_and_keeps_the_promises() {
    let (states, seen) = explore(replanned_case(), replans);
    println!("{states} states");
    assert!(states > 1_000, "only {states} states");
    assert!(seen.contains(&(Role::Lead, Phase::Done)));
}

#[test]
fn every_summons_has_a_way_out_and_keeps_the_promises() {
    let (states, seen) = explore(summoned_case(), summonses);
    println!("{states} states");
    assert!(states > 1_000, "only {states} states");
    assert!(seen.contains(&(Role::Assist, Phase::OnSite)) && seen.contains(&(Role::Assist, Phase::Waived)));
}

#[test]
fn every_reroute_has_a_way_out_and_keeps_the_promises() {
    let (states, seen) = explore(rerouted_case(), reroutes);
    println!("{states} states");
    assert!(states > 1_000, "only {states} states");
    use Phase::{Done, Returned, Transferred, Waived};
    for phase in [Done, Returned, Transferred] {
        assert!(seen.contains(&(Role::Lead, phase)), "{phase:?}");
    }
    assert!(seen.contains(&(Role::Assist, Waived)) && !seen.contains(&(Role::Lead, Waived)));
}

#[test]
fn every_joint_visit_has_a_way_out_and_keeps_the_promises() {
    let (states, seen) = explore(visited_case(), visits);
    println!("{states} states");
    assert!(states > 1_000, "only {states} states");
    assert!(seen.contains(&(Role::Lead, Phase::OnSite)) && seen.contains(&(Role::Assist, Phase::OnSite)));
}

#[test]
fn every_act_by_link_has_a_way_out_and_keeps_the_promises() {
    let (states, seen) = explore(linked_case(), links);
    println!("{states} states");
    assert!(states > 500, "only {states} states");
    assert!(seen.contains(&(Role::Lead, Phase::Done)));
}

#[test]
fn every_adoption_has_a_way_out_and_keeps_the_promises() {
    let (states, seen) = explore(adopting_case(), adoptions);
    println!("{states} states");
    assert!(states > 1_000, "only {states} states");
    assert!(seen.contains(&(Role::Lead, Phase::Done)));
}

#[test]
fn every_pair_has_a_way_out_and_keeps_the_promises() {
    let (states, seen) = explore(paired_case(), paired);
    println!("{states} states");
    assert!(states > 1_000, "only {states} states");
    assert!(seen.contains(&(Role::Lead, Phase::Done)));
}
