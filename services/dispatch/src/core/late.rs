//! Whom a step of the chain tells of a late verification or ruling: the body that the policy names, and who is late where the step
//! tells them.
//!
//! No body holds these stages. A verifier is a person of the street, and rulings are a centre's, so who is late hears of it by the bodies
//! of its level that are informed of the case. Where none is, the step stands on the timeline. Who only works on the case, or only
//! looks on from another level, has no part in the lateness and is not told.

use ids::{BodyRef, TenantId};
use orders::{Case, Deciding, Measure, Stage};

/// Whom it tells, each once; `informed` are the bodies with an order for information.
pub(super) fn told(
    case: &Case,
    stage: Stage,
    (to, measure): (Option<&BodyRef>, Measure),
    informed: &[BodyRef],
) -> Vec<BodyRef> {
    let mut told: Vec<BodyRef> = to.cloned().into_iter().collect();
    // Who comes under supervision is told so, as the body that holds an order is.
    if to.is_none() || measure.supervises() {
        let late = case.late(stage);
        let theirs = informed.iter().filter(|body| is_of(body, late, case.tenant));
        let others: Vec<BodyRef> = theirs.filter(|body| !told.contains(body)).cloned().collect();
        told.extend(others);
    }
    told
}

fn is_of(body: &BodyRef, level: Deciding, street: TenantId) -> bool {
    match level {
        Deciding::Centre => body.at == Some(street),
        Deciding::District => body.at.is_none(),
    }
}
