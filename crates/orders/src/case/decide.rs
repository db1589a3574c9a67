//! What a command does to a case at an instant.
//!
//! The orders of a round are decided one by one with `CloseWithCase`; the caller stores both in the same
//! transaction.

use std::collections::{BTreeMap, BTreeSet};

use ids::{BodyRef, CaseId, OrderId, VisitId};
use jiff::{SignedDuration, Timestamp};
use sla::{Calendar, to_micros};

use super::reroute::Redrawn;
use super::{
    Case, CaseEvent, CaseEventKind, CasePhase, CasePlan, CaseTerms, Deciding, Holder, HolderInterval,
};
use crate::round::{check_complete, holds, of_round};
use crate::stage::{awaited_since, awaiting_events, due_event, fill_events, moves, overdue_event};
use crate::{Actor, Decision, Order, Publications, Refusal, Role, StageState};

/// What can be asked of a case.
#[derive(Debug, Clone)]
pub enum CaseCommand<'a> {
    /// The lead's order was submitted.
    Submit {
        /// Who submitted.
        actor: Actor,
        /// The case's orders as they are after that submit; no duty of the round may be open.
        orders: &'a [Order],
        /// For the verification's due time.
        calendar: &'a Calendar,
    },
    /// `:verify`.
    Verify {
        /// Who; not among the case's handlers.
        actor: Actor,
        /// What.
        command: VerifyCommand,
        /// The case's orders; for a claim they are not looked at.
        orders: &'a [Order],
    },
    /// An order was returned.
    AskRuling {
        /// Who returned it.
        actor: Actor,
        /// The order as it is after that.
        order: &'a Order,
        /// The case's orders: a duty is returned twice at most, whoever has it.
        orders: &'a [Order],
        /// Whether the body it proposes may lead; matters for a lead's order only.
        may_lead: bool,
        /// For the due time of the ruling.
        calendar: &'a Calendar,
    },
    /// An order's duty is placed: the ruling on its return, or a transfer.
    Rule {
        /// Who.
        actor: Actor,
        /// For whom they rule.
        decided: Deciding,
        /// The order as it was before.
        order: &'a Order,
        /// The case's orders: nobody has two orders of one role in a round.
        orders: &'a [Order],
        /// Whose the duty is.
        to: BodyRef,
        /// Whether that body may lead; matters for a lead's order only, and not for who holds it already.
        may_lead: bool,
        /// Why.
        note: String,
    },
    /// Its plan was drawn anew (重新派单). The caller ends the orders it has no place for ([`OrderCommand::Reroute`](crate::OrderCommand::Reroute))
    /// and issues the new ones. What cannot be followed any more is noted, not refused: whoever drew the plan does not wait for an
    /// answer. An older plan than the last one changes nothing.
    Reroute {
        /// Who.
        actor: Actor,
        /// For whom they decided.
        decided: Deciding,
        /// Who does what by the new plan; exactly one leads.
        duties: &'a [(BodyRef, Role)],
        /// Limits and chain of the verifications and returns that follow.
        terms: CaseTerms,
        /// As in [`CasePlan::plan_version`].
        plan_version: u64,
        /// The case's orders.
        orders: &'a [Order],
        /// Why.
        note: String,
    },
    /// `:whistle`: bodies are summoned; the caller issues [`Case::summons`] to each.
    Whistle {
        /// Who.
        actor: Actor,
        /// Whom; none with a duty in the round already.
        bodies: Vec<BodyRef>,
        /// The case's orders.
        orders: &'a [Order],
        /// What for.
        note: String,
    },
    /// The lead records a visit that several bodies made together; its own act follows with `Order::act_of_visit`.
    RecordVisit {
        /// Who, of the lead's body.
        actor: Actor,
        /// A fresh id.
        visit: VisitId,
        /// When they were there.
        visited_at: Timestamp,
        /// The lead's order.
        lead: OrderId,
        /// Orders of the others, who have to sign.
        others: &'a [OrderId],
        /// The case's orders.
        orders: &'a [Order],
        /// What was found.
        note: String,
    },
    /// A body signs a visit; its own act follows with `Order::act_of_visit`. Signing twice changes nothing.
    SignVisit {
        /// Who, of the order's body.
        actor: Actor,
        /// Which.
        visit: VisitId,
        /// The signer's order.
        order: &'a Order,
        /// What is said with it.
        note: String,
    },
    /// `:cancel`: the case is called off.
    Cancel {
        /// Who.
        actor: Actor,
        /// Because its voices are another case's: its matter goes on there.
        merged: bool,
        /// Why.
        note: String,
    },
    /// The same matter came again. Within the time after the close it is a false closure, once for each case; otherwise
    /// nothing changes.
    Repeat {
        /// The case in which it came again.
        by: CaseId,
        /// Longest time after the close that counts.
        within: SignedDuration,
    },
    /// A wake-up, late or double or right.
    Tick,
    /// A calendar was published.
    FillCalendar {
        /// The one in force now.
        calendar: &'a Calendar,
    },
    /// The clock of its verification, or of a ruling, goes over to the publication in force (重排) where that makes a difference.
    Replan {
        /// Who.
        actor: Actor,
        /// The one in force, and those it runs on.
        calendars: Publications<'a>,
        /// What is said with it.
        note: String,
    },
}

/// What a verifier does. Pass and fail claim first, so that the record always says who held the case;
/// a claim by another takes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifyCommand {
    /// Takes the case.
    Claim,
    /// The matter is settled: the case closes.
    Pass {
        /// What was found.
        note: String,
    },
    /// It is not: the next round opens.
    Fail {
        /// What was found.
        note: String,
    },
}

impl VerifyCommand {
    const fn verb(&self) -> &'static str {
        match self {
            VerifyCommand::Claim => "claim",
            VerifyCommand::Pass { .. } => "pass",
            VerifyCommand::Fail { .. } => "fail",
        }
    }
}

impl Case {
    /// Opens a case in round 1, held by its lead.
    pub fn open(
        plan: CasePlan,
        actor: Option<Actor>,
        now: Timestamp,
    ) -> Result<(Case, Vec<CaseEvent>), Refusal> {
        let CaseTerms { verify, adjudicate, chain } = plan.terms.checked()?;
        let at = to_micros(now);
        let holder = Holder::Body(plan.lead.clone());
        let case = Case {
            id: plan.case_id,
            tenant: plan.tenant,
            round: 1,
            phase: CasePhase::Open,
            version: 1,
            lead: plan.lead,
            opened_at: at,
            changed_at: at,
            verify_plan: verify,
            adjudicate_plan: adjudicate,
            chain,
            supervised_at: None,
            verify: BTreeMap::new(),
            handlers: BTreeSet::new(),
            holders: vec![HolderInterval { holder, from: at, to: None }],
            returns: 0,
            asked: None,
            adjudications: BTreeMap::new(),
            rulings: Vec::new(),
            repeated_by: BTreeSet::new(),
            visits: Vec::new(),
            plan_version: plan.plan_version,
            off_plan: BTreeSet::new(),
            merged: false,
        };
        let kind = CaseEventKind::Opened { case: Box::new(case.clone()) };
        Ok((case, vec![CaseEvent { version: 1, at, actor, kind }]))
    }

    /// Decides a command at `now`, the bound database time. A `now` before the case's last event counts
    /// as that event's time.
    pub fn decide(
        &self,
        command: CaseCommand<'_>,
        now: Timestamp,
    ) -> Result<Decision<Case, CaseEvent>, Refusal> {
        let change =
            Change { case: self.clone(), events: Vec::new(), at: to_micros(now).max(self.changed_at) };
        let done = match command {
            CaseCommand::Submit { actor, orders, calendar } => change.submit(actor, orders, calendar),
            CaseCommand::Verify { actor, command, orders } => change.verify(actor, command, orders),
            CaseCommand::AskRuling { actor, order, orders, may_lead, calendar } => {
                leads_if_it_must(order, may_lead)?;
                change.ask_ruling(actor, (order, orders), calendar)
            }
            CaseCommand::Rule { actor, decided, order, orders, to, may_lead, note } => {
                if holds(orders, order, &to) {
                    return Err(Refusal::OwnBody);
                }
                leads_if_it_must(order, may_lead || to == order.body)?;
                change.rule(actor, decided, order, to, note)
            }
            CaseCommand::Reroute { actor, decided, duties, terms, plan_version, orders, note } => {
                change.reroute(actor, decided, Redrawn { duties, terms, plan_version }, orders, note)
            }
            CaseCommand::Whistle { actor, bodies, orders, note } => {
                change.whistle(actor, bodies, orders, note)
            }
            CaseCommand::RecordVisit { actor, visit, visited_at, lead, others, orders, note } => {
                change.record_visit(actor, (visit, to_micros(visited_at)), (lead, others), orders, note)
            }
            CaseCommand::SignVisit { actor, visit, order, note } => {
                change.sign_visit(actor, visit, order, note)
            }
            CaseCommand::Cancel { actor, merged, note } => change.cancel(actor, merged, note),
            CaseCommand::Repeat { by, within } => Ok(change.repeat(by, within)),
            CaseCommand::Tick => Ok(change.tick()),
            CaseCommand::FillCalendar { calendar } => change.fill(calendar),
            CaseCommand::Replan { actor, calendars, note } => change.replan(actor, calendars, note),
        }?;
        Ok(Decision::of(done.case, done.events))
    }
}

/// A lead's duty goes to a body that may lead, as in the list and the rules.
fn leads_if_it_must(order: &Order, may_lead: bool) -> Result<(), Refusal> {
    if order.role == Role::Lead && !may_lead { Err(Refusal::CannotLead) } else { Ok(()) }
}

/// A case on its way, as in `order::decide`.
pub(super) struct Change {
    pub(super) case: Case,
    events: Vec<CaseEvent>,
    pub(super) at: Timestamp,
}

impl Change {
    pub(super) fn push(&mut self, kind: CaseEventKind, actor: Option<Actor>) {
        let event = CaseEvent { version: self.case.version + 1, at: self.at, actor, kind };
        self.case.apply(&event);
        self.events.push(event);
    }

    pub(super) fn require(&self, allowed: &[CasePhase], command: &'static str) -> Result<(), Refusal> {
        let phase = self.case.phase;
        if allowed.contains(&phase) { Ok(()) } else { Err(Refusal::InvalidCaseTransition { phase, command }) }
    }

    /// Its record says when it was closed, if it was, whoever says that the matter came again.
    fn repeat(mut self, by: CaseId, within: SignedDuration) -> Self {
        let after = self.case.closed_at().map(|closed_at| self.at.duration_since(closed_at));
        if let Some(after) = after.filter(|after| *after <= within && !self.case.repeated_by.contains(&by)) {
            let after_s = u64::try_from(after.as_secs()).unwrap_or_default();
            self.push(CaseEventKind::FalselyClosed { repeated_by: by, after_s }, None);
        }
        self
    }

    fn submit(mut self, actor: Actor, orders: &[Order], calendar: &Calendar) -> Result<Self, Refusal> {
        self.require(&[CasePhase::Open], "submit")?;
        if self.case.asked.is_some() {
            return Err(Refusal::ReturnPending);
        }
        check_complete(orders, self.case.id, self.case.round)?;
        let round = of_round(orders, self.case.id, self.case.round);
        let mut handlers: BTreeSet<String> = round.flat_map(|order| order.handlers.iter().cloned()).collect();
        handlers.insert(actor.principal.clone());
        let verify = StageState::start(self.case.verify_plan.clone(), calendar, self.at)
            .map_err(|_| Refusal::TimeOutOfRange)?;
        self.push(CaseEventKind::Submitted { handlers, verify: Box::new(verify) }, Some(actor));
        for event in awaiting_events(self.case.active_slice()) {
            self.push(CaseEventKind::Stage(event), None);
        }
        Ok(self)
    }

    fn verify(mut self, actor: Actor, command: VerifyCommand, orders: &[Order]) -> Result<Self, Refusal> {
        self.require(&[CasePhase::Submitted, CasePhase::Verifying], command.verb())?;
        if self.case.handlers.contains(&actor.principal) {
            return Err(Refusal::HandlerMayNotVerify);
        }
        if command != VerifyCommand::Claim {
            check_complete(orders, self.case.id, self.case.round)?;
            self.record_overdue();
        }
        self.claim(&actor);
        match command {
            VerifyCommand::Claim => {}
            VerifyCommand::Pass { note } => self.push(CaseEventKind::Closed { note }, Some(actor)),
            VerifyCommand::Fail { note } => {
                let round = of_round(orders, self.case.id, self.case.round);
                let off_plan = |order: &Order| self.case.off_plan.contains(&order.id);
                let again = round.filter(|order| !order.phase.left() && !off_plan(order));
                let orders = again.map(|order| order.id).collect();
                let round = self.case.round + 1;
                self.push(CaseEventKind::Reopened { round, note, orders }, Some(actor));
            }
        }
        Ok(self)
    }

    fn claim(&mut self, actor: &Actor) {
        let principal = &actor.principal;
        let mine = Holder::Verifier { principal: Some(principal.clone()) };
        if self.case.holder() != Some(&mine) {
            self.push(CaseEventKind::Verifying { principal: principal.clone() }, Some(actor.clone()));
        }
    }

    fn cancel(mut self, actor: Actor, merged: bool, note: String) -> Result<Self, Refusal> {
        if self.case.phase == CasePhase::Cancelled {
            return Ok(self);
        }
        self.require(&[CasePhase::Open, CasePhase::Submitted, CasePhase::Verifying], "cancel")?;
        self.record_overdue();
        self.push(CaseEventKind::Cancelled { merged, note }, Some(actor));
        Ok(self)
    }

    pub(super) fn record_overdue(&mut self) {
        while let Some(event) = overdue_event(self.case.active_slice(), self.at) {
            self.push(CaseEventKind::Stage(event), None);
        }
    }

    fn tick(mut self) -> Self {
        while let Some(event) = due_event(self.case.active_slice(), self.case.active_chain(), None, self.at) {
            self.push(CaseEventKind::Stage(event), None);
        }
        self
    }

    fn fill(mut self, calendar: &Calendar) -> Result<Self, Refusal> {
        let filled = fill_events(self.case.active_slice(), calendar);
        for event in filled.map_err(|_| Refusal::TimeOutOfRange)? {
            self.push(CaseEventKind::Stage(event), None);
        }
        Ok(self)
    }

    /// As an order's.
    fn replan(self, actor: Actor, calendars: Publications<'_>, note: String) -> Result<Self, Refusal> {
        if self.case.phase.ended() {
            return Ok(self);
        }
        let (case, at) = (self.case.clone(), self.at);
        let mut after = Self { case, events: Vec::new(), at }.tick();
        let moves = moves(after.case.active_slice(), calendars, self.at);
        let moves = moves.map_err(|_| Refusal::TimeOutOfRange)?;
        if moves.is_empty() {
            return Ok(self);
        }
        let awaited = awaited_since(&moves);
        after.push(CaseEventKind::Replanned { moves, note }, Some(actor));
        for event in awaited {
            after.push(CaseEventKind::Stage(event), None);
        }
        Ok(after)
    }
}
