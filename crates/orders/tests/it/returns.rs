//! Returns and rulings at the case: who decides, how often, and whose clock runs.

use orders::{Act, CasePhase, Deciding, Holder, Order, Phase, Refusal, Role, Stage, Verdict};

use crate::fixtures::{calendar, plan, second, seconds, step};
use crate::world::{ASSISTS_ONLY, Step, Verb, World};

fn world() -> World {
    let resolve = || vec![seconds(Stage::Resolve, 100_000, &[])];
    let plans = vec![
        plan(Role::Lead, "transport", resolve(), vec![step(0, "governance-centre")]),
        plan(Role::Assist, "bus-company", resolve(), vec![]),
    ];
    World::open(plans, seconds(Stage::Verify, 1_000, &[]), calendar(&[2026]), second(0)).0
}

fn take(world: &mut World, step: Step) {
    *world = world.after(&step).unwrap_or_else(|refusal| panic!("{step:?}: {refusal}")).0;
}

fn refused(world: &World, step: Step) -> Refusal {
    world.after(&step).expect_err("refused")
}

fn lead(world: &World) -> &Order {
    world.orders.iter().find(|order| order.role == Role::Lead && !order.phase.left()).unwrap()
}

#[test]
fn the_first_receiver_leads_until_somebody_rules() {
    let mut world = world();
    take(&mut world, Step::Act(0, Act::Acknowledge, "li"));
    let due = world.orders[0].stages[0].due_at();
    take(&mut world, Step::Return(0, "li", "traffic-police"));
    assert_eq!(world.case.holder(), Some(&Holder::Ruling(Deciding::Centre)));
    assert_eq!(world.case.lead.to_string(), "transport");
    // No time is gained by asking, and the work may go on.
    assert_eq!(world.orders[0].stages[0].due_at(), due);
    take(&mut world, Step::Act(0, Act::Arrive, "li"));
    assert_eq!(refused(&world, Step::Act(0, Act::Submit, "li")), Refusal::ReturnPending);
}

#[test]
fn at_most_two_returns_and_the_second_is_the_districts() {
    let mut world = world();
    take(&mut world, Step::Return(0, "li", "traffic-police"));
    assert_eq!(refused(&world, Step::Return(1, "zhao", "transport")), Refusal::ReturnPending);
    take(&mut world, Step::Place(0, "sun", Deciding::Centre, "traffic-police"));
    assert_eq!(
        (world.orders[0].phase, world.case.lead.to_string()),
        (Phase::Returned, "traffic-police".into())
    );
    assert_eq!(lead(&world).follows, Some(world.orders[0].id));

    let theirs = world.orders.len() - 1;
    take(&mut world, Step::Return(theirs, "zhou", "transport"));
    assert_eq!(world.case.holder(), Some(&Holder::Ruling(Deciding::District)));
    let back = |deciding| Step::Place(theirs, "sun", deciding, "transport");
    assert_eq!(refused(&world, back(Deciding::Centre)), Refusal::DistrictDecides);
    take(&mut world, back(Deciding::District));
    // It came back to the body that returned it first, and now it stays.
    assert_eq!(lead(&world).body.to_string(), "transport");
    let last = world.orders.len() - 1;
    assert_eq!(refused(&world, Step::Return(last, "li", "traffic-police")), Refusal::ReturnsExhausted);
    assert_eq!(world.case.rulings.len(), 2);
    assert_eq!(world.case.rulings[1].proposed, Some("transport".parse().unwrap()));
}

#[test]
fn a_body_that_only_assists_is_given_no_lead() {
    let mut world = world();
    let place = |index, body| Step::Place(index, "sun", Deciding::District, body);
    assert_eq!(refused(&world, place(0, ASSISTS_ONLY)), Refusal::CannotLead);
    assert_eq!(refused(&world, Step::Return(0, "li", ASSISTS_ONLY)), Refusal::CannotLead);
    take(&mut world, Step::Return(0, "li", "traffic-police"));
    assert_eq!(refused(&world, place(0, ASSISTS_ONLY)), Refusal::CannotLead);
    take(&mut world, place(0, "traffic-police"));
    // An assistant's duty it takes, proposed or not.
    take(&mut world, Step::Return(1, "zhao", ASSISTS_ONLY));
    take(&mut world, place(1, ASSISTS_ONLY));
    assert_eq!(world.orders.last().unwrap().body.to_string(), ASSISTS_ONLY);
}

/// Assistants that return one after the other leave the wrongly named lead its own two.
#[test]
fn what_others_return_rations_nobody() {
    let resolve = || vec![seconds(Stage::Resolve, 100_000, &[])];
    let plans = vec![
        plan(Role::Lead, "transport", resolve(), vec![]),
        plan(Role::Assist, "bus-company", resolve(), vec![]),
        plan(Role::Assist, "water-supply", resolve(), vec![]),
    ];
    let mut world = World::open(plans, seconds(Stage::Verify, 1_000, &[]), calendar(&[2026]), second(0)).0;
    for (index, who, body) in [(1, "zhao", "bus-company"), (2, "qian", "water-supply")] {
        take(&mut world, Step::Return(index, who, "gas"));
        take(&mut world, Step::Place(index, "sun", Deciding::Centre, body));
    }
    take(&mut world, Step::Return(0, "li", "traffic-police"));
    assert_eq!(world.case.holder(), Some(&Holder::Ruling(Deciding::Centre)), "the first of this duty");
    take(&mut world, Step::Place(0, "sun", Deciding::Centre, "traffic-police"));
    let theirs = world.orders.len() - 1;
    take(&mut world, Step::Return(theirs, "zhou", "transport"));
    assert_eq!(world.case.holder(), Some(&Holder::Ruling(Deciding::District)));
    take(&mut world, Step::Place(theirs, "sun", Deciding::District, "transport"));
    let last = world.orders.len() - 1;
    assert_eq!(refused(&world, Step::Return(last, "li", "traffic-police")), Refusal::ReturnsExhausted);
    assert_eq!(world.case.returns, 4);
}

#[test]
fn who_returned_does_not_rule() {
    let mut world = world();
    take(&mut world, Step::Return(0, "li", "traffic-police"));
    let rule = |who| Step::Place(0, who, Deciding::District, "traffic-police");
    assert_eq!(refused(&world, rule("li")), Refusal::AskerMayNotDecide);
    take(&mut world, rule("sun"));
}

#[test]
fn a_refused_return_leaves_everything_where_it_was_and_is_not_asked_again() {
    let mut world = world();
    take(&mut world, Step::Return(0, "li", "traffic-police"));
    take(&mut world, Step::Place(0, "sun", Deciding::Centre, "transport"));
    assert_eq!((world.orders.len(), lead(&world).id), (2, world.orders[0].id));
    assert_eq!(world.case.holder(), Some(&Holder::Body("transport".parse().unwrap())));
    assert_eq!(refused(&world, Step::Return(0, "li", "traffic-police")), Refusal::ReturnsExhausted);
    // The assistant's own return is the first of its duty.
    take(&mut world, Step::Return(1, "zhao", "traffic-police"));
    assert_eq!(world.case.asked.as_ref().map(|asked| asked.deciding), Some(Deciding::Centre));
}

#[test]
fn a_ruling_runs_against_a_clock_of_its_own() {
    let mut world = world();
    take(&mut world, Step::Return(0, "li", "traffic-police"));
    assert_eq!(world.case.wake_at(), Some(second(3_600)));
    take(&mut world, Step::Wait(3_600));
    let (late, written) = world.after(&Step::Tick).unwrap();
    let names: Vec<_> = written.case.iter().map(|event| event.kind.name()).collect();
    assert_eq!((names, written.orders.len()), (vec!["breached"], 0));
    world = late;
    take(&mut world, Step::Wait(60));
    take(&mut world, Step::Place(0, "sun", Deciding::Centre, "transport"));
    let clock = &world.case.adjudications.values().next().unwrap().clock;
    assert_eq!((clock.verdict, clock.met_at), (Some(Verdict::Breached), Some(second(3_660))));
    assert_eq!(world.case.wake_at(), None);
}

#[test]
fn an_assistant_who_comes_to_lead_does_not_wait_for_itself() {
    let mut world = world();
    take(&mut world, Step::Place(0, "sun", Deciding::Centre, "bus-company"));
    assert_eq!((world.orders[0].phase, world.orders[1].phase), (Phase::Transferred, Phase::Waived));
    let last = world.orders.len() - 1;
    for act in [Act::Acknowledge, Act::Submit] {
        take(&mut world, Step::Act(last, act, "zhao"));
    }
    assert_eq!(world.case.phase, CasePhase::Submitted);
    // Nobody gets a second order of one kind.
    let mut other = self::world();
    take(&mut other, Step::Place(1, "sun", Deciding::Centre, "traffic-police"));
    let last = other.orders.len() - 1;
    assert_eq!(other.orders[last].role, Role::Assist);
}

#[test]
fn a_later_round_is_issued_to_who_has_the_duty_now() {
    let mut world = world();
    take(&mut world, Step::Waive(1));
    take(&mut world, Step::Place(0, "sun", Deciding::Centre, "traffic-police"));
    let last = world.orders.len() - 1;
    for act in [Act::Acknowledge, Act::Submit] {
        take(&mut world, Step::Act(last, act, "zhou"));
    }
    take(&mut world, Step::Verify(Verb::Fail, "wang"));
    let again: Vec<_> = world.orders.iter().filter(|order| order.round == 2).collect();
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].body.to_string(), again[0].follows), ("traffic-police".to_owned(), None));
}

/// What the district ruled is final for the case; what a centre ruled may be asked again when the matter comes back.
#[test]
fn a_ruling_of_the_district_holds_in_later_rounds() {
    for (decided, again) in [(Deciding::District, Err(Refusal::ReturnsExhausted)), (Deciding::Centre, Ok(()))]
    {
        let mut world = world();
        take(&mut world, Step::Waive(1));
        take(&mut world, Step::Return(0, "li", "traffic-police"));
        take(&mut world, Step::Place(0, "sun", decided, "transport"));
        for act in [Act::Acknowledge, Act::Submit] {
            take(&mut world, Step::Act(0, act, "li"));
        }
        take(&mut world, Step::Verify(Verb::Fail, "wang"));
        let last = world.orders.len() - 1;
        assert_eq!((world.orders[last].round, world.orders[last].body.to_string()), (2, "transport".into()));
        let returned = world.after(&Step::Return(0, "li", "traffic-police")).map(drop);
        assert_eq!(returned, again, "{decided:?}");
    }
}

#[test]
fn a_case_called_off_ends_every_clock() {
    let mut world = world();
    take(&mut world, Step::Return(0, "li", "traffic-police"));
    take(&mut world, Step::CancelCase);
    assert_eq!((world.case.phase, world.case.holder(), world.wake_at()), (CasePhase::Cancelled, None, None));
    assert!(world.orders.iter().all(|order| order.phase == Phase::Cancelled && order.returning.is_none()));
    assert!(world.orders.iter().flat_map(|o| &o.stages).all(|s| s.verdict == Some(Verdict::Cancelled)));
    assert_eq!(world.case.adjudications.values().next().unwrap().clock.verdict, Some(Verdict::Cancelled));
    // A second time changes nothing, and nothing else is possible.
    let (again, written) = world.after(&Step::CancelCase).unwrap();
    assert_eq!((again.case, written.case.len()), (world.case.clone(), 0));
    assert!(world.after(&Step::Verify(Verb::Pass, "wang")).is_err());
}

#[test]
fn a_submitted_case_may_be_called_off_and_a_closed_one_not() {
    let mut world = world();
    for (index, who) in [(1, "zhao"), (0, "li")] {
        take(&mut world, Step::Act(index, Act::Acknowledge, who));
        take(&mut world, Step::Act(index, Act::Submit, who));
    }
    let (cancelled, _) = world.after(&Step::CancelCase).unwrap();
    assert_eq!(cancelled.case.verification().unwrap().verdict, Some(Verdict::Cancelled));
    assert!(cancelled.orders.iter().all(|order| order.phase == Phase::Cancelled));
    take(&mut world, Step::Verify(Verb::Pass, "wang"));
    assert_eq!(refused(&world, Step::CancelCase).code(), "invalid-transition");
}
