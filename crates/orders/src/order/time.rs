//! More time (延期) and time that is not charged (挂起): asked by the body, granted by somebody else.
//!
//! While it is only asked the clocks run. A suspension has an end from the start; from then on the order goes on by
//! itself, at that instant and no later, whenever the wake-up comes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sla::{Limit, to_micros};

use super::decide::Change;
use super::{Act, Order, OrderEventKind};
use crate::stage::{Turn, extend, turn};
use crate::{Actor, Publications, Refusal, Stage, StageState};

/// A suspension lasts at most so many days.
const SUSPENDED_DAYS_MAX: i64 = 366;

/// Why time is not charged: one of a list, so that suspensions can be counted and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// 等待诉求人配合.
    Reporter,
    /// 等待材料或物资.
    Materials,
    /// 等待上级批准.
    Approval,
    /// 天气不允许.
    Weather,
    /// 进入司法或其他程序.
    Proceedings,
}

impl HoldReason {
    /// The word in columns and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            HoldReason::Reporter => "reporter",
            HoldReason::Materials => "materials",
            HoldReason::Approval => "approval",
            HoldReason::Weather => "weather",
            HoldReason::Proceedings => "proceedings",
        }
    }
}

/// What a body asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TimeWanted {
    /// So much more for the resolve stage, on the clock of its limit.
    Extension {
        /// How much.
        more: Limit,
    },
    /// Nothing is charged until then.
    Suspension {
        /// When it goes on at the latest.
        until: Timestamp,
        /// Why.
        reason: HoldReason,
    },
}

/// A question for time that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeAsked {
    /// For what.
    pub wanted: TimeWanted,
    /// Who asked, and so does not grant.
    pub by: String,
}

/// Time that is not charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// When it goes on at the latest.
    pub until: Timestamp,
    /// Why.
    pub reason: HoldReason,
}

impl Order {
    /// Whether its suspension has ended by itself: the caller resumes it before anything else is decided.
    pub fn suspension_over(&self, now: Timestamp) -> bool {
        self.suspended.is_some_and(|suspended| suspended.until <= now)
    }

    fn open_stage(&self, stage: Stage) -> Option<&StageState> {
        self.stages.iter().find(|state| state.stage() == stage && state.open())
    }
}

impl Change {
    pub(super) fn ask_time(
        mut self,
        actor: Actor,
        wanted: TimeWanted,
        note: String,
    ) -> Result<Self, Refusal> {
        let verb = match wanted {
            TimeWanted::Extension { .. } => "extend",
            TimeWanted::Suspension { .. } => "suspend",
        };
        self.open_duty(verb)?;
        if !self.order.acts.contains_key(&Act::Acknowledge) {
            return Err(Refusal::InvalidTransition { phase: self.order.phase, command: verb });
        }
        self.not_suspended()?;
        self.held_by_who_keeps_it(&wanted)?;
        if self.order.time_asked.is_some() {
            return Err(Refusal::TimePending);
        }
        self.record_overdue();
        self.possible(&wanted)?;
        let kind = match &wanted {
            TimeWanted::Extension { .. } => OrderEventKind::ExtensionAsked {
                asked: TimeAsked { wanted, by: actor.principal.clone() },
                note,
            },
            TimeWanted::Suspension { .. } => OrderEventKind::SuspensionAsked {
                asked: TimeAsked { wanted, by: actor.principal.clone() },
                note,
            },
        };
        self.push(kind, Some(actor));
        Ok(self)
    }

    pub(super) fn grant_time(
        mut self,
        actor: Actor,
        calendars: Publications<'_>,
        note: String,
    ) -> Result<Self, Refusal> {
        let asked = self.asked_by_another(&actor)?;
        self.held_by_who_keeps_it(&asked.wanted)?;
        // What has come by now has come: a grant undoes no warning and no breach.
        self.catch_up();
        self.possible(&asked.wanted)?;
        let kind = match asked.wanted {
            TimeWanted::Extension { more } => {
                let stage = self.order.open_stage(Stage::Resolve).ok_or(Refusal::NoClock)?;
                let clocks = vec![extend(stage, more, calendars, self.at)?];
                OrderEventKind::Extended { more, clocks, note }
            }
            TimeWanted::Suspension { until, reason } => {
                let clocks = turn(&self.order.stages, Turn::Hold(self.at), calendars)?;
                OrderEventKind::Suspended { suspension: Suspension { until, reason }, clocks, note }
            }
        };
        self.push(kind, Some(actor));
        Ok(self)
    }

    pub(super) fn refuse_time(mut self, actor: Actor, note: String) -> Result<Self, Refusal> {
        self.asked_by_another(&actor)?;
        self.record_overdue();
        self.push(OrderEventKind::TimeRefused { note }, Some(actor));
        Ok(self)
    }

    /// Goes on at the suspension's end if that has come, and now otherwise; nothing if it is not suspended.
    pub(super) fn resume(
        mut self,
        actor: Option<Actor>,
        calendars: Publications<'_>,
        note: String,
    ) -> Result<Self, Refusal> {
        let Some(suspended) = self.order.suspended else { return Ok(self) };
        let from = self.at.min(suspended.until);
        let clocks = turn(&self.order.stages, Turn::Release(from), calendars)?;
        let by_itself = suspended.until <= self.at;
        self.push(OrderEventKind::Resumed { from, clocks, note }, actor.filter(|_| !by_itself));
        Ok(self)
    }

    pub(super) fn not_suspended(&self) -> Result<(), Refusal> {
        if self.order.suspended.is_some() { Err(Refusal::Suspended) } else { Ok(()) }
    }

    /// No time is held while a return waits: its clocks run until somebody rules.
    fn held_by_who_keeps_it(&self, wanted: &TimeWanted) -> Result<(), Refusal> {
        match wanted {
            TimeWanted::Extension { .. } => Ok(()),
            TimeWanted::Suspension { .. } => self.no_return_pending(),
        }
    }

    fn asked_by_another(&self, actor: &Actor) -> Result<TimeAsked, Refusal> {
        let asked = self.order.time_asked.clone().ok_or(Refusal::NothingAsked)?;
        if asked.by == actor.principal { Err(Refusal::AskerMayNotDecide) } else { Ok(asked) }
    }

    /// More time is granted to a clock that still runs, and time is held only until later.
    fn possible(&self, wanted: &TimeWanted) -> Result<(), Refusal> {
        match wanted {
            TimeWanted::Extension { more } => {
                let resolve = self.order.open_stage(Stage::Resolve).ok_or(Refusal::NoClock)?;
                let same = resolve.plan.limit.clock() == more.clock();
                if same { Ok(()) } else { Err(Refusal::OtherClock) }
            }
            TimeWanted::Suspension { until, .. } => {
                let longest = jiff::SignedDuration::from_hours(24 * SUSPENDED_DAYS_MAX);
                let later = to_micros(*until) > self.at && until.duration_since(self.at) <= longest;
                if !later {
                    return Err(Refusal::UntilOutOfRange);
                }
                let runs = self.order.stages.iter().any(StageState::open);
                if runs { Ok(()) } else { Err(Refusal::NoClock) }
            }
        }
    }
}
