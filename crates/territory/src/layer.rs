//! What a street's territory is made of before it is compiled: layers of features.

use std::fmt;
use std::str::FromStr;

use crate::Shape;

/// Names a layer: kebab-case words, at most 64 bytes, e.g. `street`, `community`, `grid`, `police-beat`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerKey(Box<str>);

/// A text that is no layer key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a layer key is 1 to 64 bytes of lower-case words joined by single hyphens")]
pub struct InvalidLayerKey;

impl LayerKey {
    /// The layer of the boundary: one feature.
    pub const STREET: &'static str = "street";
    /// The layer of communities.
    pub const COMMUNITY: &'static str = "community";
    /// The layer of grids.
    pub const GRID: &'static str = "grid";

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LayerKey {
    type Err = InvalidLayerKey;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let letters = |word: &str| word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let word = |word: &str| word.starts_with(|c: char| c.is_ascii_lowercase()) && letters(word);
        let key = text.len() <= 64 && text.split('-').all(word);
        if key { Ok(Self(text.into())) } else { Err(InvalidLayerKey) }
    }
}

impl fmt::Display for LayerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A layer of a street.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Which.
    pub key: LayerKey,
    /// Its features, in any order.
    pub features: Vec<Feature>,
}

/// One thing of a layer, e.g. a grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// Unique in its layer: 12 digits for street and community, 15 for a grid, otherwise 1 to 64 bytes of letters,
    /// digits, `-`, `_` and `.`.
    pub code: String,
    /// What people call it.
    pub name: Option<String>,
    /// Where it is.
    pub shape: Shape,
}

/// Whether a text may be the code of a feature of a layer that has no rule of its own.
pub(crate) fn plain_code(code: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=64).contains(&code.len()) && code.bytes().all(plain)
}
