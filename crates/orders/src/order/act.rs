//! The five acts of a body on its order: when each is legal, where it leads, which stages it meets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Order, Phase};
use crate::{Milestone, Publications, Refusal, Stage, StageState};

/// An act, in the order in which they happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// 已阅, by a person.
    See,
    /// 签收. Implies seen.
    Acknowledge,
    /// 到场. Recorded once; also where the item asks for no visit.
    Arrive,
    /// 反馈. As often as there is something to say.
    Progress,
    /// 办结申请.
    Submit,
}

impl Act {
    /// Every act.
    pub const ALL: [Act; 5] = [Act::See, Act::Acknowledge, Act::Arrive, Act::Progress, Act::Submit];

    /// The verb of the door, `:see` without its colon.
    pub const fn as_str(self) -> &'static str {
        match self {
            Act::See => "see",
            Act::Acknowledge => "acknowledge",
            Act::Arrive => "arrive",
            Act::Progress => "progress",
            Act::Submit => "submit",
        }
    }

    pub(crate) const fn leads_to(self) -> Phase {
        match self {
            Act::See => Phase::Seen,
            Act::Acknowledge => Phase::Acknowledged,
            Act::Arrive => Phase::OnSite,
            Act::Progress => Phase::InProgress,
            Act::Submit => Phase::Submitted,
        }
    }

    /// Work begins with the acknowledgement: nobody arrives, reports or submits before (D27).
    pub(crate) const fn legal_from(self, phase: Phase) -> bool {
        use Phase::{Acknowledged, Dispatched, InProgress, OnSite, Seen};
        match self {
            Act::See => matches!(phase, Dispatched),
            Act::Acknowledge => matches!(phase, Dispatched | Seen),
            Act::Arrive => matches!(phase, Acknowledged | InProgress),
            Act::Progress | Act::Submit => matches!(phase, Acknowledged | OnSite | InProgress),
        }
    }

    /// A later act meets an earlier see and acknowledge, never a visit that was not made.
    pub(crate) const fn meets(self) -> &'static [Stage] {
        match self {
            Act::See => &[Stage::See],
            Act::Acknowledge | Act::Progress => &[Stage::See, Stage::Acknowledge],
            Act::Arrive => &[Stage::See, Stage::Acknowledge, Stage::OnSite],
            Act::Submit => &[Stage::See, Stage::Acknowledge, Stage::Resolve],
        }
    }

    /// Done once: asking again changes nothing and is no fault.
    pub(crate) const fn repeatable(self) -> bool {
        matches!(self, Act::Progress)
    }
}

impl Order {
    /// Whether an act meets a stage of it.
    pub(super) fn meets(&self, act: Act, stage: Stage) -> bool {
        self.pair(stage).map_or_else(|| act.meets().contains(&stage), |pair| pair.to.ended_by(act))
    }

    /// Whether a stage of it asks for a visit.
    pub(super) fn visit_required(&self) -> bool {
        let arrives = |stage| match stage {
            Stage::OnSite => true,
            _ => self.pair(stage).is_some_and(|pair| pair.to == Milestone::Arrived),
        };
        self.stages.iter().any(|stage| arrives(stage.stage()))
    }

    /// The named pairs that begin with an act: those whose first milestone it is the first to record, and whose second
    /// nobody has recorded yet.
    pub(super) fn begun_by(
        &self,
        act: Act,
        calendars: Publications<'_>,
        at: Timestamp,
    ) -> Result<Vec<StageState>, Refusal> {
        // A later act implies that it was seen.
        let records = |milestone: Milestone| milestone.act().is_some_and(|own| own == act || own == Act::See);
        let begins = |from| records(from) && !self.reached(from);
        let begun = self.pairs.iter().filter(|pair| begins(pair.from) && !self.reached(pair.to));
        // Whose documents are behind puts no pair on an older publication than its siblings count on.
        let calendar = calendars.after(calendars.of(self.counted_on()));
        begun.map(|pair| pair.begin(calendar, self.suspended.is_some(), at)).collect()
    }
}
