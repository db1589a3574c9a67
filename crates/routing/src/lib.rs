//! From an item, the responsibility list (责任清单) and [`rules`] (规则) to a case plan (派单方案), explained.
//!
//! [`plan()`] decides: who leads, who assists, who is informed, under which policy, at which level, in which lane, and why: the
//! list first, then the rules that were tried. Promises: pure; exactly one lead, always (no orphan, ever); nobody has two roles;
//! a lane is only raised (D15); what the list reserves above is never pushed down; the [`Explanation`] holds inputs and outputs in
//! integers and sorted lists, so that [`recompute`] gives equal bytes (D37).
//! Not here: finding the item (crate `classify`), reading documents (triage maps them to [`Entry`] and
//! [`Settings`]), limits of stages (they travel with the policy).

mod input;
mod ladder;
mod outcome;
mod plan;
pub mod rules;

#[cfg(test)]
mod tests;

pub use input::{Assigned, Entry, Facts, Level, Priority, RoutingMode, Seat, Settings};
pub use outcome::{CasePlan, Explanation, Inputs, Step};
pub use plan::{plan, recompute};
