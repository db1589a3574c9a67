//! What those who direct the work do with an order: withdraw it, urge it, supervise it, let an assistant go.

use super::decide::Change;
use super::{OrderEventKind, Phase, Role};
use crate::{Actor, Refusal};

impl Change {
    pub(super) fn cancel(mut self, actor: Actor, note: String) -> Result<Self, Refusal> {
        if self.order.phase.ended() {
            return Ok(self);
        }
        if self.order.role == Role::Lead {
            return Err(Refusal::LeadRequired);
        }
        if self.order.phase == Phase::Submitted {
            return Err(Refusal::InvalidTransition { phase: self.order.phase, command: "cancel" });
        }
        self.no_return_pending()?;
        self.record_overdue();
        self.push(OrderEventKind::Cancelled { note, rerouted: false }, Some(actor));
        Ok(self)
    }

    /// Also what was submitted: nobody verifies it any more.
    pub(super) fn cancel_with_case(mut self, actor: Actor, note: String) -> Self {
        if !self.order.phase.ended() {
            self.record_overdue();
            self.push(OrderEventKind::Cancelled { note, rerouted: false }, Some(actor));
        }
        self
    }

    pub(super) fn waive(mut self, actor: Actor, note: String) -> Result<Self, Refusal> {
        if self.order.phase == Phase::Waived {
            return Ok(self);
        }
        if self.order.role == Role::Lead {
            return Err(Refusal::LeadRequired);
        }
        self.open_duty("waive")?;
        self.no_return_pending()?;
        self.record_overdue();
        self.push(OrderEventKind::Waived { note, rerouted: false }, Some(actor));
        Ok(self)
    }

    pub(super) fn urge(mut self, actor: Actor, note: String) -> Result<Self, Refusal> {
        self.open_duty("urge")?;
        self.record_overdue();
        self.push(OrderEventKind::Urged { note }, Some(actor));
        Ok(self)
    }

    pub(super) fn supervise(mut self, actor: Actor, note: String) -> Result<Self, Refusal> {
        self.open_duty("supervise")?;
        if self.order.supervised_at.is_none() {
            self.record_overdue();
            self.push(OrderEventKind::Supervised { note }, Some(actor));
        }
        Ok(self)
    }

    /// Somebody still has something to do about it.
    pub(super) fn open_duty(&self, command: &'static str) -> Result<(), Refusal> {
        let order = &self.order;
        match (order.role, order.duty_open()) {
            (Role::Inform, _) => Err(Refusal::InformOnly),
            (_, true) => Ok(()),
            (_, false) => Err(Refusal::InvalidTransition { phase: order.phase, command }),
        }
    }

    /// The ruling comes first: it says whose the duty is that would end here.
    pub(super) fn no_return_pending(&self) -> Result<(), Refusal> {
        if self.order.returning.is_some() { Err(Refusal::ReturnPending) } else { Ok(()) }
    }
}
