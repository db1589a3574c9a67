//! What happened to a case. The case is the fold of its events.

use std::collections::{BTreeMap, BTreeSet};

use ids::{BodyRef, CaseId, OrderId, VisitId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Adjudication, Case, CasePhase, CaseTerms, Holder, HolderInterval, NotRerouted, Ruling, RulingAsked, Visit,
};
use crate::stage::apply;
use crate::{Actor, BrokenHistory, Role, Stage, StageEvent, StageMove, StageState};

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
    /// An order was returned: somebody rules.
    RulingAsked {
        /// What about.
        asked: RulingAsked,
        /// The clock of the ruling with its due time.
        adjudicate: Box<StageState>,
    },
    /// A duty was placed.
    Ruled {
        /// Whose it is.
        ruling: Ruling,
        /// Why.
        note: String,
    },
    /// 重新派单: its plan was drawn anew; the orders it has no place for end, and new ones follow.
    Rerouted {
        /// As in [`super::CasePlan::plan_version`].
        plan_version: u64,
        /// Who leads by it.
        lead: BodyRef,
        /// Limits and chain of the verifications and returns that follow.
        terms: Box<CaseTerms>,
        /// The return that waited was of an order that ends: it is answered by this.
        answers: bool,
        /// Orders that go on by it, and whose they are.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        keeps: BTreeMap<OrderId, BodyRef>,
        /// As in [`super::Case::off_plan`].
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        off_plan: BTreeSet<OrderId>,
        /// Why.
        note: String,
    },
    /// Its plan was drawn anew, and that changes nothing here.
    RerouteRefused {
        /// As in [`super::CasePlan::plan_version`].
        plan_version: u64,
        /// Why not.
        why: NotRerouted,
        /// What was said with the plan.
        note: String,
    },
    /// Bodies were summoned to the place; their orders follow.
    Whistled {
        /// Whom, in order.
        bodies: Vec<BodyRef>,
        /// What for.
        note: String,
    },
    /// The lead recorded a visit that several bodies made together; they are to sign it.
    VisitRecorded {
        /// As it is then.
        visit: Box<Visit>,
    },
    /// A body signed it; the act on its order follows.
    VisitSigned {
        /// Which.
        visit: VisitId,
        /// The order that moves.
        order_id: OrderId,
        /// Who signed.
        body: BodyRef,
        /// What was said with it.
        note: String,
    },
    /// Called off.
    Cancelled {
        /// Because its voices are another case's.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        merged: bool,
        /// Why.
        note: String,
    },
    /// The same matter came again soon after the close (虚假办结). The case stays closed; the other one has the duties.
    FalselyClosed {
        /// The case in which it came again.
        repeated_by: CaseId,
        /// Seconds from the close to that.
        after_s: u64,
    },
    /// 重排: the clock that runs went over to a newer publication of its calendar.
    Replanned {
        /// Which, from when to when, and why.
        moves: Vec<StageMove>,
        /// What was said with it.
        note: String,
    },
    /// Time or a calendar touched the verification or the clock of a ruling.
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
            CaseEventKind::RulingAsked { .. } => "ruling_asked",
            CaseEventKind::Ruled { .. } => "ruled",
            CaseEventKind::Rerouted { .. } => "rerouted",
            CaseEventKind::RerouteRefused { .. } => "reroute_refused",
            CaseEventKind::Whistled { .. } => "whistled",
            CaseEventKind::VisitRecorded { .. } => "visit_recorded",
            CaseEventKind::VisitSigned { .. } => "visit_signed",
            CaseEventKind::Cancelled { .. } => "cancelled",
            CaseEventKind::FalselyClosed { .. } => "falsely_closed",
            CaseEventKind::Replanned { .. } => "replanned",
            CaseEventKind::Stage(event) => event.name(),
        }
    }

    /// What was said with it; empty when nothing can be.
    pub fn note(&self) -> &str {
        match self {
            CaseEventKind::Closed { note }
            | CaseEventKind::Reopened { note, .. }
            | CaseEventKind::Ruled { note, .. }
            | CaseEventKind::Rerouted { note, .. }
            | CaseEventKind::RerouteRefused { note, .. }
            | CaseEventKind::Whistled { note, .. }
            | CaseEventKind::VisitSigned { note, .. }
            | CaseEventKind::Cancelled { note, .. }
            | CaseEventKind::Replanned { note, .. } => note,
            CaseEventKind::VisitRecorded { visit } => &visit.note,
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
            CaseEventKind::Opened { .. } | CaseEventKind::Whistled { .. } => {}
            CaseEventKind::FalselyClosed { repeated_by, .. } => {
                self.repeated_by.insert(*repeated_by);
            }
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
            CaseEventKind::RulingAsked { asked, adjudicate } => {
                self.returns += 1;
                let (round, clock, chain) = (self.round, (**adjudicate).clone(), self.chain.clone());
                self.adjudications.insert(asked.order_id, Adjudication { round, clock, chain });
                if asked.role == Role::Lead {
                    self.hand_to(Some(Holder::Ruling(asked.deciding)), event.at);
                }
                self.asked = Some(asked.clone());
            }
            CaseEventKind::Ruled { ruling, .. } => self.ruled(ruling, event.at),
            CaseEventKind::Rerouted { plan_version, lead, terms, answers, off_plan, .. } => {
                self.plan_version = *plan_version;
                self.off_plan.clone_from(off_plan);
                self.under(terms);
                if *answers {
                    self.end_ruling(event.at);
                }
                if *lead != self.lead {
                    self.lead = lead.clone();
                    self.hand_to(Some(Holder::Body(lead.clone())), event.at);
                }
            }
            CaseEventKind::RerouteRefused { plan_version, .. } => self.plan_version = *plan_version,
            CaseEventKind::VisitRecorded { visit } => self.visits.push((**visit).clone()),
            CaseEventKind::VisitSigned { visit, order_id, .. } => self.signed(*visit, *order_id, event.at),
            CaseEventKind::Cancelled { merged, .. } => {
                self.merged = *merged;
                self.asked = None;
                let running =
                    self.verify.values_mut().chain(self.adjudications.values_mut().map(|of| &mut of.clock));
                running.for_each(|stage| stage.cancel_undecided(event.at));
                self.phase = CasePhase::Cancelled;
                self.hand_to(None, event.at);
            }
            CaseEventKind::Replanned { moves, .. } => {
                for moved in moves {
                    if let Some(running) = self.running(moved.clock.stage) {
                        running.moved(moved, event.at);
                    }
                }
            }
            CaseEventKind::Stage(stage_event) => {
                let running = self.running(stage_event.stage());
                apply(running.map_or(&mut [], std::slice::from_mut), stage_event, event.at);
                if stage_event.supervises() {
                    self.supervised_at.get_or_insert(event.at);
                }
            }
        }
    }

    /// The stage that an event of time means.
    fn running(&mut self, stage: Stage) -> Option<&mut StageState> {
        match (stage, &self.asked) {
            (Stage::Adjudicate, Some(asked)) => {
                self.adjudications.get_mut(&asked.order_id).map(|of| &mut of.clock)
            }
            _ => self.verify.get_mut(&self.round),
        }
    }

    /// The duty is where the ruling says, and the lead's brings the case along.
    fn ruled(&mut self, ruling: &Ruling, at: Timestamp) {
        if self.asked.as_ref().is_some_and(|asked| asked.order_id == ruling.order_id) {
            self.end_ruling(at);
        }
        if ruling.role == Role::Lead {
            self.lead = ruling.to.clone();
            self.hand_to(Some(Holder::Body(ruling.to.clone())), at);
        }
        self.rulings.push(ruling.clone());
    }

    /// The return that waits is answered.
    fn end_ruling(&mut self, at: Timestamp) {
        let Some(asked) = self.asked.take() else { return };
        if let Some(returned) = self.adjudications.get_mut(&asked.order_id) {
            returned.clock.meet(at);
            returned.clock.cancel_undecided(at);
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
