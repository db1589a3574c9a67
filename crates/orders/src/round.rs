//! Questions about all orders of one round. Callers may pass every order of the case: others are passed over.

use ids::{BodyRef, CaseId, OrderId};

use crate::{Order, Refusal, Role};

/// The assistants the lead still waits for.
pub fn open_assistants(orders: &[Order], case_id: CaseId, round: u32) -> Vec<BodyRef> {
    let open = of_round(orders, case_id, round).filter(|order| order.role == Role::Assist);
    open.filter(|order| order.duty_open()).map(|order| order.body.clone()).collect()
}

/// The duty that a lead's order takes in when it is placed at a body that assists in the same round: nobody
/// waits for themselves. The caller waives it.
pub fn superseded(orders: &[Order], placed: &Order, to: &BodyRef) -> Option<OrderId> {
    let mut theirs = of_round(orders, placed.case_id, placed.round).filter(|order| order.body == *to);
    let assists = theirs.find(|order| order.role == Role::Assist && order.duty_open());
    assists.filter(|_| placed.role == Role::Lead).map(|order| order.id)
}

/// Whether a body has such an order in the round already, one that counts.
pub(crate) fn holds(orders: &[Order], like: &Order, body: &BodyRef) -> bool {
    of_round(orders, like.case_id, like.round).any(|order| {
        order.id != like.id && order.role == like.role && order.body == *body && !order.phase.left()
    })
}

pub(crate) fn of_round(orders: &[Order], case_id: CaseId, round: u32) -> impl Iterator<Item = &Order> {
    orders.iter().filter(move |order| order.case_id == case_id && order.round == round)
}

/// Exactly one lead, and nobody with an open duty.
pub(crate) fn check_complete(orders: &[Order], case_id: CaseId, round: u32) -> Result<(), Refusal> {
    let leads = of_round(orders, case_id, round).filter(|order| order.role == Role::Lead);
    if leads.filter(|order| !order.phase.left()).count() != 1 {
        return Err(Refusal::LeadRequired);
    }
    let open = of_round(orders, case_id, round).filter(|order| order.duty_open());
    let bodies: Vec<BodyRef> = open.map(|order| order.body.clone()).collect();
    if bodies.is_empty() { Ok(()) } else { Err(Refusal::DutyOpen { bodies }) }
}
