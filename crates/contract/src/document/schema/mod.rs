//! The manifests as JSON Schema: for editors, for the directory's list of structural faults, for the reference.
//!
//! Made from the forms themselves, so that a field cannot be in one and not in the other. Crate `ids` stays free of
//! schemas: its types are described here by their text. The committed copies (`packs/schema`) and
//! `docs/manifest-reference.md` are compared with what is made here by a test.

mod texts;

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::Kind;
use super::manifest::{DistrictSpec, Manifest, StreetSpec};

pub(super) use texts::{
    BodyName, ClockTime, ClosingTime, Code, Day, Instant, Key, PairName, PriorityWord, Sha256, Slug,
    StageWord,
};

/// The schema of a manifest of this kind.
pub fn of(kind: Kind) -> Value {
    match kind {
        Kind::District => root::<DistrictSpec>("District", "区清单 / the manifest of a district"),
        Kind::Street => root::<StreetSpec>("Street", "街道清单 / the manifest of a street"),
    }
}

fn root<Spec: JsonSchema>(kind: &str, about: &str) -> Value {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<Manifest<Spec>>().to_value();
    schema["title"] = kind.into();
    schema["description"] = about.into();
    // One type reads both kinds; a file of this schema is of this one.
    schema["properties"]["kind"] = json!({ "const": kind, "description": "District or Street (清单类型)." });
    if let Some(definitions) = schema["$defs"].as_object_mut() {
        definitions.remove("ManifestKind");
    }
    schema
}
