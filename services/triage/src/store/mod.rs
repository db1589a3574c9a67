//! All SQL of triage.

pub(crate) mod cases;
pub(crate) mod counters;
pub(crate) mod desks;
pub(crate) mod explanations;
pub(crate) mod past;
pub(crate) mod places;
pub(crate) mod reviews;
pub(crate) mod voices;
