//! `POST /intake/v1/streets/{street}/reports`.

use std::sync::Arc;

use access::{Action, Scope, rights};
use axum::Json;
use axum::Router;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use bootstrap::door::accept::json_only;
use bootstrap::door::{IdempotencyKeyHeader, Path, Problem, TraceContext};
use bootstrap::{Admitted, Bearer};
use ids::TenantId;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::form::ReportForm;
use super::hashed::HashedJson;
use crate::handle::writer::Unkept;
use crate::handle::{Receipt, Refusal, Room, SubmitReport};

/// The routes and their description.
pub fn routes(room: Arc<Room>) -> (Router, OpenApi) {
    let (routes, mut openapi) =
        OpenApiRouter::new().routes(routes!(submit)).with_state(room).split_for_parts();
    openapi.info.title = "intake".to_owned();
    openapi.components.get_or_insert_default().schemas.extend(Problem::schemas());
    (json_only(routes), openapi)
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

/// Reports a matter (上报). The same key and body again give the same answer, for seven days.
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
    // Read after the access check: a stranger learns nothing from how a body is refused.
    let HashedJson { value, body_sha256 } = HashedJson::<ReportForm>::from_request(request, &()).await?;
    let checked = value.check()?;
    let command = SubmitReport {
        street,
        source: source_of(&admitted),
        subject: who.subject,
        key,
        body_sha256,
        item: checked.item,
        text: checked.text,
        place: checked.place,
        contact: checked.contact,
        traceparent: trace.traceparent,
    };
    let receipt = room.submit(command).await?;
    Ok((StatusCode::CREATED, Json(receipt.into())))
}

/// The role in which the caller reports here: the first that allows it.
fn source_of(admitted: &Admitted) -> &'static str {
    let here = |scope: &Scope| match scope {
        Scope::Street(street) => *street == admitted.tenant,
        Scope::District(district) => *district == admitted.district,
        Scope::Body { .. } | Scope::Installation => false,
    };
    let mut grants = admitted.principal.grants().iter();
    let grant =
        grants.find(|grant| here(grant.scope()) && rights(grant.role()).contains(&Action::ReportSubmit));
    grant.map_or("unknown", |grant| grant.role().as_str())
}

/// Seconds after which a refused reporter may try again.
const RETRY_AFTER_S: u32 = 10;
/// The same while the database is away, which is usually short.
const DATABASE_RETRY_AFTER_S: u32 = 2;

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::KeyReused => Problem::idempotency_key_reused(),
            Refusal::UnknownStreet => Problem::not_found(),
            Refusal::Overloaded => Problem::unavailable(RETRY_AFTER_S),
            Refusal::QuotaExceeded { retry_after_s } => Problem::quota_exceeded(retry_after_s),
            Refusal::ContactUnsealed => Problem::internal(),
            Refusal::KeyUnavailable => Problem::unavailable(DATABASE_RETRY_AFTER_S),
        }
    }
}

impl From<Unkept> for Problem {
    fn from(unkept: Unkept) -> Self {
        match unkept {
            Unkept::Refused(refusal) => refusal.into(),
            Unkept::Unavailable => Problem::unavailable(DATABASE_RETRY_AFTER_S),
            Unkept::Failed => Problem::internal(),
        }
    }
}
