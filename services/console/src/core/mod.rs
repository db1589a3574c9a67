//! Pure helpers: what an event means, what it is called, in which order lines stand, and who asks too often.

pub(crate) mod case_key;
mod fields;
pub(crate) mod heard;
pub(crate) mod line;
pub(crate) mod news;
pub(crate) mod placed;
pub(crate) mod readers;
pub(crate) mod sequence;
pub mod words;
