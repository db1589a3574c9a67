//! All SQL of triage.

use jiff::Timestamp;

use crate::core::desk::Claim;

pub(crate) mod bands;
pub(crate) mod cases;
pub(crate) mod clocks;
pub(crate) mod counters;
pub(crate) mod desks;
pub(crate) mod examples;
pub(crate) mod explanations;
pub(crate) mod hints;
pub(crate) mod merged;
pub(crate) mod past;
pub(crate) mod places;
pub(crate) mod plans;
pub(crate) mod queue;
pub(crate) mod repeats;
pub(crate) mod reroutes;
pub(crate) mod reviews;
pub(crate) mod voices;

/// Who has an entry in hand; the two columns are there together.
pub(crate) fn claim(by: Option<String>, until: Option<jiff_sqlx::Timestamp>) -> Option<Claim> {
    let until: Option<Timestamp> = until.map(jiff_sqlx::Timestamp::to_jiff);
    by.zip(until).map(|(by, until)| Claim { by, until })
}
