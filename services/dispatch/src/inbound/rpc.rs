//! `streetwise.dispatch.v1.OrderService`: the orders of a body, for its systems. Beside it, each in a file of its own, the
//! services of cases, links and who holds one, calendars and clocks.

pub(crate) mod bearers;
pub(crate) mod calendars;
pub(crate) mod cases;
pub(crate) mod clocks;
pub(crate) mod links;
mod seats;
mod states;
mod visits;
mod watch;

use access::Action;
use bootstrap::door::{FreeText, IdVerb, IfMatch, Problem, parse_key};
use bootstrap::rpc::{Call, MESSAGE_BYTES_MAX, invalid, named, parsed};
use contract::proto::dispatch as wire;
use contract::proto::dispatch::order_act_result::Outcome;
use contract::proto::dispatch::order_service_server::{OrderService, OrderServiceServer};
use contract::proto::from_wire;
use ids::{CaseId, IdempotencyKey, OrderId, TenantId};
use orders::{Phase, ReturnGround};
use tonic::{Request, Response, Status};

use super::asked::{self, Asked, Asking};
use super::http::{
    ActBody, CaseBody, Change, ListQuery, VerifyResult, act_on_case, admitted, everywhere, list_page,
};
use crate::core::view::{CaseView, OrderView};
use crate::handle::Room;
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
        let view = get(&self.0, &call, &request.into_inner()).await?;
        let (detail, order) = (Some(states::detail(&view)), Some(view.into()));
        Ok(Response::new(wire::GetOrderResponse { order, detail }))
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

    async fn act_on_orders(
        &self,
        request: Request<wire::ActOnOrdersRequest>,
    ) -> Result<Response<wire::ActOnOrdersResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(act_on_many(&self.0, &call, request.into_inner()).await?))
    }

    async fn act_on_case(
        &self,
        request: Request<wire::ActOnCaseRequest>,
    ) -> Result<Response<wire::ActOnCaseResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(act_on_one_case(&self.0, &call, request.into_inner()).await?))
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

async fn get(room: &Room, call: &Call, asked: &wire::GetOrderRequest) -> Result<OrderView, Problem> {
    let (street, id): (TenantId, OrderId) = (named(&asked.street)?, named(&asked.order_id)?);
    let admitted = room.house.admit(&call.who, Action::OrderRead, street)?;
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let listed = lists::order(&mut tx, &Reach::one(street, &admitted.bodies), id).await?;
    tx.commit().await?;
    Ok(OrderView::of(&listed.ok_or_else(Problem::not_found)?))
}

async fn list(
    room: &Room,
    call: &Call,
    asked: wire::ListOrdersRequest,
) -> Result<wire::ListOrdersResponse, Problem> {
    let reach = if asked.street.is_empty() {
        everywhere(room, &call.who)
    } else {
        let street: TenantId = named(&asked.street)?;
        [(street, room.house.admit(&call.who, Action::OrderList, street)?.bodies)].into()
    };
    let query = ListQuery {
        phase: given(asked.phase).map(|phase| phase_of(&phase)).transpose()?,
        case_id: given(asked.case_id).map(|id| parsed("/case_id", &id)).transpose()?,
        case_no: given(asked.case_no).map(|number| parsed("/case_no", &number)).transpose()?,
        before: given(asked.before).map(|id| id.parse().map_err(|_| Problem::bad_cursor())).transpose()?,
        limit: Some(asked.limit).filter(|limit| *limit > 0),
        drills: asked.drills,
    };
    let page = list_page(room, &reach, &query).await?;
    Ok(wire::ListOrdersResponse {
        details: page.orders.iter().map(states::detail).collect(),
        orders: page.orders.into_iter().map(Into::into).collect(),
        next: page.next.map(|id| id.to_string()).unwrap_or_default(),
    })
}

async fn act_on(
    room: &Room,
    call: &Call,
    request: wire::ActOnOrderRequest,
) -> Result<wire::OrderState, Problem> {
    let (street, order_id): (TenantId, OrderId) = (named(&request.street)?, named(&request.order_id)?);
    let verb = verb_of(request.act())?;
    admitted(room, &call.who, street, verb)?;
    let key = parse_key(&request.idempotency_key)?;
    let asked = Asked {
        order_id,
        verb: verb.to_owned(),
        if_match: insisted(request.if_version),
        body: body_of(wire::OrderActItem {
            ground: request.ground,
            note: request.note,
            to: request.to,
            amount: request.amount,
            unit: request.unit,
            until: request.until,
            reason: request.reason,
            ..Default::default()
        })?,
    };
    let answer = asked::act(room, asking(call, street, key), asked).await?;
    Ok(asked::view(&answer)?.into())
}

async fn act_on_many(
    room: &Room,
    call: &Call,
    request: wire::ActOnOrdersRequest,
) -> Result<wire::ActOnOrdersResponse, Problem> {
    let street: TenantId = named(&request.street)?;
    asked::admitted(room, &call.who, street)?;
    let key = parse_key(&request.idempotency_key)?;
    let ids: Vec<String> = request.acts.iter().map(|item| item.order_id.clone()).collect();
    let asked = request.acts.into_iter().map(|item| {
        Ok(Asked {
            order_id: parsed("/acts/order_id", &item.order_id)?,
            verb: verb_of(item.act())?.to_owned(),
            if_match: insisted(item.if_version),
            body: body_of(item)?,
        })
    });
    let asked = asked.collect::<Result<Vec<_>, Problem>>()?;
    let outcomes = asked::acts(room, asking(call, street, key), asked).await?;
    let result = |(order_id, outcome): (String, Result<OrderView, Problem>)| wire::OrderActResult {
        order_id,
        outcome: Some(match outcome {
            Ok(view) => Outcome::Order(view.into()),
            Err(problem) => Outcome::Refusal(refusal(problem)),
        }),
    };
    Ok(wire::ActOnOrdersResponse { results: ids.into_iter().zip(outcomes).map(result).collect() })
}

fn asking<'a>(call: &'a Call, street: TenantId, key: IdempotencyKey) -> Asking<'a> {
    Asking { who: &call.who, street, key, traceparent: &call.trace.traceparent }
}

fn refusal(problem: Problem) -> wire::Refusal {
    let document = problem.into_document();
    wire::Refusal {
        status: document.status.into(),
        code: document.code,
        title: document.title,
        hint: document.hint,
    }
}

/// The body that the act has at the HTTP door, so that both have one digest.
fn body_of(item: wire::OrderActItem) -> Result<ActBody, Problem> {
    let ground = ground_of(item.ground());
    let note = FreeText::parse("/note", item.note)?;
    Ok(ActBody {
        note: given(note.into_string()),
        ground,
        to: given(item.to),
        amount: Some(item.amount).filter(|amount| *amount > 0),
        unit: given(item.unit).map(|unit| word("/unit", unit)).transpose()?,
        until: item.until.as_ref().map(|at| from_wire(at).ok_or_else(|| invalid("/until"))).transpose()?,
        reason: given(item.reason).map(|reason| word("/reason", reason)).transpose()?,
    })
}

async fn act_on_one_case(
    room: &Room,
    call: &Call,
    request: wire::ActOnCaseRequest,
) -> Result<wire::ActOnCaseResponse, Problem> {
    let (street, id): (TenantId, CaseId) = (named(&request.street)?, named(&request.case_id)?);
    let (verb, result) = case_verb_of(request.act())?;
    let change = change(call, &request.idempotency_key, request.if_version)?;
    let body = CaseBody {
        result,
        bodies: Some(request.bodies).filter(|bodies| !bodies.is_empty()),
        within_minutes: Some(request.within_minutes).filter(|minutes| *minutes > 0),
        note: given(request.note),
    };
    let target = IdVerb { id, verb: verb.to_owned() };
    let answer = act_on_case(room.clone(), street, target, change, body).await?;
    let view: CaseView = read(&answer.body)?;
    let (case, orders) = states::of_case(view);
    Ok(wire::ActOnCaseResponse { case: Some(case), orders })
}

/// An answer as it was given, which is the HTTP door's JSON.
fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let view = serde_json::from_slice(body);
    Ok(view.map_err(|error| pg::Error::broken("reading an answer", error))?)
}

/// A change as the HTTP door makes one of its headers.
fn change(call: &Call, idempotency_key: &str, if_version: u64) -> Result<Change, Problem> {
    Ok(Change {
        who: call.who.clone(),
        key: parse_key(idempotency_key)?,
        if_match: insisted(if_version),
        traceparent: call.trace.traceparent.clone(),
    })
}

/// 0 is whatever version there is.
fn insisted(if_version: u64) -> Option<IfMatch> {
    (if_version > 0).then(|| IfMatch::version(if_version))
}

fn case_verb_of(act: wire::CaseAct) -> Result<(&'static str, Option<VerifyResult>), Problem> {
    match act {
        wire::CaseAct::Claim => Ok(("verify", Some(VerifyResult::Claim))),
        wire::CaseAct::Pass => Ok(("verify", Some(VerifyResult::Pass))),
        wire::CaseAct::Fail => Ok(("verify", Some(VerifyResult::Fail))),
        wire::CaseAct::Cancel => Ok(("cancel", None)),
        wire::CaseAct::Whistle => Ok(("whistle", None)),
        wire::CaseAct::Unspecified => Err(invalid("/act")),
    }
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
        wire::OrderAct::Urge => Ok("urge"),
        wire::OrderAct::Supervise => Ok("supervise"),
        wire::OrderAct::Waive => Ok("waive"),
        wire::OrderAct::Cancel => Ok("cancel"),
        wire::OrderAct::Transfer => Ok("transfer"),
        wire::OrderAct::Adjudicate => Ok("adjudicate"),
        wire::OrderAct::Grant => Ok("grant"),
        wire::OrderAct::Deny => Ok("deny"),
        wire::OrderAct::Adopt => Ok("adopt"),
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
