//! `POST /directory/v1/streets/{code}:offboard` and `…:settle-removal`: the end of a street.

use access::Action;
use axum::Json;
use axum::http::{HeaderName, header};
use bootstrap::Identity;
use bootstrap::door::problem::Kind as ProblemKind;
use bootstrap::door::{Fault, FreeText, Problem};
use ids::{IdempotencyKey, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::removals::RemovalEntry;
use crate::handle::Precondition;
use crate::handle::offboard::{self, Offboard, OffboardError, Offboarded, Refusal};
use crate::inbound::Desk;

static NOT_A_STREET: ProblemKind = ProblemKind {
    status: 422,
    code: "not-a-street",
    title: "只能注销街道，不能注销区 / Only a street can be removed, not a district",
    hint: "请逐个注销其街道 / Remove its streets one by one",
};

static REMOVAL_UNDER_WAY: ProblemKind = ProblemKind {
    status: 409,
    code: "removal-under-way",
    title: "该街道正在注销 / The street is being removed",
    hint: "请用 streetwise street offboard 完成注销后再试 / Finish the removal with streetwise street offboard, then try again",
};

pub(crate) fn under_way() -> Problem {
    Problem::of(&REMOVAL_UNDER_WAY)
}

/// Which street, said twice, and why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OffboardBody {
    /// The street's code once more.
    pub confirm: String,
    /// In a person's words, for the deletion log; no personal data.
    pub reason: String,
}

/// A street that is no more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OffboardedBody {
    /// The street's code.
    pub tenant: String,
    /// Of the tombstone.
    pub generation: u64,
    /// When it was removed.
    #[schema(value_type = String, format = DateTime)]
    pub at: jiff::Timestamp,
    /// False when it had been removed before, by another request.
    pub changed: bool,
}

impl From<Offboarded> for OffboardedBody {
    fn from(offboarded: Offboarded) -> Self {
        let Offboarded { street, generation, at, changed } = offboarded;
        Self { tenant: street.to_string(), generation, at, changed }
    }
}

/// What every service says it removed; kept with the deletion log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportBody {
    /// Each service.
    #[schema(max_items = 16)]
    pub services: Vec<ServiceReport>,
    /// Messages purged from the broker's streams.
    pub messages_purged: u64,
}

/// What one service says it removed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceReport {
    /// One of the services.
    pub service: String,
    /// Rows.
    pub rows_removed: u64,
    /// Deliveries of its messages that were dropped.
    pub messages_dropped: u64,
    /// When its data key was destroyed.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_destroyed_at: Option<jiff::Timestamp>,
}

const SERVICES: [&str; 6] = ["intake", "triage", "dispatch", "notification", "directory", "console"];

/// Removes a street with all it has (注销): every service forgets it and removes its rows, data keys first. It cannot be
/// taken back. Whether cases are open is for the caller to know: the directory asks nobody.
#[utoipa::path(
    post,
    path = "/directory/v1/streets/{code}:offboard",
    params(
        ("code" = String, Path, description = "12 位代码 / 12 digits"),
        ("Idempotency-Key" = String, Header, description = "UUID，重试时不变 / a UUID, the same when retrying"),
        ("If-Match" = Option<String>, Header, description = "仅当仍为此代次 / only if still of this generation"),
    ),
    request_body = OffboardBody,
    responses((status = 200, body = OffboardedBody), (status = 412, description = "已被更新 / changed since"), Problem),
)]
#[expect(dead_code, reason = "carries the description; `verbs` answers")]
fn offboard() {}

/// Settles a removal: what every service said goes into the deletion log, and the code may be onboarded again.
#[utoipa::path(
    post,
    path = "/directory/v1/streets/{code}:settle-removal",
    params(("code" = String, Path, description = "12 位代码 / 12 digits")),
    request_body = ReportBody,
    responses((status = 200, body = RemovalEntry), (status = 409, description = "尚未完成 / not done yet"), Problem),
)]
#[expect(dead_code, reason = "carries the description; `verbs` answers")]
fn settle_removal() {}

/// Removes a street, for either door.
pub(crate) async fn offboarded(
    desk: &Desk,
    who: &Identity,
    street: TenantId,
    body: OffboardBody,
    key: IdempotencyKey,
    precondition: Precondition,
    traceparent: String,
) -> Result<OffboardedBody, Problem> {
    let admitted = desk.admit(who, Action::TenantOffboard, street, None)?;
    if body.confirm != street.to_string() {
        let detail = "须与路径中的代码一致 / must be the code of the path";
        return Err(Problem::validation_failed([Fault::new("/confirm", "confirmation-differs", detail)]));
    }
    let reason = FreeText::parse("/reason", body.reason)?.into_string();
    let (district, actor) = (admitted.district, admitted.subject);
    let command = Offboard { street, district, precondition, key, actor, reason, traceparent };
    let offboarded = offboard::offboard(&desk.house, command).await.map_err(refused)?;
    tracing::warn!(tenant = %street, generation = offboarded.generation, changed = offboarded.changed, "street removed");
    Ok(offboarded.into())
}

pub(super) async fn settled(
    desk: &Desk,
    who: &Identity,
    street: TenantId,
    body: ReportBody,
) -> Result<RemovalEntry, Problem> {
    let admitted = desk.admit(who, Action::TenantOffboard, street, None)?;
    let told: Vec<&str> = body.services.iter().map(|report| report.service.as_str()).collect();
    if told.len() != SERVICES.len() || !SERVICES.iter().all(|service| told.contains(service)) {
        let detail = "须包含每个服务各一次 / must name each service once";
        return Err(Problem::validation_failed([Fault::new("/services", "services-incomplete", detail)]));
    }
    let report = serde_json::to_value(body).map_err(|_| Problem::internal())?;
    let settled = offboard::settle(&desk.house, street, admitted.district, &admitted.subject, &report).await;
    RemovalEntry::of(settled.map_err(refused)?)
}

fn refused(error: OffboardError) -> Problem {
    match error {
        OffboardError::Refused(Refusal::Unknown) => Problem::not_found(),
        OffboardError::Refused(Refusal::Stale) => Problem::precondition_failed(),
        OffboardError::Refused(Refusal::NotAStreet) => Problem::of(&NOT_A_STREET),
        OffboardError::Refused(Refusal::UnderWay) => under_way(),
        OffboardError::Failed(error) => error.into(),
    }
}

/// The answer to an offboarding.
pub(super) fn answer(body: OffboardedBody) -> ([(HeaderName, String); 1], Json<OffboardedBody>) {
    ([(header::ETAG, format!("\"{}\"", body.generation))], Json(body))
}
