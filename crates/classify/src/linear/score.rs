//! How good answers were: the figures of `classifier eval`.

use serde::{Deserialize, Serialize};

/// Equal parts of the scale from 0 to 1 in which confidence and accuracy are compared.
const BINS: usize = 15;

/// One judged message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The label it should have.
    pub label: u32,
    /// The label it was given.
    pub given: u32,
    /// How sure the answer was, 0 to 1.
    pub confidence: f32,
}

/// The figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Messages.
    pub n: usize,
    /// Mean over the labels of the harmonic mean of precision and recall.
    pub macro_f1: f64,
    /// Part that was given the right label.
    pub accuracy: f64,
    /// The same of the four fifths whose answers were surest.
    pub accuracy_top80: f64,
    /// Expected calibration error: mean gap between confidence and accuracy over 15 equal bins.
    pub ece: f64,
}

impl Score {
    /// To six decimals, which JSON gives back to the last bit.
    pub(super) fn rounded(self) -> Self {
        let round = |figure: f64| (figure * 1e6).round() / 1e6;
        Self {
            n: self.n,
            macro_f1: round(self.macro_f1),
            accuracy: round(self.accuracy),
            accuracy_top80: round(self.accuracy_top80),
            ece: round(self.ece),
        }
    }
}

/// The figures of these answers over `labels` labels; labels that neither occur nor are given do not count.
pub fn score(judged: &[Judged], labels: usize) -> Score {
    let mut surest = judged.to_vec();
    surest.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let top = (judged.len() * 4).div_ceil(5);
    Score {
        n: judged.len(),
        macro_f1: macro_f1(judged, labels),
        accuracy: accuracy(judged),
        accuracy_top80: accuracy(&surest[..top]),
        ece: ece(judged),
    }
}

/// Part that is right; zero of nothing.
pub fn accuracy(judged: &[Judged]) -> f64 {
    let right = judged.iter().filter(|judged| judged.label == judged.given).count();
    right as f64 / judged.len().max(1) as f64
}

fn macro_f1(judged: &[Judged], labels: usize) -> f64 {
    let (mut right, mut wanted, mut given) = (vec![0.0; labels], vec![0.0; labels], vec![0.0; labels]);
    for one in judged {
        wanted[one.label as usize] += 1.0;
        given[one.given as usize] += 1.0;
        right[one.label as usize] += f64::from(u8::from(one.label == one.given));
    }
    let seen: Vec<usize> = (0..labels).filter(|label| wanted[*label] + given[*label] > 0.0).collect();
    let sum: f64 = seen.iter().map(|label| 2.0 * right[*label] / (wanted[*label] + given[*label])).sum();
    sum / seen.len().max(1) as f64
}

fn ece(judged: &[Judged]) -> f64 {
    let mut gaps = [0.0; BINS];
    for one in judged {
        let bin = ((f64::from(one.confidence) * BINS as f64) as usize).min(BINS - 1);
        gaps[bin] += f64::from(one.confidence) - f64::from(u8::from(one.label == one.given));
    }
    gaps.iter().map(|gap: &f64| gap.abs()).sum::<f64>() / judged.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_by_hand() {
        let judged = [(0, 0, 0.95), (0, 0, 0.9), (0, 1, 0.5), (1, 1, 0.9), (1, 1, 0.7)]
            .map(|(label, given, confidence)| Judged { label, given, confidence });
        let score = score(&judged, 3);
        // Label 0: 4/5, label 1: 4/5, label 2 does not occur.
        assert!((score.macro_f1 - 0.8).abs() < 1e-9 && (score.accuracy - 0.8).abs() < 1e-9);
        assert!((score.accuracy_top80 - 1.0).abs() < 1e-9);
        // Bins: |0.95 - 1|, |0.9 + 0.9 - 2|, |0.5 - 0|, |0.7 - 1|, over five.
        assert!((score.ece - (0.05 + 0.2 + 0.5 + 0.3) / 5.0).abs() < 1e-6, "{}", score.ece);
    }

    #[test]
    fn nothing_judged_is_nothing() {
        let score = score(&[], 2);
        assert_eq!((score.n, score.macro_f1, score.accuracy, score.ece), (0, 0.0, 0.0, 0.0));
    }
}
