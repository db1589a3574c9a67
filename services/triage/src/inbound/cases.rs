//! What a person does with a case that is there. The acts share a route: custom verbs stand behind the id.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bootstrap::Bearer;
use bootstrap::door::{IdVerb, Path, Problem, StrictJson, TraceContext};
use ids::{CaseId, ReportId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::desk::Acting;
use super::merges::{self, MergedDocument};
use super::reroutes::{self, CasePlaceForm, ReroutedDocument};
use super::splits::{self, SplitDocument};
use crate::handle::Room;

/// What is said with an act; each takes its own fields.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "case_id": "0193577e-8a00-7000-8000-000000000042", "note": "同一处站牌" }))]
pub(super) struct CaseForm {
    /// For `split`: the report that leaves.
    #[schema(value_type = Option<Uuid>)]
    pub report_id: Option<ReportId>,
    /// Code of an item. For `split`: that of the report; without it what its case is about. For `reroute`: what the case is about.
    #[schema(example = "TRA-01")]
    pub item: Option<String>,
    /// For `reroute`: where it is.
    pub place: Option<CasePlaceForm>,
    /// For `merge`: the open case that it is the same matter as, and that stays.
    #[schema(value_type = Option<Uuid>)]
    pub case_id: Option<CaseId>,
    /// Free text, at most 4,000 characters. Bodies whose orders end because of a `merge` or a `reroute` read it.
    pub note: Option<String>,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum CaseActDocument {
    /// Of `split`.
    Split(SplitDocument),
    /// Of `merge`.
    Merged(MergedDocument),
    /// Of `reroute`.
    Rerouted(ReroutedDocument),
}

/// 拆分上报、并案、重新派单 / Takes a report out of the case it joined into a case of its own, with a plan of its own (`split`); the report that
/// opened the case cannot leave it. Puts a case that bodies have, with all its reports, into another open one that is the same
/// matter (`merge`): the orders of its bodies end. Or says that the case is about another item, or lies elsewhere (`reroute`): its
/// plan is drawn anew, orders that it has no place for end, and new ones follow; one whose plan waits gets another plan, which goes
/// on waiting. The same act again gives the same answer.
#[utoipa::path(
    post,
    path = "/triage/v1/streets/{street}/cases/{target}",
    tag = "cases",
    params(
        ("street" = String, Path, description = "街道代码 / the street's code, 12 digits"),
        ("target" = String, Path, description = "案件编号加 :split、:merge 或 :reroute / the case's id and one of `:split`, `:merge`, `:reroute`"),
    ),
    request_body = CaseForm,
    responses((status = 200, body = CaseActDocument), Problem),
)]
pub(super) async fn act(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path((street, target)): Path<(TenantId, IdVerb<CaseId>)>,
    trace: TraceContext,
    StrictJson(form): StrictJson<CaseForm>,
) -> Result<Json<CaseActDocument>, Problem> {
    let acting = Acting::admitted(&room, &who, street, &trace)?;
    let done = match target.verb.as_str() {
        "split" => CaseActDocument::Split(splits::split(&acting, target.id, form).await?),
        "merge" => CaseActDocument::Merged(merges::merge(&acting, target.id, form).await?),
        "reroute" => CaseActDocument::Rerouted(reroutes::reroute(&acting, target.id, form).await?),
        _ => return Err(Problem::not_found()),
    };
    Ok(Json(done))
}
