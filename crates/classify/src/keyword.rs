//! Item by keywords (D51): each distinct keyword found counts its characters; the highest sum wins.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;
use serde::{Deserialize, Serialize};

use crate::BuildError;

/// The keywords of all items, searched in one pass over the text. Latin letters match in either case.
#[derive(Debug, Clone)]
pub struct KeywordIndex {
    automaton: AhoCorasick,
    /// By pattern: the word and the items that list it.
    words: Vec<(String, BTreeSet<String>)>,
}

/// The keywords of one item found in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemHits {
    /// Code of the item.
    pub item: String,
    /// Sum of the characters (Unicode scalar values) of [`Self::words`].
    pub score: u32,
    /// The distinct keywords found, sorted.
    pub words: Vec<String>,
}

/// All items with at least one hit; the highest score first, equal scores by code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranking {
    /// The items.
    pub hits: Vec<ItemHits>,
}

/// What the keywords say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// One item stands above all others.
    Found {
        /// Its code.
        item: String,
    },
    /// A tie, or nothing found: a person judges.
    Unsure {
        /// Codes that share the highest score, sorted; empty when nothing was found.
        tied: Vec<String>,
    },
}

/// The stored explanation (D37).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// How the item was found: always `keyword` here.
    pub method: String,
    /// What was found, as in [`Ranking::hits`].
    pub hits: Vec<ItemHits>,
    /// What follows from it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl KeywordIndex {
    /// From items with their keywords. Repeated words of an item count once.
    pub fn build<'a, W>(items: impl IntoIterator<Item = (&'a str, W)>) -> Result<Self, BuildError>
    where
        W: IntoIterator<Item = &'a str>,
    {
        let mut by_word: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (code, keywords) in items {
            for word in keywords {
                if word.trim().is_empty() {
                    return Err(BuildError::EmptyWord(code.to_owned()));
                }
                by_word.entry(word.to_ascii_lowercase()).or_default().insert(code.to_owned());
            }
        }
        let words: Vec<_> = by_word.into_iter().collect();
        let patterns = words.iter().map(|(word, _)| word);
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(patterns)?;
        Ok(Self { automaton, words })
    }

    /// Scores every item. Overlapping keywords all count: `路灯不亮` is `路灯` as well.
    pub fn score(&self, text: &str) -> Ranking {
        let found: BTreeSet<usize> =
            self.automaton.find_overlapping_iter(text).map(|hit| hit.pattern().as_usize()).collect();
        let mut words_by_item: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        // Patterns are sorted by word, so each item's words come out sorted.
        for (word, items) in found.into_iter().map(|pattern| &self.words[pattern]) {
            for item in items {
                words_by_item.entry(item).or_default().push(word.clone());
            }
        }
        let hits = |(item, words): (&str, Vec<String>)| {
            let characters: usize = words.iter().map(|word| word.chars().count()).sum();
            let score = u32::try_from(characters).unwrap_or(u32::MAX);
            ItemHits { item: item.to_owned(), score, words }
        };
        let mut hits: Vec<ItemHits> = words_by_item.into_iter().map(hits).collect();
        // Stable: equal scores stay in the order of their codes.
        hits.sort_by_key(|hit| std::cmp::Reverse(hit.score));
        Ranking { hits }
    }
}

impl Ranking {
    /// The winner, or why there is none.
    pub fn outcome(&self) -> Outcome {
        let highest = self.hits.first().map_or(0, |hit| hit.score);
        let mut top: Vec<String> =
            self.hits.iter().take_while(|hit| hit.score == highest).map(|hit| hit.item.clone()).collect();
        match top.pop() {
            Some(item) if top.is_empty() => Outcome::Found { item },
            last => Outcome::Unsure { tied: top.into_iter().chain(last).collect() },
        }
    }

    /// What is stored with the case or the review request.
    pub fn explanation(&self) -> Explanation {
        Explanation { method: "keyword".to_owned(), hits: self.hits.clone(), outcome: self.outcome() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Items = BTreeMap<String, BTreeSet<String>>;

    fn index(items: &Items) -> KeywordIndex {
        let items = items.iter().map(|(code, words)| (code.as_str(), words.iter().map(String::as_str)));
        KeywordIndex::build(items).unwrap()
    }

    fn items(listed: &[(&str, &[&str])]) -> Items {
        listed
            .iter()
            .map(|(code, words)| ((*code).into(), words.iter().map(|w| (*w).into()).collect()))
            .collect()
    }

    #[test]
    fn the_longer_sum_wins_and_says_why() {
        let index = index(&items(&[("FAC-03", &["路灯", "路灯不亮"]), ("FAC-07", &["护栏"])]));
        let ranking = index.score("护栏边的路灯不亮，路灯不亮！");
        assert_eq!(ranking.outcome(), Outcome::Found { item: "FAC-03".into() });
        let explanation = serde_json::to_string(&ranking.explanation()).unwrap();
        assert_eq!(
            explanation,
            r#"{"method":"keyword","hits":[{"item":"FAC-03","score":6,"words":["路灯","路灯不亮"]},{"item":"FAC-07","score":2,"words":["护栏"]}],"outcome":"found","item":"FAC-03"}"#
        );
        assert_eq!(serde_json::from_str::<Explanation>(&explanation).unwrap(), ranking.explanation());
    }

    #[test]
    fn a_tie_and_nothing_are_left_to_a_person() {
        let index = index(&items(&[("A", &["停水"]), ("B", &["停电"]), ("C", &["电"])]));
        let unsure = |tied: &[&str]| Outcome::Unsure { tied: tied.iter().map(|t| (*t).into()).collect() };
        assert_eq!(index.score("停水又停电").outcome(), unsure(&["A", "B"]));
        assert_eq!(index.score("你好").outcome(), unsure(&[]));
        assert_eq!(index.score("").outcome(), unsure(&[]));
    }

    #[test]
    fn latin_letters_match_in_either_case() {
        let index = index(&items(&[("ECO-03", &["KTV噪音"])]));
        assert_eq!(index.score("楼下ktv噪音").outcome(), Outcome::Found { item: "ECO-03".into() });
    }

    #[test]
    fn an_empty_word_is_refused() {
        assert!(matches!(KeywordIndex::build([("A", [" "])]), Err(BuildError::EmptyWord(at)) if at == "A"));
    }

    proptest! {
        /// Any bytes, cut anywhere: the answer is the one a plain search gives.
        #[test]
        fn agrees_with_a_plain_search(
            listed in prop::collection::btree_map("[A-E]", prop::collection::btree_set("[水电路灯停a]{1,3}", 0..4), 0..5),
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                "[水电路灯停aA，]{0,20}".prop_map(String::into_bytes),
                "[水电路灯停]{0,9}".prop_map(|text| text.into_bytes().into_iter().skip(1).collect()),
            ],
        ) {
            let text = String::from_utf8_lossy(&bytes);
            let ranking = index(&listed).score(&text);
            let plain = text.to_ascii_lowercase();
            for (code, words) in &listed {
                let found: Vec<String> = words.iter().filter(|w| plain.contains(w.as_str())).cloned().collect();
                let hit = ranking.hits.iter().find(|hit| hit.item == *code);
                prop_assert_eq!(hit.map_or(&[][..], |hit| &hit.words), &found[..]);
                let score: usize = found.iter().map(|word| word.chars().count()).sum();
                prop_assert_eq!(hit.map_or(0, |hit| hit.score as usize), score);
            }
            prop_assert!(ranking.hits.is_sorted_by(|a, b| (b.score, &a.item) < (a.score, &b.item)));
            if let Outcome::Found { item } = ranking.outcome() {
                prop_assert!(ranking.hits[1..].iter().all(|hit| hit.score < ranking.hits[0].score));
                prop_assert_eq!(&item, &ranking.hits[0].item);
            }
        }
    }
}
