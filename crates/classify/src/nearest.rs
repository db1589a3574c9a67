//! The items nearest to a text, for a street without history: by what people say of each, without learning.
//!
//! Every item is one short document: its name, keywords, example and further phrases. A text is compared with each by the
//! pieces of one to three characters they share (BM25, with pieces that few items hold counting most). Where keywords do
//! not decide, the nearest are proposed to a person with the pieces that spoke for them: nothing is decided here.
//! [`NearestItems::danger`] only says who must be asked at once.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::linear;

/// Characters of the longest piece.
const PIECE_CHARACTERS_MAX: usize = 3;
/// What a piece counts by its characters. One character says more than its rarity among the items tells: a writer who
/// avoids a list's words still writes of lamps and dogs.
const BY_LENGTH: [f32; PIECE_CHARACTERS_MAX] = [1.4, 1.0, 1.0];
/// BM25: how soon repetition stops counting, and how much long documents are held back.
const SATURATION: f32 = 2.0;
const LENGTH_WEIGHT: f32 = 0.4;
/// Items that are proposed and looked at for danger.
pub const PROPOSED: usize = 3;
/// How near an item of mortal danger has to be beside the nearest, and at all: a single common character is worth 500
/// to 900.
const DANGER_PART: f32 = 0.7;
const DANGER_SCORE_MIN: u32 = 1_340;
/// How near it has to be where keywords have decided on another item: they are nearer to the truth than likeness is.
const DANGER_BESIDE_PART: f32 = 0.8;
/// What everybody writes to an office, whatever it is about.
const COURTESIES: [&str; 19] = [
    "反映",
    "你们好",
    "您好",
    "你好",
    "我们",
    "希望",
    "领导",
    "尽快",
    "解决",
    "处理",
    "问题",
    "一件事",
    "麻烦",
    "谢谢",
    "投诉",
    "建议",
    "有关部门",
    "请问",
    "情况",
];
/// Pieces that are told as a reason.
const PIECES_TOLD: usize = 5;

/// What is known of an item.
#[derive(Debug, Clone, Copy)]
pub struct Described<'a> {
    /// Its code.
    pub code: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Words and sentences that speak of it: keywords, example, further phrases.
    pub phrases: &'a [&'a str],
}

/// All items, by the pieces of their descriptions.
#[derive(Debug, Clone)]
pub struct NearestItems {
    codes: Vec<String>,
    /// By piece: what finding it adds to which item.
    pieces: BTreeMap<Box<str>, Vec<(u32, f32)>>,
}

/// An item near to a text (D37: whole numbers, sorted).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Near {
    /// Its code.
    pub item: String,
    /// How near: what the shared pieces add up to, in thousandths of a piece that only one item holds again and again.
    pub score: u32,
    /// The pieces that spoke for it, the longest first; none within another.
    pub words: Vec<String>,
}

impl NearestItems {
    /// From all items of a list, in any order.
    pub fn build<'a>(items: impl IntoIterator<Item = Described<'a>>) -> Self {
        let by_code: BTreeMap<&str, Described<'a>> =
            items.into_iter().map(|item| (item.code, item)).collect();
        let counted: Vec<BTreeMap<String, f32>> = by_code.values().map(counted).collect();
        let lengths: Vec<f32> = counted.iter().map(|pieces| pieces.values().sum()).collect();
        let mean = lengths.iter().sum::<f32>() / lengths.len().max(1) as f32;
        let mut pieces: BTreeMap<Box<str>, Vec<(u32, f32)>> = BTreeMap::new();
        for (at, document) in counted.iter().enumerate() {
            let held_back = 1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * lengths[at] / mean.max(1.0);
            for (piece, times) in document {
                let share = times / (times + SATURATION * held_back);
                pieces.entry(piece.as_str().into()).or_default().push((at as u32, share));
            }
        }
        let count = counted.len() as f32;
        let rarity = |holders: f32| (1.0 + (count - holders + 0.5) / (holders + 0.5)).ln();
        for (piece, items) in &mut pieces {
            let weight = BY_LENGTH[piece.chars().count() - 1] * rarity(items.len() as f32) / rarity(1.0);
            items.iter_mut().for_each(|(_, share)| *share *= weight);
        }
        Self { codes: by_code.into_keys().map(str::to_owned).collect(), pieces }
    }

    /// The nearest items of those that `listed` has, at most `most`, the nearest first and equal ones by code; none that
    /// shares nothing.
    pub fn nearest(&self, text: &str, most: usize, listed: impl Fn(&str) -> bool) -> Vec<Near> {
        let found = found(text);
        let mut scores = vec![0.0_f32; self.codes.len()];
        for (at, part) in found.iter().filter_map(|piece| self.pieces.get(piece.as_str())).flatten() {
            scores[*at as usize] += part;
        }
        let mut order: Vec<usize> = (0..scores.len()).filter(|at| scores[*at] > 0.0).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
        let near = |at: usize| Near {
            item: self.codes[at].clone(),
            score: (scores[at] * 1_000.0) as u32,
            words: self.reasons(&found, at),
        };
        // Asked of the nearest only: nearly every item shares some character with a text.
        order.into_iter().filter(|at| listed(&self.codes[*at])).take(most).map(near).collect()
    }

    /// Whether one of these, the nearest of a text in order, speaks of what `mortal` says is mortal danger: rather once
    /// too often, since all that follows is that a person looks at once. One character in common is not enough.
    pub fn danger(near: &[Near], mortal: impl Fn(&str) -> bool) -> Option<&Near> {
        Self::dangerous(near, DANGER_PART, mortal)
    }

    /// The same where keywords have decided on an item that is none of mortal danger.
    pub fn danger_beside(near: &[Near], mortal: impl Fn(&str) -> bool) -> Option<&Near> {
        Self::dangerous(near, DANGER_BESIDE_PART, mortal)
    }

    fn dangerous(near: &[Near], part: f32, mortal: impl Fn(&str) -> bool) -> Option<&Near> {
        let nearest = near.first()?.score as f32;
        let close = |near: &&Near| near.score >= DANGER_SCORE_MIN && near.score as f32 >= part * nearest;
        near.iter().take(PROPOSED).filter(close).find(|near| mortal(&near.item))
    }

    fn reasons(&self, found: &BTreeSet<String>, at: usize) -> Vec<String> {
        let part = |piece: &String| {
            let items = self.pieces.get(piece.as_str())?;
            items.iter().find(|(item, _)| *item as usize == at).map(|(_, part)| *part)
        };
        let mut parts: Vec<(f32, &String)> =
            found.iter().filter_map(|piece| Some((part(piece)?, piece))).collect();
        // The longest say most to a reader, and hold the shorter ones.
        let length = |piece: &str| piece.chars().count();
        parts.sort_by(|a, b| length(b.1).cmp(&length(a.1)).then(b.0.total_cmp(&a.0)).then(a.1.cmp(b.1)));
        let mut told: Vec<String> = Vec::new();
        for (_, piece) in parts {
            if told.len() < PIECES_TOLD && !told.iter().any(|longer| longer.contains(piece.as_str())) {
                told.push(piece.clone());
            }
        }
        told
    }
}

/// The pieces of an item with how often they stand in its description.
fn counted(item: &Described<'_>) -> BTreeMap<String, f32> {
    let mut counted = BTreeMap::new();
    for part in item.phrases.iter().chain([&item.name]) {
        pieces(part, |piece| *counted.entry(piece.to_owned()).or_default() += 1.0);
    }
    counted
}

fn found(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    pieces(text, |piece| {
        found.insert(piece.to_owned());
    });
    found
}

/// Every run of one to three characters that no blank or punctuation cuts.
fn pieces(text: &str, mut tell: impl FnMut(&str)) {
    let mut plain = String::new();
    let bare = COURTESIES.iter().fold(text.to_owned(), |text, courtesy| text.replace(courtesy, " "));
    linear::plain(&bare, &mut plain);
    for run in plain.split([' ', '?', '!', '《', '》']) {
        let ends: Vec<usize> = run.char_indices().map(|(at, _)| at).chain([run.len()]).collect();
        for length in 1..=PIECE_CHARACTERS_MAX {
            ends.windows(length + 1).for_each(|window| tell(&run[window[0]..window[length]]));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn described<'a>(code: &'a str, name: &'a str, phrases: &'a [&'a str]) -> Described<'a> {
        Described { code, name, phrases }
    }

    fn items() -> NearestItems {
        NearestItems::build([
            described("FAC-03", "路灯不亮", &["晚上黑", "灯坏了"]),
            described("SAF-01", "火灾", &["烧起来", "浓烟"]),
            described("ENV-09", "犬只扰民", &["狗叫", "狗咬人"]),
        ])
    }

    #[test]
    fn the_nearest_come_first_with_their_reasons() {
        let near = items().nearest("巷子里的灯坏了，晚上有狗", 3, |_| true);
        let codes: Vec<&str> = near.iter().map(|near| near.item.as_str()).collect();
        assert_eq!(codes, ["FAC-03", "ENV-09"]);
        assert_eq!(near[0].words, ["灯坏了", "晚上"]);
        assert_eq!(near[1].words, ["狗"]);
        assert_eq!(items().nearest("巷子里的灯坏了，晚上有狗", 1, |_| true).len(), 1);
        let without = items().nearest("灯坏了，有狗", 3, |item| item != "FAC-03");
        assert_eq!((without.len(), without[0].item.as_str()), (1, "ENV-09"));
        assert!(
            items().nearest("xyz", 3, |_| true).is_empty() && items().nearest("", 3, |_| true).is_empty()
        );
    }

    #[test]
    fn danger_needs_some_nearness_and_not_the_first_place() {
        let danger = |text: &str| {
            let near = items().nearest(text, 3, |_| true);
            NearestItems::danger(&near, |item| item == "SAF-01").map(|near| near.item.clone())
        };
        assert_eq!(danger("对面烧起来了"), Some("SAF-01".to_owned()));
        assert_eq!(danger("灯坏了，火灾，浓烟"), Some("SAF-01".to_owned()));
        assert_eq!(danger("您好，反映火锅的问题"), None);
        assert_eq!(danger("狗叫狗咬人，灯坏了，路灯不亮，烟"), None);
        assert_eq!(danger(""), None);
    }

    #[test]
    fn beside_an_item_that_keywords_found_danger_has_to_be_nearer() {
        let near = |item: &str, score| Near { item: item.to_owned(), score, words: vec![] };
        let mortal = |item: &str| item == "SAF-01";
        for (score, alone, beside) in
            [(1_339, false, false), (2_099, false, false), (2_100, true, false), (2_400, true, true)]
        {
            let near = [near("FAC-03", 3_000), near("SAF-01", score)];
            let found = [NearestItems::danger(&near, mortal), NearestItems::danger_beside(&near, mortal)];
            assert_eq!(found.map(|found| found.is_some()), [alone, beside], "{score}");
        }
    }

    proptest! {
        #[test]
        fn fuzz_any_text_is_answered_in_order(text in "(\\PC|[路灯坏了狗叫火烟烧起来]){0,40}", most in 0usize..5) {
            let near = items().nearest(&text, most, |_| true);
            prop_assert!(near.len() <= most.min(3));
            prop_assert!(near.is_sorted_by(|a, b| a.score >= b.score));
            for one in near {
                prop_assert!(!one.words.is_empty() && one.words.len() <= PIECES_TOLD);
            }
        }

        #[test]
        fn fuzz_the_order_of_the_list_changes_nothing(turn in 0usize..3, text in "[路灯坏了狗叫火烟烧起来晚上]{0,12}") {
            let mut list = [
                described("A", "路灯不亮", &["晚上黑", "灯坏了"]),
                described("B", "火灾", &["烧起来", "浓烟"]),
                described("C", "犬只扰民", &["狗叫"]),
            ];
            let straight = NearestItems::build(list).nearest(&text, 3, |_| true);
            list.rotate_left(turn);
            prop_assert_eq!(NearestItems::build(list).nearest(&text, 3, |_| true), straight);
        }
    }
}
