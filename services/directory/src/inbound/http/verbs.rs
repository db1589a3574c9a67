//! `POST /directory/v1/streets/{code}:{verb}`. The router knows no patterns inside a segment, so one route takes all verbs
//! (D18).

use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use bootstrap::Bearer;
use bootstrap::door::{IdVerb, Path, Problem, StrictJson, TraceContext};
use ids::TenantId;

use super::{offboard, rollback};
use crate::inbound::Desk;

pub(super) async fn verb(
    State(desk): State<Desk>,
    Bearer(who): Bearer,
    Path(IdVerb { id: tenant, verb }): Path<IdVerb<TenantId>>,
    trace: TraceContext,
    request: Request,
) -> Result<Response, Problem> {
    let (headers, traceparent) = (request.headers().clone(), trace.traceparent);
    match verb.as_str() {
        "rollback" => {
            let StrictJson(body) = StrictJson::from_request(request, &()).await?;
            let done = rollback::rollback(&desk, &who, tenant, &headers, traceparent, body).await?;
            Ok(done.into_response())
        }
        "offboard" => {
            let StrictJson(body) = StrictJson::from_request(request, &()).await?;
            let done = offboard::offboard(&desk, &who, tenant, &headers, traceparent, body).await?;
            Ok(done.into_response())
        }
        _ => Err(Problem::not_found()),
    }
}
