//! The stages of a case and its orders as the projection `dispatch.stages` has them: a row is written only where it says
//! something else than before. An act changes one or two of an order's five.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use orders::{Case, Order, Stage, StageDue, StageState, Verdict};
use uuid::Uuid;

/// Subject of an order's stage.
pub(crate) const ORDER: &str = "order";
/// Subject of a case's verification.
pub(crate) const CASE: &str = "case";
/// Subject of the clock of a ruling: the order that was returned.
pub(crate) const RETURN: &str = "return";

/// Whose stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    pub kind: &'static str,
    pub id: Uuid,
    pub round: u32,
}

/// All that a row says of its stage and that can change. The calendar is more than its due time: an adoption may take a limit from one
/// clock to the other without moving it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    due_at: Option<Timestamp>,
    calendar: Option<String>,
    awaiting_year: Option<i16>,
    verdict: Option<Verdict>,
    verdict_at: Option<Timestamp>,
    met_at: Option<Timestamp>,
}

impl Said {
    fn of(stage: &StageState) -> Self {
        let (due_at, awaiting_year) = (stage.due_at(), stage.awaiting_year());
        let calendar = calendar(stage).map(ToOwned::to_owned);
        let StageState { verdict, verdict_at, met_at, .. } = *stage;
        Self { due_at, calendar, awaiting_year, verdict, verdict_at, met_at }
    }
}

/// The key of the calendar by which a stage is due, or which it waits for; none around the clock.
pub(crate) fn calendar(stage: &StageState) -> Option<&str> {
    let counted_on = match &stage.due {
        StageDue::At(due) => due.calendar.as_ref(),
        StageDue::AwaitingCalendar(awaited) => Some(&awaited.calendar),
    };
    counted_on.map(|calendar| calendar.id.as_str())
}

/// What the rows said when a case was loaded. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Projected(Arc<BTreeMap<(Subject, Stage), Said>>);

impl Projected {
    /// Of a case and those of its orders that are in hand.
    pub fn of(case: &Case, orders: &[Order]) -> Self {
        let said = stages(case, orders).map(|(subject, stage)| ((subject, stage.stage()), Said::of(stage)));
        Self(Arc::new(said.collect()))
    }

    /// Stages that are new, or of which something else is to be said.
    pub fn changed<'a>(
        &'a self,
        case: &'a Case,
        orders: &'a [Order],
    ) -> impl Iterator<Item = (Subject, &'a StageState)> {
        stages(case, orders).filter(|(subject, stage)| {
            let before = self.0.get(&(*subject, stage.stage()));
            before != Some(&Said::of(stage))
        })
    }
}

fn stages<'a>(case: &'a Case, orders: &'a [Order]) -> impl Iterator<Item = (Subject, &'a StageState)> {
    let of_orders = orders.iter().flat_map(|order| {
        let subject = Subject { kind: ORDER, id: order.id.as_uuid(), round: order.round };
        order.stages.iter().map(move |stage| (subject, stage))
    });
    let of_case = case
        .verify
        .iter()
        .map(|(round, stage)| (Subject { kind: CASE, id: case.id.as_uuid(), round: *round }, stage));
    let of_returns = case.adjudications.iter().map(|(order_id, returned)| {
        (Subject { kind: RETURN, id: order_id.as_uuid(), round: returned.round }, &returned.clock)
    });
    of_orders.chain(of_case).chain(of_returns)
}
