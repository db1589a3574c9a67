//! The core part: what a district owns and what a street overrides.

use std::collections::BTreeMap;

use ids::{BodyKey, BodyRef, TenantId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::item::{Item, ItemOverride, Priority};
use super::own_calendar::CalendarChange;
use super::policy::{CalendarSpec, Chain, Limit, SlaPolicy};
use super::rule::Rules;
use super::successors::Successors;
use super::terms::{Features, Quotas};
use super::validity::Validity;

/// A name for people, Chinese first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Name {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A rung of the territory tree at which matters are handled; the lowest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
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
    /// As written in documents and in the case plan.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Community => "community",
            Level::Street => "street",
            Level::District => "district",
        }
    }
}

/// Who can hold an order. A body of level street or community exists once per street or community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// Full name.
    pub name: Name,
    /// The short name used on screens (Chinese).
    #[serde(default)]
    pub short_name: String,
    /// government, police, enterprise, …: for display; a `community` of level community may whistle.
    #[serde(default)]
    pub kind: String,
    /// Where it stands.
    pub level: Level,
    /// Someone is on duty at night.
    #[serde(default)]
    pub duty_24x7: bool,
    /// May lead; the others only assist.
    pub can_lead: bool,
    /// What it is responsible for (Chinese).
    #[serde(default)]
    pub duties: String,
    /// The names citizens use.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Id of the working calendar its own limits count on; without one the street's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
}

/// The body that takes what nobody owns, and under which terms. No orphan, ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchAll {
    /// The body; a key of street level means each street's own.
    pub body: BodyKey,
    /// Key of the SLA policy of its orders.
    pub policy: String,
    /// Priority of its orders.
    pub priority: Priority,
}

/// By which means an endpoint is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// An HTTP POST signed as Standard Webhooks ask.
    Webhook,
    /// A channel this build does not know: such an endpoint is skipped, the document still counts.
    #[serde(other)]
    #[schemars(skip)]
    Unsupported,
}

/// Where a body is told. The secret is made by notification and never part of a document (D20).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Who is told; must belong to the tenant of the document.
    pub body: BodyRef,
    /// By which means.
    pub channel: Channel,
    /// The address, without placeholders.
    pub url: String,
    /// Takes drills too (D26).
    #[serde(default)]
    pub drills: bool,
}

/// What a district owns: the pack with its bodies and items, and their endpoints (D1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistrictCore {
    /// The district's code: the tenant.
    pub code: TenantId,
    /// Its name.
    pub name: Name,
    /// IANA name of the time zone of its local days.
    pub time_zone: String,
    /// Every body that items may name, by key.
    pub bodies: BTreeMap<BodyKey, Body>,
    /// Names of the item categories by code.
    #[serde(default)]
    pub categories: BTreeMap<String, Name>,
    /// The item list by code.
    pub items: BTreeMap<String, Item>,
    /// SLA policies by key. The key `item` is reserved: the policy each item derives from its own numbers.
    #[serde(default)]
    pub policies: BTreeMap<String, SlaPolicy>,
    /// Escalation chains by key.
    #[serde(default)]
    pub chains: BTreeMap<String, Chain>,
    /// Working calendars by id.
    pub calendars: BTreeMap<String, CalendarSpec>,
    /// The calendar of every body that names none.
    pub default_calendar: String,
    /// Verification limit of the derived policies.
    pub verify: Limit,
    /// Limit of a ruling of the derived policies; without it dispatch has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjudicate: Option<Limit>,
    /// Days of 24 hours after a close within which the same matter again counts as a false closure (虚假办结); 1 to 365.
    #[serde(default = "false_closure_days")]
    pub false_closure_days: u16,
    /// Warnings of the derived policies, in thousandths of the allowed time.
    pub warn_per_mille: Vec<u32>,
    /// Escalation chain of the derived policies.
    #[serde(default)]
    pub chain: Option<String>,
    /// Words of mortal danger, each with the items it hints at: a scheduling hint only (D15, D51).
    #[serde(default)]
    pub alarm_words: BTreeMap<String, Vec<String>>,
    /// Who takes what nobody owns.
    pub catch_all: CatchAll,
    /// Bodies informed of every case.
    #[serde(default)]
    pub informs: Vec<BodyKey>,
    /// Bodies told of an emergency (P1) besides, one of each level, the lowest first: it passes them over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emergency_informs: Vec<BodyKey>,
    /// Endpoints of district bodies by key.
    #[serde(default)]
    pub endpoints: BTreeMap<String, Endpoint>,
    /// Who takes the place of a body, and from when on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub successors: Successors,
    /// What it decides beyond the responsibility list, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: Rules,
}

/// Who must look at a case plan before orders go out (D33).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RoutingMode {
    /// Nobody: orders go out by themselves.
    Auto,
    /// The street centre.
    StreetReview,
    /// The district centre.
    DistrictReview,
}

impl RoutingMode {
    /// As written in documents and in the case plan.
    pub const fn as_str(self) -> &'static str {
        match self {
            RoutingMode::Auto => "auto",
            RoutingMode::StreetReview => "street-review",
            RoutingMode::DistrictReview => "district-review",
        }
    }
}

/// A community of a street.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Community {
    /// 12 digits, the first nine are the street's.
    pub code: TenantId,
    /// Its name.
    pub name: Name,
    /// The days on which it is there.
    #[serde(flatten)]
    pub validity: Validity,
}

/// What a street says for itself; all else comes from its district's pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreetCore {
    /// The street's code: the tenant.
    pub code: TenantId,
    /// Its name.
    pub name: Name,
    /// The parent district.
    pub district: TenantId,
    /// Generation of the district's core this street was checked against.
    pub pack_generation: u64,
    /// Its communities.
    #[serde(default)]
    pub communities: Vec<Community>,
    /// Who reviews case plans.
    pub routing_mode: RoutingMode,
    /// So many minutes a plan waits for that person; then it goes out as it is.
    #[serde(default = "plan_review_minutes")]
    pub plan_review_minutes: u32,
    /// So many minutes a report waits at the review desk; then it goes up to the district's, or is told there once more.
    #[serde(default = "report_review_minutes")]
    pub report_review_minutes: u32,
    /// The same in the urgent lane, where the lesser of the two counts.
    #[serde(default = "urgent_review_minutes")]
    pub urgent_review_minutes: u32,
    /// So many days of 24 hours back rules count what came before at the same place; 1 to 365.
    #[serde(default = "repeat_days")]
    pub repeat_days: u16,
    /// Bodies of street or community level, added or replaced by key.
    #[serde(default)]
    pub bodies: BTreeMap<BodyKey, Body>,
    /// Changes to items of the pack by code.
    #[serde(default)]
    pub items: BTreeMap<String, ItemOverride>,
    /// Policies, added or replaced by key.
    #[serde(default)]
    pub policies: BTreeMap<String, SlaPolicy>,
    /// Escalation chains, added or replaced by key.
    #[serde(default)]
    pub chains: BTreeMap<String, Chain>,
    /// Endpoints of the street's own bodies by key.
    #[serde(default)]
    pub endpoints: BTreeMap<String, Endpoint>,
    /// What it decides beyond the responsibility list, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: Rules,
    /// What it changes about its district's working calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarChange>,
    /// Generation of this street at which `calendar` last changed, taking it back included; 0 for never. The directory says
    /// it, nobody writes it.
    #[serde(default, skip_serializing_if = "never")]
    pub calendar_since: u64,
    /// How many reports it may send; else the installation's share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotas: Option<Quotas>,
    /// Which of our ways it takes.
    #[serde(default, skip_serializing_if = "Features::unsaid")]
    pub features: Features,
}

/// Half an hour.
pub(super) const fn plan_review_minutes() -> u32 {
    30
}

/// Half an hour, as for plans.
pub(super) const fn report_review_minutes() -> u32 {
    30
}

/// Nobody has orders as long as danger waits.
pub(super) const fn urgent_review_minutes() -> u32 {
    5
}

/// A month.
pub(super) const fn repeat_days() -> u16 {
    30
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn never(generation: &u64) -> bool {
    *generation == 0
}

/// A week, as long as open cases are joined.
pub(super) const fn false_closure_days() -> u16 {
    7
}
