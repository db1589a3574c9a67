//! What a street decides about itself besides work: its share at the door, and which of our ways it takes.

use serde::{Deserialize, Serialize};

use super::check::{Faults, Problem};

/// How many reports a street may send; within the installation's bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quotas {
    /// Reports a minute; at least 1.
    pub reports_per_minute: u32,
    /// So many at once; at least 1. Without it what the installation derives from the rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
}

/// Switches, each of which a service acts on. Absent means on, as it was before there were any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    /// Residents may report without a contact (intake).
    #[serde(default = "on")]
    pub anonymous_reports: bool,
    /// A report may join a case that stands around (triage).
    #[serde(default = "on")]
    pub join_reports: bool,
    /// It may do so by its words alone, where nobody knows its item (triage). Not where `join_reports` is off.
    #[serde(default = "on")]
    pub join_by_words: bool,
}

pub(super) const fn on() -> bool {
    true
}

impl Default for Features {
    fn default() -> Self {
        Self { anonymous_reports: true, join_reports: true, join_by_words: true }
    }
}

impl Features {
    /// Whether it says nothing.
    pub(super) fn unsaid(&self) -> bool {
        *self == Self::default()
    }
}

pub(super) fn check(faults: &mut Faults, quotas: Option<&Quotas>) {
    let Some(quotas) = quotas else { return };
    faults.unless(quotas.reports_per_minute > 0, "quotas.reports_per_minute", || Problem::ZeroQuota);
    faults.unless(quotas.burst != Some(0), "quotas.burst", || Problem::ZeroQuota);
}
