//! Joint visits, as [`super::cases`] is asked for them: recorded by the lead, signed by each other body.

use access::Action;
use bootstrap::door::{Fault, Problem};
use bootstrap::rpc::{Call, invalid, named, parsed};
use contract::proto::dispatch as wire;
use contract::proto::{from_wire, to_wire};
use ids::{CaseId, OrderId, TenantId, VisitId};

use super::{change, given, read};
use crate::core::view::{SignatureView, VisitView};
use crate::handle::Room;
use crate::inbound::http::{SignBody, VisitBody, record_visit, sign_visit};

pub(super) async fn record(
    room: &Room,
    call: &Call,
    asked: wire::RecordVisitRequest,
) -> Result<wire::RecordVisitResponse, Problem> {
    let case: (TenantId, CaseId) = (named(&asked.street)?, named(&asked.case_id)?);
    room.house.admit(&call.who, Action::OrderAct, case.0)?;
    let change = change(call, &asked.idempotency_key, asked.if_version)?;
    let answer = record_visit(room, case, change, body_of(asked)?).await?;
    let visit = read::<VisitView>(&answer.body)?.into();
    Ok(wire::RecordVisitResponse { visit: Some(visit), case_version: answer.version })
}

pub(super) async fn sign(
    room: &Room,
    call: &Call,
    asked: wire::SignVisitRequest,
) -> Result<wire::SignVisitResponse, Problem> {
    let order: (TenantId, OrderId) = (named(&asked.street)?, named(&asked.order_id)?);
    room.house.admit(&call.who, Action::OrderAct, order.0)?;
    let visit: VisitId = named(&asked.visit_id)?;
    let change = change(call, &asked.idempotency_key, asked.if_version)?;
    let body = SignBody { note: given(asked.note) };
    let answer = sign_visit(room, (order.0, order.1, visit), change, body).await?;
    let visit = read::<VisitView>(&answer.body)?.into();
    Ok(wire::SignVisitResponse { visit: Some(visit), order_version: answer.version })
}

/// The body that the request has at the HTTP door, so that both have one digest.
fn body_of(asked: wire::RecordVisitRequest) -> Result<VisitBody, Problem> {
    let missing = || Fault::new("/visited_at", "missing-field", "必填 / is required here");
    let visited_at = asked.visited_at.as_ref().ok_or_else(|| Problem::validation_failed([missing()]))?;
    let orders = asked.order_ids.iter().map(|id| parsed("/order_ids", id));
    Ok(VisitBody {
        visited_at: from_wire(visited_at).ok_or_else(|| invalid("/visited_at"))?,
        orders: orders.collect::<Result<_, _>>()?,
        note: given(asked.note),
    })
}

impl From<VisitView> for wire::Visit {
    fn from(view: VisitView) -> Self {
        Self {
            visit_id: view.visit_id.to_string(),
            case_id: view.case_id.to_string(),
            visited_at: Some(to_wire(view.visited_at)),
            recorded_at: Some(to_wire(view.recorded_at)),
            by: view.by,
            note: view.note,
            signatures: view.signatures.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<SignatureView> for wire::VisitSignature {
    fn from(view: SignatureView) -> Self {
        Self { order_id: view.order_id.to_string(), body: view.body, signed_at: view.signed_at.map(to_wire) }
    }
}
