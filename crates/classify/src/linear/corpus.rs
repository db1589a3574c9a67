//! Labelled messages as sparse rows: which features are kept, how much each weighs, and the rows themselves.
//!
//! Weights are sublinear tf-idf, `(1 + ln tf) × (1 + ln((1 + n) / (1 + df)))`, each block brought to length one, then the
//! whole. A feature of a single message teaches nothing about others and is not kept.

use super::features::{self, BLOCKS, Segmenter};
use super::rows::{IDF_STEPS_PER_UNIT, KeyIndex, Normed};
use super::text::Message;

/// A feature seen in fewer messages is not kept.
const MESSAGES_MIN: u32 = 2;

/// The kept features, sorted by key.
#[derive(Debug, Clone, PartialEq)]
pub struct Vocabulary {
    /// Their keys, rising.
    pub keys: Vec<u32>,
    /// Their idf in steps of 1 / [`IDF_STEPS_PER_UNIT`], as the model file keeps it.
    pub idf: Vec<u8>,
    /// Their columns in a [`Matrix`]: those of the most messages come first, so that what is fetched all the time lies
    /// together. Solving took four times as long with columns in the order of keys.
    pub columns: Vec<u32>,
    /// The block of each column.
    blocks: Vec<u8>,
}

/// Rows of `(column, value)`, one after the other.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    starts: Vec<usize>,
    cells: Vec<(u32, f32)>,
}

impl Matrix {
    /// One message.
    pub fn row(&self, at: usize) -> &[(u32, f32)] {
        &self.cells[self.starts[at]..self.starts[at + 1]]
    }

    /// How many messages.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }
}

/// The features of one message, each key once with how often it occurs, rising by key.
pub type Counted = Vec<(u32, u16)>;

/// Counts the features of all messages, on `threads` threads; the result does not depend on how many.
pub fn count(messages: &[Message<'_>], segmenter: &Segmenter, threads: usize) -> Vec<Counted> {
    let share = messages.len().div_ceil(threads.max(1)).max(1);
    let work = |messages: &[Message<'_>]| -> Vec<Counted> {
        let (mut scratch, mut keys) = (String::new(), Vec::new());
        messages.iter().map(|message| counted(*message, segmenter, &mut scratch, &mut keys)).collect()
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = messages.chunks(share).map(|part| scope.spawn(move || work(part))).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("counting features never panics"))
            .collect()
    })
}

fn counted(
    message: Message<'_>,
    segmenter: &Segmenter,
    scratch: &mut String,
    keys: &mut Vec<u32>,
) -> Counted {
    keys.clear();
    segmenter.keys(message, scratch, keys);
    keys.sort_unstable();
    keys.chunk_by(|a, b| a == b).map(|run| (run[0], u16::try_from(run.len()).unwrap_or(u16::MAX))).collect()
}

impl Vocabulary {
    /// The features of at least [`MESSAGES_MIN`] messages; above `features_max`, those of the most messages.
    pub fn of(messages: &[Counted], features_max: usize) -> Self {
        let mut all: Vec<u32> = messages.iter().flatten().map(|(key, _)| *key).collect();
        all.sort_unstable();
        let mut kept: Vec<(u32, u32)> = all
            .chunk_by(|a, b| a == b)
            .map(|run| (run[0], u32::try_from(run.len()).unwrap_or(u32::MAX)))
            .filter(|(_, messages)| *messages >= MESSAGES_MIN)
            .collect();
        if kept.len() > features_max {
            kept.sort_unstable_by_key(|(key, messages)| (std::cmp::Reverse(*messages), *key));
            kept.truncate(features_max);
            kept.sort_unstable();
        }
        let count = messages.len() as f32;
        let idf = kept.iter().map(|(_, in_messages)| idf_steps(count, *in_messages)).collect();
        let mut places: Vec<u32> = (0..kept.len() as u32).collect();
        places.sort_by_key(|place| std::cmp::Reverse(kept[*place as usize].1));
        let mut columns = vec![0; kept.len()];
        for (column, place) in places.iter().enumerate() {
            columns[*place as usize] = column as u32;
        }
        let blocks = places.iter().map(|place| features::block_of(kept[*place as usize].0) as u8).collect();
        let keys = kept.into_iter().map(|(key, _)| key).collect();
        Self { keys, idf, columns, blocks }
    }

    /// The messages as rows of known features, the subject weighing as much as each other block.
    pub fn matrix(&self, messages: &[Counted]) -> Matrix {
        let index = KeyIndex::of(&self.keys);
        let mut matrix = Matrix { starts: vec![0], cells: Vec::new() };
        for message in messages {
            let start = matrix.cells.len();
            let known =
                message.iter().filter_map(|(key, times)| Some((index.find(&self.keys, *key)?, *times)));
            let weighed = |(at, times): (usize, u16)| {
                (self.columns[at], tf(u32::from(times)) * f32::from(self.idf[at]))
            };
            matrix.cells.extend(known.map(weighed));
            matrix.cells[start..].sort_unstable_by_key(|(column, _)| *column);
            self.scale(&mut matrix.cells[start..], 1.0);
            matrix.starts.push(matrix.cells.len());
        }
        matrix
    }

    /// The rows with another weight of the subject, and without features that the `learned` ones hold fewer than
    /// [`MESSAGES_MIN`] times.
    pub fn as_seen_by(&self, matrix: &Matrix, learned: &[u32], subject_weight: f32) -> Matrix {
        let mut in_messages = vec![0_u32; self.keys.len()];
        for (feature, _) in learned.iter().flat_map(|at| matrix.row(*at as usize)) {
            in_messages[*feature as usize] += 1;
        }
        let mut seen = Matrix { starts: vec![0], cells: Vec::with_capacity(matrix.cells.len()) };
        for at in 0..matrix.len() {
            let start = seen.cells.len();
            let known =
                matrix.row(at).iter().filter(|(feature, _)| in_messages[*feature as usize] >= MESSAGES_MIN);
            seen.cells.extend(known);
            self.scale(&mut seen.cells[start..], subject_weight);
            seen.starts.push(seen.cells.len());
        }
        seen
    }

    fn scale(&self, cells: &mut [(u32, f32)], subject_weight: f32) {
        let block = |cell: &(u32, f32)| usize::from(self.blocks[cell.0 as usize]);
        let mut squares = [0.0; BLOCKS];
        for cell in cells.iter() {
            squares[block(cell)] += cell.1 * cell.1;
        }
        let normed = Normed::of(squares, subject_weight);
        for cell in cells {
            cell.1 *= normed.factors[block(cell)];
        }
    }
}

/// Sublinear: the tenth mention adds little.
pub fn tf(times: u32) -> f32 {
    1.0 + (times as f32).ln()
}

fn idf_steps(messages: f32, in_messages: u32) -> u8 {
    let idf = 1.0 + ((1.0 + messages) / (1.0 + in_messages as f32)).ln();
    (idf * IDF_STEPS_PER_UNIT).round().clamp(1.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_length_one_and_single_features_are_gone() {
        let segmenter = Segmenter::new();
        let texts = ["公交改道绕行", "公交站台损坏", "路灯不亮"];
        let messages = texts.map(Message::from);
        let counted = count(&messages, &segmenter, 2);
        assert_eq!(counted, count(&messages, &segmenter, 1));
        let vocabulary = Vocabulary::of(&counted, 1_000);
        // Only 公交, as a word and as two characters, stands in two of them.
        assert_eq!(vocabulary.keys.len(), 2);
        let matrix = vocabulary.matrix(&counted);
        let length = |at: usize| matrix.row(at).iter().map(|(_, value)| value * value).sum::<f32>();
        assert!((length(0) - 1.0).abs() < 1e-5 && (length(1) - 1.0).abs() < 1e-5);
        assert_eq!((matrix.row(2), matrix.len()), (&[][..], 3));
    }

    #[test]
    fn above_the_bound_the_features_of_most_messages_stay() {
        let counted = vec![vec![(1, 1), (2, 1), (9, 1)], vec![(1, 1), (2, 1), (9, 1)], vec![(9, 3)]];
        assert_eq!(Vocabulary::of(&counted, 1).keys, [9]);
        assert_eq!(Vocabulary::of(&counted, 2).keys, [1, 9]);
    }
}
