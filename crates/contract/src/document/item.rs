//! Event items (事项): what can be reported, who leads, how fast.

use ids::BodyKey;
use serde::{Deserialize, Serialize};

use super::core::{Level, Name};
use super::policy::{Clock, Unit};
use super::responsibility::DutyChange;
use super::validity::Validity;

/// How much haste the list asks for. P1 implies the urgent lane (D51).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// Life is in danger.
    P1,
    /// Damage grows by the hour.
    P2,
    /// Ordinary, soon.
    P3,
    /// Ordinary.
    P4,
}

impl Priority {
    /// As written in documents and in the case plan.
    pub const fn as_str(self) -> &'static str {
        match self {
            Priority::P1 => "P1",
            Priority::P2 => "P2",
            Priority::P3 => "P3",
            Priority::P4 => "P4",
        }
    }
}

/// Urgency of an order as people call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    /// 特急
    Critical,
    /// 紧急
    Urgent,
    /// 一般
    Ordinary,
}

/// How the result is verified, by someone other than the handler (D36).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VerifyBy {
    /// A picture of the result.
    Photo,
    /// Somebody goes there.
    Visit,
    /// The reporters are called.
    Call,
    /// The sensor is back to normal.
    Auto,
}

/// How private a case of this item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Privacy {
    /// Nothing about a person.
    None,
    /// About identifiable persons.
    Personal,
    /// About health, children, suspicion and the like.
    Sensitive,
}

/// What makes a further report the same matter as an open case of this item near by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JoinedBy {
    /// That it is near: many people speak of one thing.
    Place,
    /// Only that it plainly says the same of the same spot: next door somebody else has a matter of their own.
    Words,
}

/// Time to resolve; the clock is the item's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolve {
    /// How many.
    pub amount: u32,
    /// Of what.
    pub unit: Unit,
}

/// One line of the item list, which is the responsibility list (责任清单) as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Category code, e.g. `TRA`.
    pub category: String,
    /// Its name.
    pub name: Name,
    /// The level the list reserves it for: the lead's.
    pub level: Level,
    /// Who leads.
    pub lead: BodyKey,
    /// Who assists; never the lead.
    #[serde(default)]
    pub assists: Vec<BodyKey>,
    /// Priority.
    pub priority: Priority,
    /// Urgency.
    pub urgency: Urgency,
    /// The clock of all three limits below.
    pub clock: Clock,
    /// Limit of the stage acknowledge, minutes on [`Self::clock`].
    pub acknowledge_minutes: u32,
    /// Limit of the stage on_site, minutes on [`Self::clock`]; without one the stage does not exist (D27).
    #[serde(default)]
    pub on_site_minutes: Option<u32>,
    /// Limit of the stage resolve.
    pub resolve: Resolve,
    /// How many extensions may be granted.
    pub extensions_max: u32,
    /// How the result is verified.
    pub verify_by: VerifyBy,
    /// How private its cases are.
    pub privacy: Privacy,
    /// What makes a further report the same matter; nothing: [`Self::joined_by`] goes by its privacy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_by: Option<JoinedBy>,
    /// Key of a policy that replaces the numbers above.
    #[serde(default)]
    pub policy: Option<String>,
    /// Words by which a report is recognised.
    pub keywords: Vec<String>,
    /// Other things people say of it: never deciding, the nearest items are proposed to a person from them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub similar: Vec<String>,
    /// What a reporter may say (Chinese).
    #[serde(default)]
    pub example: String,
    /// The days on which the list has it.
    #[serde(flatten)]
    pub validity: Validity,
    /// Who does it from later days on, in order of days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<DutyChange>,
}

impl Item {
    /// What makes a further report the same matter. Where the list does not say, a matter about persons is theirs alone until
    /// the words are the same.
    pub fn joined_by(&self) -> JoinedBy {
        let by_privacy = match self.privacy {
            Privacy::None => JoinedBy::Place,
            Privacy::Personal | Privacy::Sensitive => JoinedBy::Words,
        };
        self.joined_by.unwrap_or(by_privacy)
    }
}

/// What a street changes about an item of the pack; absent fields keep the pack's value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ItemOverride {
    /// Replaces the assistants; an empty list means none.
    #[serde(default)]
    pub assists: Option<Vec<BodyKey>>,
    /// Replaces the policy.
    #[serde(default)]
    pub policy: Option<String>,
    /// The days on which all of it counts.
    #[serde(flatten)]
    pub validity: Validity,
    /// What it says from later days on, in order of days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<DutyChange>,
}
