//! The plan of the case was drawn anew (重新派单), and has no such duty of the body any more: its order ends the way it
//! would by hand, and the body is told by that end.

use ids::BodyRef;

use super::decide::Change;
use super::{OrderEventKind, Phase, Role};
use crate::{Actor, Refusal};

impl Change {
    /// The lead's duty goes on with whoever leads now, and what it was asked to be ruled on is answered by that. What was
    /// submitted stays as it is: it was done, and is verified with the round ([`Case::off_plan`](crate::Case::off_plan)).
    pub(super) fn reroute(mut self, actor: Actor, lead: BodyRef, note: String) -> Result<Self, Refusal> {
        if self.order.phase >= Phase::Submitted {
            return Ok(self);
        }
        if self.order.role == Role::Lead && lead == self.order.body {
            return Err(Refusal::OwnBody);
        }
        self.record_overdue();
        let rerouted = true;
        let ended = match (self.order.role, self.order.returning.is_some()) {
            (Role::Lead, true) => OrderEventKind::Returned { to: lead, note, rerouted },
            (Role::Lead, false) => OrderEventKind::Transferred { to: lead, note, rerouted },
            (Role::Assist, _) => OrderEventKind::Waived { note, rerouted },
            (Role::Inform, _) => OrderEventKind::Cancelled { note, rerouted },
        };
        self.push(ended, Some(actor));
        Ok(self)
    }
}
