//! A text classifier learned from labelled messages: linear, calibrated, explained.
//!
//! [`train`] makes a [`Classifier`] from [`Example`]s, [`Classifier::judge`] says label and probability, and
//! [`Classifier::explain`] which words spoke for it. [`Classifier::to_bytes`] is the model file; a damaged one is refused
//! by [`Classifier::from_bytes`].
//!
//! Promises: the same examples and seed give the same bytes, on any number of threads; any text is judged, none panics;
//! the work for one message is bounded by [`CHARACTERS_MAX`]. Deliberately not here: which confidence is
//! enough (the tenant's data), reading and writing files, and what a person is asked when it is not.

mod calibrate;
mod chance;
mod classifier;
mod corpus;
mod examples;
mod explain;
mod features;
mod file;
mod rows;
mod score;
mod solve;
mod text;
mod train;

#[cfg(test)]
mod tests;

pub use classifier::{Classifier, Head, Judgement, Scratch};
pub use examples::{Example, LineFault, LineProblem, examples};
pub use explain::{Account, WordWeight, permille};
pub use features::Segmenter;
pub use file::{BYTES_MAX, BYTES_MIN, DamagedModel};
pub use score::{Judged, Score, score};
pub(crate) use text::plain;
pub use text::{CHARACTERS_MAX, Message};
pub use train::{Settings, Step, TrainError, train};
