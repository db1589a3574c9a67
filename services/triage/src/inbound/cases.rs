//! What a person corrects about a case: taking a voice out of it (拆分), and what it is about, or where (重新派单).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bootstrap::door::{Fault, FreeText, IdVerb, Path, Problem, StrictJson, TraceContext, text};
use bootstrap::{Bearer, Identity};
use contract::proto::intake::{Datum, Place};
use ids::{CaseId, ReportId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::desk::{note, rank, unwanted, wanted};
use crate::core::distance::Point;
use crate::core::reroute::Wanted;
use crate::handle::Room;
use crate::handle::reroute::{self, RerouteCase, Rerouted};
use crate::handle::split::{self, Apart, SplitVoice};

/// What is said with an act.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseActForm {
    /// For `split`: the report that leaves.
    #[schema(value_type = Option<Uuid>)]
    report_id: Option<ReportId>,
    /// Code of an item. For `split`: that of the report; without it what its case is about. For `reroute`: what the case is about.
    #[schema(example = "TRA-01")]
    item: Option<String>,
    /// For `reroute`: where it is.
    place: Option<CasePlaceForm>,
    /// Free text, at most 4,000 characters. Of `reroute`, the bodies read it.
    note: Option<String>,
}

/// A point with its datum.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CasePlaceForm {
    /// Degrees east, −180 to 180.
    #[schema(example = 106.5512)]
    lon: f64,
    /// Degrees north, −90 to 90.
    #[schema(example = 29.5628)]
    lat: f64,
    /// What the degrees refer to. Required: nothing is guessed.
    #[schema(required = true)]
    datum: Option<CaseDatumForm>,
    /// As people say it.
    address: Option<String>,
}

/// The datum of a point.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum CaseDatumForm {
    Wgs84,
    Gcj02,
    Bd09,
}

/// What came of it; the same for every repetition of the act.
#[derive(Serialize, ToSchema)]
pub(super) struct CaseActDocument {
    /// Of `split`: the report that left.
    #[serde(skip_serializing_if = "Option::is_none")]
    report_id: Option<Uuid>,
    /// Of `split`: the case it has now.
    case_id: Uuid,
    /// The number people see.
    #[schema(example = "990102001-261123-0042")]
    case_no: String,
    /// Of `reroute`: what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<String>,
    /// Of `reroute`: the bodies of its new plan, the lead first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bodies: Vec<String>,
    /// Of `reroute`: since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    rerouted_at: Option<Timestamp>,
}

/// Who asks, about which case.
struct Asking<'a> {
    room: &'a Room,
    who: Identity,
    street: TenantId,
    case_id: CaseId,
    trace: TraceContext,
}

/// 更正案件 / Takes a report out of the case it joined into a case of its own, with a plan of its own (`split`): the report that opened
/// the case cannot leave it. Or says that the case is about another item, or lies elsewhere (`reroute`, 重新派单): its plan is drawn anew, orders
/// that it has no place for end, and new ones follow.
#[utoipa::path(
    post,
    path = "/triage/v1/streets/{street}/cases/{target}",
    tag = "cases",
    params(
        ("street" = String, Path, description = "街道代码 / the street's code, 12 digits"),
        ("target" = String, Path, description = "案件编号加 :split 或 :reroute / the case's id and one of `:split`, `:reroute`"),
    ),
    request_body = CaseActForm,
    responses((status = 200, body = CaseActDocument), Problem),
)]
pub(super) async fn act(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path((street, target)): Path<(TenantId, IdVerb<CaseId>)>,
    trace: TraceContext,
    StrictJson(form): StrictJson<CaseActForm>,
) -> Result<Json<CaseActDocument>, Problem> {
    room.house.admit(&who, access::Action::ReviewDecide, street)?;
    if let Some(item) = &form.item {
        text::identifier("/item", item)?;
    }
    let asking = Asking { room: &room, who, street, case_id: target.id, trace };
    match target.verb.as_str() {
        "split" => split(asking, form).await.map(Json),
        "reroute" => reroute(asking, form).await.map(Json),
        _ => Err(Problem::not_found()),
    }
}

async fn split(asking: Asking<'_>, form: CaseActForm) -> Result<CaseActDocument, Problem> {
    let Asking { room, who, street, case_id, trace } = asking;
    unwanted(&[("/place", form.place.is_some())])?;
    let command = SplitVoice {
        tenant: street,
        case_id,
        report_id: wanted("/report_id", form.report_id)?,
        item: form.item,
        note: note(form.note)?,
        rank: rank(room, &who, street)?,
        subject: who.subject,
        traceparent: trace.traceparent,
    };
    let Apart { case_id, case_no } = split::split(room, &command).await??;
    Ok(CaseActDocument {
        report_id: Some(command.report_id.as_uuid()),
        case_id: case_id.as_uuid(),
        case_no,
        item: None,
        bodies: Vec::new(),
        rerouted_at: None,
    })
}

async fn reroute(asking: Asking<'_>, form: CaseActForm) -> Result<CaseActDocument, Problem> {
    let Asking { room, who, street, case_id, trace } = asking;
    unwanted(&[("/report_id", form.report_id.is_some())])?;
    if form.item.is_none() && form.place.is_none() {
        let detail = "事项与地点至少填写一项 / an item or a place is required here";
        return Err(Problem::validation_failed([Fault::new("", "missing-field", detail)]));
    }
    let command = RerouteCase {
        tenant: street,
        case_id,
        wanted: Wanted { item: form.item, place: form.place.map(CasePlaceForm::check).transpose()? },
        note: note(form.note)?,
        rank: rank(room, &who, street)?,
        subject: who.subject,
        traceparent: trace.traceparent,
    };
    let Rerouted { case_id, case_no, item, bodies, rerouted_at } = reroute::reroute(room, &command).await??;
    Ok(CaseActDocument {
        report_id: None,
        case_id: case_id.as_uuid(),
        case_no,
        item: Some(item),
        bodies,
        rerouted_at: Some(rerouted_at),
    })
}

impl CasePlaceForm {
    fn check(self) -> Result<Place, Problem> {
        let datum = match self.datum.ok_or_else(|| Problem::datum_required("/place/datum"))? {
            CaseDatumForm::Wgs84 => Datum::Wgs84,
            CaseDatumForm::Gcj02 => Datum::Gcj02,
            CaseDatumForm::Bd09 => Datum::Bd09,
        };
        let address = FreeText::parse("/place/address", self.address.unwrap_or_default())?;
        Point::from_degrees(self.lon, self.lat).ok_or_else(out_of_range)?;
        Ok(Place { lon: self.lon, lat: self.lat, datum: datum.into(), address: address.into_string() })
    }
}

fn out_of_range() -> Problem {
    let detail = "经度须在 ±180、纬度须在 ±90 之内 / lon must be within ±180, lat within ±90";
    Problem::validation_failed([Fault::new("/place", "out-of-range", detail)])
}
