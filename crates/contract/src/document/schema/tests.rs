//! The schemas against their committed copies, against the types they describe, and the reference.

use std::fs;
use std::path::{Path, PathBuf};

use super::reference;
use crate::document::Kind;

fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

/// Compares with the committed file; `STREETWISE_RENEW` writes it.
fn check(name: &str, fresh: &str) {
    let file = place(name);
    if std::env::var("STREETWISE_RENEW").is_ok() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, fresh).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == fresh, "{name} is not what the types say: ./dev generate");
}

#[test]
fn the_committed_schemas_and_the_reference_are_what_the_types_say() {
    let schemas = [Kind::District, Kind::Street].map(super::of);
    check("packs/schema/district.schema.json", &format!("{:#}\n", schemas[0]));
    check("packs/schema/street.schema.json", &format!("{:#}\n", schemas[1]));
    check("docs/manifest-reference.md", &reference::page(&schemas));
}

/// Fields of a form, that is: the words of a map's keys have their meaning where the words are.
#[test]
fn every_field_says_what_it_means() {
    for schema in [Kind::District, Kind::Street].map(super::of) {
        let forms = schema["$defs"].as_object().unwrap().values().chain([&schema]);
        for form in forms {
            for (name, field) in form["properties"].as_object().into_iter().flatten() {
                // What is left of a link of the code's would be noise in an editor.
                let said = field["description"].as_str().is_some_and(|text| !text.contains("[`"));
                assert!(said, "{name}: {field}");
            }
        }
    }
}

#[test]
fn the_demo_manifests_name_their_schema() {
    for (manifest, kind) in [
        ("district-990102000000", "district"),
        ("street-990102001000", "street"),
        ("street-990102002000", "street"),
    ] {
        let text = fs::read_to_string(place(&format!("packs/demo/{manifest}.yaml"))).unwrap();
        let expected = format!("# yaml-language-server: $schema=../schema/{kind}.schema.json");
        assert_eq!(text.lines().next(), Some(expected.as_str()));
    }
}
