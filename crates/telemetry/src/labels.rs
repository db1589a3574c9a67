//! Labels with a bounded vocabulary: every word is declared with the instrument, any other counts as `other`.
//!
//! So the number of series is a constant of the code, and nothing a person wrote can become a label.

use std::sync::Arc;

use opentelemetry::{KeyValue, Value};

/// What stands in for a word that was not declared.
pub const OTHER: &str = "other";

/// A label and its vocabulary.
#[derive(Debug, Clone)]
pub struct Label {
    key: &'static str,
    words: Vec<Arc<str>>,
}

/// Declares a label.
pub fn label<W: AsRef<str>>(key: &'static str, words: impl IntoIterator<Item = W>) -> Label {
    Label { key, words: words.into_iter().map(|word| Arc::from(word.as_ref())).collect() }
}

impl Label {
    pub(crate) fn key(&self) -> &'static str {
        self.key
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = &Arc<str>> {
        self.words.iter()
    }
}

/// Every combination of the words of some labels, made once.
#[derive(Debug, Clone)]
pub(crate) struct Table<const N: usize> {
    labels: [Label; N],
    rows: Vec<Vec<KeyValue>>,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(labels: [Label; N]) -> Self {
        let mut rows = vec![Vec::new()];
        for label in &labels {
            let words = label.words.iter().cloned().chain([Arc::from(OTHER)]);
            let values: Vec<KeyValue> =
                words.map(|word| KeyValue::new(label.key, Value::String(word.into()))).collect();
            rows = rows.iter().flat_map(|row| values.iter().map(|value| with(row, value))).collect();
        }
        Self { labels, rows }
    }

    /// The attributes of these words.
    pub(crate) fn row(&self, words: [&str; N]) -> &[KeyValue] {
        let place = self.labels.iter().zip(words).fold(0, |place, (label, word)| {
            let known = label.words.iter().position(|known| **known == *word);
            place * (label.words.len() + 1) + known.unwrap_or(label.words.len())
        });
        &self.rows[place]
    }

    /// All rows of declared words only: a rate needs a zero to start from.
    pub(crate) fn declared(&self) -> impl Iterator<Item = &[KeyValue]> {
        let other = Value::from(OTHER);
        self.rows.iter().map(Vec::as_slice).filter(move |row| row.iter().all(|label| label.value != other))
    }
}

fn with(row: &[KeyValue], value: &KeyValue) -> Vec<KeyValue> {
    row.iter().chain([value]).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(row: &[KeyValue]) -> Vec<String> {
        row.iter().map(|label| label.value.to_string()).collect()
    }

    #[test]
    fn each_combination_has_a_row_and_strangers_share_one() {
        let table = Table::new([label("went", ["opened", "joined"]), label("method", ["keyword"])]);
        assert_eq!(table.rows.len(), 6);
        for went in ["opened", "joined"] {
            assert_eq!(words(table.row([went, "keyword"])), [went, "keyword"]);
            assert_eq!(words(table.row([went, "13800138000"])), [went, OTHER]);
        }
        assert_eq!(words(table.row(["x", "y"])), [OTHER, OTHER]);
        assert_eq!(table.declared().count(), 2);
        assert_eq!(Table::new([]).row([]).len(), 0);
    }
}
