//! The whistle (吹哨): a street summons bodies to a matter, and they check in at the place (报到) against a clock.
//!
//! A summoned body gets an order to assist whose one limit is its arrival. So the lead waits for it like for any
//! assistant, and it ends like any: submitted, waived, or returned.

use ids::{BodyRef, OrderId};
use sla::{Limit, PerMille};

use super::decide::Change;
use super::{Case, CaseEventKind, CasePhase};
use crate::round::of_round;
use crate::{Actor, ChainStep, Order, OrderPlan, Refusal, Role, Stage, StagePlan};

/// Bodies summoned at once at most.
const SUMMONED_MAX: usize = 20;

impl Case {
    /// The order of a summoned body: to be at the place in time. Warned at half of it.
    pub fn summons(
        &self,
        order_id: OrderId,
        body: BodyRef,
        check_in: Limit,
        chain: Vec<ChainStep>,
    ) -> OrderPlan {
        let warn = PerMille::new(500).into_iter().collect();
        OrderPlan {
            order_id,
            tenant: self.tenant,
            case_id: self.id,
            round: self.round,
            body,
            role: Role::Assist,
            stages: vec![StagePlan { stage: Stage::OnSite, limit: check_in, warn }],
            pairs: Vec::new(),
            chain,
            follows: None,
            summoned: true,
        }
    }
}

impl Change {
    pub(super) fn whistle(
        mut self,
        actor: Actor,
        mut bodies: Vec<BodyRef>,
        orders: &[Order],
        note: String,
    ) -> Result<Self, Refusal> {
        self.require(&[CasePhase::Open], "whistle")?;
        bodies.sort();
        bodies.dedup();
        if bodies.is_empty() || bodies.len() > SUMMONED_MAX {
            return Err(Refusal::Summoned);
        }
        let mut duties = of_round(orders, self.case.id, self.case.round)
            .filter(|order| order.role != Role::Inform && !order.phase.left());
        if duties.any(|order| bodies.contains(&order.body)) {
            return Err(Refusal::OwnBody);
        }
        self.push(CaseEventKind::Whistled { bodies, note }, Some(actor));
        Ok(self)
    }
}
