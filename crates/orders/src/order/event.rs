//! What happened to an order. The order is the fold of its events, and nothing else changes it.

use ids::{BodyRef, LinkId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sla::Limit;

use super::{Act, LinkDenial, Order, Phase, ReturnAsked, Role, Suspension, TimeAsked};
use crate::stage::apply;
use crate::{
    Actor, BrokenHistory, ChainStep, PairPlan, Relimited, RoundVerdict, StageClock, StageEvent, StageMove,
    StageState,
};

/// One event of one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEvent {
    /// The order's version after it: 1, 2, 3 without gaps.
    pub version: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// Who did it; nobody when time did.
    pub actor: Option<Actor>,
    /// What happened.
    pub kind: OrderEventKind,
    /// The named pairs that begin with it; those that begin with the order are in the order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub begun: Vec<StageState>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OrderEventKind {
    /// The order was issued.
    Dispatched {
        /// As it is then.
        order: Box<Order>,
    },
    /// A person saw it.
    Seen,
    /// The body took it.
    Acknowledged,
    /// Somebody is at the place.
    Arrived,
    /// Something was reported.
    Progressed {
        /// What.
        note: String,
    },
    /// The body says it is done.
    Submitted {
        /// What was done.
        note: String,
    },
    /// Its round was verified.
    Done {
        /// How.
        verdict: RoundVerdict,
    },
    /// It was withdrawn.
    Cancelled {
        /// Why.
        note: String,
        /// Because the plan of its case was drawn anew.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        rerouted: bool,
    },
    /// The body says it is not theirs; a ruling is awaited.
    ReturnAsked {
        /// With what ground, and whose it is.
        asked: ReturnAsked,
        /// What was said with it.
        note: String,
    },
    /// The ruling is that it stays.
    ReturnRefused {
        /// Why.
        note: String,
    },
    /// The ruling is that it is another's.
    Returned {
        /// Whose.
        to: BodyRef,
        /// Why.
        note: String,
        /// Because the plan of its case was drawn anew.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        rerouted: bool,
    },
    /// It was moved to another body that nobody had asked for.
    Transferred {
        /// To whom.
        to: BodyRef,
        /// Why.
        note: String,
        /// Because the plan of its case was drawn anew.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        rerouted: bool,
    },
    /// The assistant is not needed any more.
    Waived {
        /// Why.
        note: String,
        /// Because the plan of its case was drawn anew.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        rerouted: bool,
    },
    /// 催办: somebody reminds the body.
    Urged {
        /// Of what.
        note: String,
    },
    /// 督办: the order is under supervision from here on.
    Supervised {
        /// Why.
        note: String,
    },
    /// The body asks for more time.
    ExtensionAsked {
        /// How much, and who asked.
        asked: TimeAsked,
        /// What was said with it.
        note: String,
    },
    /// The body asks that time be not charged.
    SuspensionAsked {
        /// Until when, and who asked.
        asked: TimeAsked,
        /// What was said with it.
        note: String,
    },
    /// What was asked for was not granted.
    TimeRefused {
        /// Why.
        note: String,
    },
    /// More time was granted.
    Extended {
        /// How much.
        more: Limit,
        /// The clocks it changed.
        clocks: Vec<StageClock>,
        /// What was said with it.
        note: String,
    },
    /// Time is not charged from here on.
    Suspended {
        /// Until when, and why.
        suspension: Suspension,
        /// The clocks that stand still.
        clocks: Vec<StageClock>,
        /// What was said with it.
        note: String,
    },
    /// Time is charged again.
    Resumed {
        /// From when on: not from when a late wake-up came.
        from: Timestamp,
        /// The clocks that go on.
        clocks: Vec<StageClock>,
        /// What was said with it.
        note: String,
    },
    /// A link to it was given out.
    LinkIssued {
        /// Which.
        link: LinkId,
        /// Its end.
        until: Timestamp,
    },
    /// A link to it opens nothing any more.
    LinkRevoked {
        /// Which.
        link: LinkId,
    },
    /// Somebody opened it by a link: a receipt, not seen.
    LinkOpened {
        /// Which.
        link: LinkId,
    },
    /// Somebody tried to open it by a link and was shown nothing.
    LinkRefused {
        /// Which.
        link: LinkId,
        /// Why.
        why: LinkDenial,
    },
    /// The body asks those who direct a question.
    Asked {
        /// What.
        note: String,
    },
    /// 重排: clocks went over to a newer publication of their calendar.
    Replanned {
        /// Which, from when to when, and why.
        moves: Vec<StageMove>,
        /// What was said with it.
        note: String,
    },
    /// 采用现行时限方案: the policy in force took the place of the one it was issued with.
    PolicyAdopted {
        /// Key of the policy.
        policy: String,
        /// The clocks whose limits are others now.
        stages: Vec<Relimited>,
        /// The chain from then on.
        chain: Vec<ChainStep>,
        /// Its named pairs from then on; empty where they are what they were.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pairs: Vec<PairPlan>,
        /// What was said with it.
        note: String,
    },
    /// Time or a calendar touched one of its stages.
    #[serde(untagged)]
    Stage(StageEvent),
}

impl OrderEventKind {
    /// The word in subjects and journals: `dispatch.order.<name>`.
    pub const fn name(&self) -> &'static str {
        match self {
            OrderEventKind::Dispatched { .. } => "dispatched",
            OrderEventKind::Seen => "seen",
            OrderEventKind::Acknowledged => "acknowledged",
            OrderEventKind::Arrived => "arrived",
            OrderEventKind::Progressed { .. } => "progressed",
            OrderEventKind::Submitted { .. } => "submitted",
            OrderEventKind::Done { .. } => "done",
            OrderEventKind::Cancelled { .. } => "cancelled",
            OrderEventKind::ReturnAsked { .. } => "return_asked",
            OrderEventKind::ReturnRefused { .. } => "return_refused",
            OrderEventKind::Returned { .. } => "returned",
            OrderEventKind::Transferred { .. } => "transferred",
            OrderEventKind::Waived { .. } => "waived",
            OrderEventKind::Urged { .. } => "urged",
            OrderEventKind::Supervised { .. } => "supervised",
            OrderEventKind::ExtensionAsked { .. } => "extension_asked",
            OrderEventKind::SuspensionAsked { .. } => "suspension_asked",
            OrderEventKind::TimeRefused { .. } => "time_refused",
            OrderEventKind::Extended { .. } => "extended",
            OrderEventKind::Suspended { .. } => "suspended",
            OrderEventKind::Resumed { .. } => "resumed",
            OrderEventKind::LinkIssued { .. } => "link_issued",
            OrderEventKind::LinkRevoked { .. } => "link_revoked",
            OrderEventKind::LinkOpened { .. } => "link_opened",
            OrderEventKind::LinkRefused { .. } => "link_refused",
            OrderEventKind::Asked { .. } => "asked",
            OrderEventKind::Replanned { .. } => "replanned",
            OrderEventKind::PolicyAdopted { .. } => "policy_adopted",
            OrderEventKind::Stage(event) => event.name(),
        }
    }

    /// What was said with it; empty when nothing can be.
    pub fn note(&self) -> &str {
        match self {
            OrderEventKind::Progressed { note }
            | OrderEventKind::Submitted { note }
            | OrderEventKind::Cancelled { note, .. }
            | OrderEventKind::ReturnAsked { note, .. }
            | OrderEventKind::ReturnRefused { note }
            | OrderEventKind::Returned { note, .. }
            | OrderEventKind::Transferred { note, .. }
            | OrderEventKind::Waived { note, .. }
            | OrderEventKind::Urged { note }
            | OrderEventKind::Supervised { note }
            | OrderEventKind::ExtensionAsked { note, .. }
            | OrderEventKind::SuspensionAsked { note, .. }
            | OrderEventKind::TimeRefused { note }
            | OrderEventKind::Extended { note, .. }
            | OrderEventKind::Suspended { note, .. }
            | OrderEventKind::Resumed { note, .. }
            | OrderEventKind::Asked { note }
            | OrderEventKind::Replanned { note, .. }
            | OrderEventKind::PolicyAdopted { note, .. } => note,
            _ => "",
        }
    }

    /// The order ended because the plan of its case was drawn anew.
    pub const fn rerouted(&self) -> bool {
        match self {
            OrderEventKind::Cancelled { rerouted, .. }
            | OrderEventKind::Returned { rerouted, .. }
            | OrderEventKind::Transferred { rerouted, .. }
            | OrderEventKind::Waived { rerouted, .. } => *rerouted,
            _ => false,
        }
    }

    const fn act(&self) -> Option<Act> {
        match self {
            OrderEventKind::Seen => Some(Act::See),
            OrderEventKind::Acknowledged => Some(Act::Acknowledge),
            OrderEventKind::Arrived => Some(Act::Arrive),
            OrderEventKind::Progressed { .. } => Some(Act::Progress),
            OrderEventKind::Submitted { .. } => Some(Act::Submit),
            _ => None,
        }
    }
}

impl Order {
    /// One step of the fold. Refuses a history that does not begin with `Dispatched` or has a gap.
    pub fn evolve(order: Option<Order>, event: &OrderEvent) -> Result<Order, BrokenHistory> {
        let expected = order.as_ref().map_or(1, |order| order.version + 1);
        if event.version != expected {
            return Err(BrokenHistory::Version { expected, found: event.version });
        }
        match (order, &event.kind) {
            (None, OrderEventKind::Dispatched { order }) => Ok((**order).clone()),
            (None, _) => Err(BrokenHistory::Beginning),
            (Some(_), OrderEventKind::Dispatched { .. }) => Err(BrokenHistory::Beginning),
            (Some(mut order), _) => {
                order.apply(event);
                Ok(order)
            }
        }
    }

    pub(super) fn apply(&mut self, event: &OrderEvent) {
        self.version = event.version;
        self.changed_at = event.at;
        if let Some(act) = event.kind.act() {
            self.record(act, event);
        }
        match &event.kind {
            OrderEventKind::Done { verdict } => self.end(Phase::Done, Some(*verdict), event.at),
            OrderEventKind::Cancelled { .. } => self.end(Phase::Cancelled, None, event.at),
            OrderEventKind::Returned { .. } => self.end(Phase::Returned, None, event.at),
            OrderEventKind::Transferred { .. } => self.end(Phase::Transferred, None, event.at),
            OrderEventKind::Waived { .. } => self.end(Phase::Waived, None, event.at),
            OrderEventKind::ReturnAsked { asked, .. } => self.returning = Some(asked.clone()),
            OrderEventKind::ReturnRefused { .. } => {
                self.returning = None;
                self.return_refused = true;
            }
            OrderEventKind::Urged { .. } => self.urged += 1,
            OrderEventKind::Supervised { .. } => self.supervised_at = Some(event.at),
            OrderEventKind::ExtensionAsked { asked, .. } | OrderEventKind::SuspensionAsked { asked, .. } => {
                self.time_asked = Some(asked.clone());
            }
            OrderEventKind::TimeRefused { .. } => self.time_asked = None,
            OrderEventKind::Extended { clocks, .. } => {
                self.time_asked = None;
                self.set_clocks(clocks, event.at);
            }
            OrderEventKind::Suspended { suspension, clocks, .. } => {
                self.time_asked = None;
                self.suspended = Some(*suspension);
                self.set_clocks(clocks, event.at);
            }
            // Warnings that came while nobody looked are still to be said.
            OrderEventKind::Resumed { from, clocks, .. } => {
                self.suspended = None;
                self.set_clocks(clocks, *from);
            }
            // Who gives a link out can act by it, as long as there is something to do: so it does not verify (D36).
            OrderEventKind::LinkIssued { .. } if self.duty_open() => self.handled_by(event),
            OrderEventKind::Replanned { moves, .. } => {
                for moved in moves {
                    if let Some(stage) = self.stages.iter_mut().find(|s| s.stage() == moved.clock.stage) {
                        stage.moved(moved, event.at);
                    }
                }
            }
            OrderEventKind::PolicyAdopted { stages, chain, pairs, .. } => {
                if !pairs.is_empty() {
                    self.pairs.clone_from(pairs);
                }
                self.adopt(stages, chain, event.at);
            }
            OrderEventKind::Stage(stage_event) => apply(&mut self.stages, stage_event, event.at),
            _ => {}
        }
    }

    fn record(&mut self, act: Act, event: &OrderEvent) {
        self.phase = act.leads_to();
        self.acts.entry(act).or_insert(event.at);
        if act > Act::See {
            self.acts.entry(Act::See).or_insert(event.at);
        }
        self.stages.extend(event.begun.iter().cloned());
        let met: Vec<bool> = self.stages.iter().map(|stage| self.meets(act, stage.stage())).collect();
        for (stage, _) in self.stages.iter_mut().zip(met).filter(|(_, met)| *met) {
            stage.meet(event.at);
        }
        if act == Act::Submit {
            self.time_asked = None;
        }
        self.handled_by(event);
    }

    /// Who only takes note of a matter does not handle it, and may verify it (D36).
    fn handled_by(&mut self, event: &OrderEvent) {
        if let (Some(actor), true) = (&event.actor, self.role != Role::Inform) {
            self.handlers.insert(actor.principal.clone());
        }
    }

    fn adopt(&mut self, renewed: &[Relimited], chain: &[ChainStep], at: Timestamp) {
        for renewed in renewed {
            if let Some(stage) = self.stages.iter_mut().find(|s| s.stage() == renewed.clock.stage) {
                stage.renew(renewed, at);
            }
        }
        self.chain = chain.to_vec();
        self.stages.iter_mut().for_each(|stage| stage.goes_on_along(chain, at));
    }

    fn set_clocks(&mut self, clocks: &[StageClock], at: Timestamp) {
        for clock in clocks {
            if let Some(stage) = self.stages.iter_mut().find(|stage| stage.stage() == clock.stage) {
                stage.set(clock, at);
            }
        }
    }

    fn end(&mut self, phase: Phase, outcome: Option<RoundVerdict>, at: Timestamp) {
        self.phase = phase;
        self.outcome = outcome;
        self.returning = None;
        self.time_asked = None;
        self.suspended = None;
        for stage in &mut self.stages {
            stage.cancel_undecided(at);
        }
    }
}
