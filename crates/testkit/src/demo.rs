//! The shipped default pack and demo manifests as documents, read from the repository's own files.

use std::path::PathBuf;

use contract::document::manifest::{DistrictSpec, Manifest, StreetSpec};
use contract::document::pack::Pack;
use contract::document::{Document, Reach, StreetCore, Variables, compile_district, compile_street};
use serde::de::DeserializeOwned;

/// Where the demo's webhooks point unless told otherwise.
pub const SINK_URL: &str = "http://127.0.0.1:9400";

/// District `990102000000` and its two streets, core and people, all of one generation.
pub fn documents(generation: u64) -> Vec<Document> {
    documents_with(generation, SINK_URL)
}

/// The same with webhooks to another origin.
pub fn documents_with(generation: u64, sink_url: &str) -> Vec<Document> {
    let variables: Variables = [("SINK_URL".to_owned(), sink_url.to_owned())].into();
    let manifest: Manifest<DistrictSpec> = read("demo/district-990102000000.yaml");
    let district = compile_district(manifest, pack(), &variables, Reach::Private).expect("a sound district");
    let code = district.core.code;
    let mut documents = Vec::new();
    for name in ["demo/street-990102001000.yaml", "demo/street-990102002000.yaml"] {
        let manifest: Manifest<StreetSpec> = read(name);
        let street = compile_street(manifest, &district.core, generation, &variables, Reach::Private)
            .expect("a sound street");
        documents.push(Document::people(street.core.code, Some(code), generation, street.people));
        documents.push(Document::street(generation, street.core));
    }
    documents.insert(0, Document::people(code, None, generation, district.people));
    documents.insert(0, Document::district(generation, district.core));
    documents
}

/// The first demo street with these rules (YAML of `spec.rules`), compiled and checked as the directory does.
pub fn street_with_rules(rules: &str) -> StreetCore {
    let variables: Variables = [("SINK_URL".to_owned(), SINK_URL.to_owned())].into();
    let district =
        compile_district(read("demo/district-990102000000.yaml"), pack(), &variables, Reach::Private);
    let district = district.expect("a sound district").core;
    let mut manifest: Manifest<StreetSpec> = read("demo/street-990102001000.yaml");
    manifest.spec.rules = serde_saphyr::from_str(rules).expect("rules as a manifest has them");
    let street = compile_street(manifest, &district, 1, &variables, Reach::Private);
    street.expect("a street with these rules is sound").core
}

fn pack() -> Pack {
    Pack {
        bodies: read("default/bodies.yaml"),
        items: read("default/items.yaml"),
        calendar: read("default/calendar.yaml"),
        policies: read("default/policies.yaml"),
        alarm_words: read("default/alarm-words.yaml"),
    }
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(name);
    let text = std::fs::read_to_string(&path).expect("the pack is in the repository");
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}
