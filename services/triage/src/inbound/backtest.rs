//! What rules that are not applied yet would have done to past cases. Whoever decides what reports are about may ask: a condition
//! can ask for words, so the answer tells something of what cases say.

use std::sync::Arc;

use access::Action;
use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bootstrap::Bearer;
use bootstrap::door::{Fault, Path, Problem, StrictJson};
use contract::document::Document;
use ids::{BodyRef, TenantId};
use jiff::Timestamp;
use routing::CasePlan;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::handle::Room;
use crate::handle::backtest::{self, Backtest, Differing, Page, Untested};

/// A core that is not applied yet, and which cases to try it on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BacktestForm {
    /// `core_document` of the directory's plan of the street or of its district, as it came: the document, in base64.
    core_document: String,
    /// Cases opened at or after this instant.
    #[schema(value_type = String, format = DateTime, example = "2026-10-30T00:00:00Z")]
    since: Timestamp,
    /// `next` of the page before.
    after: Option<Uuid>,
}

/// One page of past cases, at most 500 looked at.
#[derive(Serialize, ToSchema)]
pub(super) struct BacktestDocument {
    /// Cases looked at.
    looked_at: usize,
    /// Of those, the ones whose stored decision this build cannot read: nothing is said about them, and they are in no other count.
    unreadable: usize,
    /// How many of them took, or have taken till now, longer than the limit of stage resolve.
    late_before: usize,
    /// How many would have.
    late_after: usize,
    /// Those that would have gone otherwise, or changed sides of their limit.
    cases: Vec<DifferingDocument>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Uuid>,
}

/// One case that would have gone otherwise.
#[derive(Serialize, ToSchema)]
struct DifferingDocument {
    case_id: Uuid,
    /// The number people see.
    #[schema(example = "990102001-261123-0042")]
    case_no: String,
    /// Code of the item.
    item: String,
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// As it was decided: as its review changed it, where one did.
    before: PlanDocument,
    /// As it would be.
    after: PlanDocument,
    /// Keys of the rules that would hold.
    rules: Vec<String>,
    /// Whether it took longer than the limit of stage resolve; absent where that cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    late_before: Option<bool>,
    /// Whether it would have.
    #[serde(skip_serializing_if = "Option::is_none")]
    late_after: Option<bool>,
    /// By how many minutes it took longer, a begun one counted; 0 in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    late_minutes_before: Option<u64>,
    /// By how many it would have.
    #[serde(skip_serializing_if = "Option::is_none")]
    late_minutes_after: Option<u64>,
}

/// Who does what, under which terms.
#[derive(Serialize, ToSchema)]
struct PlanDocument {
    lead: String,
    assists: Vec<String>,
    informs: Vec<String>,
    /// Key of the SLA policy.
    policy: String,
    /// `P1` to `P4`.
    priority: &'static str,
    /// `community`, `street` or `district`.
    level: &'static str,
}

/// 规则回放 / What a core that is not applied yet would have done to past cases. Changes nothing.
#[utoipa::path(
    post,
    path = "/triage/v1/streets/{street}/rules:backtest",
    tag = "rules",
    params(("street" = String, Path, description = "街道代码 / the street's code, 12 digits")),
    request_body = BacktestForm,
    responses((status = 200, body = BacktestDocument), Problem),
)]
pub(super) async fn backtest(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    StrictJson(form): StrictJson<BacktestForm>,
) -> Result<Json<BacktestDocument>, Problem> {
    let admitted = room.house.admit(&who, Action::ReviewDecide, street)?;
    let document = read(&form.core_document)?;
    let asked = Backtest { street, document, since: form.since, after: form.after.unwrap_or(Uuid::nil()) };
    match backtest::page(&room, admitted.scope(), asked).await {
        Ok(page) => Ok(Json(page.into())),
        Err(Untested::Faulty(what)) => Err(faulty(&what)),
        Err(Untested::Failed(error)) => Err(error.into()),
    }
}

fn read(text: &str) -> Result<Document, Problem> {
    let bytes = STANDARD.decode(text).map_err(|_| faulty("no base64"))?;
    Document::decode(&bytes).map_err(|_| faulty("no tenant document"))
}

fn faulty(what: &str) -> Problem {
    let detail =
        format!("不是该街道或其所属区的核心文件 / not a core of this street or its district: {what}");
    Problem::validation_failed([Fault::new("/core_document", "document-invalid", detail)])
}

impl From<Page> for BacktestDocument {
    fn from(page: Page) -> Self {
        Self {
            looked_at: page.looked_at,
            unreadable: page.unreadable,
            late_before: page.late_before,
            late_after: page.late_after,
            cases: page.differing.into_iter().map(DifferingDocument::from).collect(),
            next: page.next,
        }
    }
}

impl From<Differing> for DifferingDocument {
    fn from(case: Differing) -> Self {
        Self {
            case_id: case.case_id,
            case_no: case.case_no,
            item: case.item,
            opened_at: case.opened_at,
            before: case.before.into(),
            after: case.after.into(),
            rules: case.rules,
            late_before: case.late_before.map(|minutes| minutes > 0),
            late_after: case.late_after.map(|minutes| minutes > 0),
            late_minutes_before: case.late_before,
            late_minutes_after: case.late_after,
        }
    }
}

impl From<CasePlan> for PlanDocument {
    fn from(plan: CasePlan) -> Self {
        let names = |bodies: &[BodyRef]| bodies.iter().map(ToString::to_string).collect();
        Self {
            lead: plan.lead.to_string(),
            assists: names(&plan.assists),
            informs: names(&plan.informs),
            policy: plan.policy,
            priority: plan.priority.as_str(),
            level: plan.level.as_str(),
        }
    }
}
