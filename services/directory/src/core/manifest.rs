//! YAML to a typed manifest, within bounds.
//!
//! Read into strict types only: an untyped value would turn `no` into false and `012` into 12. Unknown fields and
//! duplicate keys are refused. An alias may repeat a part, but what it expands to is counted: the work and the
//! memory of a hostile file stay a small multiple of its bytes.

use contract::document::manifest::{self, DistrictSpec, ManifestHead, ManifestKind, StreetSpec};
use ids::TenantId;
use serde::de::DeserializeOwned;

use super::fault::Fault;

/// Most bytes of a manifest: 256 KiB.
pub(crate) const MANIFEST_BYTES_MAX: usize = 256 * 1024;

/// A file of this many bytes cannot hold more nodes than this, aliases aside.
const NODES_MAX: usize = 128 * 1024;

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

/// Reads a manifest; the fault names line and column.
pub(crate) fn read(bytes: &[u8]) -> Result<Manifest, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::not_utf8())?;
    let head: ManifestHead = parse(text)?;
    match head.kind {
        ManifestKind::District => Ok(Manifest::District(Box::new(parse(text)?))),
        ManifestKind::Street => Ok(Manifest::Street(Box::new(parse(text)?))),
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
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
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: NODES_MAX },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| Fault::of_yaml(&error))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREET: &str = include_str!("../../../../packs/demo/street-990102002000.yaml");

    fn code(text: &str) -> String {
        read(text.as_bytes()).map_or_else(|fault| fault.code.to_owned(), |_| "read".to_owned())
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
    fn what_is_not_exactly_a_manifest_is_refused_by_name() {
        let bomb = read(bomb().as_bytes()).unwrap_err();
        assert_eq!(bomb.code, "bad-alias");
        assert!(bomb.detail.contains("limit"), "{}", bomb.detail);
        assert_eq!(
            code(&STREET.replace("  routing_mode: auto", "  routing_mode: auto\n  routing_mode: auto")),
            "duplicate-key"
        );
        assert_eq!(code(&STREET.replace("routing_mode", "routing_modes")), "unknown-field");
        assert_eq!(code(&STREET.replace("  routing_mode: auto\n", "")), "missing-field");
        assert_eq!(code(&STREET.replace("kind: Street", "kind: Country")), "unknown-word");
        assert_eq!(code(&STREET.replace("streetwise/v1", "streetwise/v9")), "unknown-word");
        assert_eq!(code(&STREET.replace("code: \"990102002000\"", "code: \"99010200200\"")), "unreadable");
        assert_eq!(code(&STREET.replace("spec:", "spec: [")), "unreadable");
        assert_eq!(code(&format!("{STREET}---\n{STREET}")), "unreadable");
        assert_eq!(code(&"[".repeat(10_000)), "unreadable");
        assert_eq!(read(&[0xff, 0xfe]).unwrap_err().code, "not-utf8");
    }

    #[test]
    fn a_fault_names_its_line() {
        let fault = read(STREET.replace("routing_mode", "routing_modes").as_bytes()).unwrap_err();
        let line = STREET.lines().position(|line| line.contains("routing_mode")).unwrap() + 1;
        assert!(fault.detail.contains(&format!("第 {line} 行")), "{}", fault.detail);
        assert!(fault.detail.contains(&format!("line {line}, column 3")), "{}", fault.detail);
    }

    proptest! {
        #[test]
        fn other_bytes_are_a_fault_not_a_panic(bytes: Vec<u8>) {
            prop_assert!(read(&bytes).is_err());
        }

        #[test]
        fn a_changed_byte_is_read_or_refused(at in 0..STREET.len(), byte: u8) {
            let mut bytes = STREET.as_bytes().to_vec();
            bytes[at] = byte;
            let _either = read(&bytes);
        }
    }
}
