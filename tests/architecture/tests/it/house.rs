use architecture::house::{LINES_MAX, silent, thick_main, too_long};
use architecture::source::{self, Source};

use crate::none;

#[test]
fn no_file_holds_two_subjects() {
    none(source::read(&["rs"]).iter().filter_map(too_long).collect());
    let long = Source::made_up("a.rs", &"\n".repeat(LINES_MAX + 1));
    assert!(too_long(&long).is_some());
    assert_eq!(too_long(&Source::made_up("a.rs", &"\n".repeat(LINES_MAX))), None);
}

#[test]
fn every_module_says_what_it_is_for() {
    let sources = source::read(&["rs"]);
    none(sources.iter().filter(|source| source.path.contains("/src/")).filter_map(silent).collect());
    assert!(silent(&Source::made_up("a.rs", "use std::fmt;")).is_some());
    assert_eq!(silent(&Source::made_up("a.rs", "//! Promises.")), None);
}

#[test]
fn mains_of_services_are_one_line() {
    let sources = source::read(&["rs"]);
    let mains = sources.iter().filter(|source| {
        source.path.starts_with("services/")
            && source.path.ends_with("/src/main.rs")
            && !source.path.starts_with("services/streetwise/")
    });
    none(mains.filter_map(thick_main).collect());
}

#[test]
fn a_thick_main_is_named() {
    let check = |text: &str| thick_main(&Source::made_up("services/triage/src/main.rs", text));
    let thin = "//! The process.\n\nfn main() -> std::process::ExitCode {\n    bootstrap::process::main::<triage::Triage>()\n}\n";
    assert_eq!(check(thin), None);
    assert!(check("fn main() { println!(); }").is_some());
    assert!(check(&thin.replace("bootstrap", "let a = 1; bootstrap")).is_some());
    assert!(check(&thin.replace("triage::Triage", "dispatch::Dispatch")).is_some());
    assert!(check(&format!("{thin}fn helper() {{}}")).is_some());
}
