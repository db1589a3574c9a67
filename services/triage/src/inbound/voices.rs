//! What those said who are in a case (诉求): read by the person who says whether one of them is another matter.

use std::sync::Arc;

use access::Action;
use axum::Json;
use axum::extract::State;
use bootstrap::door::{Path, Problem, Query};
use bootstrap::{Bearer, Identity};
use bytes::Bytes;
use ids::{CaseId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::desk::limit;
use super::reviews::PlaceDocument;
use crate::core::report::Report;
use crate::handle::Room;
use crate::store;
use crate::store::voices::Said;

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct VoicesQuery {
    /// 1 to 200; 50 unless told.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub after: Option<u32>,
}

/// Who is in a case, in the order in which they came.
#[derive(Serialize, ToSchema)]
pub(super) struct VoiceList {
    pub voices: Vec<VoiceDocument>,
    /// For `after`, to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u32>,
}

/// One of them. Who it was is sealed at intake and not here.
#[derive(Serialize, ToSchema)]
pub(super) struct VoiceDocument {
    pub report_id: Uuid,
    /// Its number in the case; 1 opened it. Numbers of those who left are missing.
    pub voice: u32,
    #[schema(value_type = String, format = DateTime)]
    pub joined_at: Timestamp,
    /// What was said; absent of a voice from before reports were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<VoiceReport>,
}

/// What was said.
#[derive(Serialize, ToSchema)]
pub(super) struct VoiceReport {
    /// The reporter's words, byte for byte.
    pub text: String,
    /// The item the reporter named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    pub place: PlaceDocument,
    /// In which role it was reported.
    #[schema(example = "resident")]
    pub source: String,
}

/// 案件的诉求 / What those said who are in a case
#[utoipa::path(
    get,
    path = "/triage/v1/streets/{street}/cases/{case_id}/voices",
    tag = "cases",
    params(
        ("street" = String, Path, description = "街道代码 / the street's code, 12 digits"),
        ("case_id" = Uuid, Path, description = "案件 / the case's id"),
        VoicesQuery,
    ),
    responses((status = 200, body = VoiceList), Problem),
)]
pub(super) async fn list(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path((street, case_id)): Path<(TenantId, CaseId)>,
    Query(query): Query<VoicesQuery>,
) -> Result<Json<VoiceList>, Problem> {
    page(&room, &who, street, case_id, &query).await.map(Json)
}

/// A page of them, for either door. Words are for whoever may decide at the street's desk: bodies have the case's.
pub(super) async fn page(
    room: &Room,
    who: &Identity,
    street: TenantId,
    case_id: CaseId,
    query: &VoicesQuery,
) -> Result<VoiceList, Problem> {
    let admitted = room.house.admit(who, Action::ReviewDecide, street)?;
    let limit = limit(query.limit)?;
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let case = store::cases::find(&mut tx, (street, case_id)).await?;
    case.ok_or_else(Problem::not_found)?;
    let after = i32::try_from(query.after.unwrap_or_default()).map_err(|_| Problem::bad_cursor())?;
    let said = store::voices::said(&mut tx, (street, case_id), after, i64::from(limit)).await?;
    tx.commit().await?;
    let last = said.last().map(|said| said.voice);
    let next = last.filter(|_| said.len() == limit as usize);
    let voices: Result<_, Problem> = said.into_iter().map(|said| document(street, said)).collect();
    Ok(VoiceList { voices: voices?, next })
}

fn document(street: TenantId, said: Said) -> Result<VoiceDocument, Problem> {
    let Said { report_id, voice, joined_at, report } = said;
    let report = report.map(|report| Report::read(&Bytes::from(report), street)).transpose();
    let report = report.map_err(|_| Problem::from(pg::Error::impossible_row("triage.voices.report")))?;
    let report = report.map(|report| VoiceReport {
        text: report.text,
        item: report.given,
        place: PlaceDocument {
            lon: report.place.lon,
            lat: report.place.lat,
            datum: report.datum,
            address: report.place.address,
        },
        source: report.source,
    });
    Ok(VoiceDocument { report_id: report_id.as_uuid(), voice, joined_at, report })
}
