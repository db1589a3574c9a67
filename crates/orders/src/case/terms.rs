//! What a policy says of a case's own stages, verification and rulings, and what follows when they are late.
//!
//! The chain is the policy's, the same as its orders'. It is frozen: into the case when it is opened, and again when its plan is drawn
//! anew; into the clock of a return when that starts. The verification of a round runs under the plan of that round, since no plan
//! is drawn anew after the lead's submit.

use serde::{Deserialize, Serialize};
use sla::InvalidLimit;

use super::{Case, Deciding};
use crate::stage::check_plans;
use crate::{ChainStep, PlanFault, Refusal, Stage, StagePlan};

/// What a policy says of the stages of a case itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseTerms {
    /// The limit of the verification; it starts to count at the lead's submit.
    pub verify: StagePlan,
    /// The limit of a ruling on a return; [`StagePlan::default_adjudication`] where the policy names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjudicate: Option<StagePlan>,
    /// What follows when one of them is late, in order of time; empty where nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<ChainStep>,
}

/// A verification, rulings in the usual time, and nothing that follows.
impl From<StagePlan> for CaseTerms {
    fn from(verify: StagePlan) -> Self {
        Self { verify, adjudicate: None, chain: Vec::new() }
    }
}

impl CaseTerms {
    /// Each limit under its own word, and the steps in the order that a wake-up goes by.
    pub(super) fn checked(self) -> Result<Self, Refusal> {
        let misplaced = |plan: &StagePlan, stage| check_plans(std::slice::from_ref(plan), &[stage]);
        misplaced(&self.verify, Stage::Verify).map_err(Refusal::PlanInvalid)?;
        if let Some(adjudicate) = &self.adjudicate {
            misplaced(adjudicate, Stage::Adjudicate).map_err(Refusal::PlanInvalid)?;
        }
        match self.chain.is_sorted_by_key(|step| step.after_s) {
            true => Ok(self),
            false => Err(Refusal::PlanInvalid(PlanFault::UnsortedChain)),
        }
    }
}

impl Case {
    /// Who is late with a stage of the case: whoever is to rule; with a verification the street, whose verifiers belong to it.
    pub fn late(&self, stage: Stage) -> Deciding {
        let ruling = self.asked.as_ref().filter(|_| stage == Stage::Adjudicate);
        ruling.map_or(Deciding::Centre, |asked| asked.deciding)
    }

    /// How long the next ruling may take.
    pub(super) fn adjudication_plan(&self) -> Result<StagePlan, InvalidLimit> {
        self.adjudicate_plan.clone().map_or_else(StagePlan::default_adjudication, Ok)
    }

    /// What follows a breach of the stage that runs; nothing any more once the case has ended.
    pub(super) fn active_chain(&self) -> &[ChainStep] {
        if self.phase.ended() {
            return &[];
        }
        let returned = self.asked.as_ref().and_then(|asked| self.adjudications.get(&asked.order_id));
        returned.map_or(&self.chain, |returned| &returned.chain)
    }

    pub(super) fn under(&mut self, terms: &CaseTerms) {
        self.verify_plan = terms.verify.clone();
        self.adjudicate_plan.clone_from(&terms.adjudicate);
        self.chain.clone_from(&terms.chain);
    }
}
