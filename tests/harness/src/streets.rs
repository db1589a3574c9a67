//! Street manifests made from the demo street: the same pack, other codes.

use std::path::PathBuf;

/// The district all of them belong to.
pub const DISTRICT: &str = "990102000000";
/// The street whose manifest is the pattern.
const PATTERN: &str = "990102001";

/// The code of the n-th street: 1 and 2 are the demo's own.
pub fn code(n: usize) -> String {
    format!("990102{n:03}000")
}

/// The district's manifest.
pub fn district() -> String {
    read("demo/district-990102000000.yaml")
}

/// The manifest of the n-th street: the demo's own for 1 and 2, a copy with other codes beyond.
pub fn street(n: usize) -> String {
    match n {
        1 | 2 => read(&format!("demo/street-{}.yaml", code(n))),
        _ => read("demo/street-990102001000.yaml").replace(PATTERN, &format!("990102{n:03}")),
    }
}

fn read(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(name);
    std::fs::read_to_string(path).expect("the pack is in the repository")
}
