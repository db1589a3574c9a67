//! One weight vector a label, each label against the rest: L2-regularised squared hinge by dual coordinate descent
//! (Hsieh and others, 2008). All labels are solved in one pass over the data, since a row is dear to fetch.
//!
//! Deterministic: the order of visits comes from the seed, and a problem is solved by one thread.

use super::chance::Chance;
use super::corpus::Matrix;

/// Labels that are worked on together: one cache line of weights, and what a compiler turns into vector instructions.
const LANES: usize = 8;
/// The constant feature that carries each label's bias.
const BIAS: f32 = 1.0;

/// One value for each of [`LANES`] labels.
type Lanes = [f32; LANES];

/// Weights while they are found: per column one value a label, padded to whole lanes; the bias is the last column.
#[derive(Debug, Clone)]
pub struct Weights {
    /// Lanes of a column.
    stride: usize,
    values: Vec<Lanes>,
}

/// A problem being solved: its rows, its labels, and how far it is.
pub struct Problem<'a> {
    matrix: &'a Matrix,
    /// Which rows are learned from.
    rows: Vec<u32>,
    /// By row of the matrix.
    labels: &'a [u32],
    label_count: usize,
    weights: Weights,
    /// Dual variables: per learned row one a label.
    duals: Vec<f32>,
    chance: Chance,
}

impl Weights {
    fn zero(columns: usize, labels: usize) -> Self {
        let stride = labels.div_ceil(LANES);
        Self { stride, values: vec![[0.0; LANES]; (columns + 1) * stride] }
    }

    /// The weights of one column, one a label and then padding.
    pub fn of(&self, column: usize) -> &[f32] {
        self.values[column * self.stride..(column + 1) * self.stride].as_flattened()
    }

    /// What each label gets without any feature.
    pub fn bias(&self) -> impl Iterator<Item = f32> + '_ {
        let last = self.values.len() - self.stride;
        self.values[last..].as_flattened().iter().map(|weight| weight * BIAS)
    }

    /// Margins of a row, written over `out` (padding included).
    pub fn margins(&self, row: &[(u32, f32)], out: &mut Vec<f32>) {
        out.clear();
        let last = self.values.len() / self.stride - 1;
        for lanes in 0..self.stride {
            // Held in registers over the whole row.
            let mut sums = self.values[last * self.stride + lanes].map(|weight| weight * BIAS);
            for (column, value) in row {
                let weights = &self.values[*column as usize * self.stride + lanes];
                for lane in 0..LANES {
                    sums[lane] += value * weights[lane];
                }
            }
            out.extend(sums);
        }
    }

    fn add(&mut self, row: &[(u32, f32)], steps: &[Lanes]) {
        let last = (self.values.len() / self.stride - 1) as u32;
        for (lanes, steps) in steps.iter().enumerate() {
            for (column, value) in row.iter().chain([&(last, BIAS)]) {
                let weights = &mut self.values[*column as usize * self.stride + lanes];
                for lane in 0..LANES {
                    weights[lane] += value * steps[lane];
                }
            }
        }
    }
}

impl<'a> Problem<'a> {
    /// Nothing learned yet.
    pub fn new(
        matrix: &'a Matrix,
        labels: &'a [u32],
        rows: Vec<u32>,
        (features, label_count): (usize, usize),
        seed: u64,
    ) -> Self {
        let weights = Weights::zero(features, label_count);
        let duals = vec![0.0; rows.len() * label_count];
        Self { matrix, rows, labels, label_count, weights, duals, chance: Chance::new(seed) }
    }

    /// Goes on from where it stands, with the cost of an error `c`, for at most `passes` passes; ends early once no step
    /// is larger than `still`. Afterwards the weights are those of `c`.
    pub fn solve(&mut self, c: f32, passes: usize, still: f32) -> &Weights {
        let mut order: Vec<u32> = (0..self.rows.len() as u32).collect();
        let mut scratch = (Vec::new(), vec![[0.0; LANES]; self.weights.stride]);
        for _ in 0..passes {
            self.chance.shuffle(&mut order);
            let largest =
                order.iter().fold(0.0, |largest: f32, at| largest.max(self.step(*at, c, &mut scratch)));
            if largest < still {
                break;
            }
        }
        &self.weights
    }

    /// Moves the duals of one row to where they are best while all others stay; answers the largest move, in margin.
    fn step(&mut self, at: u32, c: f32, (margins, steps): &mut (Vec<f32>, Vec<Lanes>)) -> f32 {
        let index = self.rows[at as usize] as usize;
        let (row, label) = (self.matrix.row(index), self.labels[index] as usize);
        // A row has length one, or nothing in it.
        let square = BIAS * BIAS + if row.is_empty() { 0.0 } else { 1.0 };
        self.weights.margins(row, margins);
        let labels = self.label_count;
        let duals = &mut self.duals[at as usize * labels..(at as usize + 1) * labels];
        let slack = 1.0 / (2.0 * c);
        let mut largest = 0.0_f32;
        let steps_by_label = steps.as_flattened_mut();
        for lane in 0..labels {
            let sign = if lane == label { 1.0 } else { -1.0 };
            let gradient = sign * margins[lane] - 1.0 + slack * duals[lane];
            let moved = (duals[lane] - gradient / (square + slack)).max(0.0);
            steps_by_label[lane] = (moved - duals[lane]) * sign;
            duals[lane] = moved;
            largest = largest.max(steps_by_label[lane].abs());
        }
        if largest > 0.0 {
            self.weights.add(row, steps);
        }
        largest
    }
}
