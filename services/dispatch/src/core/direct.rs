//! What a deed does to a matter: the order, the case where it follows, and the order of the next body.
//!
//! A ruling is told before what follows from it: whose the duty is, the end of the order, the order that goes on.

use ids::{BodyRef, OrderId};
use jiff::Timestamp;
use orders::{
    Actor, CaseCommand, Deciding, OrderCommand, Publications, Refusal, ReturnGround, Role, Stage, Starts,
    Terms, TimeWanted, superseded,
};
use sla::{Limit, Unit};

use super::clocks::{Clocks, Openings};
use super::deed::{Deed, Named};
use super::matter::Matter;

/// By whom, when, with which words, and on which calendars.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Doing<'a> {
    pub actor: &'a Actor,
    pub note: &'a str,
    pub clocks: Clocks<'a>,
    pub now: Timestamp,
    /// The policy in force, for an adoption.
    pub terms: Option<&'a Terms>,
}

impl Matter {
    /// Does it. All orders of the case must be loaded.
    pub fn does(
        &mut self,
        id: OrderId,
        deed: &Deed,
        doing: Doing<'_>,
        mint: impl FnMut() -> OrderId,
    ) -> Result<(), Refusal> {
        let (actor, note) = (doing.actor.clone(), doing.note.to_owned());
        let command = match deed {
            Deed::Act(act) => {
                return self.act(id, *act, doing.actor, doing.note, doing.clocks, doing.now);
            }
            Deed::RecordVisit { others, visited_at } => {
                return self.record_visit(id, others, *visited_at, doing, mint);
            }
            Deed::SignVisit { visit } => return self.sign_visit(id, *visit, doing),
            Deed::Return { ground, proposed } => return self.give_back(id, *ground, proposed, doing),
            Deed::Adjudicate { .. } if !self.awaits_ruling(id) => return Err(Refusal::NoReturn),
            Deed::Transfer { .. } if self.awaits_ruling(id) => return Err(Refusal::ReturnPending),
            Deed::Adjudicate { to, decided } | Deed::Transfer { to, decided } => {
                return self.place(id, *decided, to, doing, mint);
            }
            Deed::Extend { amount, unit } => {
                let more = self.more_time(id, *amount, *unit)?;
                OrderCommand::AskTime { actor, wanted: TimeWanted::Extension { more }, note }
            }
            Deed::Suspend { until, reason } => {
                let wanted = TimeWanted::Suspension { until: *until, reason: *reason };
                OrderCommand::AskTime { actor, wanted, note }
            }
            Deed::Grant => OrderCommand::GrantTime { actor, calendars: self.of_order(id, doing), note },
            Deed::Deny => OrderCommand::RefuseTime { actor, note },
            Deed::Resume => {
                let calendars = self.of_order(id, doing);
                OrderCommand::Resume { actor: Some(actor), calendars, note }
            }
            Deed::Waive => OrderCommand::Waive { actor, note },
            Deed::Urge => OrderCommand::Urge { actor, note },
            Deed::Supervise => OrderCommand::Supervise { actor, note },
            Deed::Adopt => return self.adopt(id, doing),
            Deed::Cancel => OrderCommand::Cancel { actor, note },
        };
        self.decide_order(id, command, doing.now)
    }

    fn adopt(&mut self, id: OrderId, doing: Doing<'_>) -> Result<(), Refusal> {
        let (actor, note) = (doing.actor.clone(), doing.note.to_owned());
        let terms = doing.terms.cloned().ok_or(Refusal::NoPolicy)?;
        let (clocks, orders) = (doing.clocks, self.orders.clone());
        let calendars = self.order(id).map_or_else(|| clocks.of_case(), |order| clocks.of_limits(order));
        let adopt = OrderCommand::Adopt { actor, terms, orders: &orders, calendars, note };
        self.decide_order(id, adopt, doing.now)
    }

    /// Ends suspensions whose end has come, as of that instant: before anything else is decided, so that it does not
    /// matter who came by first.
    pub fn end_suspensions(&mut self, clocks: Clocks<'_>, now: Timestamp) -> Result<(), Refusal> {
        for id in self.suspensions_over(now) {
            let Some(order) = self.order(id) else { continue };
            let calendars = clocks.of_order(order);
            let resume = OrderCommand::Resume { actor: None, calendars, note: String::new() };
            self.decide_order(id, resume, now)?;
        }
        Ok(())
    }

    /// What an order's clocks count on; the case's calendar where it is not in hand, which is refused later.
    fn of_order<'a>(&self, id: OrderId, doing: Doing<'a>) -> Publications<'a> {
        self.order(id).map_or_else(|| doing.clocks.of_case(), |order| doing.clocks.of_order(order))
    }

    /// Orders in hand whose suspension is over.
    pub fn suspensions_over(&self, now: Timestamp) -> Vec<OrderId> {
        self.orders.iter().filter(|order| order.suspension_over(now)).map(|order| order.id).collect()
    }

    /// On the clock of the resolve limit; an amount that is none there is refused like another clock.
    fn more_time(&self, id: OrderId, amount: u32, unit: Unit) -> Result<Limit, Refusal> {
        let order = self.order(id);
        let resolve = order.and_then(|o| o.stages.iter().find(|stage| stage.stage() == Stage::Resolve));
        let clock = resolve.ok_or(Refusal::NoClock)?.plan.limit.clock();
        Limit::new(clock, amount, unit).map_err(|_| Refusal::OtherClock)
    }

    /// Bodies are summoned: told first, then each gets its order, with the lead's chain behind its clock.
    pub fn whistle(
        &mut self,
        bodies: &[BodyRef],
        check_in: Limit,
        doing: Doing<'_>,
        mut mint: impl FnMut() -> OrderId,
    ) -> Result<(), Refusal> {
        let (actor, note, orders) = (doing.actor.clone(), doing.note.to_owned(), self.orders.clone());
        let whistle = CaseCommand::Whistle { actor, bodies: bodies.to_vec(), orders: &orders, note };
        self.decide_case(whistle, doing.now)?;
        let mut present = orders.iter().filter(|order| order.round == self.case.round);
        let lead = present.find(|order| order.role == Role::Lead && !order.phase.left());
        let chain = lead.map(|lead| lead.chain.clone()).unwrap_or_default();
        let mut openings = Openings::default();
        for body in bodies {
            let plan = self.case.summons(mint(), body.clone(), check_in, chain.clone());
            let starts = openings.on(doing.clocks.of_body(body));
            self.issue(plan, starts, Some(doing.actor.clone()), doing.now)?;
        }
        Ok(())
    }

    /// The case is called off, and every order with it; the orders' ends are told first.
    pub fn cancel(&mut self, actor: &Actor, note: &str, now: Timestamp) -> Result<(), Refusal> {
        self.call_off(actor, false, note, now)
    }

    /// The same, also of a case whose matter goes on in another one.
    pub(super) fn call_off(
        &mut self,
        actor: &Actor,
        merged: bool,
        note: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let told = self.happened.len();
        let cancel = CaseCommand::Cancel { actor: actor.clone(), merged, note: note.to_owned() };
        self.decide_case(cancel, now)?;
        let of_case = self.happened.split_off(told);
        for id in self.order_ids() {
            let cancel = OrderCommand::CancelWithCase { actor: actor.clone(), note: note.to_owned() };
            self.decide_order(id, cancel, now)?;
        }
        self.happened.extend(of_case);
        Ok(())
    }

    fn give_back(
        &mut self,
        id: OrderId,
        ground: ReturnGround,
        proposed: &Named,
        doing: Doing<'_>,
    ) -> Result<(), Refusal> {
        let (actor, note) = (doing.actor.clone(), doing.note.to_owned());
        let Named { body, may_lead } = proposed.clone();
        let calendars = self.of_order(id, doing);
        let give_back =
            OrderCommand::Return { actor: actor.clone(), ground, proposed: body, calendars, note };
        self.decide_order(id, give_back, doing.now)?;
        let Some(order) = self.order(id).cloned() else { return Ok(()) };
        let calendar = doing.clocks.of_case().present();
        let orders = self.orders.clone();
        let ask = CaseCommand::AskRuling { actor, order: &order, orders: &orders, may_lead, calendar };
        self.decide_case(ask, doing.now).map(drop)
    }

    fn awaits_ruling(&self, id: OrderId) -> bool {
        self.order(id).is_some_and(|order| order.returning.is_some())
    }

    fn place(
        &mut self,
        id: OrderId,
        decided: Deciding,
        Named { body: to, may_lead }: &Named,
        doing: Doing<'_>,
        mut mint: impl FnMut() -> OrderId,
    ) -> Result<(), Refusal> {
        let Some(order) = self.order(id).cloned() else { return Ok(()) };
        let (actor, now, orders) = (doing.actor.clone(), doing.now, self.orders.clone());
        let word = |to: BodyRef| (actor.clone(), to, doing.note.to_owned());
        let (by, whose, note) = word(to.clone());
        let (order_before, orders_before, may_lead) = (&order, &orders, *may_lead);
        let rule = CaseCommand::Rule {
            actor: by,
            decided,
            order: order_before,
            orders: orders_before,
            to: whose,
            may_lead,
            note,
        };
        self.decide_case(rule, now)?;
        let (by, whose, note) = word(to.clone());
        self.decide_order(id, OrderCommand::Place { actor: by, to: whose, note }, now)?;
        if *to == order.body {
            return Ok(());
        }
        if let Some(theirs) = superseded(&orders, &order, to) {
            let waive = OrderCommand::Waive { actor: actor.clone(), note: doing.note.to_owned() };
            self.decide_order(theirs, waive, now)?;
        }
        let plan = order.plan_for(mint(), to.clone());
        self.issue(plan, &mut Starts::new(doing.clocks.of_body(to)), Some(actor), now)
    }
}
