use std::fs;

use architecture::alarms::unanswered;
use architecture::source::{self, Source};

use crate::none;

#[test]
fn every_alarm_has_a_runbook() {
    let folder = source::root().join("docs/runbooks");
    let pages = fs::read_dir(folder).expect("runbooks are there").flatten().map(|entry| entry.path());
    let text: String = pages.filter_map(|page| fs::read_to_string(page).ok()).collect();
    assert!(text.contains("message is parked"), "the runbooks were not read");
    none(source::read(&["rs"]).iter().flat_map(|source| unanswered(source, &text)).collect());
}

#[test]
fn every_alarm_is_in_the_index() {
    let index =
        fs::read_to_string(source::root().join("docs/runbooks/README.md")).expect("the index is there");
    none(source::read(&["rs"]).iter().flat_map(|source| unanswered(source, &index)).collect());
}

#[test]
fn an_alarm_without_a_runbook_is_named() {
    let check = |text: &str| {
        unanswered(&Source::made_up("services/triage/src/handle.rs", text), "says `it burns` often").len()
    };
    assert_eq!(check("tracing::error!(tenant = %of(tenant), \"it burns\");"), 0);
    assert_eq!(check("tracing::error!(tenant = %of(tenant), \"it melts\");"), 1);
    assert_eq!(check("tracing::error!(\"it burns\"); tracing::error!(\"it melts\");"), 1);
    assert_eq!(check("tracing::error!(error, \"{what}\"); // tracing::error!(\"x\")"), 0);
    assert_eq!(check("#[cfg(test)] mod tests { fn f() { tracing::error!(\"it melts\"); } }"), 0);
}
