//! `streetwise.dispatch.v1.OrderService`: the orders of a body, for its systems.

mod seats;
mod watch;

use access::Action;
use bootstrap::door::{FreeText, Problem, parse_key};
use bootstrap::rpc::{Call, MESSAGE_BYTES_MAX, invalid, named, parsed};
use contract::proto::dispatch as wire;
use contract::proto::dispatch::order_service_server::{OrderService, OrderServiceServer};
use contract::proto::{from_wire, to_wire};
use ids::{OrderId, TenantId};
use orders::{Phase, ReturnGround};
use tonic::{Request, Response, Status};

use super::http::{ActBody, ListQuery, admitted, deed, list_page};
use crate::core::view::{OrderView, StageView};
use crate::handle::Room;
use crate::handle::act::{self, Command};
use crate::handle::answer;
use crate::hints::Hints;
use crate::store::lists::{self, Reach};

/// The server, for [`bootstrap::Plan::rpc`].
pub(crate) fn server(room: Room, hints: Hints) -> OrderServiceServer<Orders> {
    let orders = Orders(room, watch::Watching::new(hints));
    OrderServiceServer::new(orders).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

/// The door.
#[derive(Clone)]
pub(crate) struct Orders(Room, watch::Watching);

#[tonic::async_trait]
impl OrderService for Orders {
    async fn get_order(
        &self,
        request: Request<wire::GetOrderRequest>,
    ) -> Result<Response<wire::GetOrderResponse>, Status> {
        let call = Call::of(&request)?;
        let order = get(&self.0, &call, &request.into_inner()).await?;
        Ok(Response::new(wire::GetOrderResponse { order: Some(order) }))
    }

    async fn list_orders(
        &self,
        request: Request<wire::ListOrdersRequest>,
    ) -> Result<Response<wire::ListOrdersResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(list(&self.0, &call, request.into_inner()).await?))
    }

    async fn act_on_order(
        &self,
        request: Request<wire::ActOnOrderRequest>,
    ) -> Result<Response<wire::ActOnOrderResponse>, Status> {
        let call = Call::of(&request)?;
        let order = act_on(&self.0, &call, request.into_inner()).await?;
        Ok(Response::new(wire::ActOnOrderResponse { order: Some(order) }))
    }

    type WatchOrdersStream = watch::Changes;

    async fn watch_orders(
        &self,
        request: Request<wire::WatchOrdersRequest>,
    ) -> Result<Response<watch::Changes>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.1.begin(self.0.clone(), call, request.into_inner()).await?))
    }
}

async fn get(room: &Room, call: &Call, asked: &wire::GetOrderRequest) -> Result<wire::OrderState, Problem> {
    let (street, id): (TenantId, OrderId) = (named(&asked.street)?, named(&asked.order_id)?);
    let admitted = room.house.admit(&call.who, Action::OrderRead, street)?;
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let listed = lists::order(&mut tx, &Reach::one(street, &admitted.bodies), id).await?;
    tx.commit().await?;
    Ok(OrderView::of(&listed.ok_or_else(Problem::not_found)?).into())
}

async fn list(
    room: &Room,
    call: &Call,
    asked: wire::ListOrdersRequest,
) -> Result<wire::ListOrdersResponse, Problem> {
    let street: TenantId = named(&asked.street)?;
    let admitted = room.house.admit(&call.who, Action::OrderList, street)?;
    let query = ListQuery {
        phase: given(asked.phase).map(|phase| phase_of(&phase)).transpose()?,
        case_id: given(asked.case_id).map(|id| parsed("/case_id", &id)).transpose()?,
        before: given(asked.before).map(|id| id.parse().map_err(|_| Problem::bad_cursor())).transpose()?,
        limit: Some(asked.limit).filter(|limit| *limit > 0),
        drills: None,
    };
    let page = list_page(room, &[(street, admitted.bodies)].into(), &query).await?;
    Ok(wire::ListOrdersResponse {
        orders: page.orders.into_iter().map(Into::into).collect(),
        next: page.next.map(|id| id.to_string()).unwrap_or_default(),
    })
}

async fn act_on(
    room: &Room,
    call: &Call,
    asked: wire::ActOnOrderRequest,
) -> Result<wire::OrderState, Problem> {
    let (street, order_id): (TenantId, OrderId) = (named(&asked.street)?, named(&asked.order_id)?);
    let verb = verb_of(asked.act())?;
    admitted(room, &call.who, street, verb)?;
    let ground = ground_of(asked.ground());
    let note = FreeText::parse("/note", asked.note)?;
    // The digest of the HTTP door's body, so that one key may be retried at the other door.
    let body = ActBody {
        note: Some(note.as_str().to_owned()),
        ground,
        to: given(asked.to),
        amount: Some(asked.amount).filter(|amount| *amount > 0),
        unit: given(asked.unit).map(|unit| word("/unit", unit)).transpose()?,
        until: asked.until.as_ref().map(|at| from_wire(at).ok_or_else(|| invalid("/until"))).transpose()?,
        reason: given(asked.reason).map(|reason| word("/reason", reason)).transpose()?,
    };
    let (deed, action) = deed(room, &call.who, street, verb, &body)?;
    let request = answer::Request {
        tenant: street,
        principal: call.who.subject.clone(),
        route: format!("orders/{order_id}:{verb}"),
        key: parse_key(&asked.idempotency_key)?,
        request_sha256: answer::Request::digest(&body),
        if_match: Some(asked.if_version).filter(|version| *version > 0),
    };
    let traceparent = call.trace.traceparent.clone();
    let command = Command { request, order_id, deed, note: note.into_string(), traceparent };
    let may = |holder| room.house.admit_to(&call.who, action, street, Some(holder)).map(drop);
    let answer = pg::retrying(|| act::act(room, &command, may)).await??;
    let view: OrderView = serde_json::from_slice(&answer.body)
        .map_err(|error| pg::Error::broken("reading an answer", error))?;
    Ok(view.into())
}

fn verb_of(act: wire::OrderAct) -> Result<&'static str, Problem> {
    match act {
        wire::OrderAct::See => Ok("see"),
        wire::OrderAct::Acknowledge => Ok("acknowledge"),
        wire::OrderAct::Arrive => Ok("arrive"),
        wire::OrderAct::Progress => Ok("progress"),
        wire::OrderAct::Submit => Ok("submit"),
        wire::OrderAct::Return => Ok("return"),
        wire::OrderAct::Extend => Ok("extend"),
        wire::OrderAct::Suspend => Ok("suspend"),
        wire::OrderAct::Resume => Ok("resume"),
        wire::OrderAct::Unspecified => Err(invalid("/act")),
    }
}

fn ground_of(ground: wire::ReturnGround) -> Option<ReturnGround> {
    match ground {
        wire::ReturnGround::Unspecified => None,
        wire::ReturnGround::NotOurDuty => Some(ReturnGround::NotOurDuty),
        wire::ReturnGround::NotOurArea => Some(ReturnGround::NotOurArea),
        wire::ReturnGround::WrongItem => Some(ReturnGround::WrongItem),
        wire::ReturnGround::BeyondPowers => Some(ReturnGround::BeyondPowers),
    }
}

fn phase_of(name: &str) -> Result<Phase, Problem> {
    serde_json::from_value(name.into()).map_err(|_| invalid("/phase"))
}

/// One of a list, by its word.
fn word<T: serde::de::DeserializeOwned>(field: &'static str, word: String) -> Result<T, Problem> {
    serde_json::from_value(word.into()).map_err(|_| invalid(field))
}

fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl From<OrderView> for wire::OrderState {
    fn from(view: OrderView) -> Self {
        Self {
            order_id: view.order_id.to_string(),
            case_id: view.case_id.to_string(),
            case_no: view.case_no,
            street: view.street,
            round: view.round,
            body: view.body,
            role: view.role,
            phase: view.phase,
            version: view.version,
            item: view.item,
            stages: view.stages.into_iter().map(Into::into).collect(),
            dispatched_at: Some(to_wire(view.dispatched_at)),
            policy: view.policy,
            drill: view.drill,
            follows: view.follows.map(|id| id.to_string()).unwrap_or_default(),
            return_asked: view.returning.is_some(),
            supervised_at: view.supervised_at.map(to_wire),
            urged: view.urged,
            suspended_until: view.suspended_until.map(to_wire),
            time_asked: view.time_asked.is_some(),
        }
    }
}

impl From<StageView> for wire::StageState {
    fn from(view: StageView) -> Self {
        Self {
            stage: view.stage,
            due_at: view.due_at.map(to_wire),
            awaiting_year: view.awaiting_year.and_then(|year| u32::try_from(year).ok()).unwrap_or_default(),
            verdict: view.verdict.unwrap_or_default(),
            met_at: view.met_at.map(to_wire),
            held: view.held,
        }
    }
}
