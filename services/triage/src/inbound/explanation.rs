//! Why: the stored explanations of a case, in Chinese and English (D37).

use std::sync::Arc;

use access::Action;
use axum::Json;
use axum::extract::State;
use bootstrap::door::{Path, Problem};
use bootstrap::{Bearer, Identity};
use ids::{CaseId, TenantId};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::handle::Room;
use crate::store;
use crate::store::explanations::{CaseExplanation, Join};
use crate::store::reroutes::Earlier;

/// Most joins of one answer: the first ones.
const JOINS_MAX: i64 = 200;
/// Most re-routes of one answer: the last ones.
const EARLIER_MAX: i64 = 20;

/// Why a case is what it is.
#[derive(Serialize, ToSchema)]
pub(super) struct ExplanationDocument {
    case_id: Uuid,
    /// The number people see.
    case_no: String,
    /// How its item was found.
    #[schema(value_type = Object)]
    item: Value,
    /// Who has to do what: inputs, plan, steps.
    #[schema(value_type = Object)]
    plan: Value,
    /// What its review made of the plan; nothing of one nobody had to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    plan_review: Option<Value>,
    /// Why the further voices are in it, and, of the first, beside which open case it was opened (method `beside`); at most 200.
    joins: Vec<JoinDocument>,
    /// What was decided before it was re-routed, the latest first; at most 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<EarlierDocument>,
}

/// What was decided before the case was re-routed (重新派单).
#[derive(Serialize, ToSchema)]
struct EarlierDocument {
    /// Until when it counted.
    #[schema(value_type = String, format = DateTime)]
    rerouted_at: Timestamp,
    /// What the person wrote who re-routed it.
    note: String,
    /// How its item had been found.
    #[schema(value_type = Object)]
    item: Value,
    /// Who had had to do what.
    #[schema(value_type = Object)]
    plan: Value,
    /// What a review had made of that plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    plan_review: Option<Value>,
}

/// Why one voice is in it.
#[derive(Serialize, ToSchema)]
struct JoinDocument {
    report_id: Uuid,
    voice: i32,
    #[schema(value_type = String, format = DateTime)]
    joined_at: Timestamp,
    #[schema(value_type = Object)]
    explanation: Value,
}

/// 判定说明 / Why a case is about what it is about, what was joined, and who has to do what.
#[utoipa::path(
    get,
    path = "/triage/v1/streets/{street}/cases/{case_id}/explanation",
    tag = "cases",
    params(
        ("street" = String, Path, description = "街道代码 / the street's code, 12 digits"),
        ("case_id" = Uuid, Path, description = "案件 / the case's id"),
    ),
    responses((status = 200, body = ExplanationDocument), Problem),
)]
pub(super) async fn explain(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path((street, case_id)): Path<(TenantId, CaseId)>,
) -> Result<Json<ExplanationDocument>, Problem> {
    let Stored { case, joins, earlier } = stored_of(&room, &who, street, case_id).await?;
    let joins: Result<_, Problem> = joins.into_iter().map(document).collect();
    let earlier: Result<_, Problem> = earlier.into_iter().map(before).collect();
    let review = case.plan_review.as_deref();
    let review = review.map(|review| stored("triage.cases.plan_review", review)).transpose()?;
    Ok(Json(ExplanationDocument {
        case_id: case_id.as_uuid(),
        case_no: case.case_no,
        item: stored("triage.cases.item_explanation", &case.item_explanation)?,
        plan: stored("triage.cases.plan_explanation", &case.plan_explanation)?,
        plan_review: review,
        joins: joins?,
        earlier: earlier?,
    }))
}

/// What was stored with the decisions about a case.
pub(super) struct Stored {
    pub case: CaseExplanation,
    pub joins: Vec<Join>,
    pub earlier: Vec<Earlier>,
}

/// The same, for either door.
pub(super) async fn stored_of(
    room: &Room,
    who: &Identity,
    street: TenantId,
    case_id: CaseId,
) -> Result<Stored, Problem> {
    let admitted = room.house.admit(who, Action::CaseRead, street)?;
    let bodies = admitted.bodies.bodies();
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let case = store::explanations::of_case(&mut tx, street, case_id, bodies.as_deref()).await?;
    let case = case.ok_or_else(Problem::not_found)?;
    let joins = store::explanations::joins(&mut tx, street, case_id, JOINS_MAX).await?;
    let earlier = store::reroutes::of_case(&mut tx, street, case_id, EARLIER_MAX).await?;
    tx.commit().await?;
    Ok(Stored { case, joins, earlier })
}

fn before(earlier: Earlier) -> Result<EarlierDocument, Problem> {
    let review = earlier.plan_review.as_deref();
    Ok(EarlierDocument {
        rerouted_at: earlier.rerouted_at.to_jiff(),
        note: earlier.note,
        item: stored("triage.reroutes.item_explanation_before", &earlier.item_explanation)?,
        plan: stored("triage.reroutes.plan_explanation_before", &earlier.plan_explanation)?,
        plan_review: review.map(|review| stored("triage.reroutes.plan_review_before", review)).transpose()?,
    })
}

fn document(join: Join) -> Result<JoinDocument, Problem> {
    Ok(JoinDocument {
        report_id: join.report_id,
        voice: join.voice,
        joined_at: join.joined_at.to_jiff(),
        explanation: stored("triage.voices.join_explanation", &join.join_explanation)?,
    })
}

fn stored(column: &'static str, bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes).map_err(|_| pg::Error::impossible_row(column).into())
}
