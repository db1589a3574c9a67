//! A case (案件) as dispatch knows it: `open → submitted → verifying → closed`, round by round.
//!
//! Exactly one holder at each instant (D32): the lead while the round is open, whoever rules while the lead's
//! return waits, the verifier from the lead's submit on. A failed verification opens the next round and gives
//! the case back to the lead. Who handled it in any round may not verify it (D36). Until it is closed it may be
//! cancelled, and every order with it. A closed case stays closed: when the same matter comes again soon after, that is
//! noted as a false closure, and the new case has the duties.
//! While a round is open its plan may be drawn anew (重新派单). Its own stages, verification and rulings, have the policy's chain like
//! those of its orders.

mod decide;
mod event;
mod reroute;
mod ruling;
mod terms;
mod visit;
mod whistle;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ids::{BodyRef, CaseId, OrderId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use decide::{CaseCommand, VerifyCommand};
pub use event::{CaseEvent, CaseEventKind};
pub use reroute::NotRerouted;
pub use ruling::{Adjudication, Deciding, Ruling, RulingAsked};
pub use terms::CaseTerms;
pub use visit::{Signature, Visit};

use crate::stage::next_alarm;
use crate::{ChainStep, StagePlan, StageState};

/// Where a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CasePhase {
    /// The round's orders are being handled.
    Open,
    /// The lead says it is done; nobody has taken the verification yet.
    Submitted,
    /// A verifier has taken it.
    Verifying,
    /// Verified. An end.
    Closed,
    /// Called off with all its orders. An end.
    Cancelled,
}

/// How a round was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundVerdict {
    /// The case closes.
    Passed,
    /// The next round opens.
    Failed,
}

/// Who has the case in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// The lead.
    Body(BodyRef),
    /// Whoever rules on the lead's return.
    Ruling(Deciding),
    /// The verifiers of the street, and the one among them who took it.
    Verifier {
        /// None until claimed.
        principal: Option<String>,
    },
}

/// One stretch of the holder line; the next begins where it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderInterval {
    /// Who held it.
    pub holder: Holder,
    /// From when.
    pub from: Timestamp,
    /// Until when; empty for the present holder.
    pub to: Option<Timestamp>,
}

/// What to open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CasePlan {
    /// The case.
    pub case_id: CaseId,
    /// The street.
    pub tenant: TenantId,
    /// Who leads.
    pub lead: BodyRef,
    /// Limits and chain of its own stages.
    pub terms: CaseTerms,
    /// Who draws plans counts how often it has spoken of the case: where it stood when this one was drawn anew; 0 of the first plan.
    #[serde(default, skip_serializing_if = "no_version")]
    pub plan_version: u64,
}

/// A case: the fold of its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The case.
    pub id: CaseId,
    /// The street.
    pub tenant: TenantId,
    /// From 1; each reopening is one more.
    pub round: u32,
    /// Where it is.
    pub phase: CasePhase,
    /// The number of events so far; the first has 1.
    pub version: u64,
    /// Who leads.
    pub lead: BodyRef,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When the last event happened.
    pub changed_at: Timestamp,
    /// The plan of each round's verification.
    pub verify_plan: StagePlan,
    /// The plan of a ruling, frozen; as in [`CaseTerms::adjudicate`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjudicate_plan: Option<StagePlan>,
    /// The escalation chain of its own stages, frozen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<ChainStep>,
    /// Since when it is under supervision (督办), because one of its own stages was late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervised_at: Option<Timestamp>,
    /// The verification of each round that was submitted.
    pub verify: BTreeMap<u32, StageState>,
    /// Everybody who handled it, over all rounds.
    pub handlers: BTreeSet<String>,
    /// The holder line from `opened_at` on, without a gap.
    pub holders: Vec<HolderInterval>,
    /// Returns so far, over all rounds.
    #[serde(default, skip_serializing_if = "none_yet")]
    pub returns: u32,
    /// The return that waits for its ruling; one at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<RulingAsked>,
    /// The clock of each return, by the order that was returned.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub adjudications: BTreeMap<OrderId, Adjudication>,
    /// Every ruling, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rulings: Vec<Ruling>,
    /// Cases in which the same matter came again soon after the close: each is a false closure.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub repeated_by: BTreeSet<CaseId>,
    /// Visits that several bodies made together, in the order they were recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visits: Vec<Visit>,
    /// The last plan that was heard of, as in [`CasePlan::plan_version`]: older ones change nothing any more.
    #[serde(default, skip_serializing_if = "no_version")]
    pub plan_version: u64,
    /// Orders of the round that the last plan drawn anew does not name, and that stay because they were submitted: they are verified
    /// with their round, and their duties are in no other.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub off_plan: BTreeSet<OrderId>,
    /// It was called off because its voices are another case's (并案): the matter goes on there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub merged: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn none_yet(count: &u32) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn no_version(version: &u64) -> bool {
    *version == 0
}

impl CasePhase {
    /// The word in columns and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            CasePhase::Open => "open",
            CasePhase::Submitted => "submitted",
            CasePhase::Verifying => "verifying",
            CasePhase::Closed => "closed",
            CasePhase::Cancelled => "cancelled",
        }
    }

    /// Nothing happens to the case any more.
    pub const fn ended(self) -> bool {
        matches!(self, CasePhase::Closed | CasePhase::Cancelled)
    }
}

/// The body, `centre`, `district` or `verifier`.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Body(body) => body.fmt(f),
            Holder::Ruling(deciding) => f.write_str(deciding.as_str()),
            Holder::Verifier { .. } => f.write_str("verifier"),
        }
    }
}

impl Case {
    /// The instant to be woken at for a warning, due time or chain step of the verification, or of a ruling; none while
    /// neither is awaited.
    pub fn wake_at(&self) -> Option<Timestamp> {
        next_alarm(self.active_slice(), self.active_chain(), None)
    }

    /// Nobody acts on its matter any more, here or in the case it was merged into.
    pub const fn over(&self) -> bool {
        self.phase.ended() && !self.merged
    }

    /// Who holds it now; nobody once it has ended.
    pub fn holder(&self) -> Option<&Holder> {
        self.holders.last().filter(|interval| interval.to.is_none()).map(|interval| &interval.holder)
    }

    /// When it was closed; nothing of one that is open, or was called off.
    pub fn closed_at(&self) -> Option<Timestamp> {
        let last = self.holders.last().filter(|_| self.phase == CasePhase::Closed)?;
        last.to
    }

    /// The present round's verification, once submitted.
    pub fn verification(&self) -> Option<&StageState> {
        self.verify.get(&self.round)
    }

    /// The clock of the return that waits.
    pub fn adjudication(&self) -> Option<&StageState> {
        self.adjudications.get(&self.asked.as_ref()?.order_id).map(|returned| &returned.clock)
    }

    /// The stage that runs: a ruling is awaited only before the lead's submit, a verification only after it.
    fn active_slice(&self) -> &[StageState] {
        self.adjudication().or_else(|| self.verification()).map_or(&[], std::slice::from_ref)
    }
}
