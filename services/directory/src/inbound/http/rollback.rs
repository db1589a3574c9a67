//! `POST /directory/v1/streets/{code}:rollback`: the manifest of an earlier generation, applied anew.

use access::Action;
use axum::Json;
use axum::http::{HeaderName, header};
use bootstrap::Identity;
use bootstrap::door::Problem;
use ids::TenantId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::apply::{AppliedBody, Refused, counted, said};
use super::generations::kept;
use crate::core;
use crate::handle::{Apply, Precondition};
use crate::inbound::Desk;

/// What to do about an old manifest that is refused today.
const NO_LONGER_FITS: &str = "该代清单已不符合当前的区级包与规则；请取出该代清单，按 errors 更正后作为新清单提交 / \
                              The manifest of that generation no longer fits the pack and the rules of today; take it, \
                              correct each entry of errors and apply it as a new one";

/// Where to go back to.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RollbackBody {
    /// A generation of the history.
    #[schema(minimum = 1)]
    pub to_generation: u64,
}

/// Applies the manifest of an earlier generation as the next one: all of it or nothing.
#[utoipa::path(
    post,
    path = "/directory/v1/streets/{code}:rollback",
    params(
        ("code" = String, Path, description = "12 位代码 / 12 digits"),
        ("If-Match" = Option<String>, Header, description = "仅当仍为此代次 / only if still of this generation"),
    ),
    request_body = RollbackBody,
    responses((status = 200, body = AppliedBody), (status = 412, description = "已被更新 / changed since"), Problem),
)]
#[expect(dead_code, reason = "carries the description; `verbs` answers")]
fn rollback() {}

/// The answer to a rollback.
pub(super) fn answer(applied: AppliedBody) -> ([(HeaderName, String); 1], Json<AppliedBody>) {
    ([(header::ETAG, format!("\"{}\"", applied.generation))], Json(applied))
}

/// Rolls a tenant back, for either door.
pub(crate) async fn rolled_back(
    desk: &Desk,
    who: &Identity,
    tenant: TenantId,
    to: u64,
    precondition: Precondition,
    traceparent: String,
) -> Result<AppliedBody, Problem> {
    let admitted = desk.admit(who, Action::DocumentApply, tenant, None)?;
    let (district, actor) = (admitted.district, admitted.subject);
    let bytes = kept(desk, tenant, to).await?;
    let manifest =
        core::read(&bytes).map_err(|found| advised(counted(desk, Some(tenant), Refused::of(found))))?;
    let (bytes, of_generation) = (bytes.into(), Some(to));
    let command = Apply { manifest, bytes, district, precondition, actor, traceparent, of_generation };
    said(desk, command).await.map_err(advised)
}

/// The hint of a fault in a manifest the caller did not hand in.
fn advised(problem: Problem) -> Problem {
    match problem.code() {
        "manifest-invalid" => problem.with_hint(NO_LONGER_FITS),
        _ => problem,
    }
}
