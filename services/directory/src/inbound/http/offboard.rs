//! `POST /directory/v1/streets/{code}:offboard`: a street leaves, whole. And who left: a district's deletion log.

use access::Action;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use bootstrap::door::{Fault, FreeText, Path, Problem};
use bootstrap::{Bearer, Identity};
use ids::TenantId;
use jiff::Timestamp;
use pg::TenantScope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::apply::{Refused, precondition};
use crate::handle::offboard::{self, Offboard};
use crate::handle::{ApplyError, Precondition};
use crate::inbound::Desk;
use crate::store;
use crate::store::offboardings::Offboarding;

/// Entries of a deletion log that are shown; a district has fewer than a thousand streets.
const LISTED_MAX: i64 = 2_000;

/// What must be said to remove a street.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OffboardBody {
    /// The street's code once more: a slip of the path removes nothing.
    #[schema(example = "990102999000")]
    pub confirm: String,
    /// Why, for the deletion log; no personal data.
    #[schema(example = "撤并入邻近街道")]
    pub reason: String,
}

/// A street that was removed. Each service says by itself how far it is: `/{service}/v1/removals/{code}`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OffboardedBody {
    /// The street's code.
    pub street: String,
    /// The generation that removes it; it comes back above that.
    pub generation: u64,
    /// Who had it removed.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When it was said.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl From<Offboarding> for OffboardedBody {
    fn from(of: Offboarding) -> Self {
        let Offboarding { street, generation, actor, reason, at } = of;
        Self { street: street.to_string(), generation, actor, reason, at }
    }
}

/// A district's deletion log, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OffboardedList {
    offboarded: Vec<OffboardedBody>,
}

/// 注销街道 / Removes a street whole: every service deletes all it has of it, its data key first. Cannot be undone. Asked again, it
/// answers what is on the log.
#[utoipa::path(
    post,
    path = "/directory/v1/streets/{code}:offboard",
    params(
        ("code" = String, Path, description = "街道代码 / the street's code, 12 digits"),
        ("If-Match" = Option<String>, Header, description = "仅当仍为此代次 / only if still of this generation"),
    ),
    request_body = OffboardBody,
    responses((status = 200, body = OffboardedBody), (status = 412, description = "已被更新 / changed since"), Problem),
)]
pub(crate) async fn offboard(
    desk: &Desk,
    who: &Identity,
    street: TenantId,
    headers: &HeaderMap,
    traceparent: String,
    body: OffboardBody,
) -> Result<Json<OffboardedBody>, Problem> {
    offboarded(desk, who, street, precondition(headers), traceparent, body).await.map(Json)
}

/// Removes a street, for either door.
pub(crate) async fn offboarded(
    desk: &Desk,
    who: &Identity,
    street: TenantId,
    precondition: Precondition,
    traceparent: String,
    body: OffboardBody,
) -> Result<OffboardedBody, Problem> {
    // A street that is gone is its district's by its code.
    let by_code = TenantId::from_i64(street.as_i64() / 1_000_000 * 1_000_000).ok();
    let admitted = desk.admit(who, Action::TenantOffboard, street, by_code)?;
    if body.confirm != street.to_string() {
        let detail = "confirm 须与路径中的街道代码相同 / confirm must be the code in the path";
        return Err(Problem::validation_failed([Fault::new("/confirm", "not-confirmed", detail)]));
    }
    let reason = FreeText::parse("/reason", body.reason)?;
    if reason.as_str().trim().is_empty() {
        let detail = "请写明原因 / say why";
        return Err(Problem::validation_failed([Fault::new("/reason", "empty-text", detail)]));
    }
    let command = Offboard {
        street,
        district: admitted.district,
        precondition,
        reason: reason.as_str().to_owned(),
        actor: admitted.subject,
        traceparent,
    };
    match offboard::offboard(&desk.house, command).await {
        Ok(entered) => Ok(entered.into()),
        Err(ApplyError::Refused(refusal)) => Err(Refused::by(refusal, &[]).problem),
        Err(ApplyError::Failed(error)) => Err(error.into()),
    }
}

/// 注销记录 / The streets of a district that were removed.
#[utoipa::path(
    get,
    path = "/directory/v1/streets/{code}/offboardings",
    params(("code" = String, Path, description = "区代码 / the district's code, 12 digits")),
    responses((status = 200, body = OffboardedList), Problem),
)]
pub(crate) async fn list(
    State(desk): State<Desk>,
    Bearer(who): Bearer,
    Path(district): Path<TenantId>,
) -> Result<Json<OffboardedList>, Problem> {
    desk.admit(&who, Action::DocumentRead, district, None)?;
    let mut tx = desk.house.pool.begin(TenantScope::of_principal([district])).await?;
    let entries = store::offboardings::list(&mut tx, district, LISTED_MAX).await?;
    tx.commit().await?;
    Ok(Json(OffboardedList { offboarded: entries.into_iter().map(OffboardedBody::from).collect() }))
}
