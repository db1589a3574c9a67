//! Laws of containment over random tilings, tables of faults, and what streets, atlas and redrawing promise.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod areas;
mod atlas;
mod datums;
#[path = "../../examples/locate/lattice.rs"]
mod lattice;
mod redrawing;
mod shapes;
mod streets;
mod tilings;
mod worst;
