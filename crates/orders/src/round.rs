//! Questions about all orders of one round. Callers may pass every order of the case: others are passed over.

use ids::{BodyRef, CaseId};

use crate::{Order, Phase, Refusal, Role};

/// The assistants the lead still waits for.
pub fn open_assistants(orders: &[Order], case_id: CaseId, round: u32) -> Vec<BodyRef> {
    let open = of_round(orders, case_id, round).filter(|order| order.role == Role::Assist);
    open.filter(|order| order.duty_open()).map(|order| order.body.clone()).collect()
}

pub(crate) fn of_round(orders: &[Order], case_id: CaseId, round: u32) -> impl Iterator<Item = &Order> {
    orders.iter().filter(move |order| order.case_id == case_id && order.round == round)
}

/// Exactly one lead, and nobody with an open duty.
pub(crate) fn check_complete(orders: &[Order], case_id: CaseId, round: u32) -> Result<(), Refusal> {
    let leads = of_round(orders, case_id, round).filter(|order| order.role == Role::Lead);
    if leads.filter(|order| order.phase != Phase::Cancelled).count() != 1 {
        return Err(Refusal::LeadRequired);
    }
    let open = of_round(orders, case_id, round).filter(|order| order.duty_open());
    let bodies: Vec<BodyRef> = open.map(|order| order.body.clone()).collect();
    if bodies.is_empty() { Ok(()) } else { Err(Refusal::DutyOpen { bodies }) }
}
