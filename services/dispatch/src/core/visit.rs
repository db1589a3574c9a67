//! A joint visit: its record or signature in the case, and the act on the order that follows, told in this order.

use ids::{OrderId, VisitId};
use jiff::Timestamp;
use orders::{CaseCommand, Refusal};

use super::direct::Doing;
use super::matter::Matter;

impl Matter {
    /// The lead's record, which is its own act. All orders of the case must be loaded.
    pub fn record_visit(
        &mut self,
        lead: OrderId,
        others: &[OrderId],
        visited_at: Timestamp,
        doing: Doing<'_>,
        mut mint: impl FnMut() -> OrderId,
    ) -> Result<(), Refusal> {
        let (actor, note, orders) = (doing.actor.clone(), doing.note.to_owned(), self.orders.clone());
        let visit = VisitId(mint().as_uuid());
        let record =
            CaseCommand::RecordVisit { actor, visit, visited_at, lead, others, orders: &orders, note };
        self.decide_case(record, doing.now)?;
        self.was_there(lead, doing)
    }

    /// A body's signature, which is its own act. Signed before, nothing happens.
    pub fn sign_visit(&mut self, id: OrderId, visit: VisitId, doing: Doing<'_>) -> Result<(), Refusal> {
        let order = self.order(id).cloned().ok_or(Refusal::NotOfVisit)?;
        let told = self.happened.len();
        let (actor, note) = (doing.actor.clone(), doing.note.to_owned());
        self.decide_case(CaseCommand::SignVisit { actor, visit, order: &order, note }, doing.now)?;
        if self.happened.len() == told { Ok(()) } else { self.was_there(id, doing) }
    }

    fn was_there(&mut self, id: OrderId, doing: Doing<'_>) -> Result<(), Refusal> {
        let Some(act) = self.order(id).map(orders::Order::act_of_visit) else { return Ok(()) };
        self.act(id, act, doing.actor, doing.note, doing.clocks, doing.now)
    }
}
