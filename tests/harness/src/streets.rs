//! Street manifests made from the demo street: the same pack, other codes.

use std::path::PathBuf;

use crate::load;

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
        _ => of_pattern(n),
    }
}

/// The demo's first street under the n-th code.
pub fn of_pattern(n: usize) -> String {
    read("demo/street-990102001000.yaml").replace(PATTERN, &format!("990102{n:03}"))
}

/// The same; every order of the load has so many seconds to be acknowledged.
pub fn with_limit(n: usize, limit_s: u64) -> String {
    let items: Vec<String> =
        load::ITEMS.iter().map(|item| format!("    {item}: {{ policy: soon }}\n")).collect();
    let policy = format!(
        "  policies:\n    soon:\n      demo: true\n      limits:\n        acknowledge: {{ amount: {limit_s}, unit: second, clock: clock }}\n      \
         warn_per_mille: []\n      chain: to-district-centre\n"
    );
    let added = format!("\n  items:\n{}{policy}  endpoints:\n", items.concat());
    of_pattern(n).replacen("\n  endpoints:\n", &added, 1)
}

/// The n-th street as benches use it: the item of their smallest report has no assistants.
pub fn street_for_benches(n: usize) -> String {
    of_pattern(n).replacen("\n  endpoints:\n", "\n  items:\n    IOT-10: { assists: [] }\n  endpoints:\n", 1)
}

fn read(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(name);
    std::fs::read_to_string(path).expect("the pack is in the repository")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_of_the_load_has_the_limit() {
        let street = with_limit(3, 60);
        assert!(
            street.contains("    TRA-01: { policy: soon }\n") && street.contains("990102003000"),
            "{street}"
        );
        assert!(street.contains("    soon:\n      demo: true\n") && street.contains("amount: 60,"));
    }

    #[test]
    fn streets_for_benches_differ_in_code_and_item_only() {
        let street = street_for_benches(17);
        assert!(street.contains("code: \"990102017000\"") && !street.contains(PATTERN));
        assert!(street.contains("\n  items:\n    IOT-10: { assists: [] }\n  endpoints:\n"));
        assert_eq!(street.lines().count(), read("demo/street-990102001000.yaml").lines().count() + 2);
    }
}
