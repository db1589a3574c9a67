//! The commands as an operator runs them, against real servers.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod apply;
mod broker_users;
mod classifier;
mod desk;
mod doctor;
mod door;
mod orders;
mod provision;
mod reports;
mod retrain;
mod schemas;
mod street;
mod town;
