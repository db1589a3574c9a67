//! The clocks of an order, and those of its case, as they were known at a moment that has passed.
//!
//! Most of it the state keeps itself: verdicts and what was done have their times, and what came later is taken off again. Lost
//! to it is what a clock was before it was turned (held, let go, granted more, moved to another publication, filled in): that is
//! noted here when it happens, in the transaction in which it happens.

use std::collections::BTreeMap;

use ids::{OrderId, TenantId};
use jiff::Timestamp;
use orders::{Case, Order, StageState};

use super::case_clocks::PastCaseClocks;

/// The clocks of an order until something turned them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PastClocks {
    pub tenant: TenantId,
    pub order_id: OrderId,
    /// The last version of the order with which they stood so.
    pub version: u64,
    /// When they were turned.
    pub until: Timestamp,
    pub stages: Vec<StageState>,
}

/// What was turned since a matter was loaded: of each order, and of the case, what it was before the first turn, since a transaction
/// has one time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turned {
    orders: BTreeMap<OrderId, PastClocks>,
    case: Option<PastCaseClocks>,
}

/// Why the clocks of an order are not told for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoMoment {
    /// It is still to come.
    ToCome,
    /// The order did not exist.
    BeforeOrder,
    /// The case did not exist.
    BeforeCase,
    /// They were turned when nobody noted yet what they had been; from this instant on they are known.
    NotKept(Timestamp),
}

impl Turned {
    /// Notes an order as it was before an event, where that turned one of its clocks.
    pub fn note(&mut self, before: Order, after: &Order, now: Timestamp) {
        if turned(&before.stages, &after.stages) {
            let Order { tenant, id: order_id, version, stages, .. } = before;
            let past = PastClocks { tenant, order_id, version, until: now, stages };
            self.orders.entry(order_id).or_insert(past);
        }
    }

    /// The same of the case.
    pub fn note_case(&mut self, before: &Case, after: &Case, now: Timestamp) {
        if self.case.is_none() {
            self.case = PastCaseClocks::turned(before, after, now);
        }
    }

    /// All of the orders.
    pub fn all(&self) -> impl Iterator<Item = &PastClocks> {
        self.orders.values()
    }

    /// That of the case.
    pub fn of_case(&self) -> Option<&PastCaseClocks> {
        self.case.as_ref()
    }
}

/// Whether one of these clocks has another due time or stop-watch than before.
pub(super) fn turned(before: &[StageState], after: &[StageState]) -> bool {
    before.iter().zip(after).any(|(before, after)| before.due != after.due || before.watch != after.watch)
}

/// The stages of an order as they were known at a moment, from what they were when they were turned next, or are. One that began
/// later was not known.
pub(crate) fn known_at(mut stages: Vec<StageState>, at: Timestamp) -> Result<Vec<StageState>, NoMoment> {
    stages.retain(|stage| stage.started_at <= at);
    // Each turn is noted, so what is found behind a moment was turned before it. Only what nobody noted was turned later.
    match stages.iter().filter_map(turned_at).filter(|turned_at| *turned_at > at).max() {
        Some(turned_at) => Err(NoMoment::NotKept(turned_at)),
        None => Ok(stages.into_iter().map(|stage| undecided_since(stage, at)).collect()),
    }
}

/// Without what was decided or done later.
fn undecided_since(mut stage: StageState, at: Timestamp) -> StageState {
    if stage.verdict_at.is_some_and(|decided| decided > at) {
        (stage.verdict, stage.verdict_at) = (None, None);
    }
    stage.met_at = stage.met_at.filter(|met| *met <= at);
    stage
}

/// When a clock was turned last, as its own record has it; nothing of one that never was.
fn turned_at(stage: &StageState) -> Option<Timestamp> {
    let watch = stage.watch.as_ref()?;
    watch.extensions().iter().map(|granted| granted.at).chain([watch.since()]).max()
}

#[cfg(test)]
mod tests {
    use orders::{OrderPlan, Role, Stage, StagePlan, Verdict};
    use sla::{Calendar, ClockKind, Limit, StopWatch, Unit};
    use uuid::Uuid;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + seconds).unwrap()
    }

    fn calendar() -> Calendar {
        let spec = serde_json::json!({ "id": "cn-official", "version": 1, "zone": "Asia/Shanghai", "years": [2026],
            "frames": [{ "start": "09:00", "end": "18:00" }], "days": [] });
        serde_json::from_value(spec).unwrap()
    }

    fn order() -> Order {
        let limit = Limit::new(ClockKind::Clock, 60, Unit::Second).unwrap();
        let plan = OrderPlan {
            order_id: Uuid::from_u128(1).into(),
            tenant: "990102001000".parse().unwrap(),
            case_id: Uuid::from_u128(2).into(),
            round: 1,
            body: "transport".parse().unwrap(),
            role: Role::Lead,
            stages: vec![StagePlan { stage: Stage::Resolve, limit, warn: vec![] }],
            pairs: vec![],
            chain: vec![],
            follows: None,
            summoned: false,
        };
        Order::dispatch(plan, &calendar(), None, at(0)).unwrap().0
    }

    #[test]
    fn what_was_decided_later_is_taken_off_again() {
        let mut order = order();
        let open = order.stages.clone();
        let stage = &mut order.stages[0];
        (stage.verdict, stage.verdict_at, stage.met_at) =
            (Some(Verdict::Breached), Some(at(60)), Some(at(90)));
        assert_eq!(known_at(order.stages.clone(), at(59)), Ok(open.clone()));
        let late = known_at(order.stages.clone(), at(60)).unwrap();
        assert_eq!((late[0].verdict, late[0].met_at), (Some(Verdict::Breached), None));
        assert_eq!(known_at(order.stages.clone(), at(90)), Ok(order.stages.clone()));
    }

    #[test]
    fn a_turn_is_noted_once_a_transaction_and_nothing_else_is() {
        let before = order();
        let mut turned = Turned::default();
        let mut after = before.clone();
        after.stages[0].warned = 1;
        turned.note(before.clone(), &after, at(10));
        assert_eq!(turned.all().count(), 0, "a warning turns no clock");
        let mut watch = StopWatch::start(before.stages[0].plan.limit, &calendar(), at(0));
        watch.pause(at(20)).unwrap();
        after.stages[0].watch = Some(watch);
        turned.note(before.clone(), &after, at(20));
        turned.note(after.clone(), &before, at(20));
        let noted: Vec<_> = turned.all().cloned().collect();
        let Order { tenant, id: order_id, version, stages, .. } = before;
        assert_eq!(noted, [PastClocks { tenant, order_id, version, until: at(20), stages }]);
        // Had nobody noted it, what was before would not be known.
        assert_eq!(known_at(after.stages.clone(), at(19)), Err(NoMoment::NotKept(at(20))));
        assert_eq!(known_at(after.stages.clone(), at(20)), Ok(after.stages));
    }
}
