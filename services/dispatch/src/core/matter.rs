//! One case with the orders in hand, from load to save: the machines' answers are folded in here, and what
//! happened is kept in order, each event with the state after it.
//!
//! Promises: causes come before what follows from them; the lead's submit and the case's, and the verdict and the end of the round's orders, happen together.
//! A matter whose command was refused may be half changed: it is dropped, never saved. Nothing is stored here.

use std::collections::{BTreeMap, BTreeSet};

use ids::{BodyRef, CaseId, Lane, OrderId, TenantId};
use jiff::{SignedDuration, Timestamp};
use orders::{
    Act, Actor, Case, CaseCommand, CaseEvent, CaseEventKind, CasePhase, CasePlan, Decision, Order,
    OrderCommand, OrderEvent, OrderPlan, Phase, Refusal, Role, RoundVerdict, StageState, Starts,
    VerifyCommand,
};
use uuid::Uuid;

use super::clocks::{Clocks, Hours, Openings};
use super::past::Turned;
use super::routed::RoutedCase;
use super::stages::{Projected, Subject};

/// What every event of a case repeats; came with the routed case, and changes with a plan that is drawn anew only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub case_no: String,
    pub item: String,
    pub item_zh: String,
    pub item_en: String,
    /// Where it is, as the reporter wrote it; empty where nothing was written.
    pub address: String,
    /// Key of the SLA policy.
    pub policy: String,
    /// Id of the calendar working time is counted on.
    pub calendar: String,
    pub lane: Lane,
    pub drill: bool,
    /// Trace of the report.
    pub traceparent: String,
}

/// An event and its subject as it is after it.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "either is a whole state, and one is not much larger than the other"
)]
pub(crate) enum Happened {
    Order { event: OrderEvent, after: Order },
    Case { event: CaseEvent, after: Case },
}

/// A case, its orders as far as they were loaded, and what happened since.
#[derive(Debug, Clone)]
pub(crate) struct Matter {
    pub facts: Facts,
    pub case: Case,
    pub orders: Vec<Order>,
    pub happened: Vec<Happened>,
    /// Subjects a wake-up was claimed for: it is armed anew or removed even if nothing happened.
    pub woken: BTreeSet<Uuid>,
    /// What its clocks and those of its orders were before they were turned.
    pub turned: Turned,
    /// The version in the database by subject; a subject without one is not there yet.
    stored: BTreeMap<Uuid, u64>,
    /// What the database says of its stages.
    projected: Projected,
}

impl Matter {
    /// Opens a routed case and issues its orders.
    pub fn open<'h>(
        routed: &RoutedCase,
        (hours, openings): (Hours<'h>, &mut Openings<'h>),
        now: Timestamp,
        mut mint: impl FnMut() -> OrderId,
    ) -> Result<Self, Refusal> {
        let (case_id, tenant) = (routed.case_id, routed.tenant);
        let (lead, terms) = (routed.lead.clone(), routed.terms.clone());
        let plan_version = routed.redrawn.as_ref().map_or(0, |redrawn| redrawn.version);
        let plan = CasePlan { case_id, tenant, lead, terms, plan_version };
        let (case, opened) = Case::open(plan, None, now)?;
        let mut matter = Self::loaded(routed.facts.clone(), case.clone(), Vec::new());
        matter.stored.clear();
        matter.projected = Projected::default();
        let happened = opened.into_iter().map(|event| Happened::Case { event, after: case.clone() });
        matter.happened.extend(happened);
        for duty in &routed.duties {
            let plan = OrderPlan {
                order_id: mint(),
                tenant,
                case_id,
                round: 1,
                body: duty.body.clone(),
                role: duty.role,
                stages: routed.stages.clone(),
                pairs: routed.pairs.clone(),
                chain: routed.terms.chain.clone(),
                follows: None,
                summoned: false,
            };
            let starts = openings.on(hours.of_body(&plan.body));
            matter.issue(plan, starts, None, now)?;
        }
        Ok(matter)
    }

    /// A case and some of its orders as stored.
    pub fn loaded(facts: Facts, case: Case, orders: Vec<Order>) -> Self {
        let mut stored: BTreeMap<Uuid, u64> =
            orders.iter().map(|order| (order.id.as_uuid(), order.version)).collect();
        stored.insert(case.id.as_uuid(), case.version);
        let projected = Projected::of(&case, &orders);
        let (happened, woken, turned) = (Vec::new(), BTreeSet::new(), Turned::default());
        Self { facts, case, orders, happened, woken, turned, stored, projected }
    }

    pub fn tenant(&self) -> TenantId {
        self.case.tenant
    }

    pub fn key(&self) -> (TenantId, CaseId) {
        (self.case.tenant, self.case.id)
    }

    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.iter().find(|order| order.id == id)
    }

    /// The bodies with an order for information in the present round, as far as orders are in hand.
    pub fn informed(&self) -> Vec<BodyRef> {
        let present = self.orders.iter().filter(|order| order.round == self.case.round);
        present.filter(|o| o.role == Role::Inform && !o.phase.left()).map(|o| o.body.clone()).collect()
    }

    /// The first of these bodies that the present round concerns: it was given an order of it and has not left it.
    pub fn concerned<'a>(&self, bodies: &'a [BodyRef]) -> Option<&'a BodyRef> {
        let present = self.orders.iter().filter(|order| order.round == self.case.round);
        let there: Vec<&BodyRef> = present.filter(|o| !o.phase.left()).map(|order| &order.body).collect();
        bodies.iter().find(|body| there.contains(body))
    }

    /// The version the subject has in the database; `None` before it was stored.
    pub fn stored_version(&self, subject: Uuid) -> Option<u64> {
        self.stored.get(&subject).copied()
    }

    /// The case, if it has changed or is new.
    pub fn changed_case(&self) -> Option<&Case> {
        (self.stored_version(self.case.id.as_uuid()) != Some(self.case.version)).then_some(&self.case)
    }

    /// Orders that have changed or are new.
    pub fn changed_orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(|order| self.stored_version(order.id.as_uuid()) != Some(order.version))
    }

    /// Stages of which the database says something else, or nothing.
    pub fn changed_stages(&self) -> impl Iterator<Item = (Subject, &StageState)> {
        self.projected.changed(&self.case, &self.orders)
    }

    /// An act of a body. The lead's submit takes the case along; for it all orders of the case must be loaded.
    pub fn act(
        &mut self,
        id: OrderId,
        act: Act,
        actor: &Actor,
        note: &str,
        clocks: Clocks<'_>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let (actor, note) = (actor.clone(), note.to_owned());
        let round = self.orders.clone();
        let calendars = self.order(id).map_or_else(|| clocks.of_case(), |order| clocks.of_limits(order));
        let command = match act {
            Act::See => OrderCommand::See { actor: actor.clone(), calendars },
            Act::Acknowledge => OrderCommand::Acknowledge { actor: actor.clone(), calendars },
            Act::Arrive => OrderCommand::Arrive { actor: actor.clone(), calendars },
            Act::Progress => OrderCommand::Progress { actor: actor.clone(), calendars, note },
            Act::Submit => OrderCommand::Submit { actor: actor.clone(), calendars, note, orders: &round },
        };
        self.decide_order(id, command, now)?;
        let lead_submitted =
            self.order(id).is_some_and(|o| o.role == Role::Lead && o.phase == Phase::Submitted);
        if lead_submitted && self.case.phase == CasePhase::Open {
            let (orders, calendar) = (self.orders.clone(), clocks.of_case().present());
            self.decide_case(CaseCommand::Submit { actor, orders: &orders, calendar }, now)?;
        }
        Ok(())
    }

    /// A verifier's claim or verdict. A verdict ends the orders of the round; a failed one issues them again.
    pub fn verify(
        &mut self,
        command: VerifyCommand,
        actor: &Actor,
        clocks: Clocks<'_>,
        now: Timestamp,
        mut mint: impl FnMut() -> OrderId,
    ) -> Result<(), Refusal> {
        let verdict = match &command {
            VerifyCommand::Claim => None,
            VerifyCommand::Pass { .. } => Some(RoundVerdict::Passed),
            VerifyCommand::Fail { .. } => Some(RoundVerdict::Failed),
        };
        let round = self.orders.clone();
        let command = CaseCommand::Verify { actor: actor.clone(), command, orders: &round };
        let told = self.happened.len();
        let again = self.decide_case(command, now)?;
        // What happened is told causes first: the round's orders end, so the case closes or opens its next round.
        let of_case = self.happened.split_off(told);
        for order in verdict.map_or(&[][..], |_| &round) {
            let verdict = verdict.expect("orders end only with a verdict");
            self.decide_order(order.id, OrderCommand::CloseWithCase { actor: actor.clone(), verdict }, now)?;
        }
        self.happened.extend(of_case);
        let mut openings = Openings::default();
        for order in round.iter().filter(|order| again.contains(&order.id)) {
            let plan = order.plan_again(mint(), self.case.round);
            let starts = openings.on(clocks.of_body(&plan.body));
            self.issue(plan, starts, Some(actor.clone()), now)?;
        }
        Ok(())
    }

    /// Time came by for every order in hand.
    pub fn tick_orders(&mut self, now: Timestamp) -> Result<(), Refusal> {
        for id in self.order_ids() {
            self.woken.insert(id.as_uuid());
            self.decide_order(id, OrderCommand::Tick, now)?;
        }
        Ok(())
    }

    /// Time came by for the case.
    pub fn tick_case(&mut self, now: Timestamp) -> Result<(), Refusal> {
        self.woken.insert(self.case.id.as_uuid());
        self.decide_case(CaseCommand::Tick, now).map(drop)
    }

    /// The same matter came again in another case.
    pub fn repeated(&mut self, by: CaseId, within: SignedDuration, now: Timestamp) -> Result<(), Refusal> {
        self.decide_case(CaseCommand::Repeat { by, within }, now).map(drop)
    }

    /// A calendar was published: for the case and every order in hand.
    pub fn fill(&mut self, clocks: Clocks<'_>, now: Timestamp) -> Result<(), Refusal> {
        self.end_suspensions(clocks, now)?;
        for id in self.order_ids() {
            let Some(order) = self.order(id) else { continue };
            let calendar = clocks.of_order(order).present();
            self.decide_order(id, OrderCommand::FillCalendar { calendar }, now)?;
        }
        let calendar = clocks.of_case().present();
        self.decide_case(CaseCommand::FillCalendar { calendar }, now).map(drop)
    }

    pub(super) fn order_ids(&self) -> Vec<OrderId> {
        self.orders.iter().map(|order| order.id).collect()
    }

    pub(super) fn issue(
        &mut self,
        plan: OrderPlan,
        starts: &mut Starts<'_>,
        actor: Option<Actor>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let (order, events) = Order::dispatch_with(plan, starts, actor, now)?;
        let mut state = None;
        for event in events {
            let after = Order::evolve(state, &event).expect("an issued order's events are its history");
            state = Some(after.clone());
            self.happened.push(Happened::Order { event, after });
        }
        self.orders.push(order);
        Ok(())
    }

    pub(super) fn decide_order(
        &mut self,
        id: OrderId,
        command: OrderCommand<'_>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let Some(place) = self.orders.iter().position(|order| order.id == id) else { return Ok(()) };
        let Decision::Changed { events, .. } = self.orders[place].decide(command, now)? else {
            return Ok(());
        };
        for event in events {
            let before = self.orders[place].clone();
            let after =
                Order::evolve(Some(before), &event).expect("a decision continues the order's history");
            let before = std::mem::replace(&mut self.orders[place], after.clone());
            self.turned.note(before, &after, now);
            self.happened.push(Happened::Order { event, after });
        }
        Ok(())
    }

    /// Returns the orders whose duties are to be issued again.
    pub(super) fn decide_case(
        &mut self,
        command: CaseCommand<'_>,
        now: Timestamp,
    ) -> Result<Vec<OrderId>, Refusal> {
        let Decision::Changed { events, .. } = self.case.decide(command, now)? else { return Ok(Vec::new()) };
        let mut again = Vec::new();
        for event in events {
            let after = Case::evolve(Some(self.case.clone()), &event);
            let after = after.expect("a decision continues the case's history");
            if let CaseEventKind::Reopened { orders, .. } = &event.kind {
                again.extend_from_slice(orders);
            }
            let before = std::mem::replace(&mut self.case, after.clone());
            self.turned.note_case(&before, &after, now);
            self.happened.push(Happened::Case { event, after });
        }
        Ok(again)
    }
}
