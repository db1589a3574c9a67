//! Stages: the parts of an order's (or a case's) life that have a limit, and their one verdict (D28).
//!
//! The times decide a verdict, not who came first: an act up to the due time is in time, and one after it
//! finds the stage breached even when no wake-up has noticed yet. At the due instant itself an act is in
//! time and a wake-up breaches. A stage whose due time needs an unpublished calendar awaits it (D31).

mod adopt;
mod alarm;
mod event;
mod hold;
mod pair;
mod replan;
mod starts;

use std::borrow::Cow;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sla::{Calendar, CalendarRef, ClockKind, InvalidLimit, Limit, PerMille, SlaError, StopWatch, Unit};

use crate::PlanFault;
pub use adopt::Relimited;
pub(crate) use adopt::{awaited_under, relimited};
pub(crate) use alarm::{due_event, next_alarm, overdue_event};
pub use event::StageEvent;
pub(crate) use event::{apply, awaiting_events, fill_events};
pub use hold::StageClock;
pub(crate) use hold::{Turn, extend, turn};
pub(crate) use pair::check_pairs;
pub use pair::{Milestone, NoPairName, PairName, PairPlan};
pub use replan::StageMove;
pub(crate) use replan::{awaited_since, moves};
pub use starts::Starts;

/// What is limited (D47). Written as its word: a fixed stage's, or the name of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// 已阅: a person has seen the order.
    See,
    /// 签收.
    Acknowledge,
    /// 到场.
    OnSite,
    /// 办结: met by the accepted submit.
    Resolve,
    /// 核查: a stage of the case.
    Verify,
    /// 裁定: a stage of a return, kept with the case.
    Adjudicate,
    /// 自定环节: from one milestone of an order to another, as its policy defines it.
    Pair(PairName),
}

impl Stage {
    /// The stages that there are without a policy's defining them.
    pub const FIXED: [Stage; 6] =
        [Stage::See, Stage::Acknowledge, Stage::OnSite, Stage::Resolve, Stage::Verify, Stage::Adjudicate];

    /// The word in columns and messages.
    pub fn as_str(&self) -> &str {
        match self {
            Stage::See => "see",
            Stage::Acknowledge => "acknowledge",
            Stage::OnSite => "on_site",
            Stage::Resolve => "resolve",
            Stage::Verify => "verify",
            Stage::Adjudicate => "adjudicate",
            Stage::Pair(name) => name.as_str(),
        }
    }
}

impl Serialize for Stage {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Stage {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let word = Cow::<str>::deserialize(from)?;
        let fixed = Stage::FIXED.into_iter().find(|stage| stage.as_str() == word);
        fixed.map_or_else(|| word.parse().map(Stage::Pair).map_err(D::Error::custom), Ok)
    }
}

/// How a stage ended. Given once, never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Done in time.
    Met,
    /// The due time passed first; it may still be done, see [`StageState::met_at`].
    Breached,
    /// The order or round ended before it was decided.
    Cancelled,
}

impl Verdict {
    /// The word in columns and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Met => "met",
            Verdict::Breached => "breached",
            Verdict::Cancelled => "cancelled",
        }
    }
}

/// A stage as planned: its limit and when to warn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagePlan {
    /// What is limited.
    pub stage: Stage,
    /// How long it may take.
    pub limit: Limit,
    /// Warnings at these parts of the allowed time, in any order; 1000 would be the breach and is ignored.
    pub warn: Vec<PerMille>,
}

impl StagePlan {
    /// The pack's default verification: two working days, warned at 0.8.
    pub fn default_verification() -> Result<Self, InvalidLimit> {
        let limit = Limit::new(ClockKind::Work, 2, Unit::Workday)?;
        Ok(Self { stage: Stage::Verify, limit, warn: vec![PerMille::new(800)?] })
    }
}

impl StagePlan {
    /// One working day to rule on a return, warned at 0.5: the body's own clocks run meanwhile.
    pub fn default_adjudication() -> Result<Self, InvalidLimit> {
        let limit = Limit::new(ClockKind::Work, 1, Unit::Workday)?;
        Ok(Self { stage: Stage::Adjudicate, limit, warn: vec![PerMille::new(500)?] })
    }
}

/// A running or ended stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageState {
    /// Stage, limit and warnings as planned.
    pub plan: StagePlan,
    /// Where the limit starts to count.
    pub started_at: Timestamp,
    /// When it is due, or what that waits for.
    pub due: StageDue,
    /// How many of the due time's warnings fired.
    pub warned: u32,
    /// How many steps of the chain fired.
    pub escalated: u32,
    /// Empty while open.
    pub verdict: Option<Verdict>,
    /// When the verdict was given.
    pub verdict_at: Option<Timestamp>,
    /// When it was done, in time or late.
    pub met_at: Option<Timestamp>,
    /// What was charged, held and granted, once time was held or extended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<StopWatch>,
}

/// A due time, or the calendar it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageDue {
    /// Known.
    At(DueAt),
    /// Needs a year whose days off are not published: nothing is armed (D49).
    AwaitingCalendar(AwaitedCalendar),
}

/// A known due time and the rule it was computed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueAt {
    /// The last instant in time.
    pub due_at: Timestamp,
    /// Warnings before it, in order.
    pub warns: Vec<Warn>,
    /// The calendar counted on; none on the 24-hour clock.
    pub calendar: Option<CalendarRef>,
}

/// One warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warn {
    /// The part of the allowed time.
    pub per_mille: PerMille,
    /// When it has passed.
    pub at: Timestamp,
}

/// What a due time waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitedCalendar {
    /// The unpublished year.
    pub year: i16,
    /// The due time is not before this instant, so an act before it is in time whatever gets published.
    pub not_before: Timestamp,
    /// The calendar counted on.
    pub calendar: CalendarRef,
}

impl StageState {
    /// Starts the stage. Refused only when the limit leaves the range of time.
    pub(crate) fn start(
        plan: StagePlan,
        calendar: &Calendar,
        started_at: Timestamp,
    ) -> Result<Self, SlaError> {
        let due = StageDue::compute(&plan, calendar, started_at)?;
        Ok(Self::open_with(plan, started_at, due))
    }

    fn open_with(plan: StagePlan, started_at: Timestamp, due: StageDue) -> Self {
        let (verdict, verdict_at, met_at) = (None, None, None);
        Self { plan, started_at, due, warned: 0, escalated: 0, verdict, verdict_at, met_at, watch: None }
    }

    /// Which stage.
    pub fn stage(&self) -> Stage {
        self.plan.stage
    }

    /// The due time when it is known; while time is held, what it was before.
    pub fn due_at(&self) -> Option<Timestamp> {
        match &self.due {
            StageDue::At(due) => Some(due.due_at),
            StageDue::AwaitingCalendar(_) => None,
        }
    }

    /// The year awaited when the due time is not known.
    pub fn awaiting_year(&self) -> Option<i16> {
        match &self.due {
            StageDue::At(_) => None,
            StageDue::AwaitingCalendar(awaited) => Some(awaited.year),
        }
    }

    /// Neither decided nor done.
    pub fn open(&self) -> bool {
        self.verdict.is_none() && self.met_at.is_none()
    }

    /// The due time that counts now: none while it is awaited or held.
    fn known(&self) -> Option<&DueAt> {
        match &self.due {
            StageDue::At(due) if !self.held() => Some(due),
            StageDue::At(_) | StageDue::AwaitingCalendar(_) => None,
        }
    }

    /// Records the first time it was done, and the verdict when the times allow one.
    pub(crate) fn meet(&mut self, at: Timestamp) {
        if self.met_at.is_none() && self.verdict != Some(Verdict::Cancelled) {
            self.met_at = Some(at);
            self.judge(at);
        }
    }

    /// Gives the verdict of a stage that is done but undecided; it stays undecided only while its
    /// calendar is awaited and the awaited year has begun.
    fn judge(&mut self, at: Timestamp) {
        let (Some(met_at), None) = (self.met_at, self.verdict) else { return };
        // While time is held none is used: what is done then is judged as of when the hold began.
        let met_at = self.held_since().map_or(met_at, |since| since.min(met_at));
        match &self.due {
            StageDue::At(due) if met_at <= due.due_at => self.decide(Verdict::Met, at),
            StageDue::At(_) => self.decide(Verdict::Breached, at),
            StageDue::AwaitingCalendar(awaited) if met_at < awaited.not_before => {
                self.decide(Verdict::Met, at);
            }
            StageDue::AwaitingCalendar(_) => {}
        }
    }

    /// The order or round ends: what is undecided stays without answer.
    pub(crate) fn cancel_undecided(&mut self, at: Timestamp) {
        self.decide(Verdict::Cancelled, at);
    }

    fn decide(&mut self, verdict: Verdict, at: Timestamp) {
        if self.verdict.is_none() {
            self.verdict = Some(verdict);
            self.verdict_at = Some(at);
        }
    }
}

impl StageDue {
    fn compute(plan: &StagePlan, calendar: &Calendar, start: Timestamp) -> Result<Self, SlaError> {
        let due_at = match sla::due(calendar, plan.limit, start) {
            Ok(due) => due.at,
            Err(SlaError::CalendarUnpublished { year }) => {
                let not_before = calendar.year_start(year)?.max(start);
                let calendar = calendar.reference().clone();
                return Ok(Self::AwaitingCalendar(AwaitedCalendar { year, not_before, calendar }));
            }
            Err(other) => return Err(other),
        };
        let mut warns = Vec::with_capacity(plan.warn.len());
        for &per_mille in &plan.warn {
            let at = sla::fraction_at(calendar, plan.limit, start, per_mille)?;
            warns.push(Warn { per_mille, at });
        }
        warns.retain(|warn| warn.at < due_at);
        warns.sort_by_key(|warn| warn.per_mille);
        warns.dedup();
        let calendar = (plan.limit.clock() == ClockKind::Work).then(|| calendar.reference().clone());
        Ok(Self::At(DueAt { due_at, warns, calendar }))
    }
}

/// Each stage at most once, and only those that belong here.
pub(crate) fn check_plans(plans: &[StagePlan], allowed: &[Stage]) -> Result<(), PlanFault> {
    for (index, plan) in plans.iter().enumerate() {
        let stage = plan.stage;
        if !allowed.contains(&stage) {
            return Err(PlanFault::MisplacedStage(stage));
        }
        if plans[..index].iter().any(|earlier| earlier.stage == stage) {
            return Err(PlanFault::RepeatedStage(stage));
        }
    }
    Ok(())
}
