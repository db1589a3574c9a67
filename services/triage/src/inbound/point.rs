//! Where something is, as the doors take it: degrees, and what they refer to.

use bootstrap::door::{Fault, Problem};
use contract::proto::intake::Datum;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::core::distance::Point;

/// The datum of a point.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum DatumForm {
    Wgs84,
    Gcj02,
    Bd09,
}

impl DatumForm {
    /// Nothing of one that was not said.
    pub(super) fn of(datum: Datum) -> Option<Self> {
        match datum {
            Datum::Wgs84 => Some(Self::Wgs84),
            Datum::Gcj02 => Some(Self::Gcj02),
            Datum::Bd09 => Some(Self::Bd09),
            Datum::Unspecified => None,
        }
    }
}

impl From<DatumForm> for Datum {
    fn from(datum: DatumForm) -> Self {
        match datum {
            DatumForm::Wgs84 => Datum::Wgs84,
            DatumForm::Gcj02 => Datum::Gcj02,
            DatumForm::Bd09 => Datum::Bd09,
        }
    }
}

/// The point in a form's `place`. A datum is required, and the degrees have to be some.
pub(super) fn point(lon: f64, lat: f64, datum: Option<DatumForm>) -> Result<(Point, Datum), Problem> {
    let datum = datum.ok_or_else(|| Problem::datum_required("/place/datum"))?;
    let out_of_range = || {
        let detail = "经度须在 ±180、纬度须在 ±90 之内 / lon must be within ±180, lat within ±90";
        Problem::validation_failed([Fault::new("/place", "out-of-range", detail)])
    };
    let point = Point::from_degrees(lon, lat).ok_or_else(out_of_range)?;
    Ok((point, datum.into()))
}
