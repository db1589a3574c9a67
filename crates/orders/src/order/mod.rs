//! An order (工单): the duty of one body in one round of one case.
//!
//! `dispatched → seen → acknowledged → (on_site) → in_progress → submitted → done`; it may end before as
//! `cancelled`, `returned`, `transferred` or `waived`. Facets stand beside the phase: a return that waits
//! for its ruling, a question for time, suspension, and supervision.

mod act;
mod adopt;
mod decide;
mod direct;
mod event;
mod give_back;
mod link;
mod reroute;
mod time;

use std::collections::{BTreeMap, BTreeSet};

use ids::{BodyRef, CaseId, OrderId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sla::CalendarRef;

pub use act::Act;
pub use adopt::Terms;
pub use decide::OrderCommand;
pub use event::{OrderEvent, OrderEventKind};
pub use give_back::{ReturnAsked, ReturnGround};
pub use link::{LinkDeed, LinkDenial};
pub use time::{HoldReason, Suspension, TimeAsked, TimeWanted};

use crate::stage::next_alarm;
use crate::{ChainStep, Milestone, PairPlan, RoundVerdict, Stage, StagePlan, StageState};

/// The part of a body in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 主办: exactly one in a round.
    Lead,
    /// 协办.
    Assist,
    /// 抄送: no stages, no wake-up, never blocks.
    Inform,
}

/// Where an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Issued; nobody has looked.
    Dispatched,
    /// A person has seen it.
    Seen,
    /// The body has taken it.
    Acknowledged,
    /// Somebody is at the place.
    OnSite,
    /// Work is reported on.
    InProgress,
    /// The body says it is done.
    Submitted,
    /// Its round was verified. An end.
    Done,
    /// Withdrawn. An end.
    Cancelled,
    /// Given back as not theirs, and granted: another order follows. An end.
    Returned,
    /// Moved to another body, which nobody had asked for. An end.
    Transferred,
    /// An assistant who is not needed any more. An end.
    Waived,
}

/// What to issue: one order of a case plan with its policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPlan {
    /// The new order's id.
    pub order_id: OrderId,
    /// The street.
    pub tenant: TenantId,
    /// The case.
    pub case_id: CaseId,
    /// The case's round, from 1.
    pub round: u32,
    /// Who holds it.
    pub body: BodyRef,
    /// As what.
    pub role: Role,
    /// The policy's stages, without verification. Ignored for [`Role::Inform`].
    pub stages: Vec<StagePlan>,
    /// The policy's named pairs. Ignored for [`Role::Inform`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<PairPlan>,
    /// The policy's chain, in order of time. Ignored for [`Role::Inform`].
    pub chain: Vec<ChainStep>,
    /// The order whose duty goes on here, when it was returned or transferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<OrderId>,
    /// Of a whistle (吹哨): its limit is the summons' own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub summoned: bool,
}

/// An order: the fold of its events. Lists and sorted maps only, so equal orders are equal bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// The street.
    pub tenant: TenantId,
    /// The case.
    pub case_id: CaseId,
    /// The case's round, from 1.
    pub round: u32,
    /// Who holds it.
    pub body: BodyRef,
    /// As what.
    pub role: Role,
    /// Where it is.
    pub phase: Phase,
    /// The number of events so far; the first has 1.
    pub version: u64,
    /// Where its stages start to count.
    pub dispatched_at: Timestamp,
    /// When the last event happened.
    pub changed_at: Timestamp,
    /// When each act was first done; acknowledging implies seeing.
    pub acts: BTreeMap<Act, Timestamp>,
    /// Its stages; those the item does not have are not here, and a named pair not before it begins.
    pub stages: Vec<StageState>,
    /// The named pairs of its policy, begun or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<PairPlan>,
    /// The escalation chain, frozen.
    pub chain: Vec<ChainStep>,
    /// The principals that acted on it.
    pub handlers: BTreeSet<String>,
    /// How its round was verified, once [`Phase::Done`].
    pub outcome: Option<RoundVerdict>,
    /// The order whose duty goes on here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<OrderId>,
    /// Issued by a whistle (吹哨), or its duty was. Of what builds before this one issued, [`Order::was_summoned`] knows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub summoned: bool,
    /// A return that waits for its ruling. The body goes on holding the order, and its clocks run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returning: Option<ReturnAsked>,
    /// A return was refused: this order is not returned again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub return_refused: bool,
    /// How often somebody urged it (催办).
    #[serde(default, skip_serializing_if = "nothing")]
    pub urged: u32,
    /// Since when it is under supervision (督办).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervised_at: Option<Timestamp>,
    /// A question for time that waits for its answer; the clocks run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_asked: Option<TimeAsked>,
    /// Time is not charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspension>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn nothing(count: &u32) -> bool {
    *count == 0
}

impl Role {
    /// The word in columns and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Lead => "lead",
            Role::Assist => "assist",
            Role::Inform => "inform",
        }
    }
}

impl Phase {
    /// The word in columns and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Dispatched => "dispatched",
            Phase::Seen => "seen",
            Phase::Acknowledged => "acknowledged",
            Phase::OnSite => "on_site",
            Phase::InProgress => "in_progress",
            Phase::Submitted => "submitted",
            Phase::Done => "done",
            Phase::Cancelled => "cancelled",
            Phase::Returned => "returned",
            Phase::Transferred => "transferred",
            Phase::Waived => "waived",
        }
    }

    /// Nothing happens to the order any more.
    pub const fn ended(self) -> bool {
        matches!(self, Phase::Done) || self.left()
    }

    /// Ended without having been done: its duty is withdrawn, or goes on in another order.
    pub const fn left(self) -> bool {
        matches!(self, Phase::Cancelled | Phase::Returned | Phase::Transferred | Phase::Waived)
    }
}

impl Order {
    /// The instant to be woken at: the least next warning, due or chain instant (D49), or the end of its
    /// suspension, during which nothing else comes. None when nothing is left to happen by itself: the order
    /// ended, is for information, or awaits a calendar.
    pub fn wake_at(&self) -> Option<Timestamp> {
        match (self.phase.ended(), self.suspended) {
            (true, _) => None,
            (false, Some(suspended)) => Some(suspended.until),
            (false, None) => next_alarm(&self.stages, &self.chain, Some(&self.body)),
        }
    }

    /// What is known of a stage that is a named pair of it.
    pub fn pair(&self, stage: Stage) -> Option<&PairPlan> {
        self.pairs.iter().find(|pair| pair.stage() == stage)
    }

    /// The latest publication that a clock of it counts on, or counted on; none where all are around the clock.
    pub fn counted_on(&self) -> Option<&CalendarRef> {
        self.stages.iter().filter_map(StageState::counted_on).max_by_key(|reference| reference.version)
    }

    /// Whether a named pair of it may still begin: then it counts on what the order's clocks did, decided or not.
    pub fn awaits_pair(&self) -> bool {
        let to_come = |pair: &PairPlan| !self.reached(pair.from) && !self.reached(pair.to);
        !self.phase.ended() && self.pairs.iter().any(to_come)
    }

    /// Whether a milestone was recorded.
    pub(crate) fn reached(&self, milestone: Milestone) -> bool {
        milestone.act().is_none_or(|act| self.acts.contains_key(&act))
    }

    /// Whether somebody still has to do something: lead or assist, neither submitted nor ended.
    pub fn duty_open(&self) -> bool {
        self.role != Role::Inform && self.phase < Phase::Submitted
    }

    /// The plan of the same duty in a later round, with limits that start anew.
    pub fn plan_again(&self, order_id: OrderId, round: u32) -> OrderPlan {
        OrderPlan { order_id, round, follows: None, ..self.plan_for(order_id, self.body.clone()) }
    }

    /// The plan of the same duty at another body, which starts with limits of its own: it learns of the
    /// matter only now. What the body before used up stays with the order before.
    pub fn plan_for(&self, order_id: OrderId, body: BodyRef) -> OrderPlan {
        let fixed = self.stages.iter().filter(|stage| self.pair(stage.stage()).is_none());
        OrderPlan {
            order_id,
            tenant: self.tenant,
            case_id: self.case_id,
            round: self.round,
            body,
            role: self.role,
            stages: fixed.map(|stage| stage.plan.clone()).collect(),
            pairs: self.pairs.clone(),
            chain: self.chain.clone(),
            follows: Some(self.id),
            summoned: self.summoned,
        }
    }
}
