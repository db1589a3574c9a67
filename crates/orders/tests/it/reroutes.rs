//! A plan drawn anew (重新派单): whose orders end and how, who leads since then, and what comes too late.

use std::collections::{BTreeMap, BTreeSet};

use orders::{
    Act, Case, CaseCommand, CaseEventKind, CasePhase, Deciding, Decision, Holder, NotRerouted, Order,
    OrderCommand, OrderEventKind, Phase, Refusal, Role, Stage, Verdict,
};
use rstest::rstest;

use crate::fixtures::{actor, calendar, plan, second, seconds, step};
use crate::invariants::{check, check_step};
use crate::world::{Step, Verb, World, Written};

type Plan = &'static [(&'static str, Role)];

const SAME: Plan =
    &[("transport", Role::Lead), ("bus-company", Role::Assist), ("street-centre", Role::Inform)];
const MOVED: Plan =
    &[("bus-company", Role::Lead), ("urban-management", Role::Assist), ("street-centre", Role::Inform)];

fn world() -> World {
    let resolve = || vec![seconds(Stage::Resolve, 100_000, &[])];
    let plans = vec![
        plan(Role::Lead, "transport", resolve(), vec![step(0, "governance-centre")]),
        plan(Role::Assist, "bus-company", resolve(), vec![]),
        plan(Role::Inform, "street-centre", vec![], vec![]),
    ];
    World::open(plans, seconds(Stage::Verify, 1_000, &[]), calendar(&[2026]), second(0)).0
}

/// Takes it, and holds what holds.
fn take(world: &mut World, step: Step) -> Written {
    let (after, written) = world.after(&step).unwrap_or_else(|refusal| panic!("{step:?}: {refusal}"));
    check(&after);
    check_step(world, &after);
    *world = after;
    written
}

fn reroute(plan: Plan) -> Step {
    Step::Reroute(plan, "sun", Deciding::Centre)
}

fn by_body(world: &World) -> Vec<(String, Role, Phase)> {
    world.orders.iter().map(|order| (order.body.to_string(), order.role, order.phase)).collect()
}

fn refused_because(written: &Written) -> Option<NotRerouted> {
    written.case.iter().find_map(|event| match event.kind {
        CaseEventKind::RerouteRefused { why, .. } => Some(why),
        _ => None,
    })
}

#[test]
fn the_lead_moves_and_everybody_works_once() {
    let mut world = world();
    take(&mut world, Step::Act(0, Act::Acknowledge, "li"));
    take(&mut world, Step::Wait(600));
    let written = take(&mut world, reroute(MOVED));
    assert_eq!(
        by_body(&world),
        [
            ("transport".to_owned(), Role::Lead, Phase::Transferred),
            ("bus-company".to_owned(), Role::Assist, Phase::Waived),
            ("street-centre".to_owned(), Role::Inform, Phase::Dispatched),
            ("bus-company".to_owned(), Role::Lead, Phase::Dispatched),
            ("urban-management".to_owned(), Role::Assist, Phase::Dispatched),
        ]
    );
    assert!(written.orders.iter().all(|(index, event)| event.kind.rerouted() == (*index < 2)));
    let [led, .., lead, _] = &world.orders[..] else { panic!("five orders") };
    assert_eq!((world.case.lead.clone(), lead.follows), (lead.body.clone(), Some(led.id)));
    // The new lead learns of it now, and has the whole limit; what the other used stays with it.
    assert_eq!((lead.dispatched_at, lead.stages[0].due_at()), (second(600), Some(second(100_600))));
    assert_eq!(led.stages[0].verdict, Some(Verdict::Cancelled));
    let held: Vec<_> = world.case.holders.iter().map(|held| (held.holder.to_string(), held.from)).collect();
    assert_eq!(held, [("transport".to_owned(), second(0)), ("bus-company".to_owned(), second(600))]);
}

#[test]
fn who_keeps_its_part_keeps_its_order() {
    let mut world = world();
    take(&mut world, Step::Act(0, Act::Acknowledge, "li"));
    let before = world.orders[0].clone();
    let written = take(
        &mut world,
        reroute(&[("transport", Role::Lead), ("bus-company", Role::Inform), ("police", Role::Assist)]),
    );
    assert_eq!(world.orders[0], before);
    assert_eq!(written.case.len(), 1, "the case is told, and nobody hands it on");
    assert_eq!(world.case.holders.len(), 1);
    assert_eq!(
        by_body(&world)[1..],
        [
            ("bus-company".to_owned(), Role::Assist, Phase::Waived),
            ("street-centre".to_owned(), Role::Inform, Phase::Cancelled),
            ("bus-company".to_owned(), Role::Inform, Phase::Dispatched),
            ("police".to_owned(), Role::Assist, Phase::Dispatched),
        ]
    );
}

#[test]
fn the_same_plan_moves_nobody() {
    let mut world = world();
    let orders = world.orders.clone();
    let written = take(&mut world, reroute(SAME));
    assert!(written.orders.is_empty());
    assert_eq!((world.orders, world.case.plan_version), (orders, 1));
}

#[test]
fn what_was_submitted_stays_and_its_handler_does_not_verify() {
    let mut world = world();
    for act in [Act::Acknowledge, Act::Arrive, Act::Submit] {
        take(&mut world, Step::Act(1, act, "zhao"));
    }
    take(&mut world, reroute(&[("transport", Role::Lead)]));
    assert_eq!(world.orders[1].phase, Phase::Submitted);
    take(&mut world, Step::Act(0, Act::Acknowledge, "li"));
    take(&mut world, Step::Act(0, Act::Submit, "li"));
    let claim = world.after(&Step::Verify(Verb::Claim, "zhao")).map(drop);
    assert_eq!(claim, Err(Refusal::HandlerMayNotVerify));
}

/// What was submitted is verified with its round, and what the plan does not name is nobody's duty in the next one.
#[test]
fn the_round_after_a_failed_verification_has_the_duties_of_the_plan() {
    let mut world = world();
    for act in [Act::Acknowledge, Act::Submit] {
        take(&mut world, Step::Act(1, act, "zhao"));
    }
    let plan: Plan =
        &[("transport", Role::Lead), ("urban-management", Role::Assist), ("bus-company", Role::Inform)];
    let written = take(&mut world, reroute(plan));
    assert_eq!(world.case.off_plan, BTreeSet::from([world.orders[1].id]));
    let kept = written.case.iter().find_map(|event| match &event.kind {
        CaseEventKind::Rerouted { keeps, .. } => Some(keeps.clone()),
        _ => None,
    });
    let lead = &world.orders[0];
    assert_eq!(kept, Some(BTreeMap::from([(lead.id, lead.body.clone())])));
    let assists = world.orders.iter().position(|order| order.body.to_string() == "urban-management").unwrap();
    for (index, who) in [(assists, "chen"), (0, "li")] {
        take(&mut world, Step::Act(index, Act::Acknowledge, who));
        take(&mut world, Step::Act(index, Act::Submit, who));
    }
    take(&mut world, Step::Verify(Verb::Fail, "wang"));
    assert_eq!(world.orders[1].phase, Phase::Done, "it was verified with its round");
    let again = world.orders.iter().filter(|order| order.round == 2);
    let mut again: Vec<_> = again.map(|order| (order.body.to_string(), order.role)).collect();
    let mut planned: Vec<_> = plan.iter().map(|(body, role)| ((*body).to_owned(), *role)).collect();
    again.sort();
    planned.sort();
    assert_eq!(again, planned);
}

/// The last plan counts: what it names again goes on.
#[test]
fn a_later_plan_may_name_what_was_off_the_plan() {
    let mut world = world();
    for act in [Act::Acknowledge, Act::Submit] {
        take(&mut world, Step::Act(1, act, "zhao"));
    }
    take(&mut world, reroute(&[("transport", Role::Lead)]));
    assert_eq!(world.case.off_plan, BTreeSet::from([world.orders[1].id]));
    take(&mut world, reroute(SAME));
    assert!(world.case.off_plan.is_empty());
    assert!(serde_json::to_value(&world.case).unwrap().get("off_plan").is_none(), "stored as before");
}

/// Who worked on what ended worked on the case.
#[test]
fn who_handled_an_order_that_ended_does_not_verify() {
    let mut world = world();
    take(&mut world, Step::Act(0, Act::Acknowledge, "li"));
    take(&mut world, reroute(&[("bus-company", Role::Lead)]));
    let lead = world.orders.len() - 1;
    take(&mut world, Step::Act(lead, Act::Acknowledge, "zhao"));
    take(&mut world, Step::Act(lead, Act::Submit, "zhao"));
    assert_eq!(world.case.phase, CasePhase::Submitted);
    let claim = world.after(&Step::Verify(Verb::Claim, "li")).map(drop);
    assert_eq!(claim, Err(Refusal::HandlerMayNotVerify));
}

#[rstest]
#[case::submitted(&[], NotRerouted::Submitted)]
#[case::verifying(&[Step::Verify(Verb::Claim, "wang")], NotRerouted::Submitted)]
#[case::closed(&[Step::Verify(Verb::Pass, "wang")], NotRerouted::CaseOver)]
#[case::called_off(&[Step::CancelCase], NotRerouted::CaseOver)]
fn what_comes_too_late_is_noted_and_changes_nothing(#[case] then: &[Step], #[case] why: NotRerouted) {
    let mut world = world();
    for (index, who) in [(1, "zhao"), (0, "li")] {
        take(&mut world, Step::Act(index, Act::Acknowledge, who));
        take(&mut world, Step::Act(index, Act::Submit, who));
    }
    then.iter().for_each(|step| drop(take(&mut world, step.clone())));
    let (orders, phase, holders) = (world.orders.clone(), world.case.phase, world.case.holders.clone());
    let written = take(&mut world, reroute(MOVED));
    assert_eq!(refused_because(&written), Some(why));
    assert_eq!((world.orders, world.case.phase, world.case.holders), (orders, phase, holders));
    assert_eq!(world.case.plan_version, 1);
}

#[test]
fn the_next_round_follows_the_plan_of_its_time() {
    let mut world = world();
    for (index, who) in [(1, "zhao"), (0, "li")] {
        take(&mut world, Step::Act(index, Act::Acknowledge, who));
        take(&mut world, Step::Act(index, Act::Submit, who));
    }
    take(&mut world, Step::Verify(Verb::Fail, "wang"));
    take(&mut world, reroute(MOVED));
    assert_eq!((world.case.round, world.case.lead.to_string()), (2, "bus-company".to_owned()));
    assert!(world.orders[..3].iter().all(|order| order.phase == Phase::Done), "the first round was done");
}

/// The body said that it is not theirs; that the item is another answers it.
#[test]
fn a_new_plan_answers_a_return() {
    let mut world = world();
    take(&mut world, Step::Return(0, "li", "bus-company"));
    assert_eq!(world.case.holder(), Some(&Holder::Ruling(Deciding::Centre)));
    take(&mut world, reroute(MOVED));
    assert_eq!((world.orders[0].phase, &world.case.asked), (Phase::Returned, &None));
    assert_eq!(world.case.adjudications[&world.orders[0].id].clock.verdict, Some(Verdict::Met));
    assert_eq!(world.case.holder(), Some(&Holder::Body("bus-company".parse().unwrap())));
    assert_eq!(world.case.returns, 1, "it was asked, whoever answered");
}

#[test]
fn a_return_that_the_plan_leaves_alone_waits_on() {
    let mut world = world();
    take(&mut world, Step::Return(0, "li", "bus-company"));
    take(&mut world, reroute(&[("transport", Role::Lead), ("police", Role::Assist)]));
    assert_eq!(world.case.holder(), Some(&Holder::Ruling(Deciding::Centre)));
    assert!(world.orders[0].returning.is_some());
}

#[test]
fn a_return_is_answered_by_who_may_rule_on_it() {
    let mut world = world();
    take(&mut world, Step::Return(0, "li", "bus-company"));
    let mut asker = world.clone();
    let written = take(&mut asker, Step::Reroute(MOVED, "li", Deciding::District));
    assert_eq!(refused_because(&written), Some(NotRerouted::AskerMayNotDecide));
    // The second return is the district's.
    take(&mut world, Step::Place(0, "sun", Deciding::Centre, "police"));
    let lead = world.orders.len() - 1;
    take(&mut world, Step::Return(lead, "zhou", "transport"));
    let mut street = world.clone();
    let written = take(&mut street, reroute(MOVED));
    assert_eq!(refused_because(&written), Some(NotRerouted::DistrictDecides));
    take(&mut world, Step::Reroute(MOVED, "sun", Deciding::District));
    assert_eq!(world.case.lead.to_string(), "bus-company");
}

fn decided(case: &Case, orders: &[Order], plan: Plan, plan_version: u64) -> Result<Vec<u64>, Refusal> {
    let duties: Vec<_> = plan.iter().map(|(body, role)| (body.parse().unwrap(), *role)).collect();
    let reroute = CaseCommand::Reroute {
        actor: actor("sun"),
        decided: Deciding::Centre,
        duties: &duties,
        terms: seconds(Stage::Verify, 7, &[]).into(),
        plan_version,
        orders,
        note: String::new(),
    };
    Ok(match case.decide(reroute, second(1))? {
        Decision::Unchanged => Vec::new(),
        Decision::Changed { events, .. } => events.iter().map(|event| event.version).collect(),
    })
}

#[test]
fn an_older_plan_than_the_last_changes_nothing_and_a_plan_has_one_lead() {
    let world = world();
    let case = Case { plan_version: 7, ..world.case.clone() };
    assert_eq!(decided(&case, &world.orders, MOVED, 8), Ok(vec![2]));
    for older in [0, 6, 7] {
        assert_eq!(decided(&case, &world.orders, MOVED, older), Ok(vec![]));
    }
    let two: Plan = &[("transport", Role::Lead), ("bus-company", Role::Lead)];
    assert_eq!(decided(&case, &world.orders, two, 8), Err(Refusal::LeadRequired));
    assert_eq!(decided(&case, &world.orders, &[], 8), Err(Refusal::LeadRequired));
}

#[test]
fn a_lead_does_not_hand_its_order_to_itself() {
    let world = world();
    let reroute = |lead: &str| OrderCommand::Reroute {
        actor: actor("sun"),
        lead: lead.parse().unwrap(),
        note: String::new(),
    };
    let order = &world.orders[0];
    assert_eq!(order.decide(reroute("transport"), second(1)), Err(Refusal::OwnBody));
    let (_, events) = order.decide(reroute("police"), second(1)).unwrap().or_unchanged(order.clone());
    assert!(
        matches!(&events[0].kind, OrderEventKind::Transferred { to, rerouted: true, .. } if to.key.as_str() == "police")
    );
}
