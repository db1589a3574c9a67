//! `streetwise.dispatch.v1.CaseService`: cases for reading, and the rulings of a street. Joint visits stand in [`super::visits`].

use bootstrap::door::Problem;
use bootstrap::rpc::{Call, MESSAGE_BYTES_MAX, named};
use contract::proto::dispatch as wire;
use contract::proto::dispatch::case_service_server::{CaseService, CaseServiceServer};
use ids::{CaseId, TenantId};
use tonic::{Request, Response, Status};

use super::{given, states, visits};
use crate::core::rulings::{RulingLine, RulingPage};
use crate::core::view::CaseView;
use crate::handle::Room;
use crate::inbound::http::{RulingsQuery, list_rulings, show_case};

/// The server, for [`bootstrap::Plan::rpc`].
pub(crate) fn server(room: Room) -> CaseServiceServer<Cases> {
    CaseServiceServer::new(Cases(room)).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

/// The door.
#[derive(Clone)]
pub(crate) struct Cases(Room);

#[tonic::async_trait]
impl CaseService for Cases {
    async fn get_case(
        &self,
        request: Request<wire::GetCaseRequest>,
    ) -> Result<Response<wire::GetCaseResponse>, Status> {
        let call = Call::of(&request)?;
        let view = get(&self.0, &call, &request.into_inner()).await?;
        let (detail, order_details) =
            (Some(states::case_detail(&view)), view.orders.iter().map(states::detail).collect());
        let (case, orders) = states::of_case(view);
        Ok(Response::new(wire::GetCaseResponse { case: Some(case), detail, orders, order_details }))
    }

    async fn record_visit(
        &self,
        request: Request<wire::RecordVisitRequest>,
    ) -> Result<Response<wire::RecordVisitResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(visits::record(&self.0, &call, request.into_inner()).await?))
    }

    async fn sign_visit(
        &self,
        request: Request<wire::SignVisitRequest>,
    ) -> Result<Response<wire::SignVisitResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(visits::sign(&self.0, &call, request.into_inner()).await?))
    }

    async fn list_rulings(
        &self,
        request: Request<wire::ListRulingsRequest>,
    ) -> Result<Response<wire::ListRulingsResponse>, Status> {
        let call = Call::of(&request)?;
        let RulingPage { rulings, next } = rulings(&self.0, &call, request.into_inner()).await?;
        Ok(Response::new(wire::ListRulingsResponse {
            rulings: rulings.into_iter().map(Into::into).collect(),
            next: next.map(|id| id.to_string()).unwrap_or_default(),
        }))
    }
}

async fn get(room: &Room, call: &Call, asked: &wire::GetCaseRequest) -> Result<CaseView, Problem> {
    let case: (TenantId, CaseId) = (named(&asked.street)?, named(&asked.case_id)?);
    show_case(room, &call.who, case).await
}

async fn rulings(room: &Room, call: &Call, asked: wire::ListRulingsRequest) -> Result<RulingPage, Problem> {
    let street: TenantId = named(&asked.street)?;
    room.house.admit(&call.who, access::Action::OrderDirect, street)?;
    let before = given(asked.before).map(|id| id.parse().map_err(|_| Problem::bad_cursor()));
    let query = RulingsQuery {
        waiting: Some(asked.waiting),
        before: before.transpose()?,
        limit: Some(asked.limit).filter(|limit| *limit > 0),
    };
    list_rulings(room, &call.who, street, &query).await
}

impl From<RulingLine> for wire::RulingLine {
    fn from(line: RulingLine) -> Self {
        Self {
            case_id: line.case_id.to_string(),
            case_no: line.case_no,
            item: line.item,
            item_zh: line.item_zh,
            item_en: line.item_en,
            ruling: Some(wire::Ruling {
                order_id: line.order_id.to_string(),
                from: line.from,
                to: line.to.unwrap_or_default(),
                role: line.role,
                ground: line.ground.unwrap_or_default(),
                proposed: line.proposed.unwrap_or_default(),
                decided_by: line.decided_by,
            }),
            clock: line.clock.map(Into::into),
            rule: line.rule.unwrap_or_default(),
        }
    }
}
