//! A case with its orders, moved as the dispatch service moves them: what belongs together happens together
//! or not at all.

use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use orders::{
    Act, Case, CaseCommand, CaseEvent, CaseEventKind, CasePlan, Order, OrderCommand, OrderEvent, OrderPlan,
    Refusal, Role, RoundVerdict, StagePlan, VerifyCommand,
};
use sla::Calendar;
use uuid::Uuid;

use crate::fixtures::{actor, command, second};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Claim,
    Pass,
    Fail,
}

/// One thing that may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// An order of the present round, counted from its first.
    Act(usize, Act, &'static str),
    Cancel(usize),
    /// Every wake-up, due or not.
    Tick,
    /// Years published from now on.
    Publish(&'static [i16]),
    Verify(Verb, &'static str),
    Wait(i64),
    /// The clock jumps to the next wake-up.
    WaitForWakeUp,
}

#[derive(Debug, Clone)]
pub struct World {
    pub now: Timestamp,
    pub calendar: Rc<Calendar>,
    pub case: Case,
    pub orders: Vec<Order>,
}

/// What one step wrote down.
#[derive(Debug, Default)]
pub struct Written {
    pub case: Vec<CaseEvent>,
    pub orders: Vec<(usize, OrderEvent)>,
}

impl World {
    pub fn open(
        plans: Vec<OrderPlan>,
        verify: StagePlan,
        calendar: Calendar,
        now: Timestamp,
    ) -> (World, Written) {
        let lead = plans.iter().find(|plan| plan.role == Role::Lead).unwrap();
        let case = CasePlan { case_id: lead.case_id, tenant: lead.tenant, lead: lead.body.clone(), verify };
        let (case, events) = Case::open(case, None, now).unwrap();
        let mut world = World { now, calendar: Rc::new(calendar), case, orders: Vec::new() };
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

    /// One step of a copy; the world stays when it is refused.
    pub fn after(&self, step: &Step) -> Result<(World, Written), Refusal> {
        let (mut world, mut written) = (self.clone(), Written::default());
        world.take(step, &mut written)?;
        Ok((world, written))
    }

    fn take(&mut self, step: &Step, written: &mut Written) -> Result<(), Refusal> {
        match step {
            Step::Act(index, act, who) => self.act(self.round_starts() + index, *act, who, written),
            Step::Cancel(index) => {
                let cancel = OrderCommand::Cancel { actor: actor("sun"), note: "not needed".to_owned() };
                self.order(self.round_starts() + index, cancel, written).map(|_| ())
            }
            Step::Tick => {
                for index in 0..self.orders.len() {
                    self.order(index, OrderCommand::Tick, written)?;
                }
                self.decide_case(CaseCommand::Tick, written)
            }
            Step::Publish(years) => self.publish(years, written),
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

    /// Whether it changed.
    fn order(
        &mut self,
        index: usize,
        command: OrderCommand<'_>,
        written: &mut Written,
    ) -> Result<bool, Refusal> {
        let before = self.orders[index].clone();
        let (after, events) = before.decide(command, self.now)?.or_unchanged(before);
        let changed = !events.is_empty();
        self.orders[index] = after;
        written.orders.extend(events.into_iter().map(|event| (index, event)));
        Ok(changed)
    }

    fn act(&mut self, index: usize, act: Act, who: &str, written: &mut Written) -> Result<(), Refusal> {
        let others = if act == Act::Submit { self.orders.clone() } else { Vec::new() };
        let changed = self.order(index, command(act, who, &others), written)?;
        if !changed || act != Act::Submit || self.orders[index].role != Role::Lead {
            return Ok(());
        }
        let (orders, calendar) = (self.orders.clone(), self.calendar.clone());
        let submit = CaseCommand::Submit { actor: actor(who), orders: &orders, calendar: &calendar };
        self.decide_case(submit, written)
    }

    fn decide_case(&mut self, command: CaseCommand<'_>, written: &mut Written) -> Result<(), Refusal> {
        let before = self.case.clone();
        let (after, events) = before.decide(command, self.now)?.or_unchanged(before);
        self.case = after;
        written.case.extend(events);
        Ok(())
    }

    fn publish(&mut self, years: &[i16], written: &mut Written) -> Result<(), Refusal> {
        let calendar = Rc::new(crate::fixtures::calendar(years));
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

/// Whole hours since second 0, for states that are compared.
pub fn hours(at: Timestamp) -> i64 {
    at.duration_since(second(0)).as_hours()
}
