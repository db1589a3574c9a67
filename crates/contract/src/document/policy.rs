//! Time: stages and their limits, escalation chains, working calendars.

use std::collections::BTreeMap;

use ids::BodyKey;
use jiff::civil::{Date, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pair::{self, PairLimit};

/// Which time a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// 24 hours a day.
    Clock,
    /// The working calendar.
    Work,
}

/// Unit of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// For demonstrations only.
    Second,
    /// On the working clock: working minutes.
    Minute,
    /// Sixty minutes.
    Hour,
    /// Starts on the next working day, ends at the close of business of the n-th.
    Workday,
}

/// A stage of an order or case (D47). A stage without a limit does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A person has seen the order.
    See,
    /// The body has taken it.
    Acknowledge,
    /// Somebody is there.
    OnSite,
    /// The lead's submit is accepted.
    Resolve,
    /// The case is verified.
    Verify,
    /// A return is ruled on. Without a limit it has one of its own: somebody always has to rule.
    Adjudicate,
}

impl Stage {
    /// Every stage: those of an order in the order of its life, then those of its case.
    pub const ALL: [Stage; 6] =
        [Stage::See, Stage::Acknowledge, Stage::OnSite, Stage::Resolve, Stage::Verify, Stage::Adjudicate];

    /// Whether it is the case's, and no body's that has an order.
    pub const fn of_case(self) -> bool {
        matches!(self, Stage::Verify | Stage::Adjudicate)
    }

    /// The stage and column word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Stage::See => "see",
            Stage::Acknowledge => "acknowledge",
            Stage::OnSite => "on_site",
            Stage::Resolve => "resolve",
            Stage::Verify => "verify",
            Stage::Adjudicate => "adjudicate",
        }
    }
}

/// How long a stage may take from dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// How many; at least 1.
    pub amount: u32,
    /// Of what.
    pub unit: Unit,
    /// Counted on which time.
    pub clock: Clock,
}

/// Limits by stage, warnings, and what follows a breach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaPolicy {
    /// The stages that exist, each with its limit.
    pub limits: BTreeMap<Stage, Limit>,
    /// Stages that it defines itself, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "pair::known")]
    pub pairs: BTreeMap<String, PairLimit>,
    /// Warn at these thousandths of the allowed time, ascending.
    #[serde(default)]
    pub warn_per_mille: Vec<u32>,
    /// Key of the escalation chain.
    #[serde(default)]
    pub chain: Option<String>,
    /// For demonstrations: refused outside development unless drill (D48). Limits in seconds require it.
    #[serde(default)]
    pub demo: bool,
}

/// What happens at a step of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChainAction {
    /// A body is told, a post or a superior; the holder does not change.
    Notify,
    /// The body that holds the order is told once more; of a late verification or ruling, who is late.
    NotifyHolder,
    /// The order, or the case, comes under supervision (督办) of a body, which is told.
    Supervise,
    /// The same by a body of the district (升级至区).
    Raise,
    /// An action this build does not know: the step is skipped.
    #[serde(other)]
    #[schemars(skip)]
    Unsupported,
}

/// One step of an escalation chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainStep {
    /// Seconds after the breach, on the 24 h clock.
    pub after_s: u32,
    /// What happens.
    pub action: ChainAction,
    /// To whom; a key of street level means the case's street's own. None with [`ChainAction::NotifyHolder`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BodyKey>,
}

/// Escalation (升级) in steps, in order of time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Chain {
    /// The steps.
    pub steps: Vec<ChainStep>,
}

/// A working calendar in the plain form crate `sla` compiles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarSpec {
    /// Its id.
    pub id: String,
    /// Rises with each publication: other contents never have a version that was there before.
    pub version: u64,
    /// IANA name of the time zone of its days.
    pub zone: String,
    /// Working hours of a working day, ascending, `HH:MM`; the last may end after midnight.
    pub frames: Vec<Frame>,
    /// The weekdays that are worked; empty for Monday to Friday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub week: Vec<WeekDay>,
    /// Published years. A date outside is unpublished, never Monday to Friday (D31).
    pub years: Vec<i16>,
    /// The exceptional days; every other date of a published year is worked by its weekday.
    pub days: Vec<DayException>,
}

impl CalendarSpec {
    /// Whether a date is worked; nothing where its year is unpublished (D31).
    pub fn worked(&self, date: Date) -> Option<bool> {
        if !self.years.contains(&date.year()) {
            return None;
        }
        let exception = self.days.iter().find(|day| day.date == date);
        Some(match exception.map(|day| day.kind) {
            Some(DayKind::Holiday) => false,
            Some(DayKind::MakeupWorkday) => true,
            None if self.week.is_empty() => date.weekday().to_monday_one_offset() <= 5,
            None => self.week.iter().any(|worked| worked.day.weekday() == date.weekday()),
        })
    }
}

/// A weekday that is worked, by the hours of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeekDay {
    /// Which.
    pub day: DayOfWeek,
}

/// A weekday as written (星期).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum DayOfWeek {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl DayOfWeek {
    /// As the calendar crate has it.
    pub const fn weekday(self) -> Weekday {
        match self {
            DayOfWeek::Mon => Weekday::Monday,
            DayOfWeek::Tue => Weekday::Tuesday,
            DayOfWeek::Wed => Weekday::Wednesday,
            DayOfWeek::Thu => Weekday::Thursday,
            DayOfWeek::Fri => Weekday::Friday,
            DayOfWeek::Sat => Weekday::Saturday,
            DayOfWeek::Sun => Weekday::Sunday,
        }
    }
}

/// One stretch of working hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// `09:00`.
    pub start: String,
    /// `12:30`.
    pub end: String,
}

/// A day that is not what its weekday says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayException {
    /// The date.
    pub date: Date,
    /// What it is.
    pub kind: DayKind,
}

/// What an exceptional day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// Not worked.
    Holiday,
    /// A weekend day that is worked (调休上班).
    MakeupWorkday,
}
