//! Triage through its doors, on a real database and broker.
#![expect(clippy::unwrap_used, reason = "helpers of tests; the lint exempts test functions only")]

mod assignment;
mod classifier;
mod danger;
mod days;
mod desk;
mod disorder;
mod explanation;
mod grid;
mod hints;
mod join;
mod lane;
mod machines;
mod memory;
mod merge;
mod overdue;
mod own_ways;
mod persons;
mod place;
mod plan;
mod plan_review;
mod redraw;
mod repeats;
mod reroute;
mod review;
mod rules;
mod split;
mod story;
mod waiting;
mod words;
