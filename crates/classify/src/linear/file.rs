//! The model file: `SWCLSFY`, version, the length of the head, the head as JSON, the count of features, their keys, their
//! cells, and a CRC-32 of all before it. Numbers are little-endian.
//!
//! The checksum finds damage, not forgery: a model is published by whoever may publish documents.

use super::classifier::{Classifier, Head};

const MAGIC: &[u8; 7] = b"SWCLSFY";
const VERSION: u8 = 1;
/// Bytes of the largest model that is made or read.
pub const BYTES_MAX: usize = 16 << 20;
/// Bytes of the smallest that may be asked for: less has no room for a head and a few features.
pub const BYTES_MIN: usize = 32 << 10;
/// Room for the head: what is of the whole model, its rising line of calibration most of all, and what is of each label
/// beside its name, three numbers.
const HEAD_BYTES: usize = 16 << 10;
const HEAD_BYTES_PER_LABEL: usize = 64;

/// Why bytes are no model. What to do about it is for the one who has the file to say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DamagedModel {
    /// Something else, or nothing.
    #[error("these bytes are no classifier model")]
    NotAModel,
    /// A newer program made it.
    #[error("the model has version {0}, this program reads version {VERSION}")]
    Version(u8),
    /// Bytes are missing, or there are more than the head speaks of.
    #[error("the model is incomplete: {is} bytes, of {wanted}")]
    Length {
        /// Bytes there are.
        is: usize,
        /// Bytes there should be.
        wanted: usize,
    },
    /// Some byte is not what was written.
    #[error("the model's checksum does not fit its content")]
    Checksum,
    /// The checksum fits and the content still makes no model.
    #[error("the model contradicts itself: {0}")]
    Inconsistent(&'static str),
}

/// Features that a model of these labels may have to be at most so many bytes.
pub(super) fn features_max(labels: &[String], bytes_max: usize) -> usize {
    let names: usize = labels.iter().map(|label| label.len() + HEAD_BYTES_PER_LABEL).sum();
    let rest = bytes_max.min(BYTES_MAX).saturating_sub(HEAD_BYTES + names);
    rest / (size_of::<u32>() + 1 + labels.len())
}

impl Classifier {
    /// The model file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = serde_json::to_vec(&self.head).expect("a head has nothing that JSON lacks");
        let mut bytes = Vec::with_capacity(self.cells.len() + 4 * self.keys.len() + head.len() + 32);
        bytes.extend(MAGIC);
        bytes.push(VERSION);
        bytes.extend((head.len() as u32).to_le_bytes());
        bytes.extend(head);
        bytes.extend((self.keys.len() as u32).to_le_bytes());
        bytes.extend(self.keys.iter().flat_map(|key| key.to_le_bytes()));
        bytes.extend(&self.cells);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// From a model file.
    ///
    /// # Errors
    /// [`DamagedModel`] for anything that [`Self::to_bytes`] did not write, whatever the bytes are.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DamagedModel> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(DamagedModel::NotAModel)?;
        match rest.first() {
            Some(&VERSION) => {}
            Some(other) => return Err(DamagedModel::Version(*other)),
            None => return Err(DamagedModel::NotAModel),
        }
        let incomplete = DamagedModel::Length { is: bytes.len(), wanted: MAGIC.len() + 1 + 12 };
        let (content, sum) = bytes.split_last_chunk::<4>().ok_or(incomplete)?;
        if crc32fast::hash(content) != u32::from_le_bytes(*sum) {
            return Err(DamagedModel::Checksum);
        }
        read(&content[MAGIC.len() + 1..])
    }
}

fn read(mut rest: &[u8]) -> Result<Classifier, DamagedModel> {
    let head_bytes = number(&mut rest)?;
    let head = take(&mut rest, head_bytes)?;
    let head: Head = serde_json::from_slice(head).map_err(|_| DamagedModel::Inconsistent("its head"))?;
    let features = number(&mut rest)?;
    let keys = take(&mut rest, features.saturating_mul(4))?;
    let keys: Vec<u32> = keys.as_chunks::<4>().0.iter().map(|key| u32::from_le_bytes(*key)).collect();
    let cells = take(&mut rest, features.saturating_mul(1 + head.labels.len()))?.to_vec();
    check(&head, &keys, rest)?;
    Ok(Classifier::of(head, keys, cells))
}

fn check(head: &Head, keys: &[u32], rest: &[u8]) -> Result<(), DamagedModel> {
    let labels = head.labels.len();
    let per_label = [&head.biases, &head.calibration.scales, &head.calibration.shifts];
    let finite = per_label.iter().all(|values| values.iter().all(|value| value.is_finite()));
    let faults = [
        (labels < 2, "fewer than two labels"),
        (per_label.iter().any(|values| values.len() != labels), "values per label"),
        (
            !finite || !head.weight_max.is_finite() || !head.subject_weight.is_finite(),
            "a value that is no number",
        ),
        (!keys.is_sorted_by(|a, b| a < b), "keys out of order"),
        (!rest.is_empty(), "bytes after its end"),
    ];
    match faults.into_iter().find(|(is_so, _)| *is_so) {
        Some((_, what)) => Err(DamagedModel::Inconsistent(what)),
        None => Ok(()),
    }
}

fn number(rest: &mut &[u8]) -> Result<usize, DamagedModel> {
    let bytes = take(rest, 4)?;
    Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

fn take<'a>(rest: &mut &'a [u8], bytes: usize) -> Result<&'a [u8], DamagedModel> {
    let missing = DamagedModel::Length { is: rest.len(), wanted: bytes };
    let (taken, left) = rest.split_at_checked(bytes).ok_or(missing)?;
    *rest = left;
    Ok(taken)
}
