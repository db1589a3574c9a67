//! The form people write for a pack: five YAML files in one folder, strict like [`super::manifest`].
//!
//! `bodies.yaml`, `items.yaml`, `calendar.yaml`, `policies.yaml`, `alarm-words.yaml`. A pack is data a district
//! owns: every line of the default pack can be replaced by another folder's.

use std::collections::BTreeMap;

use ids::BodyKey;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::core::Level;
use super::item::{JoinedBy, Priority, Privacy, Urgency, VerifyBy};
use super::pair::Milestone;
use super::policy::{ChainAction, Clock, DayKind, Stage, Unit};
use super::schema;

/// The five files together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// `bodies.yaml`
    pub bodies: BodiesFile,
    /// `items.yaml`
    pub items: ItemsFile,
    /// `calendar.yaml`
    pub calendar: CalendarForm,
    /// `policies.yaml`
    pub policies: PoliciesFile,
    /// `alarm-words.yaml`
    pub alarm_words: AlarmWordsFile,
}

/// `bodies.yaml`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodiesFile {
    /// Bodies by key.
    pub bodies: BTreeMap<BodyKey, BodyForm>,
}

/// `items.yaml`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemsFile {
    /// Names of the categories by code.
    pub categories: BTreeMap<String, NameForm>,
    /// Items by code.
    pub items: BTreeMap<String, ItemForm>,
}

/// `policies.yaml`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoliciesFile {
    /// What every policy derived from an item's numbers has besides them.
    pub defaults: DefaultsForm,
    /// Who takes what nobody owns.
    pub catch_all: CatchAllForm,
    /// Bodies informed of every case.
    pub informs: Vec<BodyKey>,
    /// Who is told of an emergency (P1) besides, one body of each level, the lowest first.
    #[serde(default)]
    pub emergency_informs: Vec<BodyKey>,
    /// Policies by key.
    #[serde(default)]
    pub policies: BTreeMap<String, PolicyForm>,
    /// Escalation chains by key.
    #[serde(default)]
    pub chains: BTreeMap<String, ChainForm>,
}

/// `alarm-words.yaml`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmWordsFile {
    /// Each word with the items it hints at.
    pub alarm_words: BTreeMap<String, Vec<String>>,
}

/// A name for people, in both languages (名称).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NameForm {
    /// Chinese, at most 200 characters (中文).
    pub zh: String,
    /// English, at most 200 characters (英文).
    pub en: String,
}

/// A body (单位) that can hold orders; fields as in `Body`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BodyForm {
    /// Full name (全称).
    pub name: NameForm,
    /// The short name used on screens, in Chinese (简称).
    #[serde(default)]
    pub short_name: String,
    /// government, police, enterprise, …: for display; a `community` of level community may whistle (性质).
    #[serde(default)]
    pub kind: String,
    /// Where it stands; a street has bodies of level street or community (层级).
    pub level: Level,
    /// Someone is on duty at night (全天值守).
    #[serde(default)]
    pub duty_24x7: bool,
    /// May lead; the others only assist (可主办).
    pub can_lead: bool,
    /// What it is responsible for, in Chinese (职责).
    #[serde(default)]
    pub duties: String,
    /// The names citizens use (俗称).
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// An item; fields as in [`super::Item`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemForm {
    /// Category code.
    pub category: String,
    /// Its name.
    pub name: NameForm,
    /// The level the list reserves it for.
    pub level: Level,
    /// Who leads.
    pub lead: BodyKey,
    /// Who assists.
    #[serde(default)]
    pub assists: Vec<BodyKey>,
    /// Priority.
    pub priority: Priority,
    /// Urgency.
    pub urgency: Urgency,
    /// The clock of its limits.
    pub clock: Clock,
    /// Limit of acknowledge.
    pub acknowledge_minutes: u32,
    /// Limit of on_site, if the stage exists.
    #[serde(default)]
    pub on_site_minutes: Option<u32>,
    /// Limit of resolve.
    pub resolve: ResolveForm,
    /// How many extensions may be granted.
    pub extensions_max: u32,
    /// How the result is verified.
    pub verify_by: VerifyBy,
    /// How private its cases are.
    pub privacy: Privacy,
    /// What makes a further report the same matter as an open case near by: `place`, or only the same words on the spot. Absent:
    /// `words` where its cases are about persons, else `place`.
    #[serde(default)]
    pub joined_by: Option<JoinedBy>,
    /// Key of a policy that replaces the numbers above.
    #[serde(default)]
    pub policy: Option<String>,
    /// Words by which a report is recognised.
    pub keywords: Vec<String>,
    /// Other things people say of it: never deciding, the nearest items are proposed to a person from them.
    #[serde(default)]
    pub similar: Vec<String>,
    /// What a reporter may say (Chinese).
    #[serde(default)]
    pub example: String,
}

/// Time to resolve, on the item's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolveForm {
    /// How many.
    pub amount: u32,
    /// Of what.
    pub unit: Unit,
}

/// What derived policies have besides the item's numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefaultsForm {
    /// Limit of verify.
    pub verify: LimitForm,
    /// Limit of adjudicate; without it a ruling has a working day.
    #[serde(default)]
    pub adjudicate: Option<LimitForm>,
    /// Days after a close within which the same matter again counts as a false closure.
    #[serde(default = "super::core::false_closure_days")]
    pub false_closure_days: u16,
    /// Warnings, in thousandths of the allowed time.
    pub warn_per_mille: Vec<u32>,
    /// Key of the escalation chain.
    #[serde(default)]
    pub chain: Option<String>,
}

/// The catch-all body and its terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatchAllForm {
    /// Who.
    pub body: BodyKey,
    /// Key of the policy.
    pub policy: String,
    /// Priority.
    pub priority: Priority,
}

/// How long a stage may take from dispatch (时限).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitForm {
    /// How many; at least 1, at most ten years (数量).
    pub amount: u32,
    /// Of what (单位时间).
    pub unit: Unit,
    /// Counted on which time: workdays on the working clock only (计时方式).
    pub clock: Clock,
}

/// Limits by stage, warnings, and what follows a breach (时限方案).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyForm {
    /// The stages that exist, each with its limit (各环节时限).
    #[schemars(with = "BTreeMap<schema::StageWord, LimitForm>")]
    pub limits: BTreeMap<Stage, LimitForm>,
    /// Stages of the policy's own, each from one milestone of an order to another, by name; at most eight (自定环节).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::PairName, PairForm>")]
    pub pairs: BTreeMap<String, PairForm>,
    /// Warn at these thousandths of the allowed time, ascending, 1 to 999 (预警比例).
    #[serde(default)]
    pub warn_per_mille: Vec<u32>,
    /// Key of the escalation chain (升级链).
    #[serde(default)]
    pub chain: Option<String>,
    /// For demonstrations: taken in development only; limits in seconds require it (演示).
    #[serde(default)]
    pub demo: bool,
}

/// A named pair: it begins with one milestone and not before, and is met by the other (自定环节).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairForm {
    /// What people call it (名称).
    pub name: NameForm,
    /// What it begins with (起点).
    pub from: Milestone,
    /// What it ends with; something that may come after the beginning (终点).
    pub to: Milestone,
    /// How long it may take; warnings and chain are the policy's (时限).
    pub limit: LimitForm,
}

/// Escalation in steps (升级链).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainForm {
    /// The steps, in order of time (步骤).
    pub steps: Vec<ChainStepForm>,
}

/// One step of a chain (升级步骤).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainStepForm {
    /// Seconds after the breach, on the 24 h clock (超期后秒数).
    pub after_s: u32,
    /// What happens (动作).
    pub action: ChainAction,
    /// To whom; a key of street level means the case's street's own. Not with `notify-holder` (单位).
    #[serde(default)]
    #[schemars(with = "Option<schema::Slug>")]
    pub body: Option<BodyKey>,
}

/// `calendar.yaml`: a working calendar; fields as in [`super::CalendarSpec`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarForm {
    /// Its id.
    pub id: String,
    /// Rises with each publication.
    pub version: u64,
    /// IANA name of its time zone.
    pub zone: String,
    /// Working hours.
    pub frames: Vec<FrameForm>,
    /// Published years.
    pub years: Vec<i16>,
    /// Exceptional days.
    pub days: Vec<DayForm>,
}

/// One stretch of working hours (工作时段).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FrameForm {
    /// When it begins (开始).
    #[schemars(with = "schema::ClockTime")]
    pub start: String,
    /// When it ends: later on the same day, or of the last stretch of a day, after midnight; 24:00 is the day's end (结束).
    #[schemars(with = "schema::ClosingTime")]
    pub end: String,
}

/// An exceptional day (例外日).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DayForm {
    /// The date (日期).
    #[schemars(with = "schema::Day")]
    pub date: Date,
    /// What it is (性质).
    pub kind: DayKind,
}
