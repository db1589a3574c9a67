//! A case with its orders, moved as the dispatch service moves them: what belongs together happens together
//! or not at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use ids::BodyRef;
use jiff::{SignedDuration, Timestamp};
use orders::{
    Act, Case, CaseCommand, CaseEvent, CaseEventKind, CasePlan, CaseTerms, Deciding, HoldReason, Order,
    OrderCommand, OrderEvent, OrderPlan, Publications, Refusal, ReturnGround, Role, RoundVerdict, Stage,
    Terms, TimeWanted, VerifyCommand, superseded,
};
use sla::{Calendar, ClockKind, Limit, Unit};
use uuid::Uuid;

use crate::fixtures::{actor, command, second, seconds};
pub use crate::steps::{Policy, Step, Verb};

#[derive(Debug, Clone)]
pub struct World {
    pub now: Timestamp,
    /// The one in force.
    pub calendar: Arc<Calendar>,
    /// Every one there ever was.
    pub published: Vec<Arc<Calendar>>,
    pub case: Case,
    pub orders: Vec<Order>,
}

/// What one step wrote down.
#[derive(Debug, Default)]
pub struct Written {
    pub case: Vec<CaseEvent>,
    pub orders: Vec<(usize, OrderEvent)>,
}

/// Everybody leads but this one.
pub const ASSISTS_ONLY: &str = "women-federation";

fn leads(body: &str) -> bool {
    body != ASSISTS_ONLY
}

impl World {
    pub fn open(
        plans: Vec<OrderPlan>,
        terms: impl Into<CaseTerms>,
        calendar: Calendar,
        now: Timestamp,
    ) -> (World, Written) {
        let lead = plans.iter().find(|plan| plan.role == Role::Lead).unwrap();
        let mut terms = terms.into();
        // Nobody waits a working day here.
        terms.adjudicate.get_or_insert_with(|| seconds(Stage::Adjudicate, 3_600, &[]));
        let case = CasePlan {
            case_id: lead.case_id,
            tenant: lead.tenant,
            lead: lead.body.clone(),
            terms,
            plan_version: 0,
        };
        let (case, events) = Case::open(case, None, now).unwrap();
        let calendar = Arc::new(calendar);
        let published = vec![calendar.clone()];
        let mut world = World { now, calendar, published, case, orders: Vec::new() };
        let mut written = Written { case: events, ..Written::default() };
        world.issue(plans, &mut written);
        (world, written)
    }

    fn issue(&mut self, plans: Vec<OrderPlan>, written: &mut Written) {
        for plan in plans {
            let (order, events) = Order::dispatch(plan, &self.calendar, None, self.now).unwrap();
            written.orders.extend(events.into_iter().map(|event| (self.orders.len(), event)));
            self.orders.push(order);
        }
    }

    /// The next wake-up of anything.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.orders.iter().filter_map(Order::wake_at).chain(self.case.wake_at()).min()
    }

    /// Where the present round's orders begin.
    pub fn round_starts(&self) -> usize {
        self.orders.iter().position(|order| order.round == self.case.round).unwrap()
    }

    /// Returns of a duty: of an order, and of those whose duty went on in it.
    pub fn returned(&self, order: &Order) -> usize {
        let before = order.follows.and_then(|id| self.orders.iter().find(|other| other.id == id));
        let own = usize::from(self.case.adjudications.contains_key(&order.id));
        own + before.map_or(0, |before| self.returned(before))
    }

    /// Whose which part is by the district's rulings on returns, and whether they were given in an earlier round: there they hold.
    pub fn settled(&self) -> BTreeSet<(Role, &BodyRef, bool)> {
        let earlier = |id| self.orders.iter().any(|of| of.id == id && of.round < self.case.round);
        let rulings = self.case.rulings.iter();
        let theirs = rulings.filter(|of| of.decided == Deciding::District && of.ground.is_some());
        theirs.map(|of| (of.role, &of.to, earlier(of.order_id))).collect()
    }

    /// One step of a copy; the world stays when it is refused.
    pub fn after(&self, step: &Step) -> Result<(World, Written), Refusal> {
        let (mut world, mut written) = (self.clone(), Written::default());
        world.take(step, &mut written)?;
        Ok((world, written))
    }

    fn take(&mut self, step: &Step, written: &mut Written) -> Result<(), Refusal> {
        match step {
            Step::Act(index, act, who) => self.act(self.round_starts() + index, *act, who, written),
            Step::Cancel(index) | Step::Waive(index) | Step::Urge(index) | Step::Supervise(index) => {
                self.order(self.round_starts() + index, directed(step), written).map(|_| ())
            }
            Step::Extend(..) | Step::Suspend(..) | Step::Grant(..) | Step::Deny(..) | Step::Resume(..) => {
                self.time(step, written)
            }
            Step::Adopt(index, Policy { stages, pairs, chain }) => {
                let terms = Terms {
                    policy: "in-force".to_owned(),
                    stages: stages.clone(),
                    pairs: pairs.clone(),
                    chain: chain.clone(),
                };
                let (calendar, published) = (self.calendar.clone(), self.published.clone());
                let calendars = Publications::new(&calendar, &published);
                let (actor, orders, note) = (actor("sun"), self.orders.clone(), String::new());
                let command = OrderCommand::Adopt { actor, terms, orders: &orders, calendars, note };
                self.order(self.round_starts() + index, command, written).map(drop)
            }
            Step::Link(index, who, deed) => {
                let (actor, link) = (actor(who), Uuid::from_u128(9).into());
                let command = OrderCommand::Link { actor, link, deed: *deed };
                self.order(self.round_starts() + index, command, written).map(drop)
            }
            Step::Ask(index, who) => {
                let command = OrderCommand::Ask { actor: actor(who), note: "which stop?".to_owned() };
                self.order(self.round_starts() + index, command, written).map(drop)
            }
            Step::Visit(index, who, ago) => self.visit(self.round_starts() + index, who, *ago, written),
            Step::Sign(index, who) => self.sign(self.round_starts() + index, who, written),
            Step::CancelCase => self.cancel(written),
            Step::Whistle(body) => self.whistle(body, written),
            Step::Return(index, who, to) => self.give_back(self.round_starts() + index, who, to, written),
            Step::Place(index, who, decided, to) => {
                self.place(self.round_starts() + index, who, *decided, to, written)
            }
            Step::Reroute(duties, who, decided) => self.reroute(duties, who, *decided, written),
            Step::Tick => {
                for index in 0..self.orders.len() {
                    self.order(index, OrderCommand::Tick, written)?;
                }
                self.decide_case(CaseCommand::Tick, written)
            }
            Step::Publish(years) => {
                self.publish(crate::fixtures::republished(years, &self.published), written)
            }
            Step::Reform(nth) => self.publish(crate::fixtures::reformed(*nth, &self.published), written),
            Step::Replan => self.replan(written),
            Step::Verify(verb, who) => self.verify(*verb, who, written),
            Step::Wait(wait_s) => {
                self.now += SignedDuration::from_secs(*wait_s);
                Ok(())
            }
            Step::WaitForWakeUp => {
                self.now = self.wake_at().map_or(self.now, |at| at.max(self.now));
                Ok(())
            }
        }
    }

    fn time(&mut self, step: &Step, written: &mut Written) -> Result<(), Refusal> {
        let (note, calendar) = ("time".to_owned(), self.calendar.clone());
        let published = self.published.clone();
        let calendars = Publications::new(&calendar, &published);
        let command = match step {
            Step::Extend(_, who) => {
                let more = Limit::new(ClockKind::Clock, 2, Unit::Hour).unwrap();
                OrderCommand::AskTime { actor: actor(who), wanted: TimeWanted::Extension { more }, note }
            }
            Step::Suspend(_, who, seconds) => {
                let until = self.now + SignedDuration::from_secs(*seconds);
                let wanted = TimeWanted::Suspension { until, reason: HoldReason::Weather };
                OrderCommand::AskTime { actor: actor(who), wanted, note }
            }
            Step::Grant(_, who) => OrderCommand::GrantTime { actor: actor(who), calendars, note },
            Step::Deny(_, who) => OrderCommand::RefuseTime { actor: actor(who), note },
            Step::Resume(_, who) => OrderCommand::Resume { actor: Some(actor(who)), calendars, note },
            other => panic!("{other:?} is not about time"),
        };
        self.order(self.round_starts() + step.index().unwrap(), command, written).map(drop)
    }

    /// Whether it changed. A suspension that is over ends first, as the dispatch service does it.
    fn order(
        &mut self,
        index: usize,
        command: OrderCommand<'_>,
        written: &mut Written,
    ) -> Result<bool, Refusal> {
        let mut before = self.orders[index].clone();
        if before.suspension_over(self.now) {
            let (calendar, published) = (self.calendar.clone(), self.published.clone());
            let calendars = Publications::new(&calendar, &published);
            let resume = OrderCommand::Resume { actor: None, calendars, note: String::new() };
            let (resumed, events) = before.decide(resume, self.now)?.or_unchanged(before);
            written.orders.extend(events.into_iter().map(|event| (index, event)));
            before = resumed;
        }
        let (after, events) = before.decide(command, self.now)?.or_unchanged(before);
        let changed = !events.is_empty();
        self.orders[index] = after;
        written.orders.extend(events.into_iter().map(|event| (index, event)));
        Ok(changed)
    }

    fn act(&mut self, index: usize, act: Act, who: &str, written: &mut Written) -> Result<(), Refusal> {
        let others = if act == Act::Submit { self.orders.clone() } else { Vec::new() };
        let (present, published) = (self.calendar.clone(), self.published.clone());
        let calendars = Publications::new(&present, &published);
        let changed = self.order(index, command(act, who, calendars, &others), written)?;
        if !changed || act != Act::Submit || self.orders[index].role != Role::Lead {
            return Ok(());
        }
        let (orders, calendar) = (self.orders.clone(), self.calendar.clone());
        let submit = CaseCommand::Submit { actor: actor(who), orders: &orders, calendar: &calendar };
        self.decide_case(submit, written)
    }

    fn cancel(&mut self, written: &mut Written) -> Result<(), Refusal> {
        let (actor, note) = (actor("sun"), "a mistake".to_owned());
        let cancel = CaseCommand::Cancel { actor: actor.clone(), merged: false, note: note.clone() };
        self.decide_case(cancel, written)?;
        for index in 0..self.orders.len() {
            let cancel = OrderCommand::CancelWithCase { actor: actor.clone(), note: note.clone() };
            self.order(index, cancel, written)?;
        }
        Ok(())
    }

    fn visit(&mut self, other: usize, who: &str, ago: i64, written: &mut Written) -> Result<(), Refusal> {
        let (first, orders) = (self.round_starts(), self.orders.clone());
        let record = CaseCommand::RecordVisit {
            actor: actor(who),
            visit: Uuid::from_u128(1 + self.case.visits.len() as u128).into(),
            visited_at: self.now - SignedDuration::from_secs(ago),
            lead: orders[first].id,
            others: &[orders[other].id],
            orders: &orders,
            note: "there".to_owned(),
        };
        self.decide_case(record, written)?;
        self.act(first, orders[first].act_of_visit(), who, written)
    }

    fn sign(&mut self, index: usize, who: &str, written: &mut Written) -> Result<(), Refusal> {
        let (order, told) = (self.orders[index].clone(), written.case.len());
        let visit = self.case.visits.last().map_or_else(|| Uuid::nil().into(), |visit| visit.id);
        let (actor, note) = (actor(who), String::new());
        self.decide_case(CaseCommand::SignVisit { actor, visit, order: &order, note }, written)?;
        if written.case.len() == told { Ok(()) } else { self.act(index, order.act_of_visit(), who, written) }
    }

    fn whistle(&mut self, body: &str, written: &mut Written) -> Result<(), Refusal> {
        let (body, orders): (ids::BodyRef, _) = (body.parse().unwrap(), self.orders.clone());
        let (actor, note) = (actor("sun"), "a burst pipe".to_owned());
        let bodies = vec![body.clone()];
        self.decide_case(CaseCommand::Whistle { actor, bodies, orders: &orders, note }, written)?;
        let id = Uuid::from_u128(1_000_003 * self.orders.len() as u128 + 17);
        let check_in = Limit::new(ClockKind::Clock, 1, Unit::Hour).unwrap();
        let plan = self.case.summons(id.into(), body, check_in, Vec::new());
        self.issue(vec![plan], written);
        Ok(())
    }

    fn give_back(&mut self, index: usize, who: &str, to: &str, written: &mut Written) -> Result<(), Refusal> {
        let (ground, proposed) = (ReturnGround::NotOurDuty, to.parse().unwrap());
        let (who, note) = (actor(who), "not ours".to_owned());
        let (calendar, published) = (self.calendar.clone(), self.published.clone());
        let calendars = Publications::new(&calendar, &published);
        let give_back = OrderCommand::Return { actor: who.clone(), ground, proposed, calendars, note };
        self.order(index, give_back, written)?;
        let (order, orders, calendar) =
            (self.orders[index].clone(), self.orders.clone(), self.calendar.clone());
        self.decide_case(
            CaseCommand::AskRuling {
                actor: who,
                order: &order,
                orders: &orders,
                may_lead: leads(to),
                calendar: &calendar,
            },
            written,
        )
    }

    fn place(
        &mut self,
        index: usize,
        who: &str,
        decided: Deciding,
        to: &str,
        written: &mut Written,
    ) -> Result<(), Refusal> {
        let (order, orders, may_lead) = (self.orders[index].clone(), self.orders.clone(), leads(to));
        let (who, to, note) = (actor(who), to.parse::<ids::BodyRef>().unwrap(), "by the list".to_owned());
        let (actor, order_note) = (who.clone(), note.clone());
        let to_them = to.clone();
        let rule =
            CaseCommand::Rule { actor, decided, order: &order, orders: &orders, to: to_them, may_lead, note };
        self.decide_case(rule, written)?;
        self.order(
            index,
            OrderCommand::Place { actor: who.clone(), to: to.clone(), note: order_note },
            written,
        )?;
        if to == order.body {
            return Ok(());
        }
        if let Some(id) = superseded(&orders, &order, &to) {
            let theirs = self.orders.iter().position(|order| order.id == id).unwrap();
            self.order(theirs, OrderCommand::Waive { actor: who, note: "leads now".to_owned() }, written)?;
        }
        let id = Uuid::from_u128(1_000_003 * self.orders.len() as u128 + 17);
        self.issue(vec![order.plan_for(id.into(), to)], written);
        Ok(())
    }

    /// The next plan; in the dispatch service's order.
    fn reroute(
        &mut self,
        duties: &[(&str, Role)],
        who: &str,
        decided: Deciding,
        written: &mut Written,
    ) -> Result<(), Refusal> {
        let duties: Vec<(ids::BodyRef, Role)> =
            duties.iter().map(|(body, role)| (body.parse().unwrap(), *role)).collect();
        let (orders, told, note) = (self.orders.clone(), written.case.len(), "another item".to_owned());
        let Case { verify_plan: verify, adjudicate_plan: adjudicate, chain, .. } = self.case.clone();
        let terms = CaseTerms { verify, adjudicate, chain };
        let reroute = CaseCommand::Reroute {
            actor: actor(who),
            decided,
            duties: &duties,
            terms,
            plan_version: self.case.plan_version + 1,
            orders: &orders,
            note: note.clone(),
        };
        self.decide_case(reroute, written)?;
        let mut fresh = written.case[told..].iter();
        if !fresh.any(|event| matches!(event.kind, CaseEventKind::Rerouted { .. })) {
            return Ok(());
        }
        let present = |order: &Order| order.round == self.case.round && !order.phase.left();
        let present: Vec<usize> = (0..orders.len()).filter(|index| present(&orders[*index])).collect();
        let is_of =
            |order: &Order, (body, role): &(ids::BodyRef, Role)| order.body == *body && order.role == *role;
        let led = present.iter().find(|index| orders[**index].role == Role::Lead).unwrap();
        let led = orders[*led].clone();
        for index in &present {
            if !duties.iter().any(|duty| is_of(&orders[*index], duty)) {
                let (actor, lead) = (actor(who), self.case.lead.clone());
                self.order(*index, OrderCommand::Reroute { actor, lead, note: note.clone() }, written)?;
            }
        }
        let missing = duties.iter().filter(|duty| !present.iter().any(|index| is_of(&orders[*index], duty)));
        let plans = missing.enumerate().map(|(n, (body, role))| OrderPlan {
            role: *role,
            follows: (*role == Role::Lead).then_some(led.id),
            summoned: false,
            ..led.plan_for(Uuid::from_u128(1_000_003 * (orders.len() + n) as u128 + 17).into(), body.clone())
        });
        self.issue(plans.collect(), written);
        Ok(())
    }

    fn decide_case(&mut self, command: CaseCommand<'_>, written: &mut Written) -> Result<(), Refusal> {
        let before = self.case.clone();
        let (after, events) = before.decide(command, self.now)?.or_unchanged(before);
        self.case = after;
        written.case.extend(events);
        Ok(())
    }

    fn replan(&mut self, written: &mut Written) -> Result<(), Refusal> {
        let (calendar, published) = (self.calendar.clone(), self.published.clone());
        let calendars = Publications::new(&calendar, &published);
        let (actor, note) = (actor("sun"), "the calendar of 2027".to_owned());
        for index in 0..self.orders.len() {
            let (actor, note) = (actor.clone(), note.clone());
            self.order(index, OrderCommand::Replan { actor, calendars, note }, written)?;
        }
        self.decide_case(CaseCommand::Replan { actor, calendars, note }, written)
    }

    fn publish(&mut self, calendar: Calendar, written: &mut Written) -> Result<(), Refusal> {
        let calendar = Arc::new(calendar);
        self.published.push(calendar.clone());
        for index in 0..self.orders.len() {
            self.order(index, OrderCommand::FillCalendar { calendar: &calendar }, written)?;
        }
        self.decide_case(CaseCommand::FillCalendar { calendar: &calendar }, written)?;
        self.calendar = calendar;
        Ok(())
    }

    fn verify(&mut self, verb: Verb, who: &str, written: &mut Written) -> Result<(), Refusal> {
        let note = "found".to_owned();
        let command = match verb {
            Verb::Claim => VerifyCommand::Claim,
            Verb::Pass => VerifyCommand::Pass { note },
            Verb::Fail => VerifyCommand::Fail { note },
        };
        let (orders, ended) = (self.orders.clone(), self.round_starts()..self.orders.len());
        self.decide_case(CaseCommand::Verify { actor: actor(who), command, orders: &orders }, written)?;
        let verdict = match verb {
            Verb::Claim => return Ok(()),
            Verb::Pass => RoundVerdict::Passed,
            Verb::Fail => RoundVerdict::Failed,
        };
        for index in ended {
            self.order(index, OrderCommand::CloseWithCase { actor: actor(who), verdict }, written)?;
        }
        let Some(CaseEventKind::Reopened { round, orders: again, .. }) =
            written.case.last().map(|event| &event.kind)
        else {
            return Ok(());
        };
        let again = self.orders.iter().filter(|order| again.contains(&order.id));
        let plans = again.map(|order| {
            let id = order.id.as_uuid().as_u128().wrapping_add(1_000_000_007);
            order.plan_again(Uuid::from_u128(id).into(), *round)
        });
        self.issue(plans.collect(), written);
        Ok(())
    }
}

fn directed(step: &Step) -> OrderCommand<'static> {
    let (actor, note) = (actor("sun"), "a word".to_owned());
    match step {
        Step::Cancel(_) => OrderCommand::Cancel { actor, note },
        Step::Waive(_) => OrderCommand::Waive { actor, note },
        Step::Urge(_) => OrderCommand::Urge { actor, note },
        _ => OrderCommand::Supervise { actor, note },
    }
}

/// Whole hours since second 0, for states that are compared.
pub fn hours(at: Timestamp) -> i64 {
    at.duration_since(second(0)).as_hours()
}
