use architecture::fields::withheld;
use architecture::source::{self, Source};

use crate::none;

#[test]
fn every_key_of_a_log_line_may_leave() {
    none(
        source::read(&["rs"]).iter().flat_map(|source| withheld(source, telemetry::redact::listed)).collect(),
    );
}

#[test]
fn a_key_that_is_not_listed_is_named() {
    let check = |text: &str| {
        let source = Source::made_up("services/triage/src/handle.rs", text);
        withheld(&source, |key| ["tenant", "error"].contains(&key))
    };
    assert_eq!(
        check("tracing::warn!(tenant = %of(a, b), error, \"it (really) burns, {phone}\", phone = 1);"),
        [""; 0]
    );
    assert_eq!(check("tracing::info!(%tenant, ?phone, \"it burns\");").len(), 1);
    assert_eq!(check("tracing::debug!(phone = call(\"x, y\"), mail, \"it burns\");").len(), 2);
    assert_eq!(check("tracing::info!(phone); tracing::info!(\"it burns\");").len(), 1);
}
