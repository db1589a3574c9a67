//! `streetwise.triage.v1.RouteService`: why a case went where it went, for machines. The review desk stands in [`desk`].

pub(crate) mod desk;

use std::sync::Arc;

use bootstrap::door::Problem;
use bootstrap::rpc::{Call, MESSAGE_BYTES_MAX, named};
use contract::proto::to_wire;
use contract::proto::triage as wire;
use contract::proto::triage::route_service_server::{RouteService, RouteServiceServer};
use ids::{CaseId, TenantId};
use tonic::{Request, Response, Status};

use super::explanation::{Stored, stored_of};
use crate::handle::Room;
use crate::store::explanations::Join;
use crate::store::reroutes::Earlier;

/// The server, for [`bootstrap::Plan::rpc`].
pub(crate) fn server(room: Arc<Room>) -> RouteServiceServer<Routes> {
    RouteServiceServer::new(Routes(room)).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

/// The door.
#[derive(Clone)]
pub(crate) struct Routes(Arc<Room>);

#[tonic::async_trait]
impl RouteService for Routes {
    async fn explain_route(
        &self,
        request: Request<wire::ExplainRouteRequest>,
    ) -> Result<Response<wire::ExplainRouteResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(explain(&self.0, &call, &request.into_inner()).await?))
    }
}

async fn explain(
    room: &Room,
    call: &Call,
    asked: &wire::ExplainRouteRequest,
) -> Result<wire::ExplainRouteResponse, Problem> {
    let (street, case_id): (TenantId, CaseId) = (named(&asked.street)?, named(&asked.case_id)?);
    let Stored { case, joins, earlier } = stored_of(room, &call.who, street, case_id).await?;
    Ok(wire::ExplainRouteResponse {
        case_id: case_id.to_string(),
        case_no: case.case_no,
        item: case.item_explanation.into(),
        plan: case.plan_explanation.into(),
        joins: joins.into_iter().map(joined).collect(),
        earlier: earlier.into_iter().map(before).collect(),
    })
}

fn before(earlier: Earlier) -> wire::EarlierRoute {
    wire::EarlierRoute {
        rerouted_at: Some(to_wire(earlier.rerouted_at.to_jiff())),
        note: earlier.note,
        item: earlier.item_explanation.into(),
        plan: earlier.plan_explanation.into(),
    }
}

fn joined(join: Join) -> wire::JoinedVoice {
    wire::JoinedVoice {
        report_id: join.report_id.to_string(),
        voice: join.voice.unsigned_abs(),
        joined_at: Some(to_wire(join.joined_at.to_jiff())),
        explanation: join.join_explanation.into(),
    }
}
