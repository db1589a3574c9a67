//! Posts (岗位) and duty rotas (值班表): work goes to a post, and who is on it is looked up by the hour.
//!
//! Plain data; the directory computes who is on duty from it, and checks at apply that somebody always is.

use ids::BodyRef;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::core::Name;
use super::policy::Frame;
use super::validity::Validity;

/// A post of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Its name.
    pub name: Name,
    /// Whose post it is.
    pub body: BodyRef,
    /// Who serves on it, and from when to when.
    #[serde(default)]
    pub people: Vec<PostPerson>,
}

/// Somebody on a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostPerson {
    /// The token's `sub`.
    pub subject: String,
    /// The days.
    #[serde(flatten)]
    pub validity: Validity,
}

/// Who is on a post, by turns. Times are local ones of the tenant's zone. A *duty day* runs from one handover to the
/// next and is called by the date it begins on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rota {
    /// Its name.
    pub name: Name,
    /// Key of the post.
    pub post: String,
    /// The first duty day: the first crew of each shift begins on it.
    pub starts: Date,
    /// The last duty day; without one it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Date>,
    /// When a duty day begins, `HH:MM`.
    pub handover: String,
    /// How many duty days a crew stays before the next takes over; at least 1.
    pub period_days: u32,
    /// The shifts of a duty day by key.
    pub shifts: std::collections::BTreeMap<String, Shift>,
    /// When somebody must be there; empty: all the time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<Frame>,
    /// Another crew on some duty days; goes before a swap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<RotaOverride>,
    /// Crews that changed places.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub swaps: Vec<RotaSwap>,
}

/// A part of a duty day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// `08:00`; one before the handover lies on the next date.
    pub start: String,
    /// `20:00`; one that is not after the start lies on the date after the start's. Equal: 24 hours.
    pub end: String,
    /// Crews in turn, each of subjects.
    pub crews: Vec<Vec<String>>,
}

/// Another crew on some duty days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotaOverride {
    /// Key of the shift.
    pub shift: String,
    /// The first duty day.
    pub from: Date,
    /// The last duty day.
    pub until: Date,
    /// Who is there instead.
    pub crew: Vec<String>,
}

/// Two duty days of a shift whose crews change places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotaSwap {
    /// Key of the shift.
    pub shift: String,
    /// One duty day.
    pub day: Date,
    /// The other.
    pub with: Date,
}
