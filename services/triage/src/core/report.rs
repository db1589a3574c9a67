//! A report as triage takes it, checked.

use bytes::Bytes;
use contract::proto::from_wire;
use contract::proto::intake::{self as wire, Datum, Place, ReportAccepted};
use ids::{BodyRef, ReportId, TenantId};
use jiff::Timestamp;
use prost::Message;

use super::desk::Desk;
use super::distance::Point;

/// A sound report.
#[derive(Debug, Clone)]
pub struct Report {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub report_id: ReportId,
    /// The item its reporter named; perhaps none the list has.
    pub given: Option<String>,
    /// In which role it was reported: `resident`, `grid-worker`, …
    pub source: String,
    /// Households it touches; 0 when nothing was said.
    pub households: u32,
    /// What a sensor read, in thousandths of its unit.
    pub reading_milli: Option<i64>,
    /// Who has to act, where a centre gives it from above.
    pub assigned: Option<Assigned>,
    /// Its words.
    pub text: String,
    /// Its place as declared.
    pub place: Place,
    /// The same, for measuring.
    pub point: Point,
    /// The datum of both: `wgs84`, `gcj02` or `bd09`.
    pub datum: &'static str,
    /// What its tracking code hashes to.
    pub tracking_sha256: Bytes,
    /// When it was accepted; nothing from a message that does not say so.
    pub accepted_at: Option<Timestamp>,
    /// The message as it came (D53).
    pub payload: Bytes,
}

/// Who has to act, as a centre said (上级交办).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// Whose centre's desk it comes from.
    pub by: Desk,
    /// Who leads.
    pub lead: BodyRef,
    /// Who assists, in the centre's order.
    pub assists: Vec<BodyRef>,
}

impl Assigned {
    fn read(said: wire::Assignment) -> Result<Self, BadReport> {
        let bad = || BadReport::Field("assigned");
        let body = |written: &String| written.parse().map_err(|_| bad());
        Ok(Self {
            by: Desk::of(&said.by).ok_or_else(bad)?,
            lead: body(&said.lead)?,
            assists: said.assists.iter().map(body).collect::<Result<_, _>>()?,
        })
    }
}

/// Why a message is no report. Never holds the message's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadReport {
    /// Not the message it claims to be.
    #[error("undecodable payload: {0}")]
    Undecodable(#[from] prost::DecodeError),
    /// The tenant inside differs from the subject's.
    #[error("tenant in payload differs from subject")]
    ForeignTenant,
    /// A field that must be there and well-formed is not.
    #[error("missing or malformed field {0}")]
    Field(&'static str),
}

/// The role of sensors and other systems.
const DEVICE: &str = "device";

impl Report {
    /// Whether a sensor or another system says it.
    pub fn by_device(&self) -> bool {
        self.source == DEVICE
    }

    /// Reads a message whose subject names `tenant`.
    pub fn read(payload: &Bytes, tenant: TenantId) -> Result<Self, BadReport> {
        let message = ReportAccepted::decode(payload.clone())?;
        if message.street.parse() != Ok(tenant) {
            return Err(BadReport::ForeignTenant);
        }
        let report_id = message.report_id.parse().map_err(|_| BadReport::Field("report_id"))?;
        let place = message.place.ok_or(BadReport::Field("place"))?;
        let point = Point::from_degrees(place.lon, place.lat).ok_or(BadReport::Field("place"))?;
        let datum = datum_word(place.datum()).ok_or(BadReport::Field("place.datum"))?;
        if message.tracking_sha256.len() != 32 {
            return Err(BadReport::Field("tracking_sha256"));
        }
        let assigned = message.assigned.map(Assigned::read).transpose()?;
        Ok(Self {
            tenant,
            report_id,
            given: Some(message.item).filter(|item| !item.is_empty()),
            source: message.source,
            households: message.households,
            reading_milli: message.reading_milli,
            assigned,
            text: message.text,
            place,
            point,
            datum,
            tracking_sha256: message.tracking_sha256,
            accepted_at: message.accepted_at.as_ref().and_then(from_wire),
            payload: payload.clone(),
        })
    }
}

/// As stored; `None` for one this build does not know.
pub fn datum_word(datum: Datum) -> Option<&'static str> {
    match datum {
        Datum::Wgs84 => Some("wgs84"),
        Datum::Gcj02 => Some("gcj02"),
        Datum::Bd09 => Some("bd09"),
        Datum::Unspecified => None,
    }
}

/// From the stored word.
pub fn datum_of(word: &str) -> Option<Datum> {
    [Datum::Wgs84, Datum::Gcj02, Datum::Bd09].into_iter().find(|datum| datum_word(*datum) == Some(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn street() -> TenantId {
        "990102001000".parse().unwrap()
    }

    fn sound() -> ReportAccepted {
        ReportAccepted {
            report_id: "018f5d2e-7a3b-5c4d-8e5f-0123456789ab".to_owned(),
            street: street().to_string(),
            place: Some(Place { lon: 106.5, lat: 29.5, datum: Datum::Gcj02.into(), address: String::new() }),
            tracking_sha256: vec![1; 32].into(),
            ..ReportAccepted::default()
        }
    }

    fn read(message: &ReportAccepted) -> Result<Report, BadReport> {
        Report::read(&Bytes::from(message.encode_to_vec()), street())
    }

    #[test]
    fn a_sound_report_is_read_and_an_unsound_one_says_where() {
        let report = read(&sound()).unwrap();
        assert_eq!((report.given, report.datum), (None, "gcj02"));
        let place = |change: fn(&mut Place)| {
            let mut message = sound();
            change(message.place.as_mut().unwrap());
            read(&message).unwrap_err()
        };
        assert_eq!(place(|place| place.lon = f64::NAN), BadReport::Field("place"));
        assert_eq!(place(|place| place.lat = 91.0), BadReport::Field("place"));
        assert_eq!(place(|place| place.datum = 0), BadReport::Field("place.datum"));
        assert_eq!(place(|place| place.datum = 77), BadReport::Field("place.datum"));
        let other = ReportAccepted { street: "990102002000".to_owned(), ..sound() };
        assert_eq!(read(&other).unwrap_err(), BadReport::ForeignTenant);
        let unnamed = ReportAccepted { report_id: String::new(), ..sound() };
        assert_eq!(read(&unnamed).unwrap_err(), BadReport::Field("report_id"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered_without_panic(bytes: Vec<u8>) {
            prop_assert!(Report::read(&Bytes::from(bytes), street()).is_err());
        }
    }

    #[test]
    fn datums_read_back() {
        for word in ["wgs84", "gcj02", "bd09"] {
            assert_eq!(datum_of(word).and_then(datum_word), Some(word));
        }
        assert_eq!(datum_of("epsg4490"), None);
    }
}
