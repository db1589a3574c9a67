use architecture::imports::{Edge, NO_JOBS, TABLE, offence, row_of, unused};
use architecture::source::{self, Source};
use architecture::workspace;

use crate::none;

fn edge(from: &str, to: &str, dev: bool) -> Edge {
    Edge { from: from.to_owned(), to: to.to_owned(), dev }
}

#[test]
fn every_arrow_is_in_the_table() {
    none(workspace::edges(&workspace::read()).iter().filter_map(offence).collect());
}

#[test]
fn every_member_has_a_row_and_a_job() {
    let metadata = workspace::read();
    let members: Vec<String> =
        metadata.workspace_packages().iter().map(|member| member.name.to_string()).collect();
    none(
        members
            .iter()
            .filter(|name| row_of(name).is_none())
            .map(|name| format!("{name} has no row"))
            .collect(),
    );
    none(
        members
            .iter()
            .filter(|name| NO_JOBS.contains(&name.as_str()))
            .map(|name| format!("{name} is no job"))
            .collect(),
    );
    let gone = TABLE.iter().filter(|row| !members.iter().any(|name| name == row.name));
    none(gone.map(|row| format!("{} has a row and is no member", row.name)).collect());
}

#[test]
fn the_table_points_down() {
    for (at, row) in TABLE.iter().enumerate() {
        let below = |name: &str| name == "*" || TABLE[..at].iter().any(|lower| lower.name == name);
        assert!(
            row.may.iter().all(|name| below(name)),
            "{} imports something that stands above it",
            row.name
        );
    }
}

#[test]
fn no_arrow_is_declared_and_not_used() {
    let sources = source::read(&["rs"]);
    let mut edges = workspace::edges(&workspace::read());
    // Its own files are not among the sources.
    edges.retain(|edge| edge.from != "architecture");
    none(edges.iter().filter_map(|edge| unused(edge, &sources)).collect());
}

#[test]
fn a_wrong_arrow_is_named() {
    for (from, to, dev) in [
        ("dispatch", "triage", false),
        ("intake", "dispatch", true),
        ("orders", "pg", false),
        ("pg", "messaging", false),
        ("telemetry", "pg", false),
        ("testkit", "dispatch", false),
        ("dispatch", "testkit", false),
        ("dispatch", "seal", false),
        ("sla", "orders", false),
        ("contract", "messaging", true),
        ("console", "harness", false),
        ("elsewhere", "ids", false),
    ] {
        let said = offence(&edge(from, to, dev)).unwrap_or_default();
        assert!(said.starts_with(&format!("{from} → {to}")), "{from} → {to} went through");
    }
    for (from, to, dev) in
        [("dispatch", "orders", false), ("pg", "testkit", true), ("flow", "dispatch", false)]
    {
        assert_eq!(offence(&edge(from, to, dev)), None);
    }
}

#[test]
fn an_unused_arrow_is_named() {
    let source = |text| [Source::made_up("services/dispatch/src/lib.rs", text)];
    let arrow = edge("dispatch", "wakeups", false);
    assert!(unused(&arrow, &source("// wakeups::arm is mentioned only\nuse my_wakeups::arm;")).is_some());
    assert!(unused(&arrow, &source("#[cfg(test)] mod tests { use wakeups::arm; }")).is_some());
    assert_eq!(unused(&arrow, &source("use wakeups::arm;")), None);
    assert_eq!(unused(&arrow, &source("fn f() { ::wakeups::arm() }")), None);
}
