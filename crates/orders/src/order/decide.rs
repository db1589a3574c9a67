//! What a command does to an order at an instant: events, nothing, or a refusal.
//!
//! Who may command is not decided here (`access`), nor is anything stored or sent.

use std::collections::{BTreeMap, BTreeSet};

use ids::{BodyRef, LinkId};
use jiff::Timestamp;
use sla::{Calendar, to_micros};

use super::{
    Act, LinkDeed, Order, OrderEvent, OrderEventKind, OrderPlan, Phase, ReturnGround, Role, Terms, TimeWanted,
};
use crate::stage::{
    awaited_since, awaiting_events, check_pairs, check_plans, due_event, fill_events, moves, overdue_event,
};
use crate::{
    Actor, Decision, Milestone, PlanFault, Publications, Refusal, RoundVerdict, Stage, StageState, Starts,
    open_assistants,
};

/// What can be asked of an order.
#[derive(Debug, Clone)]
pub enum OrderCommand<'a> {
    /// `:see`.
    See {
        /// Who.
        actor: Actor,
        /// What named pairs that begin with it count on.
        calendars: Publications<'a>,
    },
    /// `:acknowledge`.
    Acknowledge {
        /// Who.
        actor: Actor,
        /// As for [`OrderCommand::See`].
        calendars: Publications<'a>,
    },
    /// `:arrive`.
    Arrive {
        /// Who.
        actor: Actor,
        /// As for [`OrderCommand::See`].
        calendars: Publications<'a>,
    },
    /// `:progress`.
    Progress {
        /// Who.
        actor: Actor,
        /// As for [`OrderCommand::See`].
        calendars: Publications<'a>,
        /// What is reported.
        note: String,
    },
    /// `:submit`.
    Submit {
        /// Who.
        actor: Actor,
        /// As for [`OrderCommand::See`].
        calendars: Publications<'a>,
        /// What was done.
        note: String,
        /// The orders of the case as loaded: the lead waits for its assistants. Others may pass none.
        orders: &'a [Order],
    },
    /// A wake-up, late or double or right: it carries no data. An order whose suspension is over is resumed first,
    /// see [`Order::suspension_over`].
    Tick,
    /// A calendar was published.
    FillCalendar {
        /// The one in force now.
        calendar: &'a Calendar,
    },
    /// Its clocks go over to the publication in force (重排), those for which that makes a difference. An order whose suspension
    /// is over is resumed first.
    Replan {
        /// Who.
        actor: Actor,
        /// The one in force, and those its clocks run on.
        calendars: Publications<'a>,
        /// What is said with it.
        note: String,
    },
    /// The round was verified: the order ends with it.
    CloseWithCase {
        /// Who verified.
        actor: Actor,
        /// How.
        verdict: RoundVerdict,
    },
    /// The open duty of an assistant or the information is withdrawn. A lead's order ends only with its
    /// case, and what was submitted is not withdrawn any more.
    Cancel {
        /// Who.
        actor: Actor,
        /// Why.
        note: String,
    },
    /// The case is cancelled: whatever is open of it ends.
    CancelWithCase {
        /// Who.
        actor: Actor,
        /// Why.
        note: String,
    },
    /// `:return`: the body says it is not theirs. A suspension ends with it: while a return waits, time is charged.
    Return {
        /// Who.
        actor: Actor,
        /// From the list.
        ground: ReturnGround,
        /// Whose it is.
        proposed: BodyRef,
        /// As for [`OrderCommand::Resume`].
        calendars: Publications<'a>,
        /// What is said with it.
        note: String,
    },
    /// The ruling on a return, or a transfer nobody asked for: the duty is this body's. The order's own
    /// body keeps it; another's gets an order of its own, which the caller issues.
    Place {
        /// Who rules.
        actor: Actor,
        /// Whose it is.
        to: BodyRef,
        /// Why.
        note: String,
    },
    /// `:waive`: an assistant who is not needed any more.
    Waive {
        /// Who.
        actor: Actor,
        /// Why.
        note: String,
    },
    /// The plan of its case was drawn anew, and has no such duty of this body (重新派单). What was submitted stays.
    Reroute {
        /// Who.
        actor: Actor,
        /// Who leads by the new plan.
        lead: BodyRef,
        /// Why.
        note: String,
    },
    /// `:urge`: reminds the body, as often as somebody likes.
    Urge {
        /// Who.
        actor: Actor,
        /// Of what.
        note: String,
    },
    /// `:adopt`.
    Adopt {
        /// Who.
        actor: Actor,
        /// The policy in force.
        terms: Terms,
        /// All orders of the case.
        orders: &'a [Order],
        /// What its clocks count on.
        calendars: Publications<'a>,
        /// What was said with it.
        note: String,
    },
    /// `:supervise`.
    Supervise {
        /// Who.
        actor: Actor,
        /// Why.
        note: String,
    },
    /// `:extend` and `:suspend`: the body asks for time.
    AskTime {
        /// Who.
        actor: Actor,
        /// For what.
        wanted: TimeWanted,
        /// What is said with it.
        note: String,
    },
    /// `:grant`: somebody else than who asked.
    GrantTime {
        /// Who.
        actor: Actor,
        /// For the due times that follow, and for what has run.
        calendars: Publications<'a>,
        /// What is said with it.
        note: String,
    },
    /// `:deny`.
    RefuseTime {
        /// Who.
        actor: Actor,
        /// Why.
        note: String,
    },
    /// A link to the order is given out, revoked, opened or refused.
    Link {
        /// Who; of an opening and of a refusal, the link itself.
        actor: Actor,
        /// Which.
        link: LinkId,
        /// What is done with it.
        deed: LinkDeed,
    },
    /// `:ask`: the body asks those who direct a question.
    Ask {
        /// Who.
        actor: Actor,
        /// What.
        note: String,
    },
    /// `:resume`, or the end of the suspension has come.
    Resume {
        /// Who; nobody when time did.
        actor: Option<Actor>,
        /// For the due times that follow, and for what has run.
        calendars: Publications<'a>,
        /// What is said with it.
        note: String,
    },
}

impl Order {
    /// Issues an order: `Dispatched`, then `CalendarAwaited` for each stage whose year is unpublished.
    /// The order goes out all the same (D31).
    pub fn dispatch(
        plan: OrderPlan,
        calendar: &Calendar,
        actor: Option<Actor>,
        now: Timestamp,
    ) -> Result<(Order, Vec<OrderEvent>), Refusal> {
        Self::dispatch_with(plan, &mut Starts::new(calendar), actor, now)
    }

    /// The same for one of many orders that go out together.
    pub fn dispatch_with(
        plan: OrderPlan,
        starts: &mut Starts<'_>,
        actor: Option<Actor>,
        now: Timestamp,
    ) -> Result<(Order, Vec<OrderEvent>), Refusal> {
        let at = to_micros(now);
        let order = Self::planned(plan, starts, at)?;
        let kind = OrderEventKind::Dispatched { order: Box::new(order.clone()) };
        let events = vec![OrderEvent { version: 1, at, actor, kind, begun: Vec::new() }];
        let mut change = Change { order, events, at };
        for event in awaiting_events(&change.order.stages) {
            change.push(OrderEventKind::Stage(event), None);
        }
        Ok((change.order, change.events))
    }

    fn planned(plan: OrderPlan, starts: &mut Starts<'_>, at: Timestamp) -> Result<Order, Refusal> {
        check_plans(&plan.stages, &[Stage::See, Stage::Acknowledge, Stage::OnSite, Stage::Resolve])
            .map_err(Refusal::PlanInvalid)?;
        check_pairs(&plan.pairs).map_err(Refusal::PlanInvalid)?;
        if !plan.chain.is_sorted_by_key(|step| step.after_s) {
            return Err(Refusal::PlanInvalid(PlanFault::UnsortedChain));
        }
        let inform = plan.role == Role::Inform;
        let (stages, pairs, chain) =
            if inform { Default::default() } else { (plan.stages, plan.pairs, plan.chain) };
        let at_once = pairs.iter().filter(|pair| pair.from == Milestone::Dispatched);
        let stages = stages.into_iter().chain(at_once.map(|pair| pair.plan.clone()));
        let mut start = |stage| starts.start(stage, at).map_err(|_| Refusal::TimeOutOfRange);
        Ok(Order {
            id: plan.order_id,
            tenant: plan.tenant,
            case_id: plan.case_id,
            round: plan.round,
            body: plan.body,
            role: plan.role,
            phase: Phase::Dispatched,
            version: 1,
            dispatched_at: at,
            changed_at: at,
            acts: BTreeMap::new(),
            stages: stages.map(&mut start).collect::<Result<_, _>>()?,
            pairs,
            chain,
            handlers: BTreeSet::new(),
            outcome: None,
            follows: plan.follows,
            summoned: plan.summoned,
            returning: None,
            return_refused: false,
            urged: 0,
            supervised_at: None,
            time_asked: None,
            suspended: None,
        })
    }

    /// Decides a command at `now`, the bound database time (D29). A `now` before the order's last event
    /// counts as that event's time: an order's line of time never runs back.
    pub fn decide(
        &self,
        command: OrderCommand<'_>,
        now: Timestamp,
    ) -> Result<Decision<Order, OrderEvent>, Refusal> {
        let change =
            Change { order: self.clone(), events: Vec::new(), at: to_micros(now).max(self.changed_at) };
        let done = match command {
            OrderCommand::See { actor, calendars } => {
                change.act(Act::See, OrderEventKind::Seen, (actor, calendars), &[])
            }
            OrderCommand::Acknowledge { actor, calendars } => {
                change.act(Act::Acknowledge, OrderEventKind::Acknowledged, (actor, calendars), &[])
            }
            OrderCommand::Arrive { actor, calendars } => {
                change.act(Act::Arrive, OrderEventKind::Arrived, (actor, calendars), &[])
            }
            OrderCommand::Progress { actor, calendars, note } => {
                change.act(Act::Progress, OrderEventKind::Progressed { note }, (actor, calendars), &[])
            }
            OrderCommand::Submit { actor, calendars, note, orders } => {
                let open = if self.role == Role::Lead {
                    open_assistants(orders, self.case_id, self.round)
                } else {
                    Vec::new()
                };
                change.act(Act::Submit, OrderEventKind::Submitted { note }, (actor, calendars), &open)
            }
            OrderCommand::Tick => Ok(change.tick()),
            OrderCommand::FillCalendar { calendar } => change.fill(calendar),
            OrderCommand::Replan { actor, calendars, note } => change.replan(actor, calendars, note),
            OrderCommand::CloseWithCase { actor, verdict } => change.close(actor, verdict),
            OrderCommand::Cancel { actor, note } => change.cancel(actor, note),
            OrderCommand::CancelWithCase { actor, note } => Ok(change.cancel_with_case(actor, note)),
            OrderCommand::Return { actor, ground, proposed, calendars, note } => {
                change.give_back(actor, (ground, proposed), calendars, note)
            }
            OrderCommand::Place { actor, to, note } => change.place(actor, to, note),
            OrderCommand::Waive { actor, note } => change.waive(actor, note),
            OrderCommand::Reroute { actor, lead, note } => change.reroute(actor, lead, note),
            OrderCommand::Urge { actor, note } => change.urge(actor, note),
            OrderCommand::Adopt { actor, terms, orders, calendars, note } => {
                change.adopt(actor, terms, (orders, calendars), note)
            }
            OrderCommand::Supervise { actor, note } => change.supervise(actor, note),
            OrderCommand::AskTime { actor, wanted, note } => change.ask_time(actor, wanted, note),
            OrderCommand::GrantTime { actor, calendars, note } => change.grant_time(actor, calendars, note),
            OrderCommand::RefuseTime { actor, note } => change.refuse_time(actor, note),
            OrderCommand::Resume { actor, calendars, note } => change.resume(actor, calendars, note),
            OrderCommand::Link { actor, link, deed } => change.link(actor, link, deed),
            OrderCommand::Ask { actor, note } => change.ask(actor, note),
        }?;
        Ok(Decision::of(done.order, done.events))
    }
}

/// An order on its way: each event is applied as soon as it is known, so the next is decided on its result.
pub(super) struct Change {
    pub(super) order: Order,
    events: Vec<OrderEvent>,
    pub(super) at: Timestamp,
}

impl Change {
    pub(super) fn push(&mut self, kind: OrderEventKind, actor: Option<Actor>) {
        self.push_with(kind, actor, Vec::new());
    }

    fn push_with(&mut self, kind: OrderEventKind, actor: Option<Actor>, begun: Vec<StageState>) {
        let event = OrderEvent { version: self.order.version + 1, at: self.at, actor, kind, begun };
        self.order.apply(&event);
        self.events.push(event);
    }

    fn act(
        mut self,
        act: Act,
        kind: OrderEventKind,
        (actor, calendars): (Actor, Publications<'_>),
        open_assistants: &[BodyRef],
    ) -> Result<Self, Refusal> {
        let order = &self.order;
        if order.role == Role::Inform && act != Act::See {
            return Err(Refusal::InformOnly);
        }
        if order.acts.contains_key(&act) && !act.repeatable() {
            return Ok(self);
        }
        if !act.legal_from(order.phase) {
            return Err(Refusal::InvalidTransition { phase: order.phase, command: act.as_str() });
        }
        // A visit or an end would be judged by clocks that stand still: it is resumed first.
        if matches!(act, Act::Arrive | Act::Submit) {
            self.not_suspended()?;
        }
        if act == Act::Submit {
            order.may_submit(open_assistants)?;
        }
        self.record_overdue();
        let begun = self.order.begun_by(act, calendars, self.at)?;
        let awaited = awaiting_events(&begun);
        self.push_with(kind, Some(actor), begun);
        for event in awaited {
            self.push(OrderEventKind::Stage(event), None);
        }
        Ok(self)
    }

    /// What was due before this instant is breached, whether or not a wake-up came by.
    pub(super) fn record_overdue(&mut self) {
        while let Some(event) = overdue_event(&self.order.stages, self.at) {
            self.push(OrderEventKind::Stage(event), None);
        }
    }

    /// Ends: each event uses up a warning, a due time or a chain step.
    fn tick(mut self) -> Self {
        if !self.order.phase.ended() && self.order.suspended.is_none() {
            self.catch_up();
        }
        self
    }

    /// Another change of the same order at the same instant, for what is to leave no trace if it comes to nothing.
    pub(super) fn again(&self) -> Self {
        Self { order: self.order.clone(), events: Vec::new(), at: self.at }
    }

    pub(super) fn catch_up(&mut self) {
        while let Some(event) =
            due_event(&self.order.stages, &self.order.chain, Some(&self.order.body), self.at)
        {
            let supervises = event.supervises();
            self.push(OrderEventKind::Stage(event), None);
            if supervises && self.order.supervised_at.is_none() {
                self.push(OrderEventKind::Supervised { note: String::new() }, None);
            }
        }
    }

    fn fill(mut self, calendar: &Calendar) -> Result<Self, Refusal> {
        let events = fill_events(&self.order.stages, calendar).map_err(|_| Refusal::TimeOutOfRange)?;
        for event in events {
            self.push(OrderEventKind::Stage(event), None);
        }
        Ok(self)
    }

    /// What has come by now has come: it is told first, and only with a move, which undoes no breach.
    fn replan(self, actor: Actor, calendars: Publications<'_>, note: String) -> Result<Self, Refusal> {
        if self.order.phase.ended() {
            return Ok(self);
        }
        let mut after = self.again().tick();
        let moves = moves(&after.order.stages, calendars, self.at).map_err(|_| Refusal::TimeOutOfRange)?;
        if moves.is_empty() {
            return Ok(self);
        }
        let awaited = awaited_since(&moves);
        after.push(OrderEventKind::Replanned { moves, note }, Some(actor));
        for event in awaited {
            after.push(OrderEventKind::Stage(event), None);
        }
        Ok(after)
    }

    fn close(mut self, actor: Actor, verdict: RoundVerdict) -> Result<Self, Refusal> {
        if self.order.phase.ended() {
            return Ok(self);
        }
        if self.order.duty_open() {
            return Err(Refusal::DutyOpen { bodies: vec![self.order.body.clone()] });
        }
        self.record_overdue();
        self.push(OrderEventKind::Done { verdict }, Some(actor));
        Ok(self)
    }
}

impl Order {
    fn may_submit(&self, open_assistants: &[BodyRef]) -> Result<(), Refusal> {
        if self.visit_required() && !self.acts.contains_key(&Act::Arrive) {
            return Err(Refusal::VisitRequired);
        }
        if self.returning.is_some() {
            return Err(Refusal::ReturnPending);
        }
        if !open_assistants.is_empty() {
            return Err(Refusal::AssistantsOpen { bodies: open_assistants.to_vec() });
        }
        Ok(())
    }
}
