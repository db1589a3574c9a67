//! Pure helpers: what an event means, what it is called, and in which order lines stand.

pub(crate) mod heard;
pub(crate) mod news;
pub(crate) mod sequence;
pub mod words;
