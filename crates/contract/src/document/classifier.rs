//! The classifier part: a text classifier that was learned for a tenant, whole, with how sure it must be to decide.
//!
//! The weights are the model file of crate `classify`, in base64. A broker's message holds 1 MiB, so they are bounded; who
//! trains a larger model leaves out what the fewest messages hold. The directory checks a model before it says it
//! (labels, threshold, checksum), so a reader meets a damaged one only after a mistake of ours.
//! Not here: reading the weights (crate `classify`), who published them (the directory's history).

use std::ops::RangeInclusive;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Most bytes of a published model file: in base64, with the envelope, it fits into one message.
pub const MODEL_BYTES_MAX: usize = 700 << 10;

/// Thresholds that may be published, in thousandths. Below one half a label could decide that is likely wrong.
pub const THRESHOLD_PERMILLE: RangeInclusive<u16> = 500..=1_000;

/// What a tenant's texts are judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classifier {
    /// The model; nothing once it is withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ClassifierModel>,
    /// When it was published, or withdrawn.
    pub published_at: Timestamp,
}

/// A learned model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassifierModel {
    /// SHA-256 of the model file, in lower-case hexadecimal: what explanations name it by.
    pub sha256: String,
    /// Bytes of the model file.
    pub bytes: u32,
    /// Labels it tells apart: items of the list.
    pub labels: u32,
    /// Labelled messages it was learned from.
    pub examples: u64,
    /// Confidence, in thousandths, below which a person judges.
    pub threshold_permille: u16,
    /// The model file in base64.
    pub weights: String,
}
