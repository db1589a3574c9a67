//! Verdicts, warnings and chains of single orders. Each line says when, what, and what came of it.

use orders::{Act, Order, OrderCommand, PlanFault, Refusal, Role, Stage, StageDue, Verdict};
use rstest::rstest;

use sla::{ClockKind, Unit};

use crate::fixtures::{Life, actor, calendar, plan, second, seconds, stage, step};

fn verdicts(life: &Life) -> Vec<(Stage, Option<Verdict>)> {
    life.order.stages.iter().map(|stage| (stage.stage(), stage.verdict)).collect()
}

#[rstest]
#[case::in_time(99, "acknowledged", Verdict::Met)]
#[case::at_the_due_instant(100, "acknowledged", Verdict::Met)]
#[case::a_second_late(101, "breached:acknowledge acknowledged", Verdict::Breached)]
fn an_act_is_judged_by_its_time(#[case] at: i64, #[case] events: &str, #[case] verdict: Verdict) {
    let mut life = Life::new(vec![seconds(Stage::Acknowledge, 100, &[800])], vec![]);
    assert_eq!(life.acts(Act::Acknowledge, second(at)).unwrap(), events);
    let stage = &life.order.stages[0];
    assert_eq!((stage.verdict, stage.met_at), (Some(verdict), Some(second(at))));
    assert_eq!(life.order.wake_at(), None);
    assert_eq!(life.ticks(second(1_000)), "=");
}

#[test]
fn a_breached_stage_still_records_when_it_was_met() {
    let mut life = Life::new(vec![seconds(Stage::Acknowledge, 100, &[])], vec![]);
    assert_eq!(life.ticks(second(100)), "breached:acknowledge");
    assert_eq!(life.acts(Act::Acknowledge, second(150)).unwrap(), "acknowledged");
    let stage = &life.order.stages[0];
    assert_eq!(stage.verdict, Some(Verdict::Breached));
    assert_eq!((stage.verdict_at, stage.met_at), (Some(second(100)), Some(second(150))));
}

#[test]
fn a_later_act_meets_seeing_and_acknowledging() {
    let stages = || vec![seconds(Stage::See, 10, &[]), seconds(Stage::Acknowledge, 100, &[])];
    let mut life = Life::new(stages(), vec![]);
    assert_eq!(life.acts(Act::Acknowledge, second(5)).unwrap(), "acknowledged");
    assert_eq!(verdicts(&life), [(Stage::See, Some(Verdict::Met)), (Stage::Acknowledge, Some(Verdict::Met))]);
    assert_eq!(life.order.acts[&Act::See], second(5));

    let mut late = Life::new(stages(), vec![]);
    assert_eq!(late.acts(Act::Acknowledge, second(50)).unwrap(), "breached:see acknowledged");
    assert_eq!(verdicts(&late)[0], (Stage::See, Some(Verdict::Breached)));
}

#[test]
fn submit_meets_the_resolution_and_only_arriving_the_visit() {
    let mut life =
        Life::new(vec![seconds(Stage::OnSite, 50, &[]), seconds(Stage::Resolve, 100, &[])], vec![]);
    life.acts(Act::Acknowledge, second(1)).unwrap();
    life.acts(Act::Progress, second(2)).unwrap();
    assert_eq!(life.acts(Act::Submit, second(3)), Err(Refusal::VisitRequired));
    assert_eq!(life.acts(Act::Arrive, second(60)).unwrap(), "breached:on_site arrived");
    assert_eq!(life.acts(Act::Submit, second(61)).unwrap(), "submitted");
    let expected = [(Stage::OnSite, Some(Verdict::Breached)), (Stage::Resolve, Some(Verdict::Met))];
    assert_eq!(verdicts(&life), expected);
}

#[test]
fn warnings_fire_once_each_and_never_after_the_due_time() {
    let warned = || Life::new(vec![seconds(Stage::Resolve, 100, &[800, 500, 900, 800, 1000])], vec![]);
    let mut life = warned();
    let StageDue::At(due) = &life.order.stages[0].due else { panic!("{:?}", life.order) };
    let planned: Vec<_> = due.warns.iter().map(|warn| (warn.per_mille.get(), warn.at)).collect();
    assert_eq!(planned, [(500, second(50)), (800, second(80)), (900, second(90))]);
    assert_eq!(life.order.wake_at(), Some(second(50)));
    assert_eq!(life.ticks(second(49)), "=");
    assert_eq!(life.ticks(second(50)), "warned:resolve:500");
    assert_eq!(life.ticks(second(50)), "=");
    assert_eq!(life.ticks(second(95)), "warned:resolve:800 warned:resolve:900");
    assert_eq!(life.order.wake_at(), Some(second(100)));
    assert_eq!(life.ticks(second(100)), "breached:resolve");
    assert_eq!(life.order.wake_at(), None);
    assert_eq!(warned().ticks(second(100)), "breached:resolve");
}

#[test]
fn the_chain_runs_after_the_breach_and_stops_when_the_stage_is_met() {
    let chain =
        vec![step(0, "governance-centre"), step(60, "street-centre@990102001000"), step(90, "transport")];
    let mut life = Life::new(vec![seconds(Stage::Acknowledge, 5, &[])], chain);
    let before = life.order.body.clone();
    assert_eq!(life.ticks(second(5)), "breached:acknowledge escalated:acknowledge:1:governance-centre");
    assert_eq!(life.order.wake_at(), Some(second(65)));
    // Late by five seconds: the step counts from the due time, not from when the breach was noticed.
    assert_eq!(life.ticks(second(70)), "escalated:acknowledge:2:street-centre@990102001000");
    assert_eq!(life.order.wake_at(), Some(second(95)));
    life.acts(Act::Acknowledge, second(80)).unwrap();
    assert_eq!(life.order.wake_at(), None);
    assert_eq!(life.ticks(second(500)), "=");
    assert_eq!(life.order.body, before);
}

#[test]
fn a_long_outage_is_caught_up_in_order_of_time() {
    let stages = vec![seconds(Stage::Acknowledge, 10, &[500]), seconds(Stage::Resolve, 40, &[500])];
    let mut life = Life::new(stages, vec![step(15, "governance-centre")]);
    assert_eq!(
        life.ticks(second(30)),
        "breached:acknowledge warned:resolve:500 escalated:acknowledge:1:governance-centre"
    );
}

#[test]
fn information_has_no_stages_and_no_wake_up() {
    let stages = vec![seconds(Stage::Acknowledge, 5, &[])];
    let mut life = Life::of(plan(Role::Inform, "street-centre", stages, vec![step(0, "transport")]));
    assert_eq!((life.order.stages.len(), life.order.chain.len(), life.order.wake_at()), (0, 0, None));
    assert_eq!(life.acts(Act::See, second(9)).unwrap(), "seen");
    assert!(life.order.handlers.is_empty());
    assert!(!life.order.duty_open());
}

#[test]
fn cancelling_gives_every_stage_its_verdict() {
    let stages = vec![
        seconds(Stage::See, 10, &[]),
        seconds(Stage::Acknowledge, 20, &[]),
        seconds(Stage::Resolve, 100, &[]),
    ];
    let mut life = Life::of(plan(Role::Assist, "bus-company", stages, vec![]));
    life.acts(Act::See, second(5)).unwrap();
    let cancel = OrderCommand::Cancel { actor: actor("sun"), note: "not needed".to_owned() };
    assert_eq!(life.does(cancel, second(50)).unwrap(), "breached:acknowledge cancelled");
    let expected = [Verdict::Met, Verdict::Breached, Verdict::Cancelled];
    assert_eq!(verdicts(&life).iter().map(|(_, verdict)| verdict.unwrap()).collect::<Vec<_>>(), expected);
    assert_eq!(life.order.wake_at(), None);
}

#[test]
fn time_never_runs_back_within_an_order() {
    let mut life = Life::new(vec![seconds(Stage::Acknowledge, 100, &[])], vec![]);
    assert_eq!(life.ticks(second(100)), "breached:acknowledge");
    assert_eq!(life.acts(Act::Acknowledge, second(99)).unwrap(), "acknowledged");
    assert_eq!(life.events.last().unwrap().at, second(100));
    assert_eq!(life.order.stages[0].verdict, Some(Verdict::Breached));
}

#[rstest]
#[case::twice(vec![seconds(Stage::See, 1, &[]), seconds(Stage::See, 2, &[])], &[], PlanFault::RepeatedStage(Stage::See))]
#[case::misplaced(vec![seconds(Stage::Verify, 1, &[])], &[], PlanFault::MisplacedStage(Stage::Verify))]
#[case::unsorted(vec![], &[5, 4], PlanFault::UnsortedChain)]
fn a_wrong_plan_is_refused(
    #[case] stages: Vec<orders::StagePlan>,
    #[case] chain_s: &[u32],
    #[case] fault: PlanFault,
) {
    let chain = chain_s.iter().map(|after_s| step(*after_s, "transport")).collect();
    let plan = plan(Role::Lead, "transport", stages, chain);
    let refusal = Order::dispatch(plan, &calendar(&[2026]), None, second(0)).unwrap_err();
    assert_eq!(refusal, Refusal::PlanInvalid(fault));
}

/// What was counted for one order is what each would have counted for itself.
#[test]
fn orders_that_go_out_together_have_the_due_times_of_orders_alone() {
    let calendar = calendar(&[2026]);
    let mut starts = orders::Starts::new(&calendar);
    for at in [second(0), second(0), second(3_600)] {
        let limits = || {
            let work = stage(Stage::Acknowledge, ClockKind::Work, 120, Unit::Minute, &[800]);
            vec![work, seconds(Stage::OnSite, 100, &[]), seconds(Stage::Resolve, 100, &[500])]
        };
        let plan = || plan(Role::Lead, "transport", limits(), vec![]);
        let alone = Order::dispatch(plan(), &calendar, None, at).unwrap();
        let among = Order::dispatch_with(plan(), &mut starts, None, at).unwrap();
        assert_eq!(among, alone);
    }
}
