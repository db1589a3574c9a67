//! A policy in force that takes the place of the one an order was issued with: by an explicit act, and fair to who holds it.

use orders::{
    Act, ChainAction, ChainStep, HoldReason, Order, OrderCommand, OrderPlan, Refusal, Role, Stage, StagePlan,
    Terms, TimeWanted,
};
use sla::{ClockKind, Limit, Unit};

use crate::fixtures::{Life, actor, at, calendar, plan, second, seconds, stage, step};

fn terms(stages: Vec<StagePlan>, chain: Vec<ChainStep>) -> Terms {
    Terms { policy: "faster".to_owned(), stages, pairs: vec![], chain }
}

impl Life {
    fn adopts(&mut self, terms: Terms, now: jiff::Timestamp) -> Result<String, Refusal> {
        self.adopts_beside(&[], terms, now)
    }

    /// With the other orders of its case.
    fn adopts_beside(
        &mut self,
        others: &[Order],
        terms: Terms,
        now: jiff::Timestamp,
    ) -> Result<String, Refusal> {
        let office = calendar(&[2026]);
        let (actor, note) = (actor("sun"), "as announced".to_owned());
        let orders = [others, std::slice::from_ref(&self.order)].concat();
        let calendars = (&office).into();
        self.does(OrderCommand::Adopt { actor, terms, orders: &orders, calendars, note }, now)
    }

    fn due(&self, kind: Stage) -> Option<jiff::Timestamp> {
        self.order.stages.iter().find(|stage| stage.stage() == kind).unwrap().due_at()
    }
}

#[test]
fn nothing_changes_until_somebody_adopts_it_and_then_what_was_used_counts() {
    let mut life = Life::new(vec![seconds(Stage::Resolve, 1_000, &[800])], vec![]);
    assert_eq!(
        life.adopts(terms(vec![seconds(Stage::Resolve, 600, &[500])], vec![]), second(100)).unwrap(),
        "policy_adopted"
    );
    assert_eq!(life.due(Stage::Resolve), Some(second(600)));
    assert_eq!(life.order.wake_at(), Some(second(300)), "warned at half of the new limit");
    // The same once more says nothing.
    assert_eq!(
        life.adopts(terms(vec![seconds(Stage::Resolve, 600, &[500])], vec![]), second(200)).unwrap(),
        "="
    );
    assert_eq!(life.ticks(second(600)), "breached:resolve");
}

/// Named regression: a policy changed during a pause keeps the pause.
#[test]
fn a_policy_changed_during_a_pause_keeps_the_pause() {
    let mut life = Life::new(vec![seconds(Stage::Resolve, 1_000, &[])], vec![]);
    life.acts(Act::Acknowledge, second(0)).unwrap();
    let office = calendar(&[2026]);
    let wanted = TimeWanted::Suspension { until: second(5_000), reason: HoldReason::Weather };
    life.does(OrderCommand::AskTime { actor: actor("li"), wanted, note: String::new() }, second(100))
        .unwrap();
    let grant =
        OrderCommand::GrantTime { actor: actor("sun"), calendars: (&office).into(), note: String::new() };
    life.does(grant, second(100)).unwrap();
    assert_eq!(
        life.adopts(terms(vec![seconds(Stage::Resolve, 400, &[])], vec![]), second(900)).unwrap(),
        "policy_adopted"
    );
    assert_eq!(life.order.wake_at(), Some(second(5_000)), "still on hold, also beyond the new limit");
    let used_up = terms(vec![seconds(Stage::Resolve, 99, &[])], vec![]);
    assert_eq!(life.adopts(used_up, second(950)), Err(Refusal::LimitUsedUp), "it would breach when resumed");
    let resume = OrderCommand::Resume { actor: None, calendars: (&office).into(), note: String::new() };
    assert_eq!(life.does(resume, second(5_000)).unwrap(), "resumed");
    // 100 of 400 s were used before the pause.
    assert_eq!(life.due(Stage::Resolve), Some(second(5_300)));
}

/// Named regression: a policy switched off stops escalation.
#[test]
fn a_policy_switched_off_stops_escalation() {
    let chain = vec![step(10, "governance-centre"), step(20, "street-centre")];
    let mut life = Life::new(vec![seconds(Stage::Resolve, 100, &[])], chain);
    assert_eq!(life.ticks(second(110)), "breached:resolve escalated:resolve:1:governance-centre");
    assert_eq!(
        life.adopts(terms(vec![seconds(Stage::Resolve, 100, &[])], vec![]), second(115)).unwrap(),
        "policy_adopted"
    );
    assert_eq!((life.order.wake_at(), life.ticks(second(10_000))), (None, "=".to_owned()));
}

#[test]
fn another_chain_goes_on_with_what_is_still_to_come() {
    let mut life = Life::new(vec![seconds(Stage::Resolve, 100, &[])], vec![step(10, "street-centre")]);
    life.ticks(second(110));
    let other = vec![step(5, "transport"), step(30, "governance-centre")];
    life.adopts(terms(vec![], other), second(115)).unwrap();
    assert_eq!(life.order.wake_at(), Some(second(130)));
    assert_eq!(life.ticks(second(130)), "escalated:resolve:2:governance-centre");
}

#[test]
fn a_breach_stays_and_none_is_made() {
    let mut life = Life::new(vec![seconds(Stage::See, 50, &[]), seconds(Stage::Resolve, 1_000, &[])], vec![]);
    let generous = vec![seconds(Stage::See, 5_000, &[]), seconds(Stage::Resolve, 5_000, &[])];
    // Nobody had looked: what came is told first, and stays.
    assert_eq!(life.adopts(terms(generous, vec![]), second(60)).unwrap(), "breached:see policy_adopted");
    assert_eq!((life.due(Stage::See), life.due(Stage::Resolve)), (Some(second(50)), Some(second(5_000))));
    let before = life.order.clone();
    let used_up = terms(vec![seconds(Stage::Resolve, 59, &[])], vec![]);
    assert_eq!(life.adopts(used_up, second(60)), Err(Refusal::LimitUsedUp));
    assert_eq!(life.order, before, "a refusal leaves no trace");
}

#[test]
fn who_is_done_or_only_informed_adopts_nothing() {
    let mut life = Life::new(vec![seconds(Stage::Resolve, 1_000, &[])], vec![]);
    life.acts(Act::Acknowledge, second(1)).unwrap();
    life.acts(Act::Submit, second(2)).unwrap();
    let faster = || terms(vec![seconds(Stage::Resolve, 10, &[])], vec![]);
    assert!(matches!(
        life.adopts(faster(), second(3)),
        Err(Refusal::InvalidTransition { command: "adopt", .. })
    ));
    let mut informed = Life::of(plan(Role::Inform, "governance-centre", vec![], vec![]));
    assert_eq!(informed.adopts(faster(), second(3)), Err(Refusal::InformOnly));
}

fn to_be_there(amount: u32) -> Vec<StagePlan> {
    vec![seconds(Stage::OnSite, amount, &[])]
}

#[test]
fn who_was_summoned_keeps_the_summons_own_limit() {
    // Of a policy that asks for nothing but to be there: its assistants look the same.
    let lead = Life::of(plan(Role::Lead, "transport", to_be_there(60), vec![])).order;
    let summons = || plan(Role::Assist, "bus-company", to_be_there(60), vec![]);
    let mut life = Life::of(OrderPlan { summoned: true, ..summons() });
    let others = std::slice::from_ref(&lead);
    assert_eq!(life.adopts_beside(others, terms(to_be_there(9_000), vec![]), second(1)).unwrap(), "=");
    assert_eq!(life.due(Stage::OnSite), Some(second(60)));
    // Whoever has its duty next was summoned as well.
    assert!(life.order.plan_for(lead.id, lead.body.clone()).summoned);
    assert!(life.order.plan_again(lead.id, 2).summoned);
}

/// Orders of builds that had no word for it: a policy asks the same of all, so the lead's stages tell.
#[test]
fn who_was_summoned_before_there_was_a_word_for_it_is_told_by_the_lead() {
    let more = vec![seconds(Stage::OnSite, 60, &[]), seconds(Stage::Resolve, 9_000, &[])];
    let lead = Life::of(plan(Role::Lead, "transport", more, vec![])).order;
    let mut life = Life::of(plan(Role::Assist, "bus-company", to_be_there(60), vec![]));
    assert_eq!(life.adopts_beside(&[lead], terms(to_be_there(9_000), vec![]), second(1)).unwrap(), "=");
    assert_eq!(life.due(Stage::OnSite), Some(second(60)));
}

#[test]
fn who_assists_where_all_have_to_be_there_and_nothing_else_adopts_as_any_other() {
    let lead = Life::of(plan(Role::Lead, "transport", to_be_there(60), vec![])).order;
    let mut life = Life::of(plan(Role::Assist, "bus-company", to_be_there(60), vec![]));
    life.adopts_beside(&[lead], terms(to_be_there(9_000), vec![]), second(1)).unwrap();
    assert_eq!(life.due(Stage::OnSite), Some(second(9_000)));
}

/// Who leads was not summoned, whatever its policy asks for.
#[test]
fn who_leads_adopts_a_limit_to_be_there_as_any_other() {
    let mut life = Life::of(plan(Role::Lead, "transport", to_be_there(60), vec![]));
    life.adopts(terms(to_be_there(9_000), vec![]), second(1)).unwrap();
    assert_eq!(life.due(Stage::OnSite), Some(second(9_000)));
}

#[test]
fn another_clock_counts_from_the_same_start() {
    let monday = at("2026-11-23 10:00");
    let mut life = Life::since(
        plan(
            Role::Lead,
            "transport",
            vec![stage(Stage::Resolve, ClockKind::Work, 2, Unit::Hour, &[])],
            vec![],
        ),
        &calendar(&[2026]),
        monday,
    );
    let half_past = monday + jiff::SignedDuration::from_mins(30);
    let clock = stage(Stage::Resolve, ClockKind::Clock, 40, Unit::Minute, &[]);
    life.adopts(terms(vec![clock], vec![]), half_past).unwrap();
    assert_eq!(life.due(Stage::Resolve), Some(monday + jiff::SignedDuration::from_mins(40)));
    // Granted on the clock it has now, which the old one cannot take.
    let more = Limit::new(ClockKind::Clock, 10, Unit::Minute).unwrap();
    life.acts(Act::Acknowledge, half_past).unwrap();
    let wanted = TimeWanted::Extension { more };
    life.does(OrderCommand::AskTime { actor: actor("li"), wanted, note: String::new() }, half_past).unwrap();
    let office = calendar(&[2026]);
    let grant =
        OrderCommand::GrantTime { actor: actor("sun"), calendars: (&office).into(), note: String::new() };
    life.does(grant, half_past).unwrap();
    let back = stage(Stage::Resolve, ClockKind::Work, 3, Unit::Hour, &[]);
    assert_eq!(life.adopts(terms(vec![back], vec![]), half_past), Err(Refusal::OtherClock));
}

#[test]
fn the_holder_is_told_again_and_supervision_and_the_district_come_after_it() {
    let to = |body: &str| body.parse().unwrap();
    let step = |after_s, action| ChainStep { after_s, action };
    let chain = vec![
        step(0, ChainAction::NotifyHolder),
        step(10, ChainAction::Supervise(to("street-centre@990102001000"))),
        step(20, ChainAction::Raise(to("governance-centre"))),
    ];
    let mut life = Life::new(vec![seconds(Stage::Acknowledge, 100, &[])], chain);
    assert_eq!(life.ticks(second(100)), "breached:acknowledge escalated:acknowledge:1:transport");
    assert_eq!(life.order.supervised_at, None);
    assert_eq!(life.ticks(second(110)), "escalated:acknowledge:2:street-centre@990102001000 supervised");
    assert_eq!(life.order.supervised_at, Some(second(110)));
    // Under supervision already.
    assert_eq!(life.ticks(second(120)), "escalated:acknowledge:3:governance-centre");
    assert_eq!(life.order.supervised_at, Some(second(110)));
    let measures: Vec<&str> = life
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            orders::OrderEventKind::Stage(orders::StageEvent::Escalated { measure, .. }) => {
                Some(measure.as_str())
            }
            _ => None,
        })
        .collect();
    assert_eq!(measures, ["notify", "supervise", "raise"]);
}
