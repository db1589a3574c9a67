//! The escalation chain: what happens how long after a breach. Frozen into the order when it starts.
//!
//! A step tells somebody; the holder does not change (D48). Steps end as soon as the breached stage is
//! met after all.

use ids::BodyRef;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainStep {
    /// Seconds after the breached stage's due time, on the 24-hour clock.
    pub after_s: u32,
    /// What is done.
    pub action: ChainAction,
}

/// What a step of a chain does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainAction {
    /// A body is told: an event and a delivery.
    NotifyBody(BodyRef),
}

impl ChainStep {
    /// When the step fires for a stage due at `due_at`.
    pub(crate) fn fires_at(&self, due_at: Timestamp) -> Timestamp {
        due_at.checked_add(SignedDuration::from_secs(i64::from(self.after_s))).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn tells(&self) -> &BodyRef {
        let ChainAction::NotifyBody(body) = &self.action;
        body
    }
}
