//! `streetwise.dispatch.v1.LinkBearerService`: what who holds a link may do, without an account. The same bounds on strangers
//! as at the HTTP door, and the same 404 for what we did not sign.

use bootstrap::door::{Problem, parse_key};
use bootstrap::rpc::{Knock, invalid, parsed};
use contract::proto::dispatch as wire;
use contract::proto::dispatch::link_bearer_service_server::{LinkBearerService, LinkBearerServiceServer};
use contract::proto::to_wire;
use orders::Act;
use tonic::{Request, Response, Status};

use super::{given, read, states};
use crate::core::link::LinkAct;
use crate::core::link_view::{LinkedOrder, ToSign};
use crate::handle::Room;
use crate::handle::answer::Answer;
use crate::inbound::http::{self, LinkActBody, acted, knocked, opened};

/// Most bytes of what a stranger sends: a token and a note.
const STRANGER_BYTES_MAX: usize = 64 * 1024;

/// The server, for [`bootstrap::Plan::rpc_for_strangers`].
pub(crate) fn server(room: Room) -> LinkBearerServiceServer<Bearers> {
    LinkBearerServiceServer::new(Bearers(room)).max_decoding_message_size(STRANGER_BYTES_MAX)
}

/// The door.
#[derive(Clone)]
pub(crate) struct Bearers(Room);

#[tonic::async_trait]
impl LinkBearerService for Bearers {
    async fn open_link(
        &self,
        request: Request<wire::OpenLinkRequest>,
    ) -> Result<Response<wire::OpenLinkResponse>, Status> {
        let knock = Knock::of(&request)?;
        let linked = open(&self.0, &knock, &request.into_inner()).await?;
        Ok(Response::new(wire::OpenLinkResponse { linked: Some(linked.into()) }))
    }

    async fn act_by_link(
        &self,
        request: Request<wire::ActByLinkRequest>,
    ) -> Result<Response<wire::ActByLinkResponse>, Status> {
        let knock = Knock::of(&request)?;
        let linked = act(&self.0, &knock, request.into_inner()).await?;
        Ok(Response::new(wire::ActByLinkResponse { linked: Some(linked.into()) }))
    }
}

async fn open(room: &Room, knock: &Knock, asked: &wire::OpenLinkRequest) -> Result<LinkedOrder, Problem> {
    let headers = headers(knock, &asked.idempotency_key)?;
    let token = knocked(room, &knock.headers, &headers, &asked.token).await?;
    read(&shown(knock, opened(room, headers, token).await)?.body)
}

async fn act(room: &Room, knock: &Knock, asked: wire::ActByLinkRequest) -> Result<LinkedOrder, Problem> {
    let headers = headers(knock, &asked.idempotency_key)?;
    let token = knocked(room, &knock.headers, &headers, &asked.token).await?;
    let body = LinkActBody {
        act: word_of(asked.act())?.as_str().to_owned(),
        token: asked.token,
        visit_id: given(asked.visit_id).map(|id| parsed("/visit_id", &id)).transpose()?,
        note: given(asked.note),
    };
    read(&shown(knock, acted(room, headers, token, body).await)?.body)
}

/// What the HTTP door makes of its headers.
fn headers(knock: &Knock, idempotency_key: &str) -> Result<http::Knock, Problem> {
    Ok(http::Knock { key: parse_key(idempotency_key)?, traceparent: knock.trace.traceparent.clone() })
}

/// Its connection may stay once a link was one that opens its order: our signature is under every link there ever was.
fn shown(knock: &Knock, answer: Result<Answer, Problem>) -> Result<Answer, Problem> {
    answer.inspect(|_| knock.known())
}

fn word_of(act: wire::LinkAct) -> Result<LinkAct, Problem> {
    match act {
        wire::LinkAct::See => Ok(LinkAct::Do(Act::See)),
        wire::LinkAct::Acknowledge => Ok(LinkAct::Do(Act::Acknowledge)),
        wire::LinkAct::Ask => Ok(LinkAct::Ask),
        wire::LinkAct::Arrive => Ok(LinkAct::Do(Act::Arrive)),
        wire::LinkAct::Progress => Ok(LinkAct::Do(Act::Progress)),
        wire::LinkAct::Submit => Ok(LinkAct::Do(Act::Submit)),
        wire::LinkAct::Sign => Ok(LinkAct::Sign),
        wire::LinkAct::Unspecified => Err(invalid("/act")),
    }
}

impl From<LinkedOrder> for wire::LinkedOrder {
    fn from(view: LinkedOrder) -> Self {
        Self {
            link_id: view.link_id.to_string(),
            expires_at: Some(to_wire(view.expires_at)),
            acts: view.acts,
            detail: Some(states::detail(&view.order)),
            order: Some(view.order.into()),
            to_sign: view.to_sign.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ToSign> for wire::VisitToSign {
    fn from(view: ToSign) -> Self {
        Self {
            visit_id: view.visit_id.to_string(),
            visited_at: Some(to_wire(view.visited_at)),
            note: view.note,
        }
    }
}
