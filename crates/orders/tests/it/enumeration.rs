//! Every state of small cases. Wake-ups may come late, double or never; anybody may try anything at any time.

mod cases;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use orders::{CasePhase, Order, Phase, Role, StageState, Visit};

use self::cases::{
    adopting_case, adoptions, delays, disputed_case, disputes, linked_case, links, paired, paired_case,
    replanned_case, replans, rerouted_case, reroutes, slow_case, small_case, steps, summoned_case, summonses,
    visited_case, visits,
};
use crate::invariants::{check, check_step};
use crate::world::{Step, World, hours};

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
        let plan = (pairs, order.chain.len(), order.summoned, world.case.off_plan.contains(&order.id));
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
    let chains = (case.chain.len(), case.supervised_at.is_some());
    let ruling =
        (case.returns, &case.asked, case.adjudication().map(clock), case.rulings.len().min(2), chains);
    let running = (case.holder(), &case.handlers, case.verification().map(clock), ruling, world.settled());
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
