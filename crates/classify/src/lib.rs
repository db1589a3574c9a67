//! From a text to the item it is about ([`KeywordIndex`]), to the alarm words in it ([`AlarmScreen`]), and to the label that
//! others like it were given ([`linear`]), and without such a history to the items nearest to it ([`NearestItems`]).
//!
//! Promises: pure; the same words and text give the same answer, whatever order they were given in; every answer
//! explains itself in integers and sorted lists (D37); any text is answered, none panics. When the words do not
//! decide, the answer is [`Outcome::Unsure`] and a person judges: nothing is guessed.
//! Not here: the text's length limit (the door's), what urgency means (D15).

mod alarm;
mod keyword;
pub mod linear;
mod nearest;

#[cfg(test)]
mod pack_tests;

pub use alarm::{AlarmHit, AlarmScreen};
pub use keyword::{Explanation, ItemHits, KeywordIndex, Outcome, Ranking};
pub use nearest::{Described, Near, NearestItems, PROPOSED};

/// Words from which nothing can be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// An empty word would be found everywhere.
    #[error("an empty word stands at {0}")]
    EmptyWord(String),
    /// More words than the automaton can hold.
    #[error("the words make no automaton")]
    Automaton(#[from] aho_corasick::BuildError),
}
