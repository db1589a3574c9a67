//! Every state of a small case: a lead with a visit, an assistant, an order for information, two rounds,
//! three hours. Wake-ups may come late, double or never; anybody may try anything at any time.

use std::collections::{BTreeMap, VecDeque};

use orders::{Act, CasePhase, Order, Phase, Role, Stage, StageState};

use crate::fixtures::{calendar, plan, second, seconds, step};
use crate::invariants::{check, check_step};
use crate::world::{Step, Verb, World, hours};

const HOUR_S: u32 = 3_600;
const HOURS: i64 = 2;
const ROUNDS: u32 = 2;

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

fn steps(world: &World) -> Vec<Step> {
    let mut steps = vec![Step::Tick, Step::Cancel(0), Step::Cancel(1)];
    for act in Act::ALL {
        steps.extend([Step::Act(0, act, "li"), Step::Act(1, act, "zhao"), Step::Act(2, act, "wang")]);
    }
    for who in ["li", "wang"] {
        steps.extend([Step::Verify(Verb::Claim, who), Step::Verify(Verb::Pass, who)]);
        if world.case.round < ROUNDS {
            steps.push(Step::Verify(Verb::Fail, who));
        }
    }
    if hours(world.now) < HOURS {
        steps.push(Step::Wait(i64::from(HOUR_S)));
    }
    // An assistant that was cancelled in round 1 is not issued again.
    let orders = world.orders.len() - world.round_starts();
    steps.retain(|step| !matches!(step, Step::Act(index, ..) | Step::Cancel(index) if *index >= orders));
    steps
}

/// Two worlds with equal keys behave alike from here on: instants count only as far as limits start there.
fn key(world: &World) -> String {
    let stage = |stage: &StageState| {
        (stage.verdict, stage.met_at.is_some(), stage.warned, stage.escalated, hours(stage.started_at))
    };
    let order = |order: &Order| {
        let stages: Vec<_> = order.stages.iter().map(stage).collect();
        (
            order.role,
            order.phase,
            order.acts.keys().copied().collect::<Vec<_>>(),
            stages,
            order.handlers.clone(),
        )
    };
    // Ended rounds do not act any more.
    let present = world.orders[world.round_starts()..].iter().map(order).collect::<Vec<_>>();
    let case = &world.case;
    let verify = case.verification().map(stage);
    format!(
        "{:?}",
        (hours(world.now), case.phase, case.round, case.holder(), &case.handlers, verify, present)
    )
}

#[test]
fn every_state_has_a_way_out_and_keeps_the_promises() {
    let first = small_case();
    let mut numbers = BTreeMap::from([(key(&first), 0usize)]);
    let mut closed = vec![false];
    let mut reached_from: Vec<Vec<usize>> = vec![Vec::new()];
    let mut queue = VecDeque::from([(0, first)]);
    let mut phases = BTreeMap::<(Role, Phase), usize>::new();
    while let Some((number, world)) = queue.pop_front() {
        check(&world);
        closed[number] = world.case.phase == CasePhase::Closed;
        for order in &world.orders {
            *phases.entry((order.role, order.phase)).or_default() += 1;
        }
        for step in steps(&world) {
            let Ok((next, _)) = world.after(&step) else { continue };
            check_step(&world, &next);
            let fresh = numbers.len();
            let next_number = *numbers.entry(key(&next)).or_insert(fresh);
            if next_number == fresh {
                closed.push(false);
                reached_from.push(Vec::new());
                queue.push_back((fresh, next));
            }
            reached_from[next_number].push(number);
        }
    }

    let mut has_way_out = closed.clone();
    let mut open: Vec<usize> = (0..closed.len()).filter(|number| closed[*number]).collect();
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

    // The enumeration saw what it was meant to see.
    assert!(numbers.len() > 10_000, "only {} states", numbers.len());
    let seen = |role, phase| phases.contains_key(&(role, phase));
    use Phase::{Acknowledged, Cancelled, Dispatched, Done, InProgress, OnSite, Seen, Submitted};
    for phase in [Dispatched, Seen, Acknowledged, OnSite, InProgress, Submitted, Done] {
        assert!(seen(Role::Lead, phase) && seen(Role::Assist, phase), "{phase:?}");
    }
    assert!(seen(Role::Assist, Cancelled) && !seen(Role::Lead, Cancelled));
    assert!(seen(Role::Inform, Seen) && !seen(Role::Inform, Acknowledged));
}
