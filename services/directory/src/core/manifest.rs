//! YAML to a typed manifest, within bounds.
//!
//! Read into strict types only: an untyped value would turn `no` into false and `012` into 12. Unknown fields and
//! duplicate keys are refused. An alias may repeat a part, but what it expands to is counted: the work and the
//! memory of a hostile file stay a small multiple of its bytes.
//!
//! The types stop at their first fault. What they refuse is then surveyed by the schema, so that all of it is told.

use contract::document::manifest::{self, DistrictSpec, ManifestHead, ManifestKind, StreetSpec};
use ids::TenantId;
use serde::de::DeserializeOwned;
use serde_saphyr::Error as YamlError;

use super::fault::{Fault, Found};
use super::place;
use super::survey::survey;
use super::tree::{At, Tree};

/// Most bytes of a manifest: 256 KiB.
pub(crate) const MANIFEST_BYTES_MAX: usize = 256 * 1024;

/// Most nodes, written or brought in by aliases: one for every four bytes. Manifests have one for nine or more.
pub(super) const NODES_MAX: usize = 64 * 1024;

/// Most bytes of texts, written or brought in by aliases.
const TEXT_BYTES_MAX: usize = 4 * MANIFEST_BYTES_MAX;

/// A manifest of either kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Manifest {
    District(Box<manifest::Manifest<DistrictSpec>>),
    Street(Box<manifest::Manifest<StreetSpec>>),
}

impl Manifest {
    /// Whose it is.
    pub(crate) fn tenant(&self) -> TenantId {
        match self {
            Manifest::District(district) => district.metadata.code,
            Manifest::Street(street) => street.metadata.code,
        }
    }

    /// The district it says it belongs to; a district is its own.
    pub(crate) fn district(&self) -> TenantId {
        match self {
            Manifest::District(district) => district.metadata.code,
            Manifest::Street(street) => street.spec.district,
        }
    }
}

/// Reads a manifest, or says everything that keeps it from being one.
pub(crate) fn read(bytes: &[u8]) -> Result<Manifest, Found> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let sound = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        Found::of(vec![Fault::not_utf8(At::of_byte(&sound, sound.len()))])
    })?;
    typed(text).map_err(|error| explained(text, &error))
}

/// What is wrong with the content of a manifest that was read, with the places in its text.
pub(crate) fn placed(mut faults: Vec<Fault>, bytes: &[u8]) -> Found {
    if let Ok(text) = std::str::from_utf8(bytes) {
        // The first are told; only they need a place.
        let told = faults.len().min(super::FAULTS_MAX);
        place::place(&mut faults[..told], text);
    }
    Found::of(faults)
}

fn typed(text: &str) -> Result<Manifest, YamlError> {
    let head: ManifestHead = parse(text)?;
    match head.kind {
        ManifestKind::District => Ok(Manifest::District(Box::new(parse(text)?))),
        ManifestKind::Street => Ok(Manifest::Street(Box::new(parse(text)?))),
    }
}

/// All that is wrong: what the typed reader stopped at is a part of it, or the only thing that is known.
fn explained(text: &str, error: &YamlError) -> Found {
    let own = Fault::of_yaml(error);
    if own.ends_reading() {
        return Found::of(vec![own]);
    }
    let tree = match Tree::read(text) {
        Ok(tree) => tree,
        Err(broken) => return Found::of(vec![own, Fault::broken(broken)]),
    };
    let mut found = survey(&tree);
    found.told.extend(tree.second.map(Fault::several_documents));
    if found.told.is_empty() {
        found.told.push(own);
    }
    found.sorted()
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_nodes: NODES_MAX,
            max_events: 2 * NODES_MAX,
            max_anchors: 256,
            max_aliases: 4 * 1024,
            max_total_scalar_bytes: TEXT_BYTES_MAX,
            max_recorded_anchor_bytes: TEXT_BYTES_MAX,
            max_recorded_anchor_events: 2 * NODES_MAX,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: NODES_MAX },
    };
    serde_saphyr::from_str_with_options(text, options)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREET: &str = include_str!("../../../../packs/demo/street-990102002000.yaml");

    fn codes(text: &str) -> Vec<&'static str> {
        let found = read(text.as_bytes()).err().unwrap_or_default();
        found.told.iter().map(|fault| fault.code).collect()
    }

    /// Nine levels of nine aliases each: 400 million nodes when expanded.
    fn bomb() -> String {
        let levels =
            (1..9).map(|n| format!("  a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", ")));
        format!("bomb:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n{}{STREET}", levels.collect::<String>())
    }

    #[test]
    fn both_kinds_are_read() {
        let street = read(STREET.as_bytes()).unwrap();
        assert_eq!(street.tenant().to_string(), "990102002000");
        assert_eq!(street.district().to_string(), "990102000000");
        let district = read(include_bytes!("../../../../packs/demo/district-990102000000.yaml")).unwrap();
        assert_eq!(district.district(), district.tenant());
    }

    #[test]
    fn what_ends_reading_is_told_alone_with_its_place() {
        let place = |text: &str| {
            let found = read(text.as_bytes()).unwrap_err();
            assert_eq!(found.told.len(), 1, "{found:?}");
            let at = found.told[0].at.expect("a place");
            (found.told[0].code, at.line)
        };
        let lines = STREET.lines().count() as u32;
        let bomb = read(bomb().as_bytes()).unwrap_err().told;
        assert_eq!((bomb.len(), bomb[0].code), (1, "bad-alias"));
        assert!(bomb[0].detail.contains("limit") && bomb[0].at.is_some(), "{bomb:?}");
        assert_eq!(place(&format!("{STREET}---\n{STREET}")), ("several-documents", lines + 1));
        assert_eq!(place("kind: Street\nspec: {{\n").0, "unreadable");
        assert!(matches!(place(&"[".repeat(10_000)).0, "unreadable" | "too-complex"));
        assert_eq!(read(b"kind: Street\nx: \xff").unwrap_err().told[0].at, Some(At { line: 2, column: 4 }));
        assert_eq!(codes(&STREET.replace("spec:", "spec: [")), ["unreadable"]);
        assert_eq!(codes("").len(), 1);
    }

    /// The typed reader stops at the unknown field; the file is broken further down.
    #[test]
    fn a_structural_fault_and_a_broken_end_are_both_told() {
        let text = format!("nonsense: 1\n{STREET}  broken: [");
        assert_eq!(codes(&text).last(), Some(&"unreadable"));
        let twice = format!("{}---\n{STREET}", STREET.replace("routing_mode", "routing_modes"));
        assert_eq!(codes(&twice), ["missing-field", "unknown-field", "several-documents"]);
    }

    /// A thousand aliases are few, of a text of a hundred kilobytes they are too many.
    #[test]
    fn texts_brought_in_by_aliases_are_counted_too() {
        let aliases = vec!["*t"; 1_000].join(", ");
        let text = format!("much:\n  text: &t {}\n  list: [{aliases}]\n{STREET}", "x".repeat(100_000));
        assert!(matches!(codes(&text)[..], ["bad-alias" | "too-complex"]), "{:?}", codes(&text));
        let few = text.replace(&aliases, "*t, *t");
        assert_eq!(codes(&few), ["unknown-field"]);
    }

    #[test]
    fn what_is_right_by_the_types_is_right_by_the_schema() {
        for text in [STREET, include_str!("../../../../packs/demo/district-990102000000.yaml")] {
            assert_eq!(survey(&Tree::read(text).unwrap()), Found::default());
        }
    }

    proptest! {
        #[test]
        fn other_bytes_are_a_fault_not_a_panic(bytes: Vec<u8>) {
            prop_assert!(!read(&bytes).unwrap_err().told.is_empty());
        }

        /// Refused with a place, or read; and what is read has nothing wrong by the schema.
        #[test]
        fn a_changed_byte_is_read_or_refused(at in 0..STREET.len(), byte: u8) {
            let mut bytes = STREET.as_bytes().to_vec();
            bytes[at] = byte;
            match read(&bytes) {
                Err(found) => prop_assert!(found.told.iter().all(|fault| fault.at.is_some()), "{found:?}"),
                Ok(_) => {
                    let tree = Tree::read(std::str::from_utf8(&bytes).unwrap()).unwrap();
                    // What the content check refuses, with a code of its own: a channel, a key of a map.
                    let content = |fault: &Fault| {
                        let key = fault.pointer.matches('/').count() == 3 && fault.code == "identifier-invalid";
                        key || fault.pointer.ends_with("/channel")
                    };
                    let found = survey(&tree).told.into_iter().filter(|fault| !content(fault));
                    prop_assert_eq!(found.collect::<Vec<_>>(), []);
                }
            }
        }
    }
}
