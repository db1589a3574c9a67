use std::collections::BTreeSet;

use architecture::errors::{PAGE, codes, told};
use architecture::source::{self, Source};

use crate::none;

#[test]
fn every_code_is_on_its_page() {
    let (said, page) = (codes(&source::read(&["rs"])), std::fs::read_to_string(source::root().join(PAGE)));
    let told = told(&page.expect("the page is there"));
    assert!(said.len() > 25, "the codes were not found: {said:?}");
    let missing = said.difference(&told).map(|code| format!("{PAGE}: {code} is missing"));
    let idle = told.difference(&said).map(|code| format!("{PAGE}: nobody says {code}"));
    none(missing.chain(idle).collect());
}

#[test]
fn codes_are_found_where_they_are_made() {
    let table = "\nkinds! {\n    ONE 400 \"one\" \"t\"\n        \"h\";\n    TWO \"two\" \"t\";\n}\n";
    let own = "static THREE: ProblemKind = ProblemKind {\n    status: 422,\n    code: \"three\",\n};";
    let sources = [Source::made_up("crates/a/src/a.rs", table), Source::made_up("services/b/src/b.rs", own)];
    assert_eq!(codes(&sources), ["one", "three", "two"].map(str::to_owned).into());
    let page = "| status | code |\n|---|---|\n| 400 | `one` | every door |\n| what `two` is | x |";
    assert_eq!(told(page), BTreeSet::from(["one".to_owned()]));
}
