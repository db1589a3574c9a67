//! Plans that wait for a person (派单方案审核), and what the person does about them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use bootstrap::door::{Fault, IdVerb, IfMatch, Path, Problem, Query, StrictJson, TraceContext};
use bootstrap::{Bearer, Identity};
use ids::{BodyRef, CaseId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::desk::{Acting, ListQuery, Passing, limit, note, unwanted, wanted};
use crate::core::amend::{Change, Duties};
use crate::core::desk::{Claim, Desk, Ground};
use crate::handle::Room;
use crate::handle::plans::{self, PlanAct, PlanState, ReviewPlan};
use crate::store;
use crate::store::cases::OpenCase;
use crate::store::plans::PlanReview;
use crate::store::queue::Position;

/// Assistants that a plan has at most.
const ASSISTS_MAX: usize = 20;

/// Plans that wait: urgent ones first, of a lane the longest waiting first.
#[derive(Serialize, ToSchema)]
pub(super) struct PlanReviewList {
    pub plan_reviews: Vec<PlanReviewDocument>,
    /// For `after`, to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Uuid>,
}

/// One plan that waits.
#[derive(Serialize, ToSchema)]
pub(super) struct PlanReviewDocument {
    pub case_id: Uuid,
    /// The number people see.
    #[schema(example = "990102001-261123-0042")]
    pub case_no: String,
    pub item: String,
    /// The words of the first report, byte for byte.
    pub text: String,
    pub address: String,
    /// Reports in it so far.
    pub voices: u32,
    /// urgent, normal or bulk.
    pub lane: &'static str,
    /// `street-review` or `district-review`.
    pub mode: String,
    /// Whose desk it lies on.
    pub desk: Desk,
    /// What the person wrote who sent it there.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// 主办，未改动则如此派出 / Who leads, unless it is changed.
    pub lead: String,
    /// 协办
    pub assists: Vec<String>,
    pub level: String,
    pub priority: String,
    /// Key of its policy.
    pub policy: String,
    /// Why it was drawn so.
    #[schema(value_type = Object)]
    pub plan_explanation: Value,
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: Timestamp,
    /// If nobody has decided by then, it goes out as it is.
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    /// For `If-Match`: which of the plans drawn for its case it is, from 1.
    pub version: u64,
    /// Who has it in hand; nobody else decides it until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub claimed_until: Option<Timestamp>,
}

/// 待审核方案 / Plans that wait for a person.
#[utoipa::path(
    get,
    path = "/triage/v1/streets/{street}/plan-reviews",
    tag = "reviews",
    params(("street" = String, Path, description = "街道代码 / the street's code, 12 digits"), ListQuery),
    responses((status = 200, body = PlanReviewList), Problem),
)]
pub(super) async fn list(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<PlanReviewList>, Problem> {
    page(&room, &who, street, &query).await.map(Json)
}

/// A page of the queue, for either door.
pub(super) async fn page(
    room: &Room,
    who: &Identity,
    street: TenantId,
    query: &ListQuery,
) -> Result<PlanReviewList, Problem> {
    let admitted = room.house.admit(who, access::Action::ReviewDecide, street)?;
    let limit = limit(query.limit)?;
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let after = match query.after {
        None => Position::start(),
        Some(shown) => {
            store::plans::position(&mut tx, street, shown).await?.ok_or_else(Problem::bad_cursor)?
        }
    };
    let open = store::plans::open(&mut tx, street, after, query.desk, i64::from(limit)).await?;
    let wanted = open.iter().map(|entry| (street, entry.case_id)).collect();
    let cases = store::cases::load(&mut tx, &wanted).await?;
    tx.commit().await?;
    let last = open.last().map(|entry| entry.case_id.as_uuid());
    let next = last.filter(|_| open.len() == limit as usize);
    let of = |entry: PlanReview| {
        let case = cases.iter().find(|case| case.case_id == entry.case_id)?;
        Some(document(case, entry, now))
    };
    let plan_reviews: Result<_, Problem> = open.into_iter().filter_map(of).collect();
    Ok(PlanReviewList { plan_reviews: plan_reviews?, next })
}

fn document(case: &OpenCase, entry: PlanReview, now: Timestamp) -> Result<PlanReviewDocument, Problem> {
    let broken = |_| Problem::from(pg::Error::impossible_row("triage.plan_reviews.plan"));
    let claim = Claim::holding(entry.claim, now);
    let Duties { lead, assists } = Duties::of(&entry.plan);
    Ok(PlanReviewDocument {
        case_id: case.case_id.as_uuid(),
        case_no: case.case_no.clone(),
        item: case.item.clone(),
        text: case.text.clone(),
        address: case.place.address.clone(),
        voices: case.voices_in(),
        lane: entry.lane.as_str(),
        mode: entry.mode,
        desk: entry.desk,
        note: entry.note,
        lead,
        assists,
        level: entry.plan.level,
        priority: entry.plan.priority,
        policy: entry.plan.policy.map(|policy| policy.key).unwrap_or_default(),
        plan_explanation: serde_json::from_str(&entry.plan.explanation_json).map_err(broken)?,
        requested_at: entry.requested_at,
        due_at: entry.due_at,
        version: entry.version,
        claimed_until: claim.as_ref().map(|claim| claim.until),
        claimed_by: claim.map(|claim| claim.by),
    })
}

/// What is said with an act.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanForm {
    /// For `approve`: another body leads.
    #[schema(example = "transport")]
    pub lead: Option<String>,
    /// For `approve`: these bodies assist, instead of those of the plan; at most 20.
    pub assists: Option<Vec<String>>,
    /// For `merge`: the open case it is the same matter as.
    #[schema(value_type = Option<Uuid>)]
    pub case_id: Option<CaseId>,
    /// For `reject`: why nobody has to act.
    pub ground: Option<Ground>,
    /// Free text, at most 4,000 characters. The reporters read it where the case is rejected.
    pub note: Option<String>,
}

/// What an entry is like; what has ended it gives the same answer again.
#[derive(Serialize, ToSchema)]
pub(super) struct PlanReviewState {
    pub case_id: Uuid,
    /// Whose desk it lies on, or lay.
    pub desk: Desk,
    /// If nobody decides until then, it goes out as it is.
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    /// Which of the plans drawn for its case it is, or was.
    pub version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub claimed_until: Option<Timestamp>,
    /// approved, changed, lapsed, pressed, rejected or merged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub decided_at: Option<Timestamp>,
}

/// 审核派单方案 / Lets a plan go out, as it is or changed (`approve`), puts its reports into another case (`merge`), says that nobody has
/// to act (`reject`); takes it in hand (`claim`, `release`) or passes it on (`raise` to the district, `hand-down` to the street). The
/// same decision again gives the same answer; another one is refused. With `If-Match` nothing is done to a plan that
/// was drawn anew since it was read.
#[utoipa::path(
    post,
    path = "/triage/v1/streets/{street}/plan-reviews/{target}",
    tag = "reviews",
    params(
        ("street" = String, Path, description = "街道代码 / the street's code, 12 digits"),
        ("target" = String, Path, description = "案件编号加 :approve、:merge、:reject、:claim、:release、:raise 或 :hand-down / the case's \
            id and one of `:approve`, `:merge`, `:reject`, `:claim`, `:release`, `:raise`, `:hand-down`"),
        ("If-Match" = Option<String>, Header, description = "仅当方案仍为此版本，即列表中的 version / only if \
            the plan is still of this version: that of the list"),
    ),
    request_body = PlanForm,
    responses((status = 200, body = PlanReviewState), Problem),
)]
pub(super) async fn act(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path((street, target)): Path<(TenantId, IdVerb<CaseId>)>,
    trace: TraceContext,
    headers: HeaderMap,
    StrictJson(form): StrictJson<PlanForm>,
) -> Result<Json<PlanReviewState>, Problem> {
    let acting = Acting::admitted(&room, &who, street, &trace)?;
    let plan = ReadPlan { case_id: target.id, if_match: IfMatch::of(&headers) };
    acted(&acting, plan, &target.verb, form).await.map(Json)
}

/// The plan that somebody acts on.
pub(super) struct ReadPlan {
    /// Whose.
    pub case_id: CaseId,
    /// As they have read it; nothing where they do not insist.
    pub if_match: Option<IfMatch>,
}

/// Does what a form says, for either door.
pub(super) async fn acted(
    acting: &Acting<'_>,
    plan: ReadPlan,
    verb: &str,
    form: PlanForm,
) -> Result<PlanReviewState, Problem> {
    let ReadPlan { case_id, if_match } = plan;
    let command = ReviewPlan {
        tenant: acting.street,
        case_id,
        if_match,
        act: act_of(verb, &form)?,
        note: note(form.note)?,
        subject: acting.subject.to_owned(),
        rank: acting.rank,
        traceparent: acting.traceparent.to_owned(),
    };
    let PlanState { desk, claim, decided, due_at, version } = plans::review(acting.room, &command).await??;
    Ok(PlanReviewState {
        case_id: case_id.as_uuid(),
        desk,
        due_at,
        version,
        claimed_until: claim.as_ref().map(|claim| claim.until),
        claimed_by: claim.map(|claim| claim.by),
        outcome: decided.map(|(outcome, _)| outcome.as_str()),
        decided_at: decided.map(|(_, at)| at),
    })
}

impl From<Passing> for PlanAct {
    fn from(passing: Passing) -> Self {
        match passing {
            Passing::Send(desk) => PlanAct::Send(desk),
            Passing::Claim => PlanAct::Claim,
            Passing::Release => PlanAct::Release,
        }
    }
}

fn act_of(verb: &str, form: &PlanForm) -> Result<PlanAct, Problem> {
    let bodies = [("/lead", form.lead.is_some()), ("/assists", form.assists.is_some())];
    let case_id = ("/case_id", form.case_id.is_some());
    let ground = ("/ground", form.ground.is_some());
    match verb {
        "approve" => {
            unwanted(&[case_id, ground])?;
            change(form).map(PlanAct::Approve)
        }
        "merge" => {
            unwanted(&[bodies[0], bodies[1], ground])?;
            wanted("/case_id", form.case_id).map(PlanAct::Merge)
        }
        "reject" => {
            unwanted(&[bodies[0], bodies[1], case_id])?;
            wanted("/ground", form.ground).map(PlanAct::Reject)
        }
        other => {
            let passing = Passing::of(other).ok_or_else(Problem::not_found)?;
            unwanted(&[bodies[0], bodies[1], case_id, ground])?;
            Ok(passing.into())
        }
    }
}

fn change(form: &PlanForm) -> Result<Change, Problem> {
    let body = |pointer: &'static str, named: &String| {
        let fault = || {
            Fault::new(pointer, "unknown-body", "本街道没有这个单位 / no body of this street or its district")
        };
        named.parse::<BodyRef>().map_err(|_| Problem::validation_failed([fault()]))
    };
    let named = form.assists.as_deref().unwrap_or_default();
    if named.len() > ASSISTS_MAX {
        let fault = Fault::new("/assists", "too-many", "至多 20 个单位 / at most 20 bodies");
        return Err(Problem::validation_failed([fault]));
    }
    let lead = form.lead.as_ref().map(|named| body("/lead", named)).transpose()?;
    let assists = named.iter().map(|named| body("/assists", named)).collect::<Result<Vec<_>, _>>()?;
    Ok(Change { lead, assists: form.assists.is_some().then_some(assists) })
}
