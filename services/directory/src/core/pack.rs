//! The built-in default pack. Parsed once; broken files cannot ship, a test reads them.

use std::sync::LazyLock;

use contract::document::pack::Pack;
use serde::de::DeserializeOwned;

/// The name manifests use.
pub(super) const DEFAULT: &str = "default";

static PACK: LazyLock<Pack> = LazyLock::new(|| Pack {
    bodies: parse(include_str!("../../../../packs/default/bodies.yaml")),
    items: parse(include_str!("../../../../packs/default/items.yaml")),
    calendar: parse(include_str!("../../../../packs/default/calendar.yaml")),
    policies: parse(include_str!("../../../../packs/default/policies.yaml")),
    alarm_words: parse(include_str!("../../../../packs/default/alarm-words.yaml")),
});

/// The pack of this name; none but `default` is built in.
pub(super) fn named(name: &str) -> Option<Pack> {
    (name == DEFAULT).then(|| PACK.clone())
}

fn parse<T: DeserializeOwned>(text: &str) -> T {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("the built-in pack does not parse: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_pack_is_there() {
        assert_eq!(named("default").unwrap().items.items.len(), 132);
        assert!(named("other").is_none());
    }
}
