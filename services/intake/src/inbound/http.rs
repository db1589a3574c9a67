//! `POST /intake/v1/streets/{street}/reports`.

use std::sync::Arc;

use access::Action;
use axum::Json;
use axum::Router;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use bootstrap::door::accept::json_only;
use bootstrap::door::{IdempotencyKeyHeader, Path, Problem, TraceContext};
use bootstrap::{Bearer, Identity};
use ids::{IdempotencyKey, TenantId};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::form::ReportForm;
use super::hashed::HashedJson;
use super::{ASSIGNMENT, DRILL, assigned, no_assignment, source_of};
use crate::handle::{Receipt, Room, SubmitReport};

/// The routes and their description.
pub fn routes(room: Arc<Room>) -> (Router, OpenApi) {
    let (routes, mut openapi) = OpenApiRouter::new()
        .routes(routes!(submit))
        .routes(routes!(drill))
        .with_state(room.clone())
        .split_for_parts();
    let (reveal, described) = super::reveal::routes(room.clone());
    openapi.merge(described);
    openapi.components.get_or_insert_default().schemas.extend(Problem::schemas());
    (json_only(routes.merge(reveal)), openapi)
}

/// A report is on the record.
#[derive(Serialize, ToSchema)]
struct ReceiptDocument {
    /// The report's id.
    report_id: Uuid,
    /// The code to follow it with; shown here only, and again when the same request is repeated.
    #[schema(example = "7ZJ3K-9QH2M-4T8VX-R6WPN")]
    tracking_code: String,
    /// When it was first accepted.
    #[schema(value_type = String, format = DateTime)]
    accepted_at: Timestamp,
}

impl From<Receipt> for ReceiptDocument {
    fn from(receipt: Receipt) -> Self {
        Self {
            report_id: receipt.report_id.as_uuid(),
            tracking_code: receipt.tracking_code.grouped(),
            accepted_at: receipt.accepted_at,
        }
    }
}

/// Reports a matter (上报). The same key and body again give the same answer, for seven days. With `assigned`, a centre gives it
/// from above (上级交办) to bodies it can command: it joins no case, and no rule changes who has to act.
#[utoipa::path(
    post,
    path = "/intake/v1/streets/{street}/reports",
    tag = "reports",
    params(
        ("street" = String, Path, description = "街道代码 / the street's code, 12 digits"),
        ("Idempotency-Key" = Uuid, Header, description = "重试时保持不变 / made by the client, kept when it retries"),
    ),
    request_body = ReportForm,
    responses((status = 201, description = "已受理 / accepted", body = ReceiptDocument), Problem),
)]
async fn submit(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    IdempotencyKeyHeader(key): IdempotencyKeyHeader,
    trace: TraceContext,
    request: Request,
) -> Result<(StatusCode, Json<ReceiptDocument>), Problem> {
    let admitted = room.house.admit(&who, Action::ReportSubmit, street)?;
    let asked = Asked { street, source: source_of(&admitted), who, key, drill: false };
    taken(&room, asked, trace, request).await
}

/// 演练上报 / Reports a matter as a drill (演练): the same path, marked in every event and number, in the lane of what can wait,
/// joined to nothing, told only to endpoints that take drills.
#[utoipa::path(
    post,
    path = "/intake/v1/streets/{street}/reports:drill",
    tag = "reports",
    params(
        ("street" = String, Path, description = "街道代码 / the street's code, 12 digits"),
        ("Idempotency-Key" = Uuid, Header, description = "重试时保持不变 / made by the client, kept when it retries"),
    ),
    request_body = ReportForm,
    responses((status = 201, description = "已受理 / accepted", body = ReceiptDocument), Problem),
)]
async fn drill(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    IdempotencyKeyHeader(key): IdempotencyKeyHeader,
    trace: TraceContext,
    request: Request,
) -> Result<(StatusCode, Json<ReceiptDocument>), Problem> {
    room.house.admit(&who, Action::ReportDrill, street)?;
    let asked = Asked { street, source: DRILL, who, key, drill: true };
    taken(&room, asked, trace, request).await
}

/// Who asks, for where.
struct Asked {
    street: TenantId,
    source: &'static str,
    who: Identity,
    key: IdempotencyKey,
    drill: bool,
}

async fn taken(
    room: &Arc<Room>,
    asked: Asked,
    trace: TraceContext,
    request: Request,
) -> Result<(StatusCode, Json<ReceiptDocument>), Problem> {
    // Read after the access check: a stranger learns nothing from how a body is refused.
    let HashedJson { value, body_sha256 } = HashedJson::<ReportForm>::from_request(request, &()).await?;
    let checked = value.check()?.sent_by(asked.source)?;
    let Asked { street, source, who, key, drill } = asked;
    let assigned = match drill {
        true => no_assignment(checked.assigned.as_ref()).map(|()| None)?,
        false => assigned(room, &who, street, checked.assigned)?,
    };
    let command = SubmitReport {
        street,
        source: if assigned.is_some() { ASSIGNMENT } else { source },
        subject: who.subject,
        key,
        body_sha256,
        item: checked.item,
        text: checked.text,
        place: checked.place,
        contact: checked.contact,
        households: checked.households,
        reading_milli: checked.reading_milli,
        assigned,
        drill,
        traceparent: trace.traceparent,
    };
    let receipt = room.submit(command).await?;
    Ok((StatusCode::CREATED, Json(receipt.into())))
}
