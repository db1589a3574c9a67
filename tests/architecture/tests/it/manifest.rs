use std::fs;

use architecture::manifest::offences;
use architecture::workspace;

use crate::none;

#[test]
fn every_member_inherits_what_the_workspace_says() {
    let metadata = workspace::read();
    let read = |path: &str| fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let members = metadata.workspace_packages();
    none(
        members
            .iter()
            .flat_map(|member| offences(member.manifest_path.as_str(), &read(member.manifest_path.as_str())))
            .collect(),
    );
}

#[test]
fn every_member_is_named_as_its_folder() {
    let metadata = workspace::read();
    let other = |member: &&&cargo_metadata::Package| {
        member.manifest_path.parent().and_then(|folder| folder.file_name()) != Some(member.name.as_str())
    };
    let members = metadata.workspace_packages();
    none(members.iter().filter(other).map(|member| format!("{} lives elsewhere", member.name)).collect());
}

const GOOD: &str = "[package]\nname = \"a\"\nedition.workspace = true\nrust-version.workspace = true\n\
    license.workspace = true\nversion.workspace = true\npublish.workspace = true\n\n[dependencies]\nids.workspace = true\n\
    tokio = { workspace = true, features = [\n    \"rt\",\n] }\n\n[lints]\nworkspace = true\n";

#[test]
fn a_manifest_that_goes_its_own_way_is_named() {
    assert_eq!(offences("a", GOOD), Vec::<String>::new());
    for (from, to) in [
        ("edition.workspace = true", "edition = \"2024\""),
        ("publish.workspace = true\n", ""),
        ("ids.workspace = true", "ids = \"1\""),
        ("ids.workspace = true", "ids = { version = \"1\", default-features = false }"),
        ("ids.workspace = true", "ids = { path = \"../ids\" }"),
        ("ids.workspace = true", "ids = { workspace = true, version = \"1\" }"),
        ("[lints]\nworkspace = true", "[lints.clippy]\nall = \"allow\""),
        ("[lints]", "[features]\nfast = []\n\n[lints]"),
        ("[lints]", "[dependencies.rand]\nversion = \"1\"\n\n[lints]"),
        ("[lints]", "[dev-dependencies]\nrand = \"1\"\n\n[lints]"),
    ] {
        assert!(!offences("a", &GOOD.replace(from, to)).is_empty(), "{to} went through");
    }
}
