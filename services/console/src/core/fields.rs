//! Single fields of a message, checked.

use contract::proto::from_wire;
use ids::TenantId;
use jiff::Timestamp;
use uuid::Uuid;

use super::heard::NotHeard;

pub(super) fn of_tenant(tenant: TenantId, street: &str) -> Result<(), NotHeard> {
    if street.parse() == Ok(tenant) { Ok(()) } else { Err(NotHeard::OtherTenant) }
}

pub(super) fn id(field: &'static str, text: &str) -> Result<Uuid, NotHeard> {
    text.parse().map_err(|_| NotHeard::Field(field))
}

pub(super) fn maybe_id(field: &'static str, text: &str) -> Result<Option<Uuid>, NotHeard> {
    if text.is_empty() { Ok(None) } else { id(field, text).map(Some) }
}

pub(super) fn instant(at: &Option<prost_types::Timestamp>) -> Option<Timestamp> {
    at.as_ref().and_then(from_wire)
}

/// SHA-256 of a tracking code; nothing for a report that has none.
pub(super) fn hash(bytes: &[u8]) -> Result<Option<[u8; 32]>, NotHeard> {
    if bytes.is_empty() {
        return Ok(None);
    }
    bytes.try_into().map(Some).map_err(|_| NotHeard::Field("tracking_sha256"))
}

pub(super) fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

pub(super) fn counted(number: u32) -> Option<u32> {
    Some(number).filter(|number| *number > 0)
}

pub(super) fn later_round(round: u32) -> Option<u32> {
    Some(round).filter(|round| *round > 1)
}
