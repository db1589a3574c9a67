//! What holds in every state and over every step: one predicate each for random lives and the enumeration.

use std::collections::BTreeSet;

use jiff::Timestamp;
use orders::{
    Act, Case, CasePhase, Holder, Milestone, Order, PairPlan, Phase, Role, StageDue, StageState, Verdict,
};
use sla::StopWatch;

use crate::world::World;

/// What holds in every state.
pub fn check(world: &World) {
    world.orders.iter().for_each(check_order);
    check_rounds(world);
    check_case(world);
    let ids: BTreeSet<_> = world.orders.iter().map(|order| order.id).collect();
    assert_eq!(ids.len(), world.orders.len());
}

/// What holds from a state to the next: verdicts are final, versions and time go forward, no handler takes
/// the verification.
pub fn check_step(before: &World, after: &World) {
    for (old, new) in before.orders.iter().zip(&after.orders) {
        assert!(new.version >= old.version && new.changed_at >= old.changed_at);
        old.stages.iter().zip(&new.stages).for_each(|(old, new)| check_final(old, new));
        if old.phase.ended() {
            // Whoever comes by a link that shows nothing any more is noted, and that is all.
            let Order { version, changed_at, .. } = *new;
            assert_eq!(Order { version, changed_at, ..old.clone() }, *new, "an ended order changed");
            assert!(version <= old.version + 1, "one receipt at a time");
        }
    }
    for held in &after.case.holders[before.case.holders.len()..] {
        if let Holder::Verifier { principal: Some(principal) } = &held.holder {
            let mut handlers = before.orders.iter().flat_map(|order| &order.handlers);
            assert!(handlers.all(|handler| handler != principal), "{principal} handled and verifies");
        }
    }
    for (round, old) in &before.case.verify {
        check_final(old, &after.case.verify[round]);
    }
    for (order, old) in &before.case.adjudications {
        check_final(&old.clock, &after.case.adjudications[order].clock);
    }
    if before.case.phase.ended() {
        // A plan that comes too late is noted, and that is all.
        let Case { version, changed_at, plan_version, .. } = after.case;
        let noted = Case { version, changed_at, plan_version, ..before.case.clone() };
        assert_eq!(noted, after.case, "an ended case changed");
        assert_eq!(version == before.case.version, plan_version == before.case.plan_version);
    }
    if after.case.round > before.case.round {
        let left_out = before.orders.iter().filter(|order| {
            order.round == before.case.round
                && !order.phase.left()
                && before.case.off_plan.contains(&order.id)
        });
        for off in left_out {
            let fresh = after.orders.iter().filter(|order| order.round == after.case.round);
            let mut again = fresh.filter(|order| order.body == off.body && order.role == off.role);
            assert!(again.next().is_none(), "a duty that the plan does not name is issued again");
        }
    }
    assert!(after.case.rulings.starts_with(&before.case.rulings));
    // Visits are never taken back, and a signature stays as it was given.
    for (old, new) in before.case.visits.iter().zip(&after.case.visits) {
        assert_eq!(
            (old.id, old.visited_at, old.signatures.len()),
            (new.id, new.visited_at, new.signatures.len())
        );
        let given = old.signatures.iter().filter(|(_, of)| of.signed_at.is_some());
        assert!(given.clone().all(|(order, of)| new.signatures[order] == *of));
    }
    assert!(after.case.visits.len() >= before.case.visits.len());
}

fn check_final(old: &StageState, new: &StageState) {
    if old.verdict.is_some() {
        assert_eq!((old.verdict, old.verdict_at), (new.verdict, new.verdict_at));
    }
    if old.met_at.is_some() {
        assert_eq!(old.met_at, new.met_at);
    }
}

fn check_order(order: &Order) {
    order.stages.iter().for_each(check_stage);
    order.pairs.iter().for_each(|pair| check_pair(order, pair));
    if order.phase.ended() {
        assert_eq!(order.wake_at(), None);
        assert!(order.stages.iter().all(|stage| stage.verdict.is_some()), "{order:?}");
    } else {
        order.stages.iter().for_each(|stage| check_armed(stage, order.wake_at()));
    }
    if order.role == Role::Inform {
        assert!(
            order.stages.is_empty()
                && order.pairs.is_empty()
                && order.wake_at().is_none()
                && !order.duty_open()
        );
    }
    if let Some(suspended) = order.suspended {
        assert!(order.duty_open() && order.time_asked.is_none());
        assert!(order.returning.is_none(), "time stands still while a return waits");
        assert_eq!(order.wake_at(), Some(suspended.until));
    }
    let open = order.stages.iter().filter(|stage| stage.open());
    assert!(open.clone().all(|stage| stage.held() == order.suspended.is_some()), "{order:?}");
    assert_eq!(order.outcome.is_some(), order.phase == Phase::Done);
}

/// When a milestone was recorded.
fn recorded(order: &Order, milestone: Milestone) -> Option<Timestamp> {
    let act = match milestone {
        Milestone::Dispatched => return Some(order.dispatched_at),
        Milestone::Seen => Act::See,
        Milestone::Acknowledged => Act::Acknowledge,
        Milestone::Arrived => Act::Arrive,
        Milestone::Progressed => Act::Progress,
        Milestone::Submitted => Act::Submit,
    };
    order.acts.get(&act).copied()
}

/// A pair is there from its first milestone on, exactly then and once, and lasts until its second.
fn check_pair(order: &Order, pair: &PairPlan) {
    let mut begun = order.stages.iter().filter(|stage| stage.stage() == pair.stage());
    let stage = begun.next();
    assert!(begun.next().is_none(), "a pair begins once");
    let (from, to) = (recorded(order, pair.from), recorded(order, pair.to));
    let Some(stage) = stage else {
        let came_first = from.zip(to).is_some_and(|(from, to)| to <= from);
        assert!(from.is_none() || came_first, "{pair:?} has not begun in {order:?}");
        return;
    };
    assert_eq!(Some(stage.started_at), from, "{pair:?}");
    // Who submits has reported.
    let reported =
        (pair.to == Milestone::Progressed).then(|| recorded(order, Milestone::Submitted)).flatten();
    let ended = to.into_iter().chain(reported).min();
    if stage.verdict == Some(Verdict::Cancelled) {
        assert!(ended.is_none() || matches!(stage.due, StageDue::AwaitingCalendar(_)));
    } else {
        assert_eq!(stage.met_at, ended, "{pair:?} in {order:?}");
    }
}

/// When it was done, as far as that is judged: while time is held, none is used.
fn judged_at(stage: &StageState) -> Option<Timestamp> {
    let since = stage.watch.as_ref().filter(|_| stage.held()).map(StopWatch::since);
    stage.met_at.map(|met_at| since.map_or(met_at, |since| since.min(met_at)))
}

fn check_stage(stage: &StageState) {
    assert_eq!(stage.verdict.is_some(), stage.verdict_at.is_some());
    let met_at = judged_at(stage);
    match (stage.verdict, &stage.due) {
        (Some(Verdict::Met), StageDue::At(due)) => assert!(met_at.unwrap() <= due.due_at),
        (Some(Verdict::Met), StageDue::AwaitingCalendar(awaited)) => {
            assert!(met_at.unwrap() < awaited.not_before);
        }
        (Some(Verdict::Breached), StageDue::At(due)) => {
            assert!(stage.verdict_at.unwrap() >= due.due_at, "breached early");
            assert!(met_at.is_none_or(|at| at >= due.due_at));
        }
        (Some(Verdict::Breached), StageDue::AwaitingCalendar(_)) => panic!("breached without a due time"),
        (Some(Verdict::Cancelled), StageDue::At(_)) => assert_eq!(stage.met_at, None),
        (Some(Verdict::Cancelled), StageDue::AwaitingCalendar(_)) => {}
        (None, StageDue::At(_)) => assert_eq!(stage.met_at, None, "done and not judged"),
        (None, StageDue::AwaitingCalendar(_)) => {}
    }
}

/// An open stage's warning and due time are never after the wake-up.
fn check_armed(stage: &StageState, wake_at: Option<Timestamp>) {
    let StageDue::At(due) = &stage.due else { return };
    // Held, it waits for the suspension's end.
    if stage.open() && !stage.held() {
        let wake_at = wake_at.expect("an open stage with a due time arms a wake-up");
        let next_warn = due.warns.get(stage.warned as usize).map_or(due.due_at, |warn| warn.at);
        assert!(wake_at <= due.due_at && wake_at <= next_warn);
    }
}

fn check_rounds(world: &World) {
    for round in 1..=world.case.round {
        let orders = || world.orders.iter().filter(|order| order.round == round);
        let called_off = round == world.case.round && world.case.phase == CasePhase::Cancelled;
        let ended = round < world.case.round || world.case.phase.ended();
        assert!(orders().all(|order| !ended || order.phase.ended()), "an order outlives its round");
        let mut leads = orders().filter(|order| order.role == Role::Lead && !order.phase.left());
        if called_off {
            assert!(leads.next().is_none(), "somebody leads a case that was called off");
            continue;
        }
        let lead = leads.next().expect("a round has a lead");
        assert!(leads.next().is_none(), "a round has one lead");
        assert_eq!(lead.phase.ended(), ended, "a lead's order ends with its round");
        if round == world.case.round {
            assert_eq!(lead.body, world.case.lead);
        }
        if ended {
            assert!(world.case.verify[&round].verdict.is_some());
        }
        // Nobody holds the same duty twice.
        let held: Vec<_> = orders().filter(|o| !o.phase.left()).map(|o| (&o.body, o.role)).collect();
        assert_eq!(held.iter().collect::<BTreeSet<_>>().len(), held.len(), "{held:?}");
    }
}

fn check_case(world: &World) {
    let case = &world.case;
    let (open, ended) = (case.phase == CasePhase::Open, case.phase.ended());
    let ruling = check_ruling(world);
    if !open {
        let round = world.orders.iter().filter(|order| order.round == case.round);
        assert!(round.clone().all(|order| !order.duty_open()), "the case went on over an open duty");
    }
    assert_eq!(case.holder().is_none(), ended);
    assert_eq!(case.holder() == Some(&Holder::Body(case.lead.clone())), open && !ruling);
    assert_eq!(matches!(case.holder(), Some(Holder::Ruling(_))), ruling);
    case.verify.values().for_each(check_stage);
    assert!(!ended || case.wake_at().is_none(), "an ended case is woken");
    let returns = case.adjudications.values().map(|returned| (&returned.clock, returned.chain.len()));
    for (clock, steps) in returns.chain(case.verification().map(|clock| (clock, case.chain.len()))) {
        let taken = clock.escalated as usize;
        assert!(taken <= steps && (taken == 0 || clock.verdict == Some(Verdict::Breached)), "{clock:?}");
    }
    if let Some(stage) = case.verification() {
        check_armed(stage, case.wake_at());
    }

    let rulings = case.adjudications.values().map(|returned| &returned.clock);
    for clock in rulings.chain(case.verify.values()) {
        assert!(clock.verdict.is_some() || !ended, "a clock outlives its case");
    }

    // Conservation (D32): from opening to now without gap or overlap.
    assert_eq!(case.holders[0].from, case.opened_at);
    for pair in case.holders.windows(2) {
        assert_eq!(pair[0].to, Some(pair[1].from));
    }
    for held in &case.holders {
        assert!(held.to.is_none_or(|to| to >= held.from));
    }
}

/// A return waits at the case and at exactly its order, on a clock; answers whether it is the lead's.
fn check_ruling(world: &World) -> bool {
    let case = &world.case;
    let returning = world.orders.iter().filter(|order| order.returning.is_some());
    let returning: Vec<_> = returning.map(|order| (order.id, order.role)).collect();
    assert_eq!(returning, case.asked.iter().map(|asked| (asked.order_id, asked.role)).collect::<Vec<_>>());
    assert_eq!(case.adjudications.len(), case.returns as usize);
    assert!(
        world.orders.iter().all(|order| world.returned(order) <= 2),
        "a duty was returned again and again"
    );
    let settled = world.settled();
    let mut asked = world.orders.iter().filter(|order| order.returning.is_some());
    assert!(
        asked.all(|order| !settled.contains(&(order.role, &order.body, true))),
        "what the district had ruled was returned in a later round"
    );
    for (order, returned) in &case.adjudications {
        let stage = &returned.clock;
        check_stage(stage);
        let waits = case.asked.as_ref().is_some_and(|asked| asked.order_id == *order);
        // A ruling gives the verdict; until then only time has given one.
        assert!(waits || stage.verdict.is_some(), "a ruling left its clock without a verdict");
        if waits {
            assert_eq!(case.phase, CasePhase::Open);
            check_armed(stage, case.wake_at());
        }
    }
    case.asked.as_ref().is_some_and(|asked| asked.role == Role::Lead)
}
