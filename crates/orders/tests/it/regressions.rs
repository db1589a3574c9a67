//! What other trackers got wrong about orders and their clocks: one test each. Those of calendars alone are in crate
//! `sla`.

use jiff::SignedDuration;
use orders::{Act, HoldReason, Order, OrderCommand, Role, Stage, TimeWanted, Verdict};
use sla::{ClockKind, Limit, Unit};

use crate::fixtures::{Life, actor, at, calendar, plan, second, seconds, stage, step};
use crate::world::{Step, Verb, World};

fn chain() -> Vec<orders::ChainStep> {
    vec![step(10, "governance-centre"), step(20, "street-centre"), step(30, "governance-centre")]
}

#[test]
fn acknowledgement_stops_the_rest_of_the_chain() {
    let mut life = Life::new(vec![seconds(Stage::Acknowledge, 100, &[])], chain());
    assert_eq!(life.ticks(second(110)), "breached:acknowledge escalated:acknowledge:1:governance-centre");
    assert_eq!(life.acts(Act::Acknowledge, second(115)).unwrap(), "acknowledged");
    assert_eq!((life.order.wake_at(), life.ticks(second(10_000))), (None, "=".to_owned()));
}

#[test]
fn a_wait_step_is_never_skipped() {
    let mut life = Life::new(vec![seconds(Stage::Resolve, 100, &[500, 800])], chain());
    // Each at its time, and none before.
    for (now, told) in [(50, "warned:resolve:500"), (80, "warned:resolve:800"), (100, "breached:resolve")] {
        assert_eq!(life.order.wake_at(), Some(second(now)));
        assert_eq!(life.ticks(second(now - 1)), "=");
        assert_eq!(life.ticks(second(now)), told);
    }
    assert_eq!(life.ticks(second(110)), "escalated:resolve:1:governance-centre");
    // Nobody looked for a long time: the rest comes in order, all of it, once.
    assert_eq!(
        life.ticks(second(5_000)),
        "escalated:resolve:2:street-centre escalated:resolve:3:governance-centre"
    );
    assert_eq!(life.ticks(second(5_000)), "=");
}

#[test]
fn a_wait_until_resumes_after_a_restart() {
    let mut life = Life::new(vec![seconds(Stage::Resolve, 100, &[])], vec![]);
    life.acts(Act::Acknowledge, second(0)).unwrap();
    let wanted = TimeWanted::Suspension { until: second(500), reason: HoldReason::Reporter };
    let (note, office) = (String::new(), calendar(&[2026]));
    life.does(OrderCommand::AskTime { actor: actor("li"), wanted, note: note.clone() }, second(20)).unwrap();
    let grant =
        OrderCommand::GrantTime { actor: actor("sun"), calendars: (&office).into(), note: note.clone() };
    life.does(grant, second(20)).unwrap();
    // All that a restart leaves is what was stored.
    let stored = serde_json::to_vec(&life.order).unwrap();
    life.order = serde_json::from_slice::<Order>(&stored).unwrap();
    assert_eq!(life.order.wake_at(), Some(second(500)));
    let resume = OrderCommand::Resume { actor: None, calendars: (&office).into(), note };
    assert_eq!(life.does(resume, second(501)).unwrap(), "resumed");
    assert_eq!(life.order.wake_at(), Some(second(580)));
}

#[test]
fn the_shorter_of_two_targets_does_not_hide_the_other() {
    let stages = vec![seconds(Stage::OnSite, 50, &[]), seconds(Stage::Resolve, 100, &[])];
    let mut life = Life::new(stages, vec![]);
    assert_eq!(life.ticks(second(50)), "breached:on_site");
    assert_eq!(life.order.wake_at(), Some(second(100)));
    assert_eq!(life.ticks(second(100)), "breached:resolve");
    let verdicts: Vec<_> = life.order.stages.iter().map(|stage| stage.verdict).collect();
    assert_eq!(verdicts, [Some(Verdict::Breached); 2]);
}

#[test]
fn a_reply_moves_the_right_target_at_once() {
    let stages = vec![
        seconds(Stage::See, 50, &[]),
        seconds(Stage::Acknowledge, 60, &[]),
        seconds(Stage::Resolve, 100, &[]),
    ];
    let mut life = Life::new(stages, vec![]);
    life.acts(Act::See, second(10)).unwrap();
    assert_eq!(life.order.wake_at(), Some(second(60)));
    life.acts(Act::Acknowledge, second(20)).unwrap();
    assert_eq!(life.order.wake_at(), Some(second(100)));
    // News of the work answers nobody who waits for its end.
    life.acts(Act::Progress, second(30)).unwrap();
    assert_eq!(life.order.wake_at(), Some(second(100)));
    assert!(life.order.stages[2].open());
}

#[test]
fn reminders_respect_working_hours() {
    let limit = stage(Stage::Resolve, ClockKind::Work, 4, Unit::Hour, &[250, 500, 750]);
    let evening = at("2026-11-27 17:00");
    let life = Life::since(plan(Role::Lead, "transport", vec![limit], vec![]), &calendar(&[2026]), evening);
    let mut order = life.order;
    let mut told = Vec::new();
    while let Some(now) = order.wake_at() {
        told.push(now);
        order = order.decide(OrderCommand::Tick, now).unwrap().or_unchanged(order).0;
    }
    // One hour is left on Friday; the others are Monday's.
    let monday = ["2026-11-30 10:00", "2026-11-30 11:00", "2026-11-30 12:00"];
    assert_eq!(told, [&["2026-11-27 18:00"], &monday[..]].concat().into_iter().map(at).collect::<Vec<_>>());
}

#[test]
fn time_while_closed_is_not_charged_on_reopen() {
    let resolve = vec![seconds(Stage::Resolve, 1_000, &[])];
    let plans = vec![plan(Role::Lead, "transport", resolve, vec![])];
    let (mut world, _) =
        World::open(plans, seconds(Stage::Verify, 100_000, &[]), calendar(&[2026]), second(0));
    let lead = [Act::Acknowledge, Act::Submit].map(|act| Step::Act(0, act, "li"));
    let days = Step::Wait(3 * 24 * 3_600);
    for step in lead.into_iter().chain([days, Step::Verify(Verb::Fail, "wang")]) {
        world = world.after(&step).unwrap().0;
    }
    // Three days lay with the verifier: the body has its whole limit again.
    let again = world.orders.last().unwrap();
    let due_in = again.stages[0].due_at().unwrap().duration_since(world.now);
    assert_eq!((again.round, due_in), (2, SignedDuration::from_secs(1_000)));
}

/// There a policy switched off went on escalating. Here a chain is frozen into its order, so what switches it off is the
/// end of that order's duty: waived, transferred or called off, nothing of it comes any more.
#[test]
fn a_duty_that_is_switched_off_stops_escalating() {
    let plans = || {
        let limits = || vec![seconds(Stage::Resolve, 100, &[])];
        vec![
            plan(Role::Lead, "transport", limits(), chain()),
            plan(Role::Assist, "bus-company", limits(), chain()),
        ]
    };
    let first = World::open(plans(), seconds(Stage::Verify, 100, &[]), calendar(&[2026]), second(0)).0;
    let take = |world: &World, step: Step| world.after(&step).unwrap().0;
    let late = take(&take(&first, Step::Wait(100)), Step::Tick);
    let moved = Step::Place(0, "sun", orders::Deciding::Centre, "traffic-police");
    for (step, ended) in [(Step::Waive(1), vec![1]), (moved, vec![0]), (Step::CancelCase, vec![0, 1])] {
        let world = take(&take(&late, step.clone()), Step::Wait(50));
        let (_, written) = world.after(&Step::Tick).unwrap();
        assert!(written.orders.iter().all(|(index, _)| !ended.contains(index)), "{step:?}");
        assert!(ended.iter().all(|index| world.orders[*index].wake_at().is_none()), "{step:?}");
    }
}

/// The pause belongs to the clock, not to the limit: more time granted before it does not end it.
#[test]
fn time_granted_around_a_pause_keeps_the_pause() {
    let mut life = Life::new(vec![seconds(Stage::Resolve, 100, &[])], vec![]);
    life.acts(Act::Acknowledge, second(0)).unwrap();
    let (office, note) = (calendar(&[2026]), String::new());
    let granted = |life: &mut Life, wanted: TimeWanted, now: i64| {
        let note = String::new();
        life.does(OrderCommand::AskTime { actor: actor("li"), wanted, note: note.clone() }, second(now))
            .unwrap();
        life.does(
            OrderCommand::GrantTime { actor: actor("sun"), calendars: (&office).into(), note },
            second(now),
        )
        .unwrap();
    };
    let more = TimeWanted::Extension { more: Limit::new(ClockKind::Clock, 50, Unit::Second).unwrap() };
    granted(&mut life, more.clone(), 10);
    granted(&mut life, TimeWanted::Suspension { until: second(1_000), reason: HoldReason::Weather }, 20);
    assert!(life.order.stages[0].held());
    let resume = OrderCommand::Resume { actor: None, calendars: (&office).into(), note };
    life.does(resume, second(1_000)).unwrap();
    granted(&mut life, more, 1_010);
    // 100 and twice 50, of which 20 ran before and 980 were held.
    assert_eq!(life.order.stages[0].due_at(), Some(second(1_180)));
}
