//! Hints before a report is sent (同类案件提示): open cases near by. Whoever may report may ask; nothing of persons, and nobody's words,
//! is in the answer. What is asked is neither kept nor logged.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::Action;
use axum::Json;
use axum::extract::State;
use bootstrap::Bearer;
use bootstrap::door::{FreeText, Path, Problem, StrictJson, text};
use ids::TenantId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::point::{DatumForm, point};
use crate::core::desk::Standing;
use crate::core::distance::Point;
use crate::core::grid::cells_around;
use crate::core::hints::{Hint, Wanted, hints};
use crate::core::report::datum_word;
use crate::handle::Room;
use crate::store;
use crate::tenants::Street;

/// What somebody is about to report.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NearForm {
    /// Where.
    place: NearPlaceForm,
    /// Code of the item (事项), if the reporter knows it: then only cases of it.
    #[schema(example = "TRA-01")]
    item: Option<String>,
    /// The reporter's words so far, at most 4,000 characters: cases they suggest come first.
    #[schema(example = "公交306路改道，取消了我们小区的站点")]
    text: Option<String>,
}

/// A point with its datum. Cases whose places were declared in another datum are not found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NearPlaceForm {
    /// Degrees east, −180 to 180.
    #[schema(example = 106.5512)]
    lon: f64,
    /// Degrees north, −90 to 90.
    #[schema(example = 29.5628)]
    lat: f64,
    /// What the degrees refer to. Required: nothing is guessed.
    #[schema(required = true)]
    datum: Option<DatumForm>,
}

/// Open cases within 500 m, at most five: those the words suggest first, then the nearest.
#[derive(Serialize, ToSchema)]
pub(super) struct NearList {
    cases: Vec<NearDocument>,
    /// 涉险 / The words speak of mortal danger: report at once, whatever is near.
    alarm: bool,
}

/// One open case.
#[derive(Serialize, ToSchema)]
struct NearDocument {
    /// The number people see.
    #[schema(example = "990102001-261123-0042")]
    case_no: String,
    /// Code of its item.
    item: String,
    /// Its name in Chinese.
    item_zh: String,
    /// Its name in English.
    item_en: String,
    /// Between the two places, in whole metres.
    distance_m: u64,
    /// Reports in it.
    voices: u32,
    /// Since when it is open.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// 审核中 `reviewing`：尚未派单；`open`：已派单 / `reviewing` while its plan waits for a person, `open` once bodies have it.
    #[schema(example = "open")]
    phase: &'static str,
    /// 可能是同一事项 / It is of the item asked for, or of one that the words suggest; otherwise it only lies near.
    suggested: bool,
}

/// 上报前提示 / Open cases near a place, for somebody who is about to report: it may be on the record already. Drills and items
/// about persons are left out.
#[utoipa::path(
    post,
    path = "/triage/v1/streets/{street}/cases:near",
    tag = "cases",
    params(("street" = String, Path, description = "街道代码 / the street's code, 12 digits")),
    request_body = NearForm,
    responses((status = 200, body = NearList), Problem),
)]
pub(super) async fn near(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    StrictJson(form): StrictJson<NearForm>,
) -> Result<Json<NearList>, Problem> {
    let admitted = room.house.admit(&who, Action::ReportSubmit, street)?;
    let Asked { point, datum, item, text } = form.check()?;
    let view = room.house.snapshot.view();
    let of = &view.street(street).ok_or_else(Problem::not_found)?.of;
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let wanted = of.wanted(item.as_deref(), text.as_ref().map(FreeText::as_str), of.day(now));
    let only = match &wanted {
        Wanted::Item(item) => Some(item.as_str()),
        Wanted::Rather(_) => None,
    };
    let (cells, private): (BTreeSet<i64>, _) = (cells_around(point), of.private_items());
    let around = store::hints::around(&mut tx, (street, datum), &cells, only, &private).await?;
    tx.commit().await?;
    let shown = around.into_iter().filter(|case| of.shows(&case.item));
    let cases = hints(point, &wanted, shown).into_iter().map(|hint| document(of, hint)).collect();
    Ok(Json(NearList { cases, alarm: text.is_some_and(|text| of.alarms(text.as_str())) }))
}

struct Asked {
    point: Point,
    datum: &'static str,
    item: Option<String>,
    text: Option<FreeText>,
}

impl NearForm {
    fn check(self) -> Result<Asked, Problem> {
        let (point, datum) = point(self.place.lon, self.place.lat, self.place.datum)?;
        let datum = datum_word(datum).ok_or_else(|| Problem::datum_required("/place/datum"))?;
        if let Some(item) = &self.item {
            text::identifier("/item", item)?;
        }
        let text = self.text.map(|text| FreeText::parse("/text", text)).transpose()?;
        Ok(Asked { point, datum, item: self.item, text })
    }
}

fn document(street: &Street, hint: Hint) -> NearDocument {
    let Hint { case, distance_mm, suggested } = hint;
    let name = street.item_name(&case.item).cloned().unwrap_or_default();
    NearDocument {
        case_no: case.case_no,
        item: case.item,
        item_zh: name.zh,
        item_en: name.en,
        distance_m: distance_mm.div_ceil(1_000),
        voices: case.voices,
        opened_at: case.opened_at,
        phase: if case.standing == Standing::Reviewing { "reviewing" } else { "open" },
        suggested,
    }
}
