//! `POST /intake/v1/streets/{street}/reports/{id}:reveal`.

use std::sync::Arc;

use access::Action;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::routing::post;
use axum::{Json, Router};
use bootstrap::Bearer;
use bootstrap::door::problem::Kind as ProblemKind;
use bootstrap::door::{IdVerb, Path, Problem, StrictJson, TraceContext};
use ids::{ReportId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use crate::handle::Room;
use crate::handle::reveal::{self, Purpose, Reveal, Unrevealed};

static NO_CONTACT: ProblemKind = ProblemKind {
    status: 409,
    code: "no-contact",
    title: "该上报没有可查看的联系方式 / The report has no contact that can be read",
    hint: "上报人未留联系方式，或密钥已销毁；可凭查询码等待上报人跟进 / None was given, or its key was destroyed; the reporter can follow \
           up with the tracking code",
};

/// What the contact is read for; it is recorded with the reader's name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RevealForm {
    purpose: Purpose,
}

/// A reporter's contact. Keep it nowhere.
#[derive(Serialize, ToSchema)]
pub(super) struct ContactDocument {
    /// As the reporter gave it.
    #[schema(example = "13800000000")]
    contact: String,
}

#[derive(OpenApi)]
#[openapi(paths(reveal))]
struct Description;

/// The route, which is the address of a report as custom verbs are (D18), and its description.
pub(super) fn routes(room: Arc<Room>) -> (Router, utoipa::openapi::OpenApi) {
    let routes = Router::new().route("/intake/v1/streets/{street}/reports/{target}", post(reveal));
    (routes.with_state(room), Description::openapi())
}

/// 查看联系方式 / Reads the contact a reporter gave. Who, when and what for is on the record first (D20). The report's id stands in the
/// case's voices.
#[utoipa::path(
    post,
    path = "/intake/v1/streets/{street}/reports/{id}:reveal",
    tag = "reports",
    params(
        ("street" = String, Path, description = "街道代码 / the street's code, 12 digits"),
        ("id" = Uuid, Path, description = "上报的 id / the report's id"),
    ),
    request_body = RevealForm,
    responses((status = 200, description = "联系方式 / the contact", body = ContactDocument), Problem),
)]
pub(super) async fn reveal(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path((street, target)): Path<(TenantId, IdVerb<ReportId>)>,
    trace: TraceContext,
    StrictJson(form): StrictJson<RevealForm>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<ContactDocument>), Problem> {
    if target.verb != "reveal" {
        return Err(Problem::not_found());
    }
    room.house.admit(&who, Action::ContactReveal, street)?;
    let (report_id, purpose, subject) = (target.id, form.purpose, who.subject);
    let command = Reveal { street, report_id, subject, purpose, traceparent: trace.traceparent };
    let contact = reveal::reveal(&room, &command).await?;
    let document = ContactDocument { contact: contact.expose().clone() };
    Ok(([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(document)))
}

impl From<Unrevealed> for Problem {
    fn from(unrevealed: Unrevealed) -> Self {
        match unrevealed {
            Unrevealed::UnknownReport => Problem::not_found(),
            Unrevealed::NoContact | Unrevealed::Erased => Problem::of(&NO_CONTACT),
            Unrevealed::Database(error) => error.into(),
            Unrevealed::Key(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a contact could not be opened");
                Problem::internal()
            }
        }
    }
}
