//! `POST /directory/v1/streets/{code}:…`: one route, because the router knows no patterns inside a segment (D18).

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use bootstrap::Bearer;
use bootstrap::door::{IdVerb, IdempotencyKeyHeader, Path, Problem, StrictJson, TraceContext};
use ids::TenantId;

use super::apply::precondition;
use super::offboard::{self, OffboardBody, ReportBody};
use super::publish::{self, PublishBody};
use super::rollback::{self, RollbackBody};
use crate::inbound::Desk;

pub(super) async fn act(
    State(desk): State<Desk>,
    Bearer(who): Bearer,
    Path(IdVerb { id: tenant, verb }): Path<IdVerb<TenantId>>,
    trace: TraceContext,
    request: Request,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let precondition = precondition(&parts.headers);
    match verb.as_str() {
        "rollback" => {
            let StrictJson(RollbackBody { to_generation }) = json(Request::from_parts(parts, body)).await?;
            let applied =
                rollback::rolled_back(&desk, &who, tenant, to_generation, precondition, trace.traceparent);
            Ok(rollback::answer(applied.await?).into_response())
        }
        "offboard" => {
            let IdempotencyKeyHeader(key) = IdempotencyKeyHeader::from_request_parts(&mut parts, &()).await?;
            let StrictJson(body) = json::<OffboardBody>(Request::from_parts(parts, body)).await?;
            let removed =
                offboard::offboarded(&desk, &who, tenant, body, key, precondition, trace.traceparent);
            Ok(offboard::answer(removed.await?).into_response())
        }
        "settle-removal" => {
            let StrictJson(body) = json::<ReportBody>(Request::from_parts(parts, body)).await?;
            Ok(Json(offboard::settled(&desk, &who, tenant, body).await?).into_response())
        }
        "publish-classifier" => {
            let IdempotencyKeyHeader(key) = IdempotencyKeyHeader::from_request_parts(&mut parts, &()).await?;
            let StrictJson(body) = json::<PublishBody>(Request::from_parts(parts, body)).await?;
            let (body, traceparent) = (Some(body), trace.traceparent);
            let published = publish::said(&desk, &who, tenant, body, key, precondition, traceparent);
            Ok(publish::answer(published.await?).into_response())
        }
        "withdraw-classifier" => {
            let IdempotencyKeyHeader(key) = IdempotencyKeyHeader::from_request_parts(&mut parts, &()).await?;
            let withdrawn = publish::said(&desk, &who, tenant, None, key, precondition, trace.traceparent);
            Ok(publish::answer(withdrawn.await?).into_response())
        }
        _ => Err(Problem::not_found()),
    }
}

async fn json<T>(request: Request) -> Result<StrictJson<T>, Problem>
where
    StrictJson<T>: FromRequest<(), Rejection = Problem>,
{
    StrictJson::from_request(request, &()).await
}
