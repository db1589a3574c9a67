//! Why a label: the words that spoke for it rather than for the next best one.
//!
//! The margin between the two is a sum over features. Each feature's part is shared out over the characters it covers, and a word's
//! weight is the sum over its characters, wherever it stands. So what is shown adds up to what was decided.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::classifier::{Classifier, Judgement, Scratch};
use super::features::{self, BLOCKS, Segmenter};
use super::rows::Normed;
use super::text::{self, Message};

/// Words that are told.
const WORDS_MAX: usize = 8;

/// A judgement with its reasons, in integers (D37).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The label.
    pub label: String,
    /// Its probability in thousandths.
    pub confidence_permille: u32,
    /// The next best label.
    pub rather_than: String,
    /// Its probability in thousandths.
    pub rather_than_permille: u32,
    /// Words that spoke for the label, the strongest first.
    pub words: Vec<WordWeight>,
}

/// A word and what it added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordWeight {
    /// The word.
    pub word: String,
    /// Its part of the log-odds between the two labels, in thousandths.
    pub weight_permille: i32,
}

impl Classifier {
    /// Judges a message and says why.
    pub fn explain(&self, segmenter: &Segmenter, message: Message<'_>) -> Account {
        let judgement = self.judge(segmenter, message, &mut Scratch::default());
        self.account(segmenter, message, &judgement)
    }

    /// Why a message was judged so; `judgement` is what [`Self::judge`] said of it.
    pub fn account(&self, segmenter: &Segmenter, message: Message<'_>, judgement: &Judgement) -> Account {
        let mut scratch = Scratch::default();
        let second = second(&judgement.probabilities, judgement.label);
        let parts = self.parts(segmenter, message, &mut scratch, judgement.label, second);
        let mut words: BTreeMap<String, f32> = BTreeMap::new();
        for (field, is_subject) in [(message.subject, true), (message.detail, false)] {
            text::plain(field, &mut scratch.plain);
            share_out(segmenter, &scratch.plain, is_subject, &parts, &mut words);
        }
        Account {
            label: self.label(judgement.label).to_owned(),
            confidence_permille: permille(judgement.confidence),
            rather_than: self.label(second).to_owned(),
            rather_than_permille: permille(judgement.probabilities[second]),
            words: strongest(words),
        }
    }

    /// What each occurrence of a known feature adds to the log-odds between two labels, by key.
    fn parts(
        &self,
        segmenter: &Segmenter,
        message: Message<'_>,
        scratch: &mut Scratch,
        first: usize,
        second: usize,
    ) -> BTreeMap<u32, f32> {
        let scales = &self.head.calibration.scales;
        let (mut squares, mut parts) = ([0.0; BLOCKS], BTreeMap::new());
        self.each_found(segmenter, message, scratch, |found| {
            squares[features::block_of(found.key)] += found.value * found.value;
            let weight =
                self.weight(found.at, first) * scales[first] - self.weight(found.at, second) * scales[second];
            parts.insert(found.key, weight * found.value / found.times as f32);
        });
        let factors = Normed::of(squares, self.head.subject_weight).factors;
        parts.iter_mut().for_each(|(key, part)| *part *= factors[features::block_of(*key)]);
        parts
    }
}

impl fmt::Display for Account {
    /// Chinese first, English beneath.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.words.iter().map(|word| word.word.as_str()).collect();
        let per_cent = f64::from(self.confidence_permille) / 10.0;
        let (zh, en) = match words.as_slice() {
            [] => ("没有可识别的词".to_owned(), "no word was recognised".to_owned()),
            words => (format!("主要依据：{}", words.join("、")), format!("because of: {}", words.join(", "))),
        };
        writeln!(f, "判为“{}”（可信度 {per_cent:.1}%，其次“{}”），{zh}", self.label, self.rather_than)?;
        write!(f, "judged {} ({per_cent:.1}% sure, next {}), {en}", self.label, self.rather_than)
    }
}

fn second(probabilities: &[f32], first: usize) -> usize {
    let others = (0..probabilities.len()).filter(|at| *at != first);
    others.reduce(|best, at| if probabilities[at] > probabilities[best] { at } else { best }).unwrap_or(first)
}

/// A probability in thousandths.
pub fn permille(probability: f32) -> u32 {
    (probability * 1_000.0).round() as u32
}

/// Each byte of the plain text gets its share; a word takes what its bytes have.
fn share_out(
    segmenter: &Segmenter,
    plain: &str,
    is_subject: bool,
    parts: &BTreeMap<u32, f32>,
    words: &mut BTreeMap<String, f32>,
) {
    let mut shares = vec![0.0_f32; plain.len()];
    segmenter.occurrences(plain, is_subject, |key, at| {
        if let Some(part) = parts.get(&key) {
            let share = part / at.len() as f32;
            shares[at].iter_mut().for_each(|byte| *byte += share);
        }
    });
    for (word, at) in segmenter.cut(plain) {
        *words.entry(word.to_owned()).or_default() += shares[at].iter().sum::<f32>();
    }
}

fn strongest(words: BTreeMap<String, f32>) -> Vec<WordWeight> {
    let weight =
        |(word, weight): (String, f32)| WordWeight { word, weight_permille: (weight * 1_000.0) as i32 };
    // Grammar of one character says nothing to a reader.
    let told = words.into_iter().filter(|(word, _)| word.chars().count() > 1).map(weight);
    let mut words: Vec<WordWeight> = told.filter(|word| word.weight_permille > 0).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.weight_permille));
    words.truncate(WORDS_MAX);
    words
}
