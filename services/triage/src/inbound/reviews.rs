//! The review queue (人工研判): what waits for a person, and the person's decision.

use std::sync::Arc;

use access::Action;
use axum::Json;
use axum::extract::State;
use bootstrap::Bearer;
use bootstrap::door::{Fault, IdVerb, Path, Problem, Query, StrictJson, TraceContext, text};
use bytes::Bytes;
use ids::{Lane, ReportId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::core::report::Report;
use crate::handle::Room;
use crate::handle::review::{self, DecideReview, Decision, Refusal};
use crate::store;
use crate::store::reviews::{OpenReview, Position};

/// Most entries of one answer.
const LIMIT_MAX: u32 = 200;
const LIMIT_DEFAULT: u32 = 50;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// 1 to 200; 50 unless told.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<Uuid>,
}

/// Reports that wait for a person: urgent ones first, of a lane the longest waiting first.
#[derive(Serialize, ToSchema)]
pub(super) struct ReviewList {
    reviews: Vec<ReviewDocument>,
    /// For `after`, to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Uuid>,
}

/// One report that waits.
#[derive(Serialize, ToSchema)]
struct ReviewDocument {
    report_id: Uuid,
    /// `item-unsure`, `item-unknown` or `outside-territory`.
    reason: String,
    /// urgent, normal or bulk.
    lane: &'static str,
    /// A rehearsal.
    drill: bool,
    /// The reporter's words, byte for byte.
    text: String,
    /// The item the reporter named.
    item: Option<String>,
    place: PlaceDocument,
    /// What was looked at and why it did not decide.
    #[schema(value_type = Object)]
    item_explanation: Value,
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
}

/// A place as declared.
#[derive(Serialize, ToSchema)]
struct PlaceDocument {
    lon: f64,
    lat: f64,
    /// wgs84, gcj02 or bd09.
    datum: &'static str,
    address: String,
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
    // Entries are held by no body: whoever may decide them sees the whole street's.
    let admitted = room.house.admit(&who, Action::ReviewDecide, street)?;
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let fault = Fault::new("", "invalid-query", "limit 须为 1 至 200 / limit must be 1 to 200");
        return Err(Problem::validation_failed([fault]));
    }
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let after = match query.after {
        None => Position::start(),
        Some(shown) => {
            store::reviews::position(&mut tx, street, shown.into()).await?.ok_or_else(Problem::bad_cursor)?
        }
    };
    let open = store::reviews::open(&mut tx, street, after, i64::from(limit)).await?;
    tx.commit().await?;
    let last = open.last().map(|review| review.report_id);
    let next = last.filter(|_| open.len() == limit as usize);
    let reviews: Result<_, Problem> = open.into_iter().map(|review| document(street, review)).collect();
    Ok(Json(ReviewList { reviews: reviews?, next }))
}

fn document(street: TenantId, review: OpenReview) -> Result<ReviewDocument, Problem> {
    let broken = |column: &'static str| Problem::from(pg::Error::impossible_row(column));
    let report = Report::read(&Bytes::from(review.report), street);
    let report = report.map_err(|_| broken("triage.reviews.report"))?;
    let lane = Lane::from_rank(review.lane).map_err(|_| broken("triage.reviews.lane"))?;
    let item_explanation = serde_json::from_slice(&review.item_explanation);
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
        requested_at: review.requested_at.to_jiff(),
    })
}

/// A person's decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DecideForm {
    /// Code of the item.
    #[schema(example = "TRA-01")]
    item: String,
}

/// What became of the report; the same for every repetition.
#[derive(Serialize, ToSchema)]
pub(super) struct DecisionDocument {
    report_id: Uuid,
    item: String,
    case_id: Uuid,
    /// The number people see.
    #[schema(example = "990102001-261123-0042")]
    case_no: String,
    /// As which voice the report is in the case; 1 opened it.
    voice: u32,
    #[schema(value_type = String, format = DateTime)]
    decided_at: Timestamp,
}

/// 研判事项 / Decides what a report is about. The same item again gives the same answer; another one is refused.
#[utoipa::path(
    post,
    path = "/triage/v1/streets/{street}/reviews/{target}",
    tag = "reviews",
    params(
        ("street" = String, Path, description = "街道代码 / the street's code, 12 digits"),
        ("target" = String, Path, description = "上报编号加 :decide / the report's id and `:decide`"),
    ),
    request_body = DecideForm,
    responses((status = 200, body = DecisionDocument), Problem),
)]
pub(super) async fn decide(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path((street, target)): Path<(TenantId, IdVerb<ReportId>)>,
    trace: TraceContext,
    StrictJson(form): StrictJson<DecideForm>,
) -> Result<Json<DecisionDocument>, Problem> {
    room.house.admit(&who, Action::ReviewDecide, street)?;
    if target.verb != "decide" {
        return Err(Problem::not_found());
    }
    text::identifier("/item", &form.item)?;
    let command = DecideReview {
        tenant: street,
        report_id: target.id,
        item: form.item,
        subject: who.subject,
        traceparent: trace.traceparent,
    };
    let Decision { case_id, case_no, voice, decided_at } = review::decide(&room, &command).await??;
    Ok(Json(DecisionDocument {
        report_id: command.report_id.as_uuid(),
        item: command.item,
        case_id: case_id.as_uuid(),
        case_no,
        voice,
        decided_at,
    }))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown => Problem::not_found(),
            Refusal::DecidedOtherwise => Problem::invalid_transition()
                .with_detail("该上报已按其他事项研判 / This report was decided on another item"),
            Refusal::UnknownItem => {
                let detail = "事项清单中没有该事项 / the item list has no such item";
                Problem::validation_failed([Fault::new("/item", "unknown-item", detail)])
            }
        }
    }
}
