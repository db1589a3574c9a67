//! The review queue (人工研判): reports that wait for a person, and what the person does about them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bootstrap::door::{IdVerb, Path, Problem, Query, StrictJson, TraceContext, text};
use bootstrap::{Bearer, Identity};
use bytes::Bytes;
use ids::{CaseId, Lane, ReportId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::desk::{Acting, ListQuery, Passing, limit, note, unwanted, wanted};
use crate::core::desk::{Claim, Desk, Ground};
use crate::core::report::Report;
use crate::core::worded::Similar;
use crate::handle::Room;
use crate::handle::review::{self, Became, Decision, ReportAct, ReportState, ReviewReport};
use crate::store;
use crate::store::queue::Position;
use crate::store::reviews::OpenReview;

/// Reports that wait for a person: urgent ones first, of a lane the longest waiting first.
#[derive(Serialize, ToSchema)]
pub(super) struct ReviewList {
    pub reviews: Vec<ReviewDocument>,
    /// For `after`, to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Uuid>,
}

/// One report that waits.
#[derive(Serialize, ToSchema)]
pub(super) struct ReviewDocument {
    pub report_id: Uuid,
    /// `item-unsure`, `item-unknown`, `danger-feared` or `outside-territory`.
    pub reason: String,
    /// urgent, normal or bulk.
    pub lane: &'static str,
    /// A rehearsal.
    pub drill: bool,
    /// The reporter's words, byte for byte.
    pub text: String,
    /// The item the reporter named.
    pub item: Option<String>,
    pub place: PlaceDocument,
    /// What was looked at and why it did not decide.
    #[schema(value_type = Object)]
    pub item_explanation: Value,
    /// Open cases it may be about, the most alike first; `join` puts it into one.
    pub similar: Vec<SimilarDocument>,
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: Timestamp,
    /// If nobody has decided by then, it goes up to the district's desk by itself, or the district's is told once more. Absent for some
    /// seconds where an older build put it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    /// Whose desk it lies on.
    pub desk: Desk,
    /// What the person wrote who sent it there, or that its time at the street's was over.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Who has it in hand; nobody else decides it until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub claimed_until: Option<Timestamp>,
}

/// An open case with words like those of the report.
#[derive(Serialize, ToSchema)]
pub(super) struct SimilarDocument {
    pub case_id: Uuid,
    #[schema(example = "990102001-261123-0042")]
    pub case_no: String,
    pub item: String,
    /// How much of the words they share, in thousandths.
    pub alike_per_mille: u32,
    pub distance_mm: u64,
}

/// A place as declared.
#[derive(Serialize, ToSchema)]
pub(super) struct PlaceDocument {
    pub lon: f64,
    pub lat: f64,
    /// wgs84, gcj02 or bd09.
    pub datum: &'static str,
    pub address: String,
}

/// 待研判上报 / Reports that wait for a person.
#[utoipa::path(
    get,
    path = "/triage/v1/streets/{street}/reviews",
    tag = "reviews",
    params(("street" = String, Path, description = "街道代码 / the street's code, 12 digits"), ListQuery),
    responses((status = 200, body = ReviewList), Problem),
)]
pub(super) async fn list(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<ReviewList>, Problem> {
    page(&room, &who, street, &query).await.map(Json)
}

/// A page of the queue, for either door.
pub(super) async fn page(
    room: &Room,
    who: &Identity,
    street: TenantId,
    query: &ListQuery,
) -> Result<ReviewList, Problem> {
    // Entries are held by no body: whoever may decide them sees the whole street's.
    let admitted = room.house.admit(who, access::Action::ReviewDecide, street)?;
    let limit = limit(query.limit)?;
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let after = match query.after {
        None => Position::start(),
        Some(shown) => {
            store::reviews::position(&mut tx, street, shown).await?.ok_or_else(Problem::bad_cursor)?
        }
    };
    let open = store::reviews::open(&mut tx, street, after, query.desk, i64::from(limit)).await?;
    tx.commit().await?;
    let last = open.last().map(|review| review.report_id);
    let next = last.filter(|_| open.len() == limit as usize);
    let reviews: Result<_, Problem> = open.into_iter().map(|review| document(street, review, now)).collect();
    Ok(ReviewList { reviews: reviews?, next })
}

fn document(street: TenantId, review: OpenReview, now: Timestamp) -> Result<ReviewDocument, Problem> {
    let broken = |column: &'static str| Problem::from(pg::Error::impossible_row(column));
    let report = Report::read(&Bytes::from(review.report), street);
    let report = report.map_err(|_| broken("triage.reviews.report"))?;
    let lane = Lane::from_rank(review.lane).map_err(|_| broken("triage.reviews.lane"))?;
    let desk = Desk::of(&review.desk).ok_or_else(|| broken("triage.reviews.desk"))?;
    let item_explanation = serde_json::from_slice(&review.item_explanation);
    let similar: Vec<Similar> = match &review.similar_cases {
        Some(similar) => {
            serde_json::from_slice(similar).map_err(|_| broken("triage.reviews.similar_cases"))?
        }
        None => Vec::new(),
    };
    let claim = Claim::holding(store::claim(review.claimed_by, review.claimed_until), now);
    Ok(ReviewDocument {
        report_id: review.report_id,
        reason: review.reason,
        lane: lane.as_str(),
        drill: review.drill,
        text: report.text,
        item: report.given,
        place: PlaceDocument {
            lon: report.place.lon,
            lat: report.place.lat,
            datum: report.datum,
            address: report.place.address,
        },
        item_explanation: item_explanation.map_err(|_| broken("triage.reviews.item_explanation"))?,
        similar: similar.into_iter().map(shown_similar).collect(),
        requested_at: review.requested_at.to_jiff(),
        due_at: review.due_at.map(jiff_sqlx::Timestamp::to_jiff),
        desk,
        note: review.note,
        claimed_until: claim.as_ref().map(|claim| claim.until),
        claimed_by: claim.map(|claim| claim.by),
    })
}

fn shown_similar(similar: Similar) -> SimilarDocument {
    let Similar { case_id, case_no, item, alike_per_mille, distance_mm } = similar;
    SimilarDocument { case_id: case_id.as_uuid(), case_no, item, alike_per_mille, distance_mm }
}

/// What is said with an act.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewForm {
    /// For `decide`: code of the item.
    #[schema(example = "TRA-01")]
    pub item: Option<String>,
    /// For `join`: the open case it is the same matter as.
    #[schema(value_type = Option<Uuid>)]
    pub case_id: Option<CaseId>,
    /// For `reject`: why nobody has to act.
    pub ground: Option<Ground>,
    /// Free text, at most 4,000 characters. The reporter reads it where the report is rejected.
    pub note: Option<String>,
}

/// What an entry is like; what has ended it gives the same answer again.
#[derive(Serialize, ToSchema)]
pub(super) struct DecisionDocument {
    pub report_id: Uuid,
    /// Whose desk it lies on, or lay.
    pub desk: Desk,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub claimed_until: Option<Timestamp>,
    /// What it was decided to be about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_id: Option<Uuid>,
    /// The number people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "990102001-261123-0042")]
    pub case_no: Option<String>,
    /// As which voice the report is in the case; 1 opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<u32>,
    /// Why nobody has to act.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub decided_at: Option<Timestamp>,
}

/// 研判处理 / Decides what a report is about (`decide`), that it is the same matter as a case (`join`) or that nobody has to act
/// (`reject`); takes it in hand (`claim`, `release`) or passes it on (`raise` to the district, `hand-down` to the street). The same
/// decision again gives the same answer; another one is refused.
#[utoipa::path(
    post,
    path = "/triage/v1/streets/{street}/reviews/{target}",
    tag = "reviews",
    params(
        ("street" = String, Path, description = "街道代码 / the street's code, 12 digits"),
        ("target" = String, Path, description = "上报编号加 :decide、:join、:reject、:claim、:release、:raise 或 :hand-down / the report's \
            id and one of `:decide`, `:join`, `:reject`, `:claim`, `:release`, `:raise`, `:hand-down`"),
    ),
    request_body = ReviewForm,
    responses((status = 200, body = DecisionDocument), Problem),
)]
pub(super) async fn act(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path((street, target)): Path<(TenantId, IdVerb<ReportId>)>,
    trace: TraceContext,
    StrictJson(form): StrictJson<ReviewForm>,
) -> Result<Json<DecisionDocument>, Problem> {
    let acting = Acting::admitted(&room, &who, street, &trace)?;
    acted(&acting, target.id, &target.verb, form).await.map(Json)
}

/// Does what a form says, for either door.
pub(super) async fn acted(
    acting: &Acting<'_>,
    report_id: ReportId,
    verb: &str,
    form: ReviewForm,
) -> Result<DecisionDocument, Problem> {
    let command = ReviewReport {
        tenant: acting.street,
        report_id,
        act: act_of(verb, &form)?,
        note: note(form.note)?,
        subject: acting.subject.to_owned(),
        rank: acting.rank,
        traceparent: acting.traceparent.to_owned(),
    };
    let state = review::review(acting.room, &command).await??;
    Ok(shown(report_id, state))
}

impl From<Passing> for ReportAct {
    fn from(passing: Passing) -> Self {
        match passing {
            Passing::Send(desk) => ReportAct::Send(desk),
            Passing::Claim => ReportAct::Claim,
            Passing::Release => ReportAct::Release,
        }
    }
}

fn act_of(verb: &str, form: &ReviewForm) -> Result<ReportAct, Problem> {
    let item = ("/item", form.item.is_some());
    let case_id = ("/case_id", form.case_id.is_some());
    let ground = ("/ground", form.ground.is_some());
    match verb {
        "decide" => {
            unwanted(&[case_id, ground])?;
            let item = wanted("/item", form.item.as_ref())?;
            text::identifier("/item", item)?;
            Ok(ReportAct::Decide(item.clone()))
        }
        "join" => {
            unwanted(&[item, ground])?;
            wanted("/case_id", form.case_id).map(ReportAct::Join)
        }
        "reject" => {
            unwanted(&[item, case_id])?;
            wanted("/ground", form.ground).map(ReportAct::Reject)
        }
        other => {
            let passing = Passing::of(other).ok_or_else(Problem::not_found)?;
            unwanted(&[item, case_id, ground])?;
            Ok(passing.into())
        }
    }
}

fn shown(report_id: ReportId, state: ReportState) -> DecisionDocument {
    let mut shown = DecisionDocument {
        report_id: report_id.as_uuid(),
        desk: state.desk,
        claimed_until: state.claim.as_ref().map(|claim| claim.until),
        claimed_by: state.claim.map(|claim| claim.by),
        item: None,
        case_id: None,
        case_no: None,
        voice: None,
        ground: None,
        decided_at: None,
    };
    let Some(Decision { became, decided_at }) = state.decision else { return shown };
    shown.decided_at = Some(decided_at);
    match became {
        Became::InCase { item, case_id, case_no, voice } => {
            (shown.item, shown.case_id) = (Some(item), Some(case_id.as_uuid()));
            (shown.case_no, shown.voice) = (Some(case_no), Some(voice));
        }
        Became::Rejected(ground) => shown.ground = Some(ground),
    }
    shown
}
