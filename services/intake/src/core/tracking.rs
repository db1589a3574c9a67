//! Tracking codes (D18): computed from the report id each time, so that a replay shows the same one and nothing
//! but the hash is kept.

use ids::{ReportId, TrackingCode};
use ring::{digest, hmac};

/// The code of a report.
pub fn code_of(key: &hmac::Key, report_id: ReportId) -> TrackingCode {
    let tag = hmac::sign(key, report_id.as_uuid().as_bytes());
    let mac = tag.as_ref().try_into().expect("HMAC-SHA256 gives 32 bytes");
    TrackingCode::from_mac(mac)
}

/// What is stored and sent of a code, and what a caller's code is compared with.
pub fn sha256_of(code: &TrackingCode) -> [u8; 32] {
    sha256(code.as_bytes())
}

/// SHA-256 of any bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    proptest! {
        #[test]
        fn a_code_depends_on_key_and_report_and_on_nothing_else(id: u128, other: u128, key: [u8; 32]) {
            let hmac_key = hmac::Key::new(hmac::HMAC_SHA256, &key);
            let code = |id| code_of(&hmac_key, ReportId(Uuid::from_u128(id)));
            prop_assert_eq!(code(id), code(id));
            prop_assert_eq!(code(id) == code(other), id == other);
            let spoken: TrackingCode = code(id).grouped().to_lowercase().parse().unwrap();
            prop_assert_eq!(sha256_of(&spoken), sha256_of(&code(id)));
        }
    }

    #[test]
    fn the_code_of_a_known_report_never_changes() {
        // A changed answer would lock out everybody who holds a code.
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        assert_eq!(code_of(&key, ReportId(Uuid::from_u128(1))).grouped(), "C81NB-QC3FH-W0J05-9WY4P");
    }
}
