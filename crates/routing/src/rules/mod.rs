//! Rules (规则): what a district or a street decides beyond the responsibility list.
//!
//! A rule names items and places (equality, found by hash) and may ask for more in a condition, an expression of the Common
//! Expression Language (CEL, <https://cel.dev>) over the fields of [`Event`]. The district's rules come first, then the
//! street's; in each the first one that holds decides, in the order they are written; others of its order that
//! hold and name another lead have that body assist. A shadow rule is tried beside and only recorded.
//!
//! Promises: pure; whatever a rule says, a plan has one lead, and what the list reserves above is never pushed down; a rule that
//! fails takes nothing away from what the list says.

mod condition;
mod conditions;
mod event;
mod rule;
mod table;
mod tried;
mod written;

pub mod check;

#[cfg(test)]
mod tests;

pub use condition::{Condition, Unsound, WHEN_CHARS_MAX};
pub use conditions::Conditions;
pub use event::{Event, Field, Flag, Moment, NumberField, REPEATS_MAX, TextField};
pub use rule::{Layer, Rule, Then};
pub use table::{Decision, Found, Rules};
pub use tried::{Circumstances, Repetition, Seated, Tried, Verdict};
pub use written::{Written, rules_on};
