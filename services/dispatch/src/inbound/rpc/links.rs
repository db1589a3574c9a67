//! `streetwise.dispatch.v1.LinkService`: links to one order, for the systems of those who give them out. What opens a link
//! is in the answer to who gives it out, and in no log.

use bootstrap::door::Problem;
use bootstrap::rpc::{Call, MESSAGE_BYTES_MAX, invalid, named};
use contract::proto::dispatch as wire;
use contract::proto::dispatch::link_service_server::{LinkService, LinkServiceServer};
use contract::proto::to_wire;
use ids::{LinkId, OrderId, TenantId};
use tonic::{Request, Response, Status};

use super::{change, read};
use crate::core::link_view::{IssuedView, LinkView};
use crate::handle::Room;
use crate::inbound::http::{LinkBody, give_out, list_links, take_back};

/// The server, for [`bootstrap::Plan::rpc`].
pub(crate) fn server(room: Room) -> LinkServiceServer<Links> {
    LinkServiceServer::new(Links(room)).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

/// The door.
#[derive(Clone)]
pub(crate) struct Links(Room);

#[tonic::async_trait]
impl LinkService for Links {
    async fn issue_link(
        &self,
        request: Request<wire::IssueLinkRequest>,
    ) -> Result<Response<wire::IssueLinkResponse>, Status> {
        let call = Call::of(&request)?;
        let IssuedView { link, url } = issue(&self.0, &call, request.into_inner()).await?;
        let (link, url) = (Some(link.into()), url.unwrap_or_default());
        Ok(Response::new(wire::IssueLinkResponse { link, url }))
    }

    async fn list_links(
        &self,
        request: Request<wire::ListLinksRequest>,
    ) -> Result<Response<wire::ListLinksResponse>, Status> {
        let call = Call::of(&request)?;
        let links = list(&self.0, &call, &request.into_inner()).await?;
        let links = links.into_iter().map(Into::into).collect();
        Ok(Response::new(wire::ListLinksResponse { links }))
    }

    async fn revoke_link(
        &self,
        request: Request<wire::RevokeLinkRequest>,
    ) -> Result<Response<wire::RevokeLinkResponse>, Status> {
        let call = Call::of(&request)?;
        let link = revoke(&self.0, &call, &request.into_inner()).await?;
        Ok(Response::new(wire::RevokeLinkResponse { link: Some(link.into()) }))
    }
}

async fn issue(room: &Room, call: &Call, asked: wire::IssueLinkRequest) -> Result<IssuedView, Problem> {
    let order: (TenantId, OrderId) = (named(&asked.street)?, named(&asked.order_id)?);
    room.house.admit(&call.who, access::Action::OrderLink, order.0)?;
    let change = change(call, &asked.idempotency_key, asked.if_version)?;
    give_out(room, order, change, body_of(asked)?).await
}

/// The body that the request has at the HTTP door, so that both have one digest.
fn body_of(asked: wire::IssueLinkRequest) -> Result<LinkBody, Problem> {
    let hours = Some(asked.hours).filter(|hours| *hours > 0);
    Ok(LinkBody {
        hours: hours.map(u16::try_from).transpose().map_err(|_| invalid("/hours"))?,
        label: asked.label,
        acts: Some(asked.acts).filter(|acts| !acts.is_empty()),
    })
}

async fn list(room: &Room, call: &Call, asked: &wire::ListLinksRequest) -> Result<Vec<LinkView>, Problem> {
    let order: (TenantId, OrderId) = (named(&asked.street)?, named(&asked.order_id)?);
    Ok(list_links(room, &call.who, order).await?.links)
}

async fn revoke(room: &Room, call: &Call, asked: &wire::RevokeLinkRequest) -> Result<LinkView, Problem> {
    let (street, link): (TenantId, LinkId) = (named(&asked.street)?, named(&asked.link_id)?);
    let change = change(call, &asked.idempotency_key, asked.if_version)?;
    let answer = take_back(room, street, link, change).await?;
    read(&answer.body)
}

impl From<LinkView> for wire::Link {
    fn from(view: LinkView) -> Self {
        Self {
            link_id: view.link_id.to_string(),
            order_id: view.order_id.to_string(),
            acts: view.acts,
            label: view.label,
            issued_at: Some(to_wire(view.issued_at)),
            issued_by: view.issued_by,
            expires_at: Some(to_wire(view.expires_at)),
            revoked_at: view.revoked_at.map(to_wire),
            opened: view.opened,
            last_opened_at: view.last_opened_at.map(to_wire),
            refused: view.refused,
            last_refused_at: view.last_refused_at.map(to_wire),
        }
    }
}
