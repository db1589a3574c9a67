//! The form people write for posts and rotas. Strict like [`super::manifest`]; meanings as in [`super::duty`].

use std::collections::BTreeMap;

use ids::BodyRef;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duty::{Post, PostPerson, Rota, RotaOverride, RotaSwap, Shift};
use super::pack::NameForm;
use super::policy::Frame;
use super::schema;
use super::validity::Validity;

/// A post of a body (岗位).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostForm {
    /// Its name (名称).
    pub name: NameForm,
    /// Whose post it is, read as an endpoint's (单位).
    #[schemars(with = "schema::BodyName")]
    pub body: BodyRef,
    /// Who serves on it (人员).
    #[serde(default)]
    pub people: Vec<PostPersonForm>,
}

/// Somebody on a post (在岗人员).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostPersonForm {
    /// The `sub` of the token (人员标识).
    pub subject: String,
    /// The first day on the post, a local date (到岗日).
    #[serde(default)]
    #[schemars(with = "Option<schema::Day>")]
    pub from: Option<Date>,
    /// The last day on the post (离岗日，当日仍在岗).
    #[serde(default)]
    #[schemars(with = "Option<schema::Day>")]
    pub until: Option<Date>,
}

/// Who is on a post, by turns. A duty day runs from one handover to the next; times are the district's local ones (值班表).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotaForm {
    /// Its name (名称).
    pub name: NameForm,
    /// Key of the post (岗位).
    pub post: String,
    /// The first duty day: the first crew of each shift begins on it (起始日).
    #[schemars(with = "schema::Day")]
    pub starts: Date,
    /// The last duty day; without one it goes on (终止日).
    #[serde(default)]
    #[schemars(with = "Option<schema::Day>")]
    pub ends: Option<Date>,
    /// When a duty day begins (交接时刻).
    #[schemars(with = "schema::ClockTime")]
    pub handover: String,
    /// How many duty days a crew stays before the next takes over, 1 to 366 (轮换周期，天).
    pub period_days: u32,
    /// The shifts of a duty day by key (班次).
    #[schemars(with = "BTreeMap<schema::Slug, ShiftForm>")]
    pub shifts: BTreeMap<String, ShiftForm>,
    /// When somebody must be there; without it, all the time (须有人值守的时段).
    #[serde(default)]
    pub covers: Vec<HoursForm>,
    /// Another crew on some duty days (临时调班).
    #[serde(default)]
    pub overrides: Vec<RotaOverrideForm>,
    /// Duty days whose crews change places (换班).
    #[serde(default)]
    pub swaps: Vec<RotaSwapForm>,
}

/// A stretch of hours (时段).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursForm {
    /// When it begins (开始).
    #[schemars(with = "schema::ClockTime")]
    pub start: String,
    /// When it ends (结束).
    #[schemars(with = "schema::ClockTime")]
    pub end: String,
}

/// A part of a duty day (班次).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftForm {
    /// When it begins; before the handover it is on the next date (开始).
    #[schemars(with = "schema::ClockTime")]
    pub start: String,
    /// When it ends, on the next date if not after the start; equal to it: 24 hours (结束).
    #[schemars(with = "schema::ClockTime")]
    pub end: String,
    /// Crews in turn, each a list of subjects of people on the post (班组).
    pub crews: Vec<Vec<String>>,
}

/// Another crew on some duty days (临时调班).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotaOverrideForm {
    /// Key of the shift (班次).
    pub shift: String,
    /// The first duty day (起始日).
    #[schemars(with = "schema::Day")]
    pub from: Date,
    /// The last duty day (终止日，当日仍有效).
    #[schemars(with = "schema::Day")]
    pub until: Date,
    /// Who is there instead (班组).
    pub crew: Vec<String>,
}

/// Duty days whose crews change places (换班).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotaSwapForm {
    /// Key of the shift (班次).
    pub shift: String,
    /// One duty day (甲日).
    #[schemars(with = "schema::Day")]
    pub day: Date,
    /// The other (乙日).
    #[schemars(with = "schema::Day")]
    pub with: Date,
}

impl From<HoursForm> for Frame {
    fn from(form: HoursForm) -> Self {
        Self { start: form.start, end: form.end }
    }
}

impl PostForm {
    pub(super) fn post(self, body: BodyRef) -> Post {
        let person = |form: PostPersonForm| {
            let validity = Validity { valid_from: form.from, valid_until: form.until };
            PostPerson { subject: form.subject, validity }
        };
        Post { name: self.name.into(), body, people: self.people.into_iter().map(person).collect() }
    }
}

impl From<RotaForm> for Rota {
    fn from(form: RotaForm) -> Self {
        let shift = |form: ShiftForm| Shift { start: form.start, end: form.end, crews: form.crews };
        let instead = |form: RotaOverrideForm| {
            let RotaOverrideForm { shift, from, until, crew } = form;
            RotaOverride { shift, from, until, crew }
        };
        let swap = |form: RotaSwapForm| RotaSwap { shift: form.shift, day: form.day, with: form.with };
        Self {
            name: form.name.into(),
            post: form.post,
            starts: form.starts,
            ends: form.ends,
            handover: form.handover,
            period_days: form.period_days,
            shifts: form.shifts.into_iter().map(|(key, form)| (key, shift(form))).collect(),
            covers: form.covers.into_iter().map(Frame::from).collect(),
            overrides: form.overrides.into_iter().map(instead).collect(),
            swaps: form.swaps.into_iter().map(swap).collect(),
        }
    }
}
