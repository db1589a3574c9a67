//! A joint visit (联合走访): the lead records one visit to the place that several bodies made together, and each of them signs it.
//!
//! For the lead the record is its own act. Every other body's order moves only with that body's signature, which is an act
//! of its own at the instant of signing; the time of the visit stands beside it as evidence and meets nothing. So no
//! verdict comes of a time that somebody says afterwards, and nobody acts for another.

use std::collections::BTreeMap;

use ids::{BodyRef, OrderId, VisitId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::decide::Change;
use super::{Case, CaseEventKind, CasePhase};
use crate::round::of_round;
use crate::{Act, Actor, Order, Refusal, Role};

/// Visits of a case at most.
const VISITS_MAX: usize = 50;
/// Other bodies of one visit at most.
const SIGNERS_MAX: usize = 20;

/// A visit that several bodies made together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// Which.
    pub id: VisitId,
    /// The round it was recorded in; its orders are that round's.
    pub round: u32,
    /// When they were there, as the lead says.
    pub visited_at: Timestamp,
    /// When the lead said so.
    pub recorded_at: Timestamp,
    /// The lead that recorded it.
    pub by: BodyRef,
    /// What was found.
    pub note: String,
    /// Who was there besides, by their orders.
    pub signatures: BTreeMap<OrderId, Signature>,
}

/// One body's part in a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Whose.
    pub body: BodyRef,
    /// When it signed; it is still to sign without.
    pub signed_at: Option<Timestamp>,
}

impl Case {
    /// A visit of the case.
    pub fn visit(&self, id: VisitId) -> Option<&Visit> {
        self.visits.iter().find(|visit| visit.id == id)
    }

    pub(super) fn signed(&mut self, visit: VisitId, order: OrderId, at: Timestamp) {
        let visit = self.visits.iter_mut().find(|known| known.id == visit);
        if let Some(signature) = visit.and_then(|visit| visit.signatures.get_mut(&order)) {
            signature.signed_at = Some(at);
        }
    }
}

impl Order {
    /// What being there is for this order: its arrival, or news of the work once it has arrived.
    pub fn act_of_visit(&self) -> Act {
        if self.acts.contains_key(&Act::Arrive) { Act::Progress } else { Act::Arrive }
    }

    fn could_be_visited(&self) -> bool {
        self.role != Role::Inform && self.duty_open()
    }
}

impl Change {
    /// The lead says who was there, and when: not before any of their orders went out, and not in the future.
    pub(super) fn record_visit(
        mut self,
        actor: Actor,
        (id, visited_at): (VisitId, Timestamp),
        (lead, others): (OrderId, &[OrderId]),
        orders: &[Order],
        note: String,
    ) -> Result<Self, Refusal> {
        self.require(&[CasePhase::Open], "visits")?;
        if self.case.visits.len() >= VISITS_MAX || others.is_empty() || others.len() > SIGNERS_MAX {
            return Err(Refusal::VisitBounds);
        }
        let present = || of_round(orders, self.case.id, self.case.round);
        let leads = present().find(|order| order.id == lead && order.role == Role::Lead);
        let leads = leads.filter(|order| order.could_be_visited()).ok_or(Refusal::LeadRecords)?;
        let mut signatures = BTreeMap::new();
        for other in others {
            let order = present().find(|order| order.id == *other && order.id != lead);
            let order = order.filter(|order| order.could_be_visited()).ok_or(Refusal::NotOfVisit)?;
            signatures.insert(order.id, Signature { body: order.body.clone(), signed_at: None });
        }
        let named = present().filter(|order| order.id == lead || signatures.contains_key(&order.id));
        let earliest = named.map(|order| order.dispatched_at).max().unwrap_or(self.case.opened_at);
        if visited_at < earliest || visited_at > self.at {
            return Err(Refusal::VisitTime);
        }
        let (by, round, recorded_at) = (leads.body.clone(), self.case.round, self.at);
        let visit = Visit { id, round, visited_at, recorded_at, by, note, signatures };
        self.push(CaseEventKind::VisitRecorded { visit: Box::new(visit) }, Some(actor));
        Ok(self)
    }

    /// A body signs for its own order; the act that follows is the caller's to have decided, in the same transaction.
    pub(super) fn sign_visit(
        mut self,
        actor: Actor,
        visit: VisitId,
        order: &Order,
        note: String,
    ) -> Result<Self, Refusal> {
        let known = self.case.visit(visit).filter(|visit| visit.round == self.case.round);
        let signature = known.and_then(|visit| visit.signatures.get(&order.id)).ok_or(Refusal::NotOfVisit)?;
        if signature.signed_at.is_some() {
            return Ok(self);
        }
        self.require(&[CasePhase::Open], "sign")?;
        let (order_id, body) = (order.id, order.body.clone());
        self.push(CaseEventKind::VisitSigned { visit, order_id, body, note }, Some(actor));
        Ok(self)
    }
}
