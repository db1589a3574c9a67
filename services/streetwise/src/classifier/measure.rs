//! How long one message takes on one core.

use std::time::Instant;

use classify::linear::{Classifier, Example, Message, Scratch, Segmenter};

/// Characters of a message that is timed.
pub const CHARACTERS: usize = 400;
/// Messages of a round, and rounds. The middle round counts: one that another process disturbed is left out.
const MESSAGES: usize = 300;
const ROUNDS: usize = 5;

/// Microseconds a message of 400 characters takes, cutting into words included.
pub fn predict_us(model: &Classifier, segmenter: &Segmenter, examples: &[Example]) -> f64 {
    let mut scratch = Scratch::default();
    middle_us(&chained(examples), |text| {
        std::hint::black_box(model.judge(segmenter, Message::from(text), &mut scratch));
    })
}

/// Microseconds that cutting it into words takes, nothing else: the limit under the former.
pub fn segment_us(segmenter: &Segmenter, examples: &[Example]) -> f64 {
    middle_us(&chained(examples), |text| {
        std::hint::black_box(segmenter.cut(text));
    })
}

/// The texts one after the other, cut into messages of equal length; too few are used again.
fn chained(examples: &[Example]) -> Vec<String> {
    let texts = || examples.iter().flat_map(|example| example.subject.chars().chain(example.detail.chars()));
    if texts().next().is_none() {
        return Vec::new();
    }
    let mut endless = std::iter::repeat_with(texts).flatten();
    (0..MESSAGES).map(|_| endless.by_ref().take(CHARACTERS).collect()).collect()
}

fn middle_us(messages: &[String], mut judge: impl FnMut(&str)) -> f64 {
    let mut round = || {
        let started = Instant::now();
        messages.iter().for_each(|message| judge(message));
        started.elapsed().as_secs_f64() * 1e6 / messages.len().max(1) as f64
    };
    let mut rounds: Vec<f64> = (0..ROUNDS).map(|_| round()).collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}
