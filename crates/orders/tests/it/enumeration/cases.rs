//! Small cases, and what may be done in each of their states.

use orders::{
    Act, CaseTerms, ChainAction, ChainStep, Deciding, LinkDeed, Milestone, OrderPlan, PairPlan, Role, Stage,
};
use sla::{ClockKind, Unit};

use crate::fixtures::{calendar, named, pair, plan, second, seconds, stage, step};
use crate::world::{Policy, Step, Verb, World, hours};

const HOUR_S: u32 = 3_600;
const ROUNDS: u32 = 2;

/// A lead with a visit, an assistant, an order for information.
pub fn small_case() -> World {
    let lead = vec![seconds(Stage::OnSite, HOUR_S, &[]), seconds(Stage::Resolve, 2 * HOUR_S, &[500])];
    let assist = vec![seconds(Stage::Acknowledge, HOUR_S, &[])];
    let plans = vec![
        plan(Role::Lead, "transport", lead, vec![step(HOUR_S, "governance-centre")]),
        plan(Role::Assist, "bus-company", assist, vec![]),
        plan(Role::Inform, "street-centre", vec![], vec![]),
    ];
    World::open(plans, escalated(), calendar(&[2026]), second(0)).0
}

/// A verification that goes up at once, and again in an hour.
fn escalated() -> CaseTerms {
    let raise =
        ChainStep { after_s: HOUR_S, action: ChainAction::Raise("governance-centre".parse().unwrap()) };
    let chain = vec![ChainStep { after_s: 0, action: ChainAction::NotifyHolder }, raise];
    CaseTerms { chain, ..seconds(Stage::Verify, HOUR_S, &[]).into() }
}

/// Two rounds, three hours.
pub fn steps(world: &World) -> Vec<Step> {
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
pub fn disputed_case() -> World {
    let plans = vec![
        plan(Role::Lead, "transport", vec![seconds(Stage::Resolve, HOUR_S, &[])], vec![]),
        plan(Role::Assist, "bus-company", vec![], vec![]),
    ];
    World::open(plans, seconds(Stage::Verify, HOUR_S, &[]), calendar(&[2026]), second(0)).0
}

/// One round more after a failed verification, two hours; each order may be placed at one of three bodies. Urging and
/// supervision change nothing else and are left to the tables.
pub fn disputes(world: &World) -> Vec<Step> {
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

/// A lead with a limit and a chain that asks for time, and gets it or not. Its case has a chain, too, for a verification and a ruling.
pub fn slow_case() -> World {
    let limits = vec![seconds(Stage::Resolve, 2 * HOUR_S, &[500])];
    let plans = vec![plan(Role::Lead, "transport", limits, vec![step(HOUR_S, "governance-centre")])];
    World::open(plans, escalated(), calendar(&[2026]), second(0)).0
}

/// Six hours; suspensions of one and of three hours; who asks tries to grant as well.
pub fn delays(world: &World) -> Vec<Step> {
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
pub fn replanned_case() -> World {
    let limits = vec![stage(Stage::Resolve, ClockKind::Work, 1, Unit::Workday, &[500])];
    let plans = vec![plan(Role::Lead, "transport", limits, vec![])];
    let verify = stage(Stage::Verify, ClockKind::Work, 2, Unit::Hour, &[]);
    World::open(plans, verify, calendar(&[2026]), second(0)).0
}

/// Sixteen hours in steps of eight; two publications, one suspension, one return.
pub fn replans(world: &World) -> Vec<Step> {
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
pub fn summoned_case() -> World {
    let plans = vec![plan(Role::Lead, "transport", vec![], vec![])];
    World::open(plans, seconds(Stage::Verify, HOUR_S, &[]), calendar(&[2026]), second(0)).0
}

/// Two rounds, two hours; four orders at most when somebody is summoned, of which one may be waived and summoned again.
pub fn summonses(world: &World) -> Vec<Step> {
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
pub fn rerouted_case() -> World {
    let plans = vec![
        plan(Role::Lead, "transport", vec![seconds(Stage::Resolve, HOUR_S, &[])], vec![]),
        plan(Role::Assist, "bus-company", vec![], vec![]),
    ];
    World::open(plans, seconds(Stage::Verify, HOUR_S, &[]), calendar(&[2026]), second(0)).0
}

/// Two plans more, by the centre or the district: the two change places; another body leads alone. One return, which a plan may
/// answer; two rounds, two hours.
pub fn reroutes(world: &World) -> Vec<Step> {
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
pub fn visited_case() -> World {
    let visit = || vec![seconds(Stage::OnSite, HOUR_S, &[])];
    let plans = vec![
        plan(Role::Lead, "transport", visit(), vec![]),
        plan(Role::Assist, "bus-company", visit(), vec![]),
        plan(Role::Assist, "traffic-police", vec![], vec![]),
    ];
    World::open(plans, seconds(Stage::Verify, HOUR_S, &[]), calendar(&[2026]), second(0)).0
}

/// One visit with either of them, of now or of an hour ago, signed by anybody at any time; acts beside it; two rounds, two hours.
pub fn visits(world: &World) -> Vec<Step> {
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
pub fn linked_case() -> World {
    let plans = vec![
        plan(Role::Lead, "transport", vec![seconds(Stage::Acknowledge, HOUR_S, &[])], vec![]),
        plan(Role::Assist, "bus-company", vec![], vec![]),
        plan(Role::Inform, "street-centre", vec![], vec![]),
    ];
    World::open(plans, seconds(Stage::Verify, HOUR_S, &[]), calendar(&[2026]), second(0)).0
}

/// Whoever gives a link out handles the case, who opens one or asks by it does not; two rounds, two hours.
pub fn links(world: &World) -> Vec<Step> {
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
pub fn adopting_case() -> World {
    let resolve = vec![seconds(Stage::Resolve, 3 * HOUR_S, &[])];
    let lead = plan(Role::Lead, "transport", resolve, vec![step(HOUR_S, "governance-centre")]);
    let pairs = vec![repair(HOUR_S, Milestone::Arrived, Milestone::Submitted)];
    let plans = vec![OrderPlan { pairs, ..lead }];
    World::open(plans, seconds(Stage::Verify, HOUR_S, &[]), calendar(&[2026]), second(0)).0
}

/// Two other policies, shorter and longer, with a suspension; four hours, two rounds.
pub fn adoptions(world: &World) -> Vec<Step> {
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
pub fn paired_case() -> World {
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
pub fn paired(world: &World) -> Vec<Step> {
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
