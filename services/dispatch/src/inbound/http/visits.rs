//! Joint visits: the lead records one, each other body signs it for its own order.

use access::Action;
use axum::extract::State;
use axum::response::Response;
use bootstrap::door::{FreeText, IdVerb, Path, Problem, StrictJson};
use ids::{CaseId, OrderId, TenantId, VisitId};
use jiff::Timestamp;
use orders::{Refusal, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::change::{Change, answered};
use crate::core::deed::Deed;
use crate::core::view::VisitView;
use crate::handle::answer::{Answer, given};
use crate::handle::command::{Command, What, may_touch};
use crate::handle::{Denied, Room};
use crate::store::lists::{self, Filter, Reach};

/// Orders of a case that are looked through for the lead's, newest first.
const ORDERS_MAX: i64 = 200;

/// Who was there, and when.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VisitBody {
    /// When they were there: after each order went out, and not in the future.
    pub visited_at: Timestamp,
    /// The orders of the others: 1 to 20 of the same round, each with an open duty.
    pub orders: Vec<Uuid>,
    /// What was found; free text, at most 4,000 characters.
    #[serde(default)]
    pub note: Option<String>,
}

/// What is said with a signature.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignBody {
    /// Free text, at most 4,000 characters.
    #[serde(default)]
    pub note: Option<String>,
}

/// 登记联合走访 / The lead records a visit that several bodies made together. It is the lead's own arrival, or news of its work;
/// every other body's order moves when that body signs.
#[utoipa::path(post, path = "/dispatch/v1/streets/{street}/cases/{case}/visits",
    params(("street" = String, Path, description = "12 digits"), ("case" = Uuid, Path),
        ("Idempotency-Key" = Uuid, Header)),
    request_body = VisitBody,
    responses((status = 200, body = VisitView), Problem))]
pub(super) async fn record(
    State(room): State<Room>,
    Path((street, case_id)): Path<(TenantId, CaseId)>,
    change: Change,
    StrictJson(body): StrictJson<VisitBody>,
) -> Result<Response, Problem> {
    answered(put_down(&room, (street, case_id), change, body).await?)
}

/// The same at either door.
pub(crate) async fn put_down(
    room: &Room,
    (street, case_id): (TenantId, CaseId),
    change: Change,
    body: VisitBody,
) -> Result<Answer, Problem> {
    room.house.admit(&change.who, Action::OrderAct, street)?;
    let request = change.request(street, format!("cases/{case_id}/visits"), &body);
    // What was recorded is answered the same, whoever leads by now.
    if let Some(given) = given(room, &request).await? {
        return Ok(given);
    }
    let lead = lead_of(room, &change, street, case_id).await?;
    let note = FreeText::parse("/note", body.note.clone().unwrap_or_default())?.into_string();
    let others = body.orders.iter().copied().map(OrderId).collect();
    let command = Command {
        request,
        what: What::Order(lead, Deed::RecordVisit { others, visited_at: body.visited_at }),
        note,
        traceparent: change.traceparent,
        may: may_touch(room, change.who, Action::OrderAct, street),
    };
    Ok(room.submit(command).await?)
}

/// 联合走访签字 / A body signs a visit for its own order: its arrival, or news of its work, at the time of signing.
#[utoipa::path(post, path = "/dispatch/v1/streets/{street}/orders/{order}/visits/{visit}:sign",
    params(("street" = String, Path, description = "12 digits"), ("order" = Uuid, Path), ("visit" = Uuid, Path),
        ("Idempotency-Key" = Uuid, Header)),
    request_body = SignBody,
    responses((status = 200, body = VisitView), Problem))]
pub(super) async fn sign(
    State(room): State<Room>,
    Path((street, order_id, target)): Path<(TenantId, OrderId, IdVerb<VisitId>)>,
    change: Change,
    StrictJson(body): StrictJson<SignBody>,
) -> Result<Response, Problem> {
    room.house.admit(&change.who, Action::OrderAct, street)?;
    if target.verb != "sign" {
        return Err(Problem::not_found());
    }
    answered(put_hand_to(&room, (street, order_id, target.id), change, body).await?)
}

/// The same at either door.
pub(crate) async fn put_hand_to(
    room: &Room,
    (street, order_id, visit): (TenantId, OrderId, VisitId),
    change: Change,
    body: SignBody,
) -> Result<Answer, Problem> {
    room.house.admit(&change.who, Action::OrderAct, street)?;
    let note = FreeText::parse("/note", body.note.clone().unwrap_or_default())?.into_string();
    let command = Command {
        request: change.request(street, format!("orders/{order_id}/visits/{visit}:sign"), &body),
        what: What::Order(order_id, Deed::SignVisit { visit }),
        note,
        traceparent: change.traceparent,
        may: may_touch(room, change.who, Action::OrderAct, street),
    };
    Ok(room.submit(command).await?)
}

/// The lead's order among those of the case that the caller acts on. A case in which it has none is not there; one that it
/// only assists in is led by somebody else.
async fn lead_of(
    room: &Room,
    change: &Change,
    street: TenantId,
    case_id: CaseId,
) -> Result<OrderId, Problem> {
    let admitted = room.house.admit(&change.who, Action::OrderAct, street)?;
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let filter =
        Filter { phase: None, case_id: Some(case_id), before: None, drills: None, limit: ORDERS_MAX };
    let own = lists::orders(&mut tx, &Reach::one(street, &admitted.bodies), &filter).await?;
    tx.commit().await?;
    if own.is_empty() {
        return Err(Problem::not_found());
    }
    let mut leads = own.iter().filter(|of| of.order.role == Role::Lead && !of.order.phase.left());
    let lead = leads.next().ok_or(Denied::Refused(Refusal::LeadRecords))?;
    Ok(lead.order.id)
}
