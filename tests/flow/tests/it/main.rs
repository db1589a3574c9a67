//! The whole system through its public doors.

#![allow(clippy::unwrap_used, reason = "a test says what failed by failing there")]

mod audit;
mod browser;
mod catalogue;
mod described;
mod examples;
mod explain;
mod faults;
mod images;
mod isolation;
mod machines;
mod machines_of_orders;
mod mutants;
mod offboarding;
mod onboarding;
mod openapi;
mod otlp;
mod replanning;
mod restore;
mod reviewing;
mod story;
mod verify;
mod who_can;
mod working_days;
