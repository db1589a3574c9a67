//! What the room is asked, and what it answers.

use bootstrap::door::FreeText;
use contract::proto::intake as wire;
use ids::{IdempotencyKey, ReportId, TenantId, TrackingCode};
use jiff::Timestamp;
use seal::Sensitive;

use crate::core::assign::{self, Assigned};

/// The route's part of the idempotency scope (D19). Part of every report id: it never changes.
const ROUTE: &str = "POST /intake/v1/streets/{street}/reports";
/// The same of a drill.
const DRILL_ROUTE: &str = "POST /intake/v1/streets/{street}/reports:drill";

/// One report to be put on the record, checked by the door. No Debug: it holds a contact.
pub struct SubmitReport {
    /// The street in the path, after the access check.
    pub street: TenantId,
    /// Who sends it: the token's subject.
    pub subject: String,
    /// In which role: `grid-worker`, `resident`, ….
    pub source: &'static str,
    /// The request's idempotency key.
    pub key: IdempotencyKey,
    /// SHA-256 of the request's body as it came.
    pub body_sha256: [u8; 32],
    /// The item the reporter named; only its form is checked.
    pub item: Option<String>,
    /// The reporter's words.
    pub text: FreeText,
    /// Where.
    pub place: Place,
    /// How to reach the reporter.
    pub contact: Option<Sensitive<String>>,
    /// Households the matter touches; 0 when nothing was said.
    pub households: u32,
    /// What a sensor read, in thousandths of its unit.
    pub reading_milli: Option<i64>,
    /// Who has to act, where it is given from above.
    pub assigned: Option<Assigned>,
    /// A rehearsal (D26).
    pub drill: bool,
    /// W3C trace context of the request.
    pub traceparent: String,
}

/// A place as declared; nothing is converted or guessed.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Degrees in [`Self::datum`], −180 to 180.
    pub lon: f64,
    /// Degrees in [`Self::datum`], −90 to 90.
    pub lat: f64,
    /// What the degrees refer to.
    pub datum: Datum,
    /// As people say it.
    pub address: Option<FreeText>,
}

/// The datum of a point. Chinese map kits give the two obfuscated ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Datum {
    /// GPS.
    Wgs84,
    /// 国测局坐标
    Gcj02,
    /// 百度坐标
    Bd09,
}

impl Datum {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Datum::Wgs84 => "wgs84",
            Datum::Gcj02 => "gcj02",
            Datum::Bd09 => "bd09",
        }
    }

    pub(crate) const fn to_wire(self) -> wire::Datum {
        match self {
            Datum::Wgs84 => wire::Datum::Wgs84,
            Datum::Gcj02 => wire::Datum::Gcj02,
            Datum::Bd09 => wire::Datum::Bd09,
        }
    }
}

/// A report is on the record; the same for every replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Derived from the request (D19).
    pub report_id: ReportId,
    /// The reporter's secret.
    pub tracking_code: TrackingCode,
    /// The database's time of the first acceptance.
    pub accepted_at: Timestamp,
}

/// Why a report is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The key was used for another body.
    KeyReused,
    /// The tenant is no street we have documents of.
    UnknownStreet,
    /// The street hears no resident without a contact.
    ContactRequired,
    /// It cannot be given to these bodies.
    Unassignable(assign::Fault),
    /// Over the high-water mark (D24), or too many requests wait.
    Overloaded,
    /// The street sent more than its share.
    QuotaExceeded {
        /// Whole seconds after which one more is let in; at least 1.
        retry_after_s: u32,
    },
    /// The street's key does not seal, so the contact cannot be kept.
    ContactUnsealed,
    /// The street's key cannot be read just now.
    KeyUnavailable,
}

impl Refusal {
    /// For the metric.
    pub const fn reason(self) -> &'static str {
        match self {
            Refusal::KeyReused => "key_reused",
            Refusal::UnknownStreet => "unknown_street",
            Refusal::ContactRequired => "contact_required",
            Refusal::Unassignable(_) => "unassignable",
            Refusal::Overloaded => "overloaded",
            Refusal::QuotaExceeded { .. } => "quota_exceeded",
            Refusal::ContactUnsealed => "contact_unsealed",
            Refusal::KeyUnavailable => "key_unavailable",
        }
    }
}

impl SubmitReport {
    /// The id this report has or will have: street, principal, route and key, hashed.
    pub fn report_id(&self) -> ReportId {
        let route = if self.drill { DRILL_ROUTE } else { ROUTE };
        ReportId::derive(&[&self.street.to_string(), &self.subject, route], self.key)
    }
}
