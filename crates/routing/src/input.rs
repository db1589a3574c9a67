//! What a plan is made from: plain data, mapped from tenant documents by the caller.

use ids::{BodyRef, Lane, TenantId};
use serde::{Deserialize, Serialize};

use crate::rules::Circumstances;

/// A rung of the territory tree; the lowest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// 社区
    Community,
    /// 街道
    Street,
    /// 区
    District,
}

impl Level {
    /// Every level, the lowest first.
    pub const ALL: [Level; 3] = [Level::Community, Level::Street, Level::District];

    /// As written in a case plan.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Community => "community",
            Level::Street => "street",
            Level::District => "district",
        }
    }

    /// For people, in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Level::Community => "社区",
            Level::Street => "街道",
            Level::District => "区",
        }
    }
}

/// How much haste the list asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// Implies the urgent lane (D51).
    P1,
    /// Within the day.
    P2,
    /// Ordinary, soon.
    P3,
    /// Ordinary.
    P4,
}

impl Priority {
    /// As written in a case plan.
    pub const fn as_str(self) -> &'static str {
        match self {
            Priority::P1 => "P1",
            Priority::P2 => "P2",
            Priority::P3 => "P3",
            Priority::P4 => "P4",
        }
    }
}

/// Who looks at the plan before orders go out (D33).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoutingMode {
    /// Nobody.
    Auto,
    /// The street centre.
    StreetReview,
    /// The district centre.
    DistrictReview,
}

impl RoutingMode {
    /// As written in a case plan.
    pub const fn as_str(self) -> &'static str {
        match self {
            RoutingMode::Auto => "auto",
            RoutingMode::StreetReview => "street-review",
            RoutingMode::DistrictReview => "district-review",
        }
    }
}

/// A body with what a plan and its reader need to know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The body in full.
    pub body: BodyRef,
    /// Where it stands.
    pub level: Level,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
}

/// What is known of the matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The street it belongs to.
    pub street: TenantId,
    /// The community of its place, if known.
    pub community: Option<TenantId>,
    /// Code of its item.
    pub item: String,
    /// The lane it came in.
    pub lane: Lane,
    /// Who has to act, where a centre gave it from above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned: Option<Assigned>,
    /// Who stands for each level at its place, the lowest first: told where it skips the levels as an emergency. Empty where it
    /// cannot be one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ladder: Vec<Seat>,
    /// What rules may ask besides; nothing where no rules were tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circumstances: Option<Circumstances>,
}

/// Who has to act on a matter given from above (上级交办).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    /// Whose centre gave it.
    pub by: Level,
    /// Who leads; `None` for a body that is not there any more.
    pub lead: Option<Seat>,
    /// Who assists, in the centre's order.
    pub assists: Vec<Seat>,
    /// Bodies the centre named that are not there any more.
    pub unplaced: Vec<String>,
}

/// One line of the responsibility list, for this street and place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Code of the item.
    pub item: String,
    /// The level the list reserves it for.
    pub level: Level,
    /// Who leads; `None` when the list names a body that this place does not have.
    pub lead: Option<Seat>,
    /// Who assists, in the list's order.
    pub assists: Vec<Seat>,
    /// Keys of bodies the list names but this place does not have (their community is unknown).
    pub unplaced: Vec<String>,
    /// Key of the SLA policy.
    pub policy: String,
    /// Priority.
    pub priority: Priority,
}

/// What the street and its district have decided for all cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Who takes what nobody owns.
    pub catch_all: Seat,
    /// Policy of what the catch-all body takes for want of an entry.
    pub catch_all_policy: String,
    /// Priority of what the catch-all body takes for want of an entry.
    pub catch_all_priority: Priority,
    /// Who is informed of every case.
    pub informs: Vec<Seat>,
    /// Who reviews plans.
    pub routing_mode: RoutingMode,
    /// Generation of the district's document: list, policies and rules.
    pub pack_generation: u64,
    /// Generation of the street's document.
    pub street_generation: u64,
}
