//! Pure helpers of triage: no I/O, no clock, no randomness.

pub mod alike;
pub mod amend;
pub mod board;
pub mod danger;
pub mod desk;
pub mod distance;
pub mod grid;
pub mod hints;
pub mod item;
pub mod join;
pub mod late;
pub mod merge;
pub mod opinion;
pub mod plan;
pub mod pressing;
pub mod repeats;
pub mod report;
pub mod reroute;
pub mod voices;
pub mod wire;
pub mod worded;
