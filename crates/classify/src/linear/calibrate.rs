//! From margins to probabilities that mean what they say.
//!
//! `softmax(scale × margin + shift)` with a scale and a shift a label (vector scaling), found by maximum likelihood on margins
//! of messages the weights had not seen. A gentle pull towards one common scale keeps rare labels from running away.
//! Where labels of the examples contradict each other no scale is right: the surest answers stay too sure. So the confidence of the chosen
//! label then follows a rising line through what such answers were worth (isotonic regression).

use serde::{Deserialize, Serialize};

/// Steps of the search; the loss is smooth and has one valley, it moves no more after about a hundred.
const STEPS: usize = 300;
/// How strongly a label's scale is held near the common one, in log-likelihood per message.
const PULL: f64 = 1e-3;

/// Scales and shifts by label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// What a margin is multiplied by.
    pub scales: Vec<f32>,
    /// What is added to it.
    pub shifts: Vec<f32>,
    /// Points of a rising line from said to deserved confidence; none changes nothing.
    pub line: Vec<(f32, f32)>,
}

/// Margins by message, each with its true label.
#[derive(Debug, Clone, Default)]
pub struct Margins {
    /// One value a label.
    pub values: Vec<Vec<f32>>,
    /// The true labels.
    pub labels: Vec<u32>,
}

impl Calibration {
    /// Probabilities of a message, in place; answers the likeliest label, the first of equal ones.
    pub fn apply(&self, margins: &mut [f32]) -> usize {
        for ((margin, scale), shift) in margins.iter_mut().zip(&self.scales).zip(&self.shifts) {
            *margin = *margin * scale + shift;
        }
        softmax(margins);
        let likeliest =
            (0..margins.len()).fold(0, |best, at| if margins[at] > margins[best] { at } else { best });
        let said = margins[likeliest];
        let deserved = self.deserved(said);
        let rest = if said < 1.0 { (1.0 - deserved) / (1.0 - said) } else { 0.0 };
        margins.iter_mut().for_each(|other| *other *= rest);
        margins[likeliest] = deserved;
        likeliest
    }

    /// Where the line is level, a thousandth of what was said keeps the order.
    fn deserved(&self, said: f32) -> f32 {
        let after = self.line.partition_point(|(at, _)| *at < said);
        let on_line = match (after.checked_sub(1).map(|before| self.line[before]), self.line.get(after)) {
            (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (said - x0) / (x1 - x0),
            (Some((_, y)), None) | (None, Some(&(_, y))) => y,
            (None, None) => said,
        };
        0.999 * on_line + 0.001 * said
    }

    /// The likeliest for these margins; the same margins give the same answer.
    pub fn fit(margins: &Margins) -> Self {
        let mut found = Self::scaled(margins);
        let answer = |(values, label): (&Vec<f32>, &u32)| {
            let mut chances = values.clone();
            let given = found.apply(&mut chances);
            (chances[given], given == *label as usize)
        };
        found.line = rising(margins.values.iter().zip(&margins.labels).map(answer).collect());
        found
    }

    fn scaled(margins: &Margins) -> Self {
        let labels = margins.values.first().map_or(0, Vec::len);
        // One scale for all as the first two parameters' start; Adam as Kingma and Ba (2015) describe it.
        let mut at = vec![0.0_f64; 2 * labels];
        at[..labels].fill(3.0);
        let (mut mean, mut variance) = (vec![0.0; at.len()], vec![0.0; at.len()]);
        for step in 1..=STEPS {
            let gradient = gradient(margins, &at);
            let rate = 0.2 / (1.0 + step as f64 / 30.0);
            for (n, slope) in gradient.into_iter().enumerate() {
                mean[n] = 0.9 * mean[n] + 0.1 * slope;
                variance[n] = 0.99 * variance[n] + 0.01 * slope * slope;
                let (mean, variance) = (
                    mean[n] / (1.0 - 0.9_f64.powi(step as i32)),
                    variance[n] / (1.0 - 0.99_f64.powi(step as i32)),
                );
                at[n] -= rate * mean / (variance.sqrt() + 1e-8);
            }
        }
        let single = |values: &[f64]| values.iter().map(|value| *value as f32).collect();
        Self { scales: single(&at[..labels]), shifts: single(&at[labels..]), line: Vec::new() }
    }
}

/// Answers of a point of the line: a fifteenth of all within these bounds. Fewer would follow chance.
const ANSWERS_PER_POINT: std::ops::RangeInclusive<usize> = 100..=500;
/// Points without which there is no line.
const POINTS_MIN: usize = 4;

/// A group of answers: sums of confidence and of right ones, and how many.
#[derive(Clone, Copy)]
struct Group {
    said: f64,
    right: f64,
    answers: f64,
}

/// Neighbours are pooled while the later one is worth less (pool adjacent violators).
fn rising(mut answers: Vec<(f32, bool)>) -> Vec<(f32, f32)> {
    answers.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let size = (answers.len() / 15).clamp(*ANSWERS_PER_POINT.start(), *ANSWERS_PER_POINT.end());
    if answers.len() < size * POINTS_MIN {
        return Vec::new();
    }
    let mut groups: Vec<Group> = Vec::new();
    for part in answers.chunks_exact(size) {
        let said = part.iter().map(|(said, _)| f64::from(*said)).sum();
        let right = part.iter().filter(|(_, right)| *right).count() as f64;
        let mut group = Group { said, right, answers: part.len() as f64 };
        while let Some(before) =
            groups.pop_if(|before| before.right * group.answers >= group.right * before.answers)
        {
            group = Group {
                said: group.said + before.said,
                right: group.right + before.right,
                answers: group.answers + before.answers,
            };
        }
        groups.push(group);
    }
    let point = |group: Group| ((group.said / group.answers) as f32, (group.right / group.answers) as f32);
    groups.into_iter().map(point).collect()
}

/// Turns logits into probabilities.
pub fn softmax(logits: &mut [f32]) {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter_mut().for_each(|logit| *logit = (*logit - highest).exp());
    let sum: f32 = logits.iter().sum();
    logits.iter_mut().for_each(|logit| *logit /= sum);
}

/// Of the mean negative log-likelihood plus the pull.
fn gradient(margins: &Margins, at: &[f64]) -> Vec<f64> {
    let labels = at.len() / 2;
    let (scales, shifts) = at.split_at(labels);
    let mut gradient = vec![0.0; at.len()];
    let mut chances = vec![0.0_f32; labels];
    for (values, label) in margins.values.iter().zip(&margins.labels) {
        for n in 0..labels {
            chances[n] = values[n] * scales[n] as f32 + shifts[n] as f32;
        }
        softmax(&mut chances);
        chances[*label as usize] -= 1.0;
        for n in 0..labels {
            gradient[n] += f64::from(chances[n] * values[n]);
            gradient[labels + n] += f64::from(chances[n]);
        }
    }
    let messages = margins.values.len().max(1) as f64;
    let common = scales.iter().sum::<f64>() / labels.max(1) as f64;
    for (n, slope) in gradient.iter_mut().enumerate() {
        *slope /= messages;
        *slope += PULL * if n < labels { at[n] - common } else { at[n] };
    }
    gradient
}

#[cfg(test)]
mod tests {
    use super::super::chance::Chance;
    use super::*;

    #[test]
    fn margins_drawn_from_known_scales_give_them_back() {
        let seed = 11;
        println!("seed {seed}");
        let (mut chance, truth) = (
            Chance::new(seed),
            Calibration { scales: vec![4.0; 3], shifts: vec![0.3, 0.0, -0.3], line: Vec::new() },
        );
        let mut margins = Margins::default();
        for _ in 0..20_000 {
            let values: Vec<f32> = (0..3).map(|_| chance.below(2_001) as f32 / 1_000.0 - 1.0).collect();
            let mut chances = values.clone();
            truth.apply(&mut chances);
            let drawn = chance.below(1_000_000) as f32 / 1e6;
            let label = if drawn < chances[0] {
                0
            } else if drawn < chances[0] + chances[1] {
                1
            } else {
                2
            };
            margins.values.push(values);
            margins.labels.push(label);
        }
        let found = Calibration::fit(&margins);
        assert!(found.scales.iter().all(|scale| (scale - 4.0).abs() < 0.25), "{found:?}");
        assert!((found.shifts[0] - found.shifts[2] - 0.6).abs() < 0.15, "{found:?}");
    }

    #[test]
    fn the_line_pools_what_would_fall_and_is_not_drawn_from_little() {
        // Surer answers that are worth less than those before are pooled with them.
        let worth = [50, 80, 70, 95];
        let answers = worth
            .iter()
            .enumerate()
            .flat_map(|(at, right)| (0..100).map(move |n| (0.2 + at as f32 / 5.0, n < *right)));
        let points = rising(answers.collect());
        let near =
            |point: (f32, f32), x: f32, y: f32| (point.0 - x).abs() < 1e-3 && (point.1 - y).abs() < 1e-3;
        assert_eq!(points.len(), 3);
        assert!(
            near(points[0], 0.2, 0.5) && near(points[1], 0.5, 0.75) && near(points[2], 0.8, 0.95),
            "{points:?}"
        );
        assert_eq!(rising(vec![(0.9, true); 399]), []);
    }

    #[test]
    fn probabilities_sum_to_one_at_any_margin() {
        for mut logits in [vec![1e30_f32, -1e30, 0.0], vec![0.0; 4], vec![-700.0, -701.0]] {
            softmax(&mut logits);
            assert!((logits.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
}
