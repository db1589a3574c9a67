//! What training and prediction must do alike: finding a key, and bringing the blocks to one length.

use super::features::BLOCKS;

/// Steps of a stored idf in one unit: a byte reaches up to 15.9, enough for three million messages.
pub const IDF_STEPS_PER_UNIT: f32 = 16.0;
/// What each block's values are multiplied by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normed {
    /// By block; zero for an empty one.
    pub factors: [f32; BLOCKS],
}

impl Normed {
    /// From the sums of squares of the blocks. The subject weighs `subject_weight` beside one for each of the others, before
    /// the whole is brought to length one; a message without a subject has the others in full.
    pub fn of(squares: [f32; BLOCKS], subject_weight: f32) -> Self {
        let block_weights = [1.0, 1.0, subject_weight];
        let weights = |block: usize| if squares[block] > 0.0 { block_weights[block] } else { 0.0 };
        let whole: f32 = (0..BLOCKS).map(|block| weights(block) * weights(block)).sum();
        let factor = |block: usize| {
            if squares[block] > 0.0 { weights(block) / (squares[block] * whole).sqrt() } else { 0.0 }
        };
        Self { factors: [factor(0), factor(1), factor(2)] }
    }
}

/// Where in a rising list of keys those with the same highest bits begin. Keys are hashes and spread evenly, so a
/// look-up reads one place of this and one or two keys.
#[derive(Debug, Clone)]
pub struct KeyIndex {
    shift: u32,
    starts: Vec<u32>,
}

impl KeyIndex {
    /// About one place per key.
    pub fn of(keys: &[u32]) -> Self {
        let bits = keys.len().max(2).ilog2().min(24);
        let shift = u32::BITS - bits;
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        let mut at = 0;
        for prefix in 0..1_u32 << bits {
            while keys.get(at).is_some_and(|key| key >> shift < prefix) {
                at += 1;
            }
            starts.push(at as u32);
        }
        starts.push(keys.len() as u32);
        Self { shift, starts }
    }

    /// The place of a key in the list this was made of.
    pub fn find(&self, keys: &[u32], key: u32) -> Option<usize> {
        let prefix = (key >> self.shift) as usize;
        let (from, to) = (self.starts[prefix] as usize, self.starts[prefix + 1] as usize);
        keys[from..to].iter().position(|other| *other == key).map(|at| from + at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_no_other_is_found() {
        let mut keys: Vec<u32> = (0..1_000_u32).map(|n| n.wrapping_mul(2_654_435_761) & !1).collect();
        keys.extend([0, u32::MAX - 1]);
        keys.sort_unstable();
        keys.dedup();
        let index = KeyIndex::of(&keys);
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(index.find(&keys, *key), Some(at));
            assert_eq!(index.find(&keys, *key | 1), None);
        }
        assert_eq!(KeyIndex::of(&[]).find(&[], 7), None);
    }

    #[test]
    fn the_whole_has_length_one_whatever_is_missing() {
        for squares in [[4.0, 9.0, 0.5], [4.0, 9.0, 0.0], [0.0, 0.0, 2.0]] {
            let factors = Normed::of(squares, 0.5).factors;
            let whole: f32 = (0..BLOCKS).map(|b| squares[b] * factors[b] * factors[b]).sum();
            assert!((whole - 1.0).abs() < 1e-5);
        }
        assert_eq!(Normed::of([0.0; BLOCKS], 0.5).factors, [0.0; BLOCKS]);
    }
}
