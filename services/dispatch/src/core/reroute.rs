//! A plan that was drawn anew (重新派单), followed in a fixed order: it is told; orders of bodies that it does not name end;
//! orders in another role than it says end, and those bodies get the one it says; new bodies get theirs.
//!
//! A body that has what the plan says keeps its order, with all that was done and the time that was used. Who gets an order learns of
//! the matter only now, so its limits are its own, those of the new plan (as after a ruling).

use ids::{BodyRef, OrderId};
use jiff::Timestamp;
use orders::{Actor, CaseCommand, CaseEventKind, Order, OrderCommand, OrderPlan, Refusal, Role};

use super::clocks::{Hours, Openings};
use super::matter::{Facts, Happened, Matter};
use super::routed::{Duty, Redrawn, RoutedCase};

/// The plan, with the orders of the present round as it finds them.
struct Following<'a> {
    routed: &'a RoutedCase,
    redrawn: &'a Redrawn,
    actor: Actor,
    present: Vec<Order>,
    now: Timestamp,
}

impl Duty {
    fn is_of(&self, order: &Order) -> bool {
        self.body == order.body && self.role == order.role
    }
}

impl Following<'_> {
    fn names(&self, body: &BodyRef) -> bool {
        self.routed.duties.iter().any(|duty| duty.body == *body)
    }

    fn keeps(&self, order: &Order) -> bool {
        self.routed.duties.iter().any(|duty| duty.is_of(order))
    }

    /// What nobody has yet: first of bodies that have another part of the round, then of new ones.
    fn missing(&self) -> (Vec<&Duty>, Vec<&Duty>) {
        let missing = |duty: &&Duty| !self.present.iter().any(|order| duty.is_of(order));
        let there = |duty: &&Duty| self.present.iter().any(|order| order.body == duty.body);
        self.routed.duties.iter().filter(missing).partition(there)
    }

    /// The order whose duty goes on with the new lead.
    fn follows(&self, duty: &Duty) -> Option<OrderId> {
        let led = self.present.iter().find(|order| order.role == Role::Lead)?;
        (duty.role == Role::Lead).then_some(led.id)
    }
}

impl Facts {
    /// What a new plan says of them; number, drill and trace are the case's for ever, and no lane is lowered.
    fn amended(&self, by: &Facts) -> Facts {
        let lane = if self.drill { self.lane } else { self.lane.raised_to(by.lane) };
        let (case_no, traceparent) = (self.case_no.clone(), self.traceparent.clone());
        Facts { case_no, lane, drill: self.drill, traceparent, ..by.clone() }
    }
}

impl Matter {
    /// Follows it; all orders of the case must be loaded. Returns whether that was done: what comes too late is noted and changes
    /// nothing, and a plan older than the last one is not even noted.
    pub fn reroute<'h>(
        &mut self,
        routed: &RoutedCase,
        redrawn: &Redrawn,
        (hours, openings): (Hours<'h>, &mut Openings<'h>),
        now: Timestamp,
        mut mint: impl FnMut() -> OrderId,
    ) -> Result<bool, Refusal> {
        let actor = Actor { principal: redrawn.by.clone(), body: None };
        if !self.redraw(routed, redrawn, &actor, now)? {
            return Ok(false);
        }
        self.facts = self.facts.amended(&routed.facts);
        let round = self.case.round;
        let present = self.orders.iter().filter(|order| order.round == round && !order.phase.left());
        let following = Following { routed, redrawn, actor, present: present.cloned().collect(), now };
        self.leave(&following, |order| !following.names(&order.body))?;
        self.leave(&following, |order| following.names(&order.body) && !following.keeps(order))?;
        let (changed, fresh) = following.missing();
        for duty in changed.into_iter().chain(fresh) {
            let starts = openings.on(hours.of_body(&duty.body));
            let plan = self.planned(&following, duty, mint());
            self.issue(plan, starts, Some(following.actor.clone()), now)?;
        }
        Ok(true)
    }

    /// The case is told of it. Returns whether it is followed.
    fn redraw(
        &mut self,
        routed: &RoutedCase,
        redrawn: &Redrawn,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, Refusal> {
        let duties = routed.duties.iter().map(|duty| (duty.body.clone(), duty.role));
        let (duties, orders): (Vec<_>, _) = (duties.collect(), self.orders.clone());
        let told = self.happened.len();
        let reroute = CaseCommand::Reroute {
            actor: actor.clone(),
            decided: redrawn.decided,
            duties: &duties,
            terms: routed.terms.clone(),
            plan_version: redrawn.version,
            orders: &orders,
            note: redrawn.note.clone(),
        };
        self.decide_case(reroute, now)?;
        let follows = |happened: &Happened| match happened {
            Happened::Case { event, .. } => matches!(event.kind, CaseEventKind::Rerouted { .. }),
            Happened::Order { .. } => false,
        };
        Ok(self.happened[told..].iter().any(follows))
    }

    /// Ends orders of the present round.
    fn leave(&mut self, following: &Following<'_>, which: impl Fn(&Order) -> bool) -> Result<(), Refusal> {
        for order in following.present.iter().filter(|order| which(order)) {
            let (actor, lead) = (following.actor.clone(), following.routed.lead.clone());
            let note = following.redrawn.note.clone();
            self.decide_order(order.id, OrderCommand::Reroute { actor, lead, note }, following.now)?;
        }
        Ok(())
    }

    fn planned(&self, following: &Following<'_>, duty: &Duty, order_id: OrderId) -> OrderPlan {
        OrderPlan {
            order_id,
            tenant: self.case.tenant,
            case_id: self.case.id,
            round: self.case.round,
            body: duty.body.clone(),
            role: duty.role,
            stages: following.routed.stages.clone(),
            pairs: following.routed.pairs.clone(),
            chain: following.routed.terms.chain.clone(),
            follows: following.follows(duty),
            summoned: false,
        }
    }
}
