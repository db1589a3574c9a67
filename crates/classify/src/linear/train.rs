//! From examples to a classifier: features, the subject's weight, five-fold cross-validation along a path of costs,
//! calibration.
//!
//! How much a subject weighs is tried on two fifths first. Then six problems are solved: five that leave out a fifth
//! each, and the one of all examples. Each goes up the same path of costs from where the one before ended, so trying
//! several costs takes little longer than one. What the left-out fifths were given chooses the cost and calibrates it.
//! A feature that a fold's own examples hold once is hidden from that fold, as it would be from a model trained on
//! them alone; otherwise calibration would be too sure.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::calibrate::{Calibration, Margins};
use super::chance::Chance;
use super::classifier::{Classifier, Head};
use super::corpus::{self, Matrix, Vocabulary};
use super::examples::Example;
use super::features::Segmenter;
use super::file;
use super::score::{Judged, Score, score};
use super::solve::{Problem, Weights};

/// Parts of cross-validation, and so the fewest examples a label may have.
const FOLDS: usize = 5;
/// Costs of an error that are tried, rising, with the passes each gets.
const PATH: [(f32, usize); 3] = [(0.5, 4), (1.0, 2), (2.0, 2)];
/// Weights of the subject that are tried, and on how many folds.
const SUBJECT_WEIGHTS: [f32; 3] = [0.25, 0.5, 1.0];
const SUBJECT_FOLDS: usize = 2;
/// The path of such a trial: weights are compared, not used.
const SUBJECT_PATH: [(f32, usize); 1] = [(0.5, 3)];
/// A pass without a step larger than this (in margin) ends a cost.
const STILL: f32 = 0.01;
/// Among costs whose macro-F1 is this near the best, the one with the smallest loss is taken.
const NEAR_BEST: f64 = 0.001;
/// What the proposed threshold aims at.
const ACCURACY_PROPOSED: f64 = 0.975;

/// What may be set about a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Decides folds and order of visits.
    pub seed: u64,
    /// Threads to work with; the result does not depend on it.
    pub threads: usize,
    /// Most bytes of the model file, at most [`super::BYTES_MAX`]: features of the fewest messages are left out first. What
    /// decides is of the features that are left, so a small model is calibrated as what it is.
    pub bytes_max: usize,
}

/// Progress, told while it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The features are known.
    Counted {
        /// Examples.
        examples: usize,
        /// Features kept.
        features: usize,
    },
    /// One of the problems is solved.
    Solved {
        /// How many are.
        done: usize,
        /// Of how many.
        of: usize,
    },
    /// Choosing and calibrating.
    Calibrating,
}

/// Examples from which nothing can be learned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrainError {
    /// There is nothing to tell apart.
    #[error("the examples have {0} labels; at least two are needed")]
    FewLabels(usize),
    /// A label that would be missing from some fold.
    #[error("label {label} has {examples} examples; at least {FOLDS} are needed")]
    FewExamples {
        /// The label.
        label: String,
        /// How many it has.
        examples: usize,
    },
    /// More labels than a model file has room for.
    #[error("{0} labels are too many for one model")]
    ManyLabels(usize),
    /// No feature in two messages.
    #[error("no two messages have a word in common")]
    NothingShared,
    /// No room for a single feature.
    #[error("{bytes_max} bytes have no room for a model of {labels} labels")]
    NoRoom {
        /// How many bytes were allowed.
        bytes_max: usize,
        /// How many labels there are.
        labels: usize,
    },
}

/// The most labels of one model.
const LABELS_MAX: usize = 1_000;

/// Margins of the messages a fold leaves out, in their order; one entry a cost.
type LeftOut = Vec<Vec<Vec<f32>>>;

/// Examples made ready.
struct Ground {
    labels: Vec<String>,
    label_of: Vec<u32>,
    fold_of: Vec<usize>,
    vocabulary: Vocabulary,
    matrix: Matrix,
    settings: Settings,
}

/// Learns from examples.
///
/// # Errors
/// [`TrainError`] when they can teach nothing.
pub fn train(
    examples: &[Example],
    segmenter: &Segmenter,
    settings: Settings,
    told: &(dyn Fn(Step) + Sync),
) -> Result<Classifier, TrainError> {
    let ground = ground(examples, segmenter, settings)?;
    told(Step::Counted { examples: examples.len(), features: ground.vocabulary.keys.len() });
    let has_subjects = examples.iter().any(|example| !example.subject.trim().is_empty());
    let weights = if has_subjects { &SUBJECT_WEIGHTS[..] } else { &[1.0] };
    let tried = if weights.len() > 1 { weights.len() * SUBJECT_FOLDS } else { 0 };
    let counter = Counter { done: AtomicUsize::new(0), of: tried + FOLDS + 1, told };
    let subject_weight = ground.subject_weight(weights, &counter);
    let mut problems = side_by_side(settings.threads, FOLDS + 1, &counter, |at| match at {
        // The whole is the longest: it goes first.
        0 => Solved::Whole(ground.solve_whole(subject_weight)),
        fold => Solved::LeftOut(ground.solve_fold(fold - 1, subject_weight, &PATH)),
    });
    told(Step::Calibrating);
    let Solved::Whole(whole) = problems.remove(0) else { unreachable!("the whole goes first") };
    Ok(ground.choose(&whole, &problems, subject_weight))
}

/// What one problem gave: weights by cost, or margins of what it left out.
enum Solved {
    Whole(Vec<Weights>),
    LeftOut(LeftOut),
}

fn ground(examples: &[Example], segmenter: &Segmenter, settings: Settings) -> Result<Ground, TrainError> {
    let (labels, label_of) = labels(examples)?;
    let messages: Vec<_> = examples.iter().map(Example::message).collect();
    let features_max = file::features_max(&labels, settings.bytes_max);
    if features_max == 0 {
        return Err(TrainError::NoRoom { bytes_max: settings.bytes_max, labels: labels.len() });
    }
    let counted = corpus::count(&messages, segmenter, settings.threads);
    let vocabulary = Vocabulary::of(&counted, features_max);
    if vocabulary.keys.is_empty() {
        return Err(TrainError::NothingShared);
    }
    let matrix = vocabulary.matrix(&counted);
    let fold_of = folds(&label_of, labels.len(), settings.seed);
    Ok(Ground { labels, label_of, fold_of, vocabulary, matrix, settings })
}

fn labels(examples: &[Example]) -> Result<(Vec<String>, Vec<u32>), TrainError> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for example in examples {
        *counts.entry(&example.label).or_default() += 1;
    }
    if counts.len() < 2 {
        return Err(TrainError::FewLabels(counts.len()));
    }
    if counts.len() > LABELS_MAX {
        return Err(TrainError::ManyLabels(counts.len()));
    }
    if let Some((label, examples)) = counts.iter().find(|(_, count)| **count < FOLDS) {
        return Err(TrainError::FewExamples { label: (*label).to_owned(), examples: *examples });
    }
    let names: Vec<&str> = counts.into_keys().collect();
    let place =
        |example: &Example| names.binary_search(&example.label.as_str()).expect("counted above") as u32;
    let label_of = examples.iter().map(place).collect();
    Ok((names.into_iter().map(str::to_owned).collect(), label_of))
}

/// Each label's examples are dealt out to the folds in turn, in an order the seed decides.
fn folds(label_of: &[u32], labels: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..label_of.len()).collect();
    Chance::new(seed).shuffle(&mut order);
    let (mut dealt, mut fold_of) = (vec![0; labels], vec![0; label_of.len()]);
    for at in order {
        let count = &mut dealt[label_of[at] as usize];
        fold_of[at] = *count % FOLDS;
        *count += 1;
    }
    fold_of
}

/// Tells how many problems are solved.
struct Counter<'a> {
    done: AtomicUsize,
    of: usize,
    told: &'a (dyn Fn(Step) + Sync),
}

/// Threads take problems in turn; which thread solves what changes nothing.
fn side_by_side<T: Send>(
    threads: usize,
    problems: usize,
    counter: &Counter<'_>,
    solve: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let solved: Mutex<Vec<Option<T>>> = Mutex::new((0..problems).map(|_| None).collect());
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= problems {
                return;
            }
            let answer = solve(at);
            solved.lock().expect("no holder panics")[at] = Some(answer);
            let done = counter.done.fetch_add(1, Ordering::Relaxed) + 1;
            (counter.told)(Step::Solved { done, of: counter.of });
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, problems) {
            scope.spawn(work);
        }
    });
    solved.into_inner().expect("no holder panics").into_iter().flatten().collect()
}

/// One cost's answers on what was left out, calibrated.
struct Candidate {
    calibration: Calibration,
    judged: Vec<Judged>,
    score: Score,
    loss: f64,
}

impl Ground {
    /// The weight whose answers on some folds have the smallest loss.
    fn subject_weight(&self, weights: &[f32], counter: &Counter<'_>) -> f32 {
        if let [only] = weights {
            return *only;
        }
        let problems = weights.len() * SUBJECT_FOLDS;
        let solved = side_by_side(self.settings.threads, problems, counter, |at| {
            Solved::LeftOut(self.solve_fold(at % SUBJECT_FOLDS, weights[at / SUBJECT_FOLDS], &SUBJECT_PATH))
        });
        let loss = |at: usize| self.candidate(&solved[at * SUBJECT_FOLDS..(at + 1) * SUBJECT_FOLDS], 0).loss;
        let losses: Vec<f64> = (0..weights.len()).map(loss).collect();
        let best = (0..weights.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap_or(0);
        weights[best]
    }

    fn solve_whole(&self, subject_weight: f32) -> Vec<Weights> {
        let rows: Vec<u32> = (0..self.label_of.len() as u32).collect();
        let matrix = self.vocabulary.as_seen_by(&self.matrix, &rows, subject_weight);
        let mut problem = self.problem(&matrix, rows, 0);
        PATH.iter().map(|(cost, passes)| problem.solve(*cost, *passes, STILL).clone()).collect()
    }

    fn solve_fold(&self, fold: usize, subject_weight: f32, path: &[(f32, usize)]) -> LeftOut {
        let everything = 0..self.label_of.len() as u32;
        let (left_out, learned): (Vec<u32>, Vec<u32>) =
            everything.partition(|at| self.fold_of[*at as usize] == fold);
        let matrix = self.vocabulary.as_seen_by(&self.matrix, &learned, subject_weight);
        let mut problem = self.problem(&matrix, learned, 1 + fold as u64);
        let mut out = Vec::new();
        let mut margins = |weights: &Weights, at: u32| {
            weights.margins(matrix.row(at as usize), &mut out);
            out[..self.labels.len()].to_vec()
        };
        let mut solve = |(cost, passes): &(f32, usize)| -> Vec<Vec<f32>> {
            let weights = problem.solve(*cost, *passes, STILL);
            left_out.iter().map(|at| margins(weights, *at)).collect()
        };
        path.iter().map(&mut solve).collect()
    }

    fn problem<'a>(&'a self, matrix: &'a Matrix, rows: Vec<u32>, which: u64) -> Problem<'a> {
        let size = (self.vocabulary.keys.len(), self.labels.len());
        Problem::new(matrix, &self.label_of, rows, size, self.settings.seed.wrapping_add(which))
    }

    /// Near the best macro-F1, the smallest loss.
    fn choose(&self, whole: &[Weights], folds: &[Solved], subject_weight: f32) -> Classifier {
        let candidates: Vec<Candidate> = (0..PATH.len()).map(|at| self.candidate(folds, at)).collect();
        let best_f1 = candidates.iter().map(|candidate| candidate.score.macro_f1).fold(0.0, f64::max);
        let near = (0..PATH.len()).filter(|at| candidates[*at].score.macro_f1 >= best_f1 - NEAR_BEST);
        let chosen = near.min_by(|a, b| candidates[*a].loss.total_cmp(&candidates[*b].loss)).unwrap_or(0);
        let (candidate, weights) = (&candidates[chosen], &whole[chosen]);
        let head = Head {
            labels: self.labels.clone(),
            biases: weights.bias().take(self.labels.len()).collect(),
            subject_weight,
            weight_max: 0.0,
            calibration: candidate.calibration.clone(),
            confidence_proposed: proposed(&candidate.judged),
            examples: self.label_of.len(),
            seed: self.settings.seed,
            cost: PATH[chosen].0,
            held_out: candidate.score.rounded(),
        };
        Classifier::quantised(&self.vocabulary, weights, head)
    }

    /// The first folds' answers at one cost.
    fn candidate(&self, folds: &[Solved], cost: usize) -> Candidate {
        let mut margins = Margins::default();
        for (fold, solved) in folds.iter().enumerate() {
            let Solved::LeftOut(by_cost) = solved else { continue };
            let rows = (0..self.label_of.len()).filter(|at| self.fold_of[*at] == fold);
            margins.labels.extend(rows.map(|at| self.label_of[at]));
            margins.values.extend(by_cost[cost].iter().cloned());
        }
        let calibration = Calibration::fit(&margins);
        let (mut judged, mut loss) = (Vec::new(), 0.0);
        for (values, label) in margins.values.iter_mut().zip(&margins.labels) {
            let given = calibration.apply(values);
            loss -= f64::from(values[*label as usize].max(1e-6).ln());
            judged.push(Judged { label: *label, given: given as u32, confidence: values[given] });
        }
        let score = score(&judged, self.labels.len());
        Candidate { calibration, judged, score, loss }
    }
}

/// The lowest confidence above which enough are right; 1 when none is.
fn proposed(judged: &[Judged]) -> f32 {
    let mut surest = judged.to_vec();
    surest.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let (mut right, mut lowest) = (0, 1.0);
    for (at, one) in surest.iter().enumerate() {
        right += usize::from(one.label == one.given);
        if right as f64 >= ACCURACY_PROPOSED * (at + 1) as f64 {
            lowest = one.confidence;
        }
    }
    lowest
}
