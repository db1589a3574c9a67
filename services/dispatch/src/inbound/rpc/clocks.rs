//! `streetwise.dispatch.v1.ClockService`: why an order, a verification or a ruling is due when it is, or was.

use bootstrap::door::Problem;
use bootstrap::rpc::{Call, MESSAGE_BYTES_MAX, invalid, named};
use contract::proto::dispatch as wire;
use contract::proto::dispatch::clock_service_server::{ClockService, ClockServiceServer};
use contract::proto::{from_wire, to_wire};
use ids::{CaseId, OrderId, TenantId};
use tonic::{Request, Response, Status};

use crate::core::unfolded::{CaseClockList, ClockList, ClockView, StretchView};
use crate::handle::Room;
use crate::inbound::http::{unfolded, unfolded_case};

/// The server, for [`bootstrap::Plan::rpc`].
pub(crate) fn server(room: Room) -> ClockServiceServer<Clocks> {
    ClockServiceServer::new(Clocks(room)).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

/// The door.
#[derive(Clone)]
pub(crate) struct Clocks(Room);

#[tonic::async_trait]
impl ClockService for Clocks {
    async fn unfold_clocks(
        &self,
        request: Request<wire::UnfoldClocksRequest>,
    ) -> Result<Response<wire::UnfoldClocksResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(unfold(&self.0, &call, &request.into_inner()).await?.into()))
    }

    async fn unfold_case_clocks(
        &self,
        request: Request<wire::UnfoldCaseClocksRequest>,
    ) -> Result<Response<wire::UnfoldCaseClocksResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(unfold_case(&self.0, &call, &request.into_inner()).await?.into()))
    }
}

async fn unfold(room: &Room, call: &Call, asked: &wire::UnfoldClocksRequest) -> Result<ClockList, Problem> {
    let order: (TenantId, OrderId) = (named(&asked.street)?, named(&asked.order_id)?);
    room.house.admit(&call.who, access::Action::OrderRead, order.0)?;
    let at = asked.at.as_ref().map(|at| from_wire(at).ok_or_else(|| invalid("/at"))).transpose()?;
    unfolded(room, &call.who, order, at).await
}

async fn unfold_case(
    room: &Room,
    call: &Call,
    asked: &wire::UnfoldCaseClocksRequest,
) -> Result<CaseClockList, Problem> {
    let case: (TenantId, CaseId) = (named(&asked.street)?, named(&asked.case_id)?);
    room.house.admit(&call.who, access::Action::CaseRead, case.0)?;
    let at = asked.at.as_ref().map(|at| from_wire(at).ok_or_else(|| invalid("/at"))).transpose()?;
    unfolded_case(room, &call.who, case, at).await
}

impl From<CaseClockList> for wire::UnfoldCaseClocksResponse {
    fn from(list: CaseClockList) -> Self {
        Self {
            case_id: list.case_id.to_string(),
            case_no: list.case_no,
            at: Some(to_wire(list.at)),
            clocks: list.clocks.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ClockList> for wire::UnfoldClocksResponse {
    fn from(list: ClockList) -> Self {
        Self {
            order_id: list.order_id.to_string(),
            case_no: list.case_no,
            at: Some(to_wire(list.at)),
            clocks: list.clocks.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ClockView> for wire::Clock {
    fn from(view: ClockView) -> Self {
        Self {
            stage: view.stage,
            round: view.round.unwrap_or_default(),
            order_id: view.order_id.map(|id| id.to_string()).unwrap_or_default(),
            verdict: view.verdict.unwrap_or_default(),
            calendar: view.calendar.unwrap_or_default(),
            calendar_version: view.calendar_version.unwrap_or_default(),
            allowed_s: view.allowed_s,
            used_s: view.used_s,
            due_at: view.due_at.map(to_wire),
            awaiting_year: view.awaiting_year.and_then(|year| u32::try_from(year).ok()).unwrap_or_default(),
            on_hold: view.on_hold,
            stretches: view.stretches.into_iter().map(Into::into).collect(),
            zh: view.zh,
            en: view.en,
            stage_zh: view.stage_zh.unwrap_or_default(),
            stage_en: view.stage_en.unwrap_or_default(),
        }
    }
}

impl From<StretchView> for wire::Stretch {
    fn from(view: StretchView) -> Self {
        Self {
            from: Some(to_wire(view.from)),
            to: Some(to_wire(view.to)),
            counted_s: view.counted_s,
            why_zh: view.why_zh.unwrap_or_default(),
            why_en: view.why_en.unwrap_or_default(),
        }
    }
}
