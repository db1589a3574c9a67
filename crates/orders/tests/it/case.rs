//! The case: verification, separation of duties, reopening, holders.

use jiff::{SignedDuration, Timestamp};
use orders::{
    Act, BrokenHistory, Case, CaseCommand, CasePhase, CasePlan, Decision, Holder, Order, PlanFault, Refusal,
    Role, Stage, StagePlan, Verdict, VerifyCommand,
};
use uuid::Uuid;

use crate::fixtures::{Life, actor, at, calendar, command, plan, second, seconds};

fn opened(verify: StagePlan) -> Case {
    let case_id = Uuid::from_u128(1).into();
    let (tenant, lead) = ("990102001000".parse().unwrap(), "transport".parse().unwrap());
    let terms = verify.into();
    Case::open(CasePlan { case_id, tenant, lead, terms, plan_version: 0 }, None, second(0)).unwrap().0
}

/// A lead handled by li and an inform; both as after the lead's submit.
fn submitted_orders() -> Vec<Order> {
    let mut lead = Life::of(plan(Role::Lead, "transport", vec![], vec![]));
    lead.acts(Act::Acknowledge, second(10)).unwrap();
    lead.acts(Act::Submit, second(20)).unwrap();
    let mut inform = Life::of(plan(Role::Inform, "street-centre", vec![], vec![]));
    inform.does(command(Act::See, "wang", (&calendar(&[2026])).into(), &[]), second(5)).unwrap();
    vec![lead.order, inform.order]
}

fn decide(case: &mut Case, command: CaseCommand<'_>, now: Timestamp) -> Result<Vec<&'static str>, Refusal> {
    let Decision::Changed { state, events } = case.decide(command, now)? else { return Ok(vec![]) };
    *case = state;
    Ok(events.iter().map(|event| event.kind.name()).collect())
}

fn submit(case: &mut Case, orders: &[Order], now: Timestamp) -> Result<Vec<&'static str>, Refusal> {
    let calendar = calendar(&[2026]);
    decide(case, CaseCommand::Submit { actor: actor("li"), orders, calendar: &calendar }, now)
}

fn verify(
    case: &mut Case,
    who: &str,
    command: VerifyCommand,
    now: Timestamp,
) -> Result<Vec<&'static str>, Refusal> {
    let orders = submitted_orders();
    decide(case, CaseCommand::Verify { actor: actor(who), command, orders: &orders }, now)
}

fn pass() -> VerifyCommand {
    VerifyCommand::Pass { note: "two residents called".to_owned() }
}

fn fail() -> VerifyCommand {
    VerifyCommand::Fail { note: "the stop is still closed".to_owned() }
}

#[test]
fn passes_from_hand_to_hand_without_a_gap() {
    let mut case = opened(seconds(Stage::Verify, 100, &[]));
    assert_eq!(case.holder().unwrap().to_string(), "transport");
    assert_eq!(submit(&mut case, &submitted_orders(), second(20)).unwrap(), ["submitted"]);
    assert_eq!(case.holder().unwrap().to_string(), "verifier");
    assert_eq!(verify(&mut case, "wang", VerifyCommand::Claim, second(30)).unwrap(), ["verifying"]);
    assert_eq!(verify(&mut case, "wang", VerifyCommand::Claim, second(31)).unwrap(), [""; 0]);
    assert_eq!(verify(&mut case, "wang", pass(), second(45)).unwrap(), ["closed"]);
    assert_eq!((case.phase, case.holder(), case.wake_at()), (CasePhase::Closed, None, None));

    let lengths: Vec<_> =
        case.holders.iter().map(|held| held.to.unwrap().duration_since(held.from)).collect();
    assert_eq!(lengths, [20, 10, 15].map(SignedDuration::from_secs));
    assert_eq!(case.verification().unwrap().verdict, Some(Verdict::Met));
}

#[test]
fn who_handled_in_any_round_may_not_verify() {
    let mut case = opened(seconds(Stage::Verify, 100, &[]));
    submit(&mut case, &submitted_orders(), second(20)).unwrap();
    for command in [VerifyCommand::Claim, pass(), fail()] {
        assert_eq!(verify(&mut case, "li", command, second(30)), Err(Refusal::HandlerMayNotVerify));
    }
    // wang saw the order for information, which is not handling.
    assert_eq!(verify(&mut case, "wang", fail(), second(30)).unwrap(), ["verifying", "reopened"]);

    let mut again = submitted_orders();
    for order in &mut again {
        order.round = 2;
        order.handlers = ["zhao".to_owned()].into();
    }
    submit(&mut case, &again, second(40)).unwrap();
    assert_eq!(verify(&mut case, "li", VerifyCommand::Claim, second(50)), Err(Refusal::HandlerMayNotVerify));
}

#[test]
fn a_failed_verification_opens_the_next_round() {
    let mut case = opened(seconds(Stage::Verify, 100, &[]));
    submit(&mut case, &submitted_orders(), second(20)).unwrap();
    assert_eq!(verify(&mut case, "wang", fail(), second(30)).unwrap(), ["verifying", "reopened"]);
    assert_eq!((case.round, case.phase), (2, CasePhase::Open));
    assert_eq!(case.holder().unwrap().to_string(), "transport");
    assert_eq!(case.verify[&1].verdict, Some(Verdict::Met));
    assert_eq!((case.verification(), case.wake_at()), (None, None));

    let old = &submitted_orders()[0];
    let plan = old.plan_again(Uuid::from_u128(99).into(), case.round);
    assert_eq!((plan.round, &plan.body, plan.role), (2, &old.body, Role::Lead));
}

#[test]
fn a_reopening_names_the_duties_to_issue_again() {
    let mut case = opened(seconds(Stage::Verify, 100, &[]));
    let mut orders = submitted_orders();
    let mut assist = Life::of(plan(Role::Assist, "bus-company", vec![], vec![]));
    let cancel = orders::OrderCommand::Cancel { actor: actor("sun"), note: "not theirs".to_owned() };
    assist.does(cancel, second(15)).unwrap();
    orders.push(assist.order);
    submit(&mut case, &orders, second(20)).unwrap();
    let command = CaseCommand::Verify { actor: actor("wang"), command: fail(), orders: &orders };
    let Decision::Changed { events, .. } = case.decide(command, second(30)).unwrap() else {
        panic!("unchanged")
    };
    let orders::CaseEventKind::Reopened { orders: again, .. } = &events[1].kind else { panic!("{events:?}") };
    assert_eq!(again, &[orders[0].id, orders[1].id]);
}

#[test]
fn another_verifier_may_take_over() {
    let mut case = opened(seconds(Stage::Verify, 100, &[]));
    submit(&mut case, &submitted_orders(), second(20)).unwrap();
    verify(&mut case, "wang", VerifyCommand::Claim, second(30)).unwrap();
    assert_eq!(verify(&mut case, "zhou", pass(), second(40)).unwrap(), ["verifying", "closed"]);
    let principal = Some("zhou".to_owned());
    assert_eq!(case.holders.last().unwrap().holder, Holder::Verifier { principal });
}

#[test]
fn nothing_goes_on_over_an_open_duty_or_without_a_lead() {
    let mut case = opened(seconds(Stage::Verify, 100, &[]));
    let mut orders = submitted_orders();
    orders.push(Life::of(plan(Role::Assist, "bus-company", vec![], vec![])).order);
    let bodies = vec!["bus-company".parse().unwrap()];
    assert_eq!(submit(&mut case, &orders, second(20)), Err(Refusal::DutyOpen { bodies }));
    assert_eq!(submit(&mut case, &orders[1..2], second(20)), Err(Refusal::LeadRequired));
    let doubled = [orders[0].clone(), orders[0].clone()];
    assert_eq!(submit(&mut case, &doubled, second(20)), Err(Refusal::LeadRequired));

    submit(&mut case, &orders[..1], second(20)).unwrap();
    let pass = CaseCommand::Verify { actor: actor("wang"), command: pass(), orders: &orders };
    assert_eq!(decide(&mut case, pass, second(30)).unwrap_err().code(), "duty-open");
}

#[test]
fn commands_out_of_turn_are_refused() {
    let mut case = opened(seconds(Stage::Verify, 100, &[]));
    let codes = |case: &mut Case| {
        let submit = submit(case, &submitted_orders(), second(50)).err();
        let verify =
            [VerifyCommand::Claim, pass(), fail()].map(|c| verify(case, "wang", c, second(50)).err());
        (submit.map(|r| r.code()), verify.map(|r| r.map(|r| r.code())))
    };
    let illegal = Some("invalid-transition");
    let mut before = case.clone();
    before.phase = CasePhase::Closed;
    assert_eq!(codes(&mut before), (illegal, [illegal; 3]));
    assert_eq!(verify(&mut case, "wang", pass(), second(50)).unwrap_err().code(), "invalid-transition");
    submit(&mut case, &submitted_orders(), second(20)).unwrap();
    assert_eq!(submit(&mut case, &submitted_orders(), second(20)).unwrap_err().code(), "invalid-transition");
}

#[test]
fn verification_runs_against_its_own_clock() {
    let mut case = opened(seconds(Stage::Verify, 100, &[800]));
    assert_eq!(case.wake_at(), None);
    submit(&mut case, &submitted_orders(), second(1_000)).unwrap();
    assert_eq!(case.wake_at(), Some(second(1_080)));
    assert_eq!(decide(&mut case, CaseCommand::Tick, second(1_080)).unwrap(), ["warned"]);
    assert_eq!(case.wake_at(), Some(second(1_100)));
    assert_eq!(
        verify(&mut case, "wang", pass(), second(1_101)).unwrap(),
        ["breached", "verifying", "closed"]
    );
    let stage = case.verification().unwrap();
    assert_eq!((stage.verdict, stage.met_at), (Some(Verdict::Breached), Some(second(1_101))));
}

#[test]
fn verification_may_await_a_calendar() {
    let mut case = opened(StagePlan::default_verification().unwrap());
    let submitted = submit(&mut case, &submitted_orders(), at("2026-12-31 10:00")).unwrap();
    assert_eq!(submitted, ["submitted", "calendar_awaited"]);
    assert_eq!(case.wake_at(), None);
    let published = calendar(&[2026, 2027]);
    let fill = CaseCommand::FillCalendar { calendar: &published };
    assert_eq!(decide(&mut case, fill, at("2026-12-31 11:00")).unwrap(), ["calendar_filled"]);
    assert_eq!(case.verification().unwrap().due_at(), Some(at("2027-01-05 18:00")));
}

#[test]
fn a_history_must_fold() {
    let (case, events) = {
        let case = opened(seconds(Stage::Verify, 100, &[]));
        let orders = submitted_orders();
        let calendar = calendar(&[2026]);
        let command = CaseCommand::Submit { actor: actor("li"), orders: &orders, calendar: &calendar };
        case.decide(command, second(20)).unwrap().or_unchanged(case)
    };
    assert_eq!(Case::evolve(None, &events[0]), Err(BrokenHistory::Version { expected: 1, found: 2 }));
    assert_eq!(Case::evolve(Some(case), &events[0]), Err(BrokenHistory::Version { expected: 3, found: 2 }));
    let mut first = events[0].clone();
    first.version = 1;
    assert_eq!(Case::evolve(None, &first), Err(BrokenHistory::Beginning));
}

#[test]
fn only_verification_is_a_stage_of_the_case() {
    let (tenant, lead) = ("990102001000".parse().unwrap(), "transport".parse().unwrap());
    let terms = seconds(Stage::Resolve, 100, &[]).into();
    let plan = CasePlan { case_id: Uuid::from_u128(1).into(), tenant, lead, terms, plan_version: 0 };
    let misplaced = Refusal::PlanInvalid(PlanFault::MisplacedStage(Stage::Resolve));
    assert_eq!(Case::open(plan, None, second(0)).unwrap_err(), misplaced);
}

/// A case whose voices went into another one ends as any that is called off, and is told apart: its matter goes on. What was stored
/// before has no word of it.
#[test]
fn a_merged_case_has_ended_and_is_not_over() {
    let open = opened(seconds(Stage::Verify, 100, &[]));
    let ended = |merged| {
        let cancel = CaseCommand::Cancel { actor: actor("sun"), merged, note: String::new() };
        open.decide(cancel, second(10)).unwrap().or_unchanged(open.clone())
    };
    let ((called_off, _), (merged, events)) = (ended(false), ended(true));
    assert_eq!((called_off.phase, merged.phase), (CasePhase::Cancelled, CasePhase::Cancelled));
    assert_eq!((open.over(), called_off.over(), merged.over()), (false, true, false));
    assert_eq!(Case::evolve(Some(open.clone()), &events[0]), Ok(merged.clone()));
    let stored = |case: &Case| serde_json::to_value(case).unwrap();
    assert_eq!((stored(&called_off).get("merged"), stored(&open).get("merged")), (None, None));
    for case in [called_off, merged] {
        assert_eq!(serde_json::from_value::<Case>(stored(&case)).unwrap(), case);
    }
}
