//! A trained model: what it keeps of each feature, and how a message is judged.

use serde::{Deserialize, Serialize};

use super::calibrate::Calibration;
use super::corpus::{Vocabulary, tf};
use super::features::{self, BLOCKS, Segmenter};
use super::rows::{KeyIndex, Normed};
use super::score::{Judged, Score, score};
use super::solve::Weights;
use super::text::Message;

/// The largest stored weight.
const LEVEL_MAX: f32 = 127.0;

/// What is known of a model besides its features. Its first part is in the model file as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// The labels, sorted; a judgement names one by its place.
    pub labels: Vec<String>,
    /// What each label gets without any feature.
    pub biases: Vec<f32>,
    /// How much a subject weighs beside the words and the characters of the whole message.
    pub subject_weight: f32,
    /// The weight that the largest stored level stands for.
    pub weight_max: f32,
    /// From margins to probabilities.
    pub calibration: Calibration,
    /// Confidence above which at least 97.5 % of the messages set aside in training were right: a proposal for the
    /// tenant's threshold.
    pub confidence_proposed: f32,
    /// Messages learned from.
    pub examples: usize,
    /// The seed of training.
    pub seed: u64,
    /// The cost of an error that did best on messages set aside.
    pub cost: f32,
    /// How messages set aside were judged in training (five parts, each judged by what the others taught).
    pub held_out: Score,
}

/// A trained model in memory.
#[derive(Debug, Clone)]
pub struct Classifier {
    pub(super) head: Head,
    pub(super) keys: Vec<u32>,
    /// Per key: its idf, then one level a label.
    pub(super) cells: Vec<u8>,
    index: KeyIndex,
    /// What each stored level weighs.
    levels: Vec<f32>,
}

/// What a model says of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The likeliest label, as its place in [`Head::labels`].
    pub label: usize,
    /// Its probability, 0 to 1.
    pub confidence: f32,
    /// The probability of each label.
    pub probabilities: Vec<f32>,
}

/// Memory that is used again for the next message.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) plain: String,
    keys: Vec<u32>,
}

/// One known feature of a message: its place, its block, its value before norming.
pub(super) struct Found {
    pub(super) at: usize,
    pub(super) key: u32,
    pub(super) times: u32,
    pub(super) value: f32,
}

impl Classifier {
    /// From found weights, each rounded to one byte. Levels lie closer to each other near zero, where most weights are.
    pub(super) fn quantised(vocabulary: &Vocabulary, weights: &Weights, mut head: Head) -> Self {
        let labels = head.labels.len();
        let of = |at: usize| &weights.of(vocabulary.columns[at] as usize)[..labels];
        let features = 0..vocabulary.keys.len();
        let largest = features.clone().flat_map(of).fold(f32::MIN_POSITIVE, |max, w| max.max(w.abs()));
        let level =
            |weight: f32| ((weight.abs() / largest).sqrt() * LEVEL_MAX).round().copysign(weight) as i8;
        let mut cells = Vec::with_capacity(vocabulary.keys.len() * (1 + labels));
        for at in features {
            cells.push(vocabulary.idf[at]);
            cells.extend(of(at).iter().map(|weight| level(*weight) as u8));
        }
        head.weight_max = largest;
        Self::of(head, vocabulary.keys.clone(), cells)
    }

    /// From the parts of a model file.
    pub(super) fn of(head: Head, keys: Vec<u32>, cells: Vec<u8>) -> Self {
        let part = |level: u8| f32::from(level as i8) / LEVEL_MAX;
        let weight = |level: u8| (part(level) * part(level)).copysign(part(level)) * head.weight_max;
        let levels = (0..=u8::MAX).map(weight).collect();
        Self { index: KeyIndex::of(&keys), head, keys, cells, levels }
    }

    /// What it was made of.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The name of a label.
    pub fn label(&self, at: usize) -> &str {
        &self.head.labels[at]
    }

    /// How many features it knows.
    pub fn features(&self) -> usize {
        self.keys.len()
    }

    /// The likeliest label of a message, and how likely each is.
    pub fn judge(&self, segmenter: &Segmenter, message: Message<'_>, scratch: &mut Scratch) -> Judgement {
        let labels = self.head.labels.len();
        let (mut squares, mut sums) = ([0.0; BLOCKS], vec![0.0; BLOCKS * labels]);
        self.each_found(segmenter, message, scratch, |found| {
            let block = features::block_of(found.key);
            squares[block] += found.value * found.value;
            for (sum, level) in sums[block * labels..].iter_mut().zip(self.levels_of(found.at)) {
                *sum += found.value * self.levels[usize::from(*level)];
            }
        });
        let normed = Normed::of(squares, self.head.subject_weight);
        let margin = |label: usize| -> f32 {
            let blocks = (0..BLOCKS).map(|block| sums[block * labels + label] * normed.factors[block]);
            self.head.biases[label] + blocks.sum::<f32>()
        };
        self.judged((0..labels).map(margin).collect())
    }

    /// Judges labelled messages; `label` is the place of the true one.
    pub fn score<'a>(
        &self,
        segmenter: &Segmenter,
        messages: impl IntoIterator<Item = (Message<'a>, usize)>,
    ) -> Score {
        let mut scratch = Scratch::default();
        let judge = |(message, label): (Message<'a>, usize)| {
            let Judgement { label: given, confidence, .. } = self.judge(segmenter, message, &mut scratch);
            Judged { label: label as u32, given: given as u32, confidence }
        };
        let judged: Vec<Judged> = messages.into_iter().map(judge).collect();
        score(&judged, self.head.labels.len())
    }

    fn judged(&self, mut probabilities: Vec<f32>) -> Judgement {
        let label = self.head.calibration.apply(&mut probabilities);
        Judgement { label, confidence: probabilities[label], probabilities }
    }

    /// Tells every known feature once, rising by key.
    pub(super) fn each_found(
        &self,
        segmenter: &Segmenter,
        message: Message<'_>,
        scratch: &mut Scratch,
        mut tell: impl FnMut(Found),
    ) {
        scratch.keys.clear();
        segmenter.keys(message, &mut scratch.plain, &mut scratch.keys);
        scratch.keys.sort_unstable();
        for run in scratch.keys.chunk_by(|a, b| a == b) {
            let Some(at) = self.index.find(&self.keys, run[0]) else { continue };
            let times = run.len() as u32;
            let idf = f32::from(self.cells[at * self.width()]);
            tell(Found { at, key: run[0], times, value: tf(times) * idf });
        }
    }

    /// The weight a feature gives to a label.
    pub(super) fn weight(&self, at: usize, label: usize) -> f32 {
        self.levels[usize::from(self.levels_of(at)[label])]
    }

    fn levels_of(&self, at: usize) -> &[u8] {
        &self.cells[at * self.width() + 1..(at + 1) * self.width()]
    }

    /// Bytes a feature takes in `cells`.
    fn width(&self) -> usize {
        1 + self.head.labels.len()
    }
}
