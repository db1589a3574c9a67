//! The chain of a case's own stages: what follows a verification or a ruling that does not come, when, for whom, and until when.

use orders::{
    Act, Case, CaseEvent, CaseEventKind, CasePhase, CaseTerms, ChainAction, ChainStep, Deciding, Measure,
    Order, PlanFault, Refusal, Role, Stage, StageEvent, StagePlan, Verdict,
};
use rstest::rstest;
use sla::Unit;

use crate::fixtures::{calendar, plan, second, seconds, step};
use crate::invariants::{check, check_step};
use crate::world::{Step, Verb, World};

const VERIFY_S: u32 = 100;
const RULE_S: u32 = 60;

fn action(after_s: u32, action: ChainAction) -> ChainStep {
    ChainStep { after_s, action }
}

fn district() -> ids::BodyRef {
    "governance-centre".parse().unwrap()
}

/// At once, half a minute later and a minute later.
fn chain() -> Vec<ChainStep> {
    vec![
        step(0, "street-office"),
        action(30, ChainAction::NotifyHolder),
        action(60, ChainAction::Raise(district())),
    ]
}

fn terms() -> CaseTerms {
    CaseTerms {
        verify: seconds(Stage::Verify, VERIFY_S, &[]),
        adjudicate: Some(seconds(Stage::Adjudicate, RULE_S, &[])),
        chain: chain(),
    }
}

fn world(terms: CaseTerms) -> World {
    let plans = vec![
        plan(Role::Lead, "transport", vec![], vec![]),
        plan(Role::Inform, "street-centre", vec![], vec![]),
    ];
    World::open(plans, terms, calendar(&[2026]), second(0)).0
}

/// Takes it, holds what holds, and answers what was said of the case: `escalated:verify:1:notify:street-office`.
fn take(world: &mut World, step: Step) -> Vec<String> {
    let (after, written) = world.after(&step).unwrap_or_else(|refusal| panic!("{step:?}: {refusal}"));
    check(&after);
    check_step(world, &after);
    let folded = written.case.iter().fold(world.case.clone(), |case, event| {
        Case::evolve(Some(case), event).expect("a decision continues the history")
    });
    assert_eq!(folded, after.case);
    *world = after;
    written.case.iter().map(said).collect()
}

fn said(event: &CaseEvent) -> String {
    match &event.kind {
        CaseEventKind::Stage(StageEvent::Escalated { stage, step, to, measure }) => {
            let to = to.as_ref().map_or("whoever is late".to_owned(), ToString::to_string);
            format!("escalated:{}:{step}:{}:{to}", stage.as_str(), measure.as_str())
        }
        CaseEventKind::Stage(event) => format!("{}:{}", event.name(), event.stage().as_str()),
        kind => kind.name().to_owned(),
    }
}

/// Ticks at this many seconds after the start.
fn tick_at(world: &mut World, at_s: i64) -> Vec<String> {
    let wait_s = second(at_s).duration_since(world.now).as_secs();
    take(world, Step::Wait(wait_s));
    take(world, Step::Tick)
}

fn submitted(terms: CaseTerms) -> World {
    let mut world = world(terms);
    take(&mut world, Step::Act(0, Act::Acknowledge, "li"));
    take(&mut world, Step::Act(0, Act::Submit, "li"));
    world
}

#[test]
fn a_late_verification_goes_up_step_by_step_and_each_step_once() {
    let mut world = submitted(terms());
    assert_eq!(world.case.wake_at(), Some(second(100)));
    assert_eq!(tick_at(&mut world, 99), [""; 0]);
    assert_eq!(tick_at(&mut world, 100), ["breached:verify", "escalated:verify:1:notify:street-office"]);
    assert_eq!(take(&mut world, Step::Tick), [""; 0], "a double wake-up");
    assert_eq!(world.case.wake_at(), Some(second(130)));
    assert_eq!(tick_at(&mut world, 130), ["escalated:verify:2:notify:whoever is late"]);
    assert_eq!((world.case.late(Stage::Verify), world.case.supervised_at), (Deciding::Centre, None));
    assert_eq!(tick_at(&mut world, 160), ["escalated:verify:3:raise:governance-centre"]);
    assert_eq!((world.case.supervised_at, world.case.wake_at()), (Some(second(160)), None));
    assert_eq!(tick_at(&mut world, 100_000), [""; 0]);
    // Whoever is late still verifies, and nobody else has it.
    assert_eq!(world.case.holder().unwrap().to_string(), "verifier");
}

#[test]
fn a_late_wake_up_takes_every_step_that_has_come_in_order() {
    let mut world = submitted(terms());
    let all = [
        "breached:verify",
        "escalated:verify:1:notify:street-office",
        "escalated:verify:2:notify:whoever is late",
        "escalated:verify:3:raise:governance-centre",
    ];
    assert_eq!(tick_at(&mut world, 10_000), all);
}

#[rstest]
#[case::passed(Verb::Pass, "closed")]
#[case::failed(Verb::Fail, "reopened")]
fn no_step_comes_after_the_verifier_has_decided(#[case] verb: Verb, #[case] told: &str) {
    let mut world = submitted(terms());
    tick_at(&mut world, 100);
    assert_eq!(take(&mut world, Step::Verify(Verb::Claim, "wang")), ["verifying"]);
    assert_eq!(world.case.wake_at(), Some(second(130)), "who has taken it has not decided");
    take(&mut world, Step::Wait(29));
    assert_eq!(take(&mut world, Step::Verify(verb, "wang")), [told]);
    assert_eq!(world.case.wake_at(), None);
    assert_eq!(tick_at(&mut world, 10_000), [""; 0]);
}

/// The breach is told by whoever comes by; what follows it only while it is still late.
#[test]
fn who_verifies_after_the_due_time_is_escalated_to_nobody() {
    let mut world = submitted(terms());
    take(&mut world, Step::Wait(5_000));
    assert_eq!(
        take(&mut world, Step::Verify(Verb::Pass, "wang")),
        ["breached:verify", "verifying", "closed"]
    );
    assert_eq!(take(&mut world, Step::Tick), [""; 0]);
}

#[test]
fn a_case_that_was_called_off_goes_up_no_further() {
    let mut world = submitted(terms());
    tick_at(&mut world, 100);
    assert_eq!(take(&mut world, Step::CancelCase), ["cancelled"]);
    assert_eq!((world.case.phase, world.case.wake_at()), (CasePhase::Cancelled, None));
    assert_eq!(world.case.verification().unwrap().verdict, Some(Verdict::Breached));
    assert_eq!(tick_at(&mut world, 10_000), [""; 0]);
}

#[test]
fn the_next_round_goes_up_anew() {
    let mut world = submitted(terms());
    tick_at(&mut world, 160);
    take(&mut world, Step::Verify(Verb::Fail, "wang"));
    take(&mut world, Step::Act(0, Act::Acknowledge, "li"));
    take(&mut world, Step::Act(0, Act::Submit, "li"));
    assert_eq!(world.case.wake_at(), Some(second(260)));
    assert_eq!(tick_at(&mut world, 260), ["breached:verify", "escalated:verify:1:notify:street-office"]);
    assert_eq!(world.case.supervised_at, Some(second(160)), "since it was first");
}

#[test]
fn a_late_ruling_goes_up_until_somebody_rules() {
    let mut world = world(terms());
    take(&mut world, Step::Return(0, "li", "traffic-police"));
    assert_eq!(world.case.adjudication().unwrap().due_at(), Some(second(60)), "the policy's limit");
    assert_eq!(
        tick_at(&mut world, 60),
        ["breached:adjudicate", "escalated:adjudicate:1:notify:street-office"]
    );
    assert_eq!(tick_at(&mut world, 90), ["escalated:adjudicate:2:notify:whoever is late"]);
    assert_eq!(world.case.late(Stage::Adjudicate), Deciding::Centre);
    assert_eq!(take(&mut world, Step::Place(0, "sun", Deciding::Centre, "traffic-police")), ["ruled"]);
    assert_eq!((world.case.wake_at(), tick_at(&mut world, 10_000)), (None, vec![]));

    // The second return is the district's, and so is its lateness.
    let theirs = world.orders.len() - 1;
    take(&mut world, Step::Return(theirs, "zhou", "transport"));
    assert_eq!(world.case.late(Stage::Adjudicate), Deciding::District);
    assert_eq!(world.case.late(Stage::Verify), Deciding::Centre);
    let told = tick_at(&mut world, 10_060);
    assert_eq!(told, ["breached:adjudicate", "escalated:adjudicate:1:notify:street-office"]);
}

#[test]
fn a_policy_that_names_no_limit_for_rulings_leaves_them_a_working_day() {
    let plans = vec![plan(Role::Lead, "transport", vec![], vec![])];
    let (mut world, _) = World::open(plans, terms(), calendar(&[2026]), second(0));
    world.case.adjudicate_plan = None;
    take(&mut world, Step::Return(0, "li", "traffic-police"));
    let usual = StagePlan::default_adjudication().unwrap();
    let clock = world.case.adjudication().unwrap();
    assert_eq!((&clock.plan, usual.limit.unit()), (&usual, Unit::Workday));
}

/// A plan that is drawn anew brings its own chain, and a return that goes on waiting keeps the one it waits under.
#[test]
fn the_chain_of_a_clock_that_runs_stays_as_it_was() {
    let mut world = world(terms());
    take(&mut world, Step::Return(0, "li", "traffic-police"));
    let reroute = orders::CaseCommand::Reroute {
        actor: crate::fixtures::actor("sun"),
        decided: Deciding::Centre,
        duties: &[("transport".parse().unwrap(), Role::Lead)],
        terms: seconds(Stage::Verify, 500, &[]).into(),
        plan_version: 1,
        orders: &world.orders.clone(),
        note: String::new(),
    };
    let (case, events) = world.case.decide(reroute, world.now).unwrap().or_unchanged(world.case.clone());
    assert_eq!(events.iter().map(said).collect::<Vec<_>>(), ["rerouted"]);
    world.case = case;
    assert_eq!(
        (&world.case.chain, &world.case.adjudicate_plan),
        (&vec![], &None),
        "of what begins from here on"
    );
    let late = tick_at(&mut world, 120);
    assert_eq!(late.len(), 4, "{late:?}");
    take(&mut world, Step::Place(0, "sun", Deciding::Centre, "transport"));
    take(&mut world, Step::Act(0, Act::Acknowledge, "li"));
    take(&mut world, Step::Act(0, Act::Submit, "li"));
    assert_eq!(tick_at(&mut world, 620), ["breached:verify"]);
    assert_eq!(tick_at(&mut world, 10_000), [""; 0]);
}

#[test]
fn under_no_chain_a_late_case_is_told_once() {
    let mut world = submitted(seconds(Stage::Verify, VERIFY_S, &[]).into());
    assert_eq!(tick_at(&mut world, 10_000), ["breached:verify"]);
    assert_eq!(world.case.wake_at(), None);
}

#[rstest]
#[case::unsorted(CaseTerms { chain: vec![step(9, "a"), step(8, "a")], ..terms() }, PlanFault::UnsortedChain)]
#[case::misplaced(
    CaseTerms { adjudicate: Some(seconds(Stage::Resolve, 9, &[])), ..terms() },
    PlanFault::MisplacedStage(Stage::Resolve)
)]
fn terms_that_make_no_sense_are_refused(#[case] terms: CaseTerms, #[case] fault: PlanFault) {
    let tenant = "990102001000".parse().unwrap();
    let (case_id, lead) = (uuid::Uuid::from_u128(1).into(), "transport".parse().unwrap());
    let plan = orders::CasePlan { case_id, tenant, lead, terms, plan_version: 0 };
    assert_eq!(Case::open(plan, None, second(0)).unwrap_err(), Refusal::PlanInvalid(fault));
}

/// What is new is left out while it says nothing, so builds before read it; and what they stored has none of it: no chain.
#[test]
fn what_the_version_before_stored_is_read() {
    let mut world = world(seconds(Stage::Verify, VERIFY_S, &[]).into());
    take(&mut world, Step::Return(0, "li", "traffic-police"));
    world.case.adjudicate_plan = None;
    let stored = serde_json::to_value(&world.case).unwrap();
    let new = ["adjudicate_plan", "chain", "supervised_at"];
    assert!(new.iter().all(|field| stored.get(field).is_none()), "{stored:#}");
    assert!(
        stored
            .pointer("/adjudications")
            .unwrap()
            .as_object()
            .unwrap()
            .values()
            .all(|of| of.get("chain").is_none())
    );
    assert_eq!(serde_json::from_value::<Case>(stored).unwrap(), world.case);
    // Told by name, as before there were stages of no body.
    let before = r#"{"type":"escalated","stage":"resolve","step":1,"to":"governance-centre"}"#;
    let (stage, to) = (Stage::Resolve, Some(district()));
    let escalated = StageEvent::Escalated { stage, step: 1, to, measure: Measure::Notify };
    assert_eq!(serde_json::from_str::<StageEvent>(before).unwrap(), escalated);
}

/// A lead's order has the same chain, and neither takes a step of the other's.
#[test]
fn orders_and_their_case_go_up_each_by_itself() {
    let resolve = vec![seconds(Stage::Resolve, 50, &[])];
    let plans = vec![plan(Role::Lead, "transport", resolve, chain())];
    let (mut world, _) = World::open(plans, terms(), calendar(&[2026]), second(0));
    take(&mut world, Step::Return(0, "li", "traffic-police"));
    tick_at(&mut world, 120);
    let steps = |order: &Order| order.stages[0].escalated;
    assert_eq!((steps(&world.orders[0]), world.case.adjudication().unwrap().escalated), (3, 3));
}
