//! Dispatch through its doors, on a real database and broker, each test with its own.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod adoptions;
mod auditor;
mod body_hours;
mod case_chains;
mod case_clocks;
mod clocks;
mod doors;
mod life;
mod links;
mod machines;
mod many;
mod merged;
mod own_calendar;
mod pairs;
mod past_clocks;
mod refused_links;
mod repeats;
mod replans;
mod reroute;
mod returns;
mod rotated;
mod routed;
mod standing;
mod story;
mod unfolded;
mod visits;
mod whistled;
mod world;
