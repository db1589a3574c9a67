//! A case is about another item, or lies elsewhere (重新派单).

use bootstrap::door::{Fault, FreeText, Problem, text};
use contract::proto::intake::Place;
use ids::CaseId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::cases::CaseForm;
use super::desk::{Acting, note, unwanted};
use super::point::{DatumForm, point};
use crate::core::reroute::Wanted;
use crate::handle::reroute::{self, RerouteCase, Rerouted};

/// A point with its datum.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CasePlaceForm {
    /// Degrees east, −180 to 180.
    #[schema(example = 106.5512)]
    lon: f64,
    /// Degrees north, −90 to 90.
    #[schema(example = 29.5628)]
    lat: f64,
    /// What the degrees refer to. Required: nothing is guessed.
    #[schema(required = true)]
    datum: Option<DatumForm>,
    /// As people say it.
    address: Option<String>,
}

/// The case as it is since then.
#[derive(Serialize, ToSchema)]
pub(super) struct ReroutedDocument {
    pub case_id: Uuid,
    /// The number people see.
    #[schema(example = "990102001-261123-0042")]
    pub case_no: String,
    /// Code of what it is about.
    pub item: String,
    /// The bodies of its new plan, the lead first.
    pub bodies: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    pub rerouted_at: Timestamp,
}

/// Draws its plan anew, for either door.
pub(super) async fn reroute(
    acting: &Acting<'_>,
    case_id: CaseId,
    form: CaseForm,
) -> Result<ReroutedDocument, Problem> {
    unwanted(&[("/report_id", form.report_id.is_some()), ("/case_id", form.case_id.is_some())])?;
    if form.item.is_none() && form.place.is_none() {
        let detail = "事项与地点至少填写一项 / an item or a place is required here";
        return Err(Problem::validation_failed([Fault::new("", "missing-field", detail)]));
    }
    if let Some(item) = &form.item {
        text::identifier("/item", item)?;
    }
    let command = RerouteCase {
        tenant: acting.street,
        case_id,
        wanted: Wanted { item: form.item, place: form.place.map(CasePlaceForm::check).transpose()? },
        note: note(form.note)?,
        subject: acting.subject.to_owned(),
        rank: acting.rank,
        traceparent: acting.traceparent.to_owned(),
    };
    let Rerouted { case_id, case_no, item, bodies, rerouted_at } =
        reroute::reroute(acting.room, &command).await??;
    Ok(ReroutedDocument { case_id: case_id.as_uuid(), case_no, item, bodies, rerouted_at })
}

impl From<Place> for CasePlaceForm {
    fn from(place: Place) -> Self {
        let datum = DatumForm::of(place.datum());
        Self { lon: place.lon, lat: place.lat, datum, address: Some(place.address) }
    }
}

impl CasePlaceForm {
    fn check(self) -> Result<Place, Problem> {
        let (_, datum) = point(self.lon, self.lat, self.datum)?;
        let address = FreeText::parse("/place/address", self.address.unwrap_or_default())?;
        Ok(Place { lon: self.lon, lat: self.lat, datum: datum.into(), address: address.into_string() })
    }
}
