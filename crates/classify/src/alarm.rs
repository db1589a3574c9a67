//! The screen for mortal danger (D15): may a report wait behind others?
//!
//! A hint for scheduling and nothing else. It never decides the item, and a missed or false alarm costs a place
//! in the queue, not a wrong order.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};
use serde::{Deserialize, Serialize};

use crate::BuildError;

/// All alarm words, searched in one pass that ends at the first hit.
#[derive(Debug, Clone)]
pub struct AlarmScreen {
    automaton: AhoCorasick,
    words: Vec<(String, BTreeSet<String>)>,
}

/// The first alarm word of a text, the longest where several start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmHit {
    /// The word.
    pub word: String,
    /// Codes of the items it hints at, sorted.
    pub items: Vec<String>,
}

impl AlarmScreen {
    /// From words with the items they hint at.
    pub fn build<'a, C>(words: impl IntoIterator<Item = (&'a str, C)>) -> Result<Self, BuildError>
    where
        C: IntoIterator<Item = &'a str>,
    {
        let mut by_word: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (word, items) in words {
            if word.trim().is_empty() {
                return Err(BuildError::EmptyWord("alarm words".to_owned()));
            }
            let items = items.into_iter().map(str::to_owned);
            by_word.entry(word.to_ascii_lowercase()).or_default().extend(items);
        }
        let words: Vec<_> = by_word.into_iter().collect();
        let mut builder = AhoCorasick::builder();
        let builder = builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest);
        Ok(Self { automaton: builder.build(words.iter().map(|(word, _)| word))?, words })
    }

    /// The first alarm word of the text, if it has one.
    pub fn screen(&self, text: &str) -> Option<AlarmHit> {
        let hit = self.automaton.find(text)?;
        let (word, items) = &self.words[hit.pattern().as_usize()];
        Some(AlarmHit { word: word.clone(), items: items.iter().cloned().collect() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORDS: [(&str, &[&str]); 4] = [
        ("煤气", &["FAC-10"]),
        ("煤气泄漏", &["SAF-02"]),
        ("砍人", &["POL-01", "HEA-04"]),
        ("LEL", &["IOT-02"]),
    ];

    fn screen() -> AlarmScreen {
        AlarmScreen::build(WORDS.map(|(word, items)| (word, items.iter().copied()))).unwrap()
    }

    #[test]
    fn the_first_and_longest_word_is_told() {
        let hit = |word: &str, items: &[&str]| {
            Some(AlarmHit { word: word.into(), items: items.iter().map(|i| (*i).into()).collect() })
        };
        assert_eq!(screen().screen("我家煤气泄漏了，有人砍人"), hit("煤气泄漏", &["SAF-02"]));
        assert_eq!(screen().screen("砍人！煤气泄漏"), hit("砍人", &["HEA-04", "POL-01"]));
        assert_eq!(screen().screen("浓度22% lel"), hit("lel", &["IOT-02"]));
        assert_eq!(screen().screen("公交306路改道"), None);
    }

    #[test]
    fn no_words_find_nothing_and_empty_ones_are_refused() {
        assert_eq!(AlarmScreen::build([("", ["A"]); 0]).unwrap().screen("着火"), None);
        assert!(matches!(AlarmScreen::build([("", ["A"])]), Err(BuildError::EmptyWord(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_alarm_exactly_when_a_word_is_there(
            mut bytes: Vec<u8>,
            cut in 0usize..12,
            word in prop::option::of(0usize..WORDS.len()),
        ) {
            let said = word.map_or("", |word| WORDS[word].0).as_bytes();
            bytes.extend(&said[..cut.min(said.len())]);
            let text = String::from_utf8_lossy(&bytes);
            let plain = text.to_ascii_lowercase();
            let there = WORDS.iter().any(|(word, _)| plain.contains(&word.to_ascii_lowercase()));
            prop_assert_eq!(screen().screen(&text).is_some(), there);
        }
    }
}
