//! A rule as it is written.

use ids::{BodyKey, TenantId};
use serde::{Deserialize, Serialize};

use crate::input::{Level, Priority};

/// Whose a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// The district's: decides first.
    District,
    /// The street's: decides upon what the district's left.
    Street,
}

impl Layer {
    /// For people, in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Layer::District => "区",
            Layer::Street => "街道",
        }
    }

    /// As written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Layer::District => "district",
            Layer::Street => "street",
        }
    }
}

/// When it holds, and what it then says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its key, unique in its layer.
    pub key: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// Its rank in its layer, the lowest first: rules of one rank differ in their keys alone.
    pub order: u32,
    /// Items it is about; empty: every item.
    pub items: Vec<String>,
    /// Streets or communities it is about; empty: every place.
    pub places: Vec<TenantId>,
    /// What else must hold, in CEL; empty: nothing.
    pub when: String,
    /// Only recorded, never followed.
    pub shadow: bool,
    /// What it says.
    pub then: Then<BodyKey>,
}

/// What a rule says; absent fields leave what was decided before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Then<B> {
    /// Who leads.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub lead: Option<B>,
    /// Who assists, instead of those before; an empty list means nobody.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub assists: Option<Vec<B>>,
    /// Who assists besides.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub also_assist: Vec<B>,
    /// Who is informed besides.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub also_inform: Vec<B>,
    /// Key of the SLA policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// The lowest level that may handle it; never lower than the list's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
}

const fn none<T>() -> Option<T> {
    None
}

impl<B> Default for Then<B> {
    fn default() -> Self {
        Self {
            lead: None,
            assists: None,
            also_assist: Vec::new(),
            also_inform: Vec::new(),
            policy: None,
            priority: None,
            level: None,
        }
    }
}

impl<B> Then<B> {
    /// Every body it names.
    pub fn bodies(&self) -> impl Iterator<Item = &B> {
        let replaced = self.assists.iter().flatten();
        self.lead.iter().chain(replaced).chain(&self.also_assist).chain(&self.also_inform)
    }

    /// Says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.bodies().next().is_none()
            && self.assists.is_none()
            && self.policy.is_none()
            && self.priority.is_none()
            && self.level.is_none()
    }
}
