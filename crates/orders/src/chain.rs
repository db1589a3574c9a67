//! The escalation chain: what happens how long after a breach. Frozen into the order when it starts, and into the case for its own
//! stages.
//!
//! A step tells somebody, and may put the order or the case under supervision; the holder does not change (D48). Steps end as soon
//! as the breached stage is met after all.

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
    /// A body is told: an event and a delivery. A post, a superior.
    NotifyBody(BodyRef),
    /// The body that holds the order is told once more; of a stage of a case, who is late with it.
    NotifyHolder,
    /// 督办: the order or the case is under supervision from then on, and the body that supervises is told.
    Supervise(BodyRef),
    /// 升级至区: the same by the district, which is told.
    Raise(BodyRef),
}

/// What a step did, as events say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Somebody was told.
    #[default]
    Notify,
    /// The order or the case came under supervision.
    Supervise,
    /// The same by the district.
    Raise,
}

impl Measure {
    /// The word in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Measure::Notify => "notify",
            Measure::Supervise => "supervise",
            Measure::Raise => "raise",
        }
    }

    /// Whether the order or the case is under supervision by it.
    pub const fn supervises(self) -> bool {
        matches!(self, Measure::Supervise | Measure::Raise)
    }
}

impl ChainStep {
    /// When the step fires for a stage due at `due_at`.
    pub(crate) fn fires_at(&self, due_at: Timestamp) -> Timestamp {
        due_at.checked_add(SignedDuration::from_secs(i64::from(self.after_s))).unwrap_or(Timestamp::MAX)
    }

    /// Who is told by name, of what `holder` holds: nobody where the holder is no body.
    pub(crate) fn tells<'a>(&'a self, holder: Option<&'a BodyRef>) -> Option<&'a BodyRef> {
        match &self.action {
            ChainAction::NotifyBody(body) | ChainAction::Supervise(body) | ChainAction::Raise(body) => {
                Some(body)
            }
            ChainAction::NotifyHolder => holder,
        }
    }

    pub(crate) fn measure(&self) -> Measure {
        match self.action {
            ChainAction::NotifyBody(_) | ChainAction::NotifyHolder => Measure::Notify,
            ChainAction::Supervise(_) => Measure::Supervise,
            ChainAction::Raise(_) => Measure::Raise,
        }
    }
}
