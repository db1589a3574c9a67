//! What a learned model makes of a text: asked only where no keyword decides, and never the one who decides in danger.
//!
//! A model decides if it is sure enough (the tenant's threshold) of an item that the list has that day. Where the words may
//! speak of mortal danger a person is asked at once, however sure it is of something harmless: a late look at a false
//! alarm costs minutes, the other mistake costs more. An opinion is stored whole and in integers (D37), so that why can be
//! told years later without the model.

use serde::{Deserialize, Serialize};

use super::item::List;

/// The likeliest items that are looked at, told and proposed.
pub const LIKELIEST: usize = 3;
/// An item of mortal danger among them that is this probable, in thousandths, has a person asked at once.
const DANGER_PERMILLE: u32 = 50;
/// An item this probable is worth proposing.
const PROPOSED_PERMILLE: u32 = 50;

/// What a model says of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    /// Whose model: the street's, or its district's.
    pub tenant: String,
    /// Which of its publications.
    pub generation: u64,
    /// SHA-256 of the model file.
    pub sha256: String,
    /// Confidence, in thousandths, below which a person judges.
    pub threshold_permille: u32,
    /// The likeliest items, the likeliest first.
    pub likeliest: Vec<Likely>,
    /// Words that spoke for the likeliest rather than for the next, the strongest first.
    pub words: Vec<Word>,
}

/// An item and how probable it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Likely {
    /// Its code.
    pub item: String,
    /// In thousandths.
    pub permille: u32,
}

/// A word that spoke for an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// The word.
    pub word: String,
    /// Its part of the log-odds, in thousandths.
    pub weight_permille: i32,
}

/// What follows from an opinion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It is this item.
    Item(&'a str),
    /// A person judges: not sure enough.
    Unsure,
    /// A person judges: what it is sure of is no item of the list that day.
    Unlisted,
    /// A person judges: the text has a word of mortal danger, or is near to it.
    Feared,
}

impl Opinion {
    /// What follows. `feared` is what keywords, nearest items or alarm words say of danger.
    pub fn verdict(&self, feared: bool, list: &impl List) -> Verdict<'_> {
        match self.likeliest.first() {
            Some(first) if first.permille >= self.threshold_permille => {
                if feared || self.danger(list).is_some() {
                    Verdict::Feared
                } else if list.listed(&first.item).is_some() {
                    Verdict::Item(&first.item)
                } else {
                    Verdict::Unlisted
                }
            }
            _ => Verdict::Unsure,
        }
    }

    /// The item of mortal danger among the likeliest, if it is probable enough to be looked at.
    pub fn danger(&self, list: &impl List) -> Option<&str> {
        let probable = self.likeliest.iter().filter(|likely| likely.permille >= DANGER_PERMILLE);
        probable.map(|likely| likely.item.as_str()).find(|item| list.mortal(item))
    }

    /// Items of the list that are worth proposing, the likeliest first.
    pub fn candidates(&self, list: &impl List) -> Vec<&Likely> {
        let probable = self.likeliest.iter().filter(|likely| likely.permille >= PROPOSED_PERMILLE);
        probable.filter(|likely| list.listed(&likely.item).is_some()).collect()
    }

    /// What it says and what follows, in Chinese and in English, to be put behind another sentence.
    pub fn told(&self, verdict: Verdict<'_>, list: &impl List) -> (String, String) {
        let Some(first) = self.likeliest.first() else { return Default::default() };
        let name = list.listed(&first.item);
        let (zh, en) = name
            .map_or((first.item.as_str(), first.item.as_str()), |name| (name.zh.as_str(), name.en.as_str()));
        let (sure, least) = (per_cent(first.permille), per_cent(self.threshold_permille));
        let words: Vec<&str> = self.words.iter().map(|word| word.word.as_str()).collect();
        let (by_zh, by_en) = match words.as_slice() {
            [] => Default::default(),
            words => (format!("，依据“{}”", words.join("、")), format!(", by {}", words.join(", "))),
        };
        let (so_zh, so_en) = match verdict {
            Verdict::Item(_) => (format!("达到阈值 {least}"), format!("the threshold is {least}")),
            Verdict::Unsure => (
                format!("低于阈值 {least}，转人工研判"),
                format!("below the threshold of {least}, a person must judge"),
            ),
            Verdict::Unlisted => (
                "清单当日没有此事项，转人工研判".to_owned(),
                "the list does not have it that day, a person must judge".to_owned(),
            ),
            Verdict::Feared => (
                "文字可能危及生命，不由模型判定，转人工研判".to_owned(),
                "the words may speak of mortal danger, a person must judge".to_owned(),
            ),
        };
        let code = &first.item;
        (
            format!("；模型判为{zh}（{code}），可信度 {sure}，{so_zh}{by_zh}"),
            format!("; the model says {en} ({code}), {sure} sure, {so_en}{by_en}"),
        )
    }
}

/// Thousandths as people read them.
fn per_cent(permille: u32) -> String {
    format!("{}.{}%", permille / 10, permille % 10)
}
