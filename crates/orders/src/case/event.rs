//! What happened to a case. The case is the fold of its events.

use std::collections::BTreeSet;

use ids::OrderId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Case, CasePhase, Holder, HolderInterval};
use crate::stage::apply;
use crate::{Actor, BrokenHistory, StageEvent, StageState};

/// One event of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseEvent {
    /// The case's version after it: 1, 2, 3 without gaps.
    pub version: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// Who did it; nobody when time did.
    pub actor: Option<Actor>,
    /// What happened.
    pub kind: CaseEventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CaseEventKind {
    /// The case came to dispatch.
    Opened {
        /// As it is then.
        case: Box<Case>,
    },
    /// The lead submitted; the verification starts.
    Submitted {
        /// Who handled this round.
        handlers: BTreeSet<String>,
        /// The verification with its due time.
        verify: Box<StageState>,
    },
    /// A verifier took it.
    Verifying {
        /// Who.
        principal: String,
    },
    /// Verification passed.
    Closed {
        /// What was found.
        note: String,
    },
    /// Verification failed; the next round opens.
    Reopened {
        /// The new round.
        round: u32,
        /// What was found.
        note: String,
        /// The orders of the ended round whose duties are issued again.
        orders: Vec<OrderId>,
    },
    /// Time or a calendar touched the verification.
    #[serde(untagged)]
    Stage(StageEvent),
}

impl CaseEventKind {
    /// The word in subjects and journals: `dispatch.case.<name>`.
    pub const fn name(&self) -> &'static str {
        match self {
            CaseEventKind::Opened { .. } => "opened",
            CaseEventKind::Submitted { .. } => "submitted",
            CaseEventKind::Verifying { .. } => "verifying",
            CaseEventKind::Closed { .. } => "closed",
            CaseEventKind::Reopened { .. } => "reopened",
            CaseEventKind::Stage(event) => event.name(),
        }
    }

    /// What was said with it; empty when nothing can be.
    pub fn note(&self) -> &str {
        match self {
            CaseEventKind::Closed { note } | CaseEventKind::Reopened { note, .. } => note,
            _ => "",
        }
    }
}

impl Case {
    /// One step of the fold. Refuses a history that does not begin with `Opened` or has a gap.
    pub fn evolve(case: Option<Case>, event: &CaseEvent) -> Result<Case, BrokenHistory> {
        let expected = case.as_ref().map_or(1, |case| case.version + 1);
        if event.version != expected {
            return Err(BrokenHistory::Version { expected, found: event.version });
        }
        match (case, &event.kind) {
            (None, CaseEventKind::Opened { case }) => Ok((**case).clone()),
            (None, _) => Err(BrokenHistory::Beginning),
            (Some(_), CaseEventKind::Opened { .. }) => Err(BrokenHistory::Beginning),
            (Some(mut case), _) => {
                case.apply(event);
                Ok(case)
            }
        }
    }

    pub(super) fn apply(&mut self, event: &CaseEvent) {
        self.version = event.version;
        self.changed_at = event.at;
        match &event.kind {
            CaseEventKind::Opened { .. } => {}
            CaseEventKind::Submitted { handlers, verify } => {
                self.phase = CasePhase::Submitted;
                self.handlers.extend(handlers.iter().cloned());
                self.verify.insert(self.round, (**verify).clone());
                self.hand_to(Some(Holder::Verifier { principal: None }), event.at);
            }
            CaseEventKind::Verifying { principal } => {
                self.phase = CasePhase::Verifying;
                self.hand_to(Some(Holder::Verifier { principal: Some(principal.clone()) }), event.at);
            }
            CaseEventKind::Closed { .. } => {
                self.end_verification(event.at);
                self.phase = CasePhase::Closed;
                self.hand_to(None, event.at);
            }
            CaseEventKind::Reopened { round, .. } => {
                self.end_verification(event.at);
                self.phase = CasePhase::Open;
                self.round = *round;
                self.hand_to(Some(Holder::Body(self.lead.clone())), event.at);
            }
            CaseEventKind::Stage(stage_event) => {
                let verification = self.verify.get_mut(&self.round);
                apply(verification.map_or(&mut [], std::slice::from_mut), stage_event, event.at);
            }
        }
    }

    /// Its result meets the verification, whichever it is.
    fn end_verification(&mut self, at: Timestamp) {
        if let Some(stage) = self.verify.get_mut(&self.round) {
            stage.meet(at);
            stage.cancel_undecided(at);
        }
    }

    /// Ends the present holder's stretch where the next begins. Stretches may be empty, never missing.
    fn hand_to(&mut self, next: Option<Holder>, at: Timestamp) {
        if let Some(present) = self.holders.last_mut() {
            present.to = Some(at);
        }
        self.holders.extend(next.map(|holder| HolderInterval { holder, from: at, to: None }));
    }
}
