//! The body of a report as clients send it, and its checks.

use bootstrap::door::{Fault, FreeText, Problem, text};
use ids::BodyRef;
use seal::Sensitive;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::handle::{Datum, Place};

/// Most characters of a contact.
const CONTACT_CHARACTERS_MAX: usize = 200;

/// What somebody reports.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportForm {
    /// The reporter's words, kept byte for byte; at most 4,000 characters and 16 KiB.
    #[schema(example = "公交306路环线改道，取消了我们小区的站点")]
    pub text: String,
    /// Code of the item (事项), if the reporter knows it.
    #[schema(example = "TRA-01")]
    pub item: Option<String>,
    /// Where.
    pub place: PlaceForm,
    /// Who, if the reporter wishes to be reached.
    pub reporter: Option<ReporterForm>,
    /// Households the matter touches, as far as is known; at most 10,000,000. Rules may ask for it.
    #[schema(example = 3000, maximum = 10_000_000)]
    pub households: Option<u32>,
    /// What a sensor read, in thousandths of its unit; from devices only.
    #[schema(example = 41250)]
    pub reading_milli: Option<i64>,
    /// A matter given from above (上级交办) by a centre: who has to act. Takes the right `report.assign` and an item.
    pub assigned: Option<AssignedForm>,
}

/// Most assistants of one matter.
const ASSISTS_MAX: usize = 20;

/// Who has to act on a matter given from above.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AssignedForm {
    /// The body that leads: `key`, or `key@code` of a street's or community's body. It stands at or below the level of the
    /// centre, and the list does not reserve the item for a higher one.
    #[schema(example = "street-centre@990102001000")]
    pub lead: String,
    /// The bodies that assist, at most 20; nobody else does.
    #[serde(default)]
    pub assists: Vec<String>,
}

/// The same, its form checked.
pub(super) struct Duties {
    pub lead: BodyRef,
    pub assists: Vec<BodyRef>,
}

/// The role of sensors and other systems.
const DEVICE: &str = "device";
/// Most households of one report: more than any city has.
const HOUSEHOLDS_MAX: u32 = 10_000_000;

/// A point with its datum.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceForm {
    /// Degrees east, −180 to 180.
    #[schema(example = 106.5512)]
    pub lon: f64,
    /// Degrees north, −90 to 90.
    #[schema(example = 29.5628)]
    pub lat: f64,
    /// What the degrees refer to. Required: nothing is guessed.
    #[schema(required = true)]
    pub datum: Option<DatumForm>,
    /// As people say it.
    pub address: Option<String>,
}

/// The datum of a point.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum DatumForm {
    Wgs84,
    Gcj02,
    Bd09,
}

/// Who reports.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReporterForm {
    /// Telephone, e-mail or the like; at most 200 characters. Stored sealed.
    #[schema(value_type = Option<String>)]
    pub contact: Option<Sensitive<String>>,
}

/// The checked parts of a form.
pub(super) struct Checked {
    pub text: FreeText,
    pub item: Option<String>,
    pub place: Place,
    pub contact: Option<Sensitive<String>>,
    pub households: u32,
    pub reading_milli: Option<i64>,
    pub assigned: Option<Duties>,
}

impl ReportForm {
    /// Refuses what is out of bounds. The item's code is checked for its form only.
    pub(super) fn check(self) -> Result<Checked, Problem> {
        if self.text.trim().is_empty() {
            let fault = Fault::new("/text", "empty-text", "内容不能为空 / the text must not be empty");
            return Err(Problem::validation_failed([fault]));
        }
        let text = FreeText::parse("/text", self.text)?;
        if let Some(item) = &self.item {
            text::identifier("/item", item)?;
        }
        let place = self.place.check()?;
        let assigned = self.assigned.map(AssignedForm::check).transpose()?;
        let contact = check_contact(self.reporter.and_then(|reporter| reporter.contact))?;
        let (households, reading_milli) = (self.households.unwrap_or_default(), self.reading_milli);
        if households > HOUSEHOLDS_MAX {
            let detail = "户数至多一千万 / at most 10,000,000 households";
            return Err(Problem::validation_failed([Fault::new("/households", "out-of-range", detail)]));
        }
        Ok(Checked { text, item: self.item, place, contact, households, reading_milli, assigned })
    }
}

impl AssignedForm {
    fn check(self) -> Result<Duties, Problem> {
        if self.assists.len() > ASSISTS_MAX {
            let detail = "协办单位至多二十个 / at most 20 bodies assist";
            return Err(Problem::validation_failed([Fault::new(
                "/assigned/assists",
                "out-of-range",
                detail,
            )]));
        }
        let body = |pointer: String, written: &str| {
            written.parse::<BodyRef>().map_err(|_| {
                let detail = "单位写作 key 或 key@代码 / a body is written key or key@code";
                Problem::validation_failed([Fault::new(pointer, "malformed-body", detail)])
            })
        };
        let lead = body("/assigned/lead".to_owned(), &self.lead)?;
        let assists = self.assists.iter().enumerate();
        let assists = assists.map(|(n, written)| body(format!("/assigned/assists/{n}"), written));
        Ok(Duties { lead, assists: assists.collect::<Result<_, _>>()? })
    }
}

impl Checked {
    /// Only devices read sensors; a drill rehearses them.
    pub(super) fn sent_by(self, source: &str) -> Result<Self, Problem> {
        if self.reading_milli.is_some() && source != DEVICE && source != super::DRILL {
            let detail = "读数只由设备上报，其他来源请写入内容 / readings come from devices; others say them in the text";
            return Err(Problem::validation_failed([Fault::new("/reading_milli", "device-only", detail)]));
        }
        Ok(self)
    }
}

impl PlaceForm {
    fn check(self) -> Result<Place, Problem> {
        let datum = match self.datum.ok_or_else(|| Problem::datum_required("/place/datum"))? {
            DatumForm::Wgs84 => Datum::Wgs84,
            DatumForm::Gcj02 => Datum::Gcj02,
            DatumForm::Bd09 => Datum::Bd09,
        };
        let faults: Vec<Fault> = [("/place/lon", self.lon, 180.0), ("/place/lat", self.lat, 90.0)]
            .into_iter()
            // JSON has no NaN, protobuf has.
            .filter(|(_, degrees, most)| !degrees.is_finite() || degrees.abs() > *most)
            .map(|(pointer, _, most)| {
                Fault::new(pointer, "out-of-range", format!("超出范围 / must be between -{most} and {most}"))
            })
            .collect();
        if !faults.is_empty() {
            return Err(Problem::validation_failed(faults));
        }
        let address = self.address.map(|address| FreeText::parse("/place/address", address)).transpose()?;
        Ok(Place { lon: self.lon, lat: self.lat, datum, address })
    }
}

fn check_contact(contact: Option<Sensitive<String>>) -> Result<Option<Sensitive<String>>, Problem> {
    let Some(contact) = contact else { return Ok(None) };
    let characters = contact.expose().chars().count();
    if contact.expose().trim().is_empty()
        || contact.expose().contains('\0')
        || characters > CONTACT_CHARACTERS_MAX
    {
        let detail = format!(
            "须为1至{CONTACT_CHARACTERS_MAX}个字符 / must have 1 to {CONTACT_CHARACTERS_MAX} characters"
        );
        let fault = Fault::new("/reporter/contact", "contact-length", detail);
        return Err(Problem::validation_failed([fault]));
    }
    Ok(Some(contact))
}
