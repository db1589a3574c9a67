//! The two machines: tables of what is legal, stories of single stages, laws over random lives, and the
//! full enumeration of a small case.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod adoptions;
mod calendars;
mod case;
mod chains;
mod delays;
mod enumeration;
mod fixtures;
mod invariants;
mod json;
mod laws;
mod pairs;
mod regressions;
mod replans;
mod reroutes;
mod returns;
mod stages;
mod steps;
mod summons;
mod table;
mod visits;
mod world;
