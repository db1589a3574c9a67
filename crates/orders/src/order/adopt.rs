//! The policy in force, adopted by an explicit act: an order keeps the one it was issued with until then.

use super::decide::Change;
use super::{Order, OrderEventKind};
use crate::round::of_round;
use crate::stage::{awaited_under, relimited};
use crate::{Actor, ChainStep, PairPlan, Publications, Refusal, Role, Stage, StagePlan};

/// What a policy says of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Its key.
    pub policy: String,
    /// Its stages.
    pub stages: Vec<StagePlan>,
    /// Its named pairs.
    pub pairs: Vec<PairPlan>,
    /// Its chain, in order of time; empty where nothing follows a breach.
    pub chain: Vec<ChainStep>,
}

impl Order {
    /// Summoned to be there by a limit of the summons' own, which no policy knows. `orders` are all of the case: an order that does
    /// not say so itself, as before there was a word for it, is told by who leads its round. A policy asks the same of everybody, so
    /// who assists and has nothing but to be there, beside a lead with more to do, was summoned.
    pub fn was_summoned(&self, orders: &[Order]) -> bool {
        let looks_so = || self.role == Role::Assist && self.only_to_be_there();
        let mut leads = of_round(orders, self.case_id, self.round)
            .filter(|order| order.role == Role::Lead && !order.phase.left());
        self.summoned || looks_so() && leads.any(|lead| !lead.only_to_be_there())
    }

    fn only_to_be_there(&self) -> bool {
        matches!(&self.stages[..], [only] if only.stage() == Stage::OnSite) && self.pairs.is_empty()
    }

    /// Its named pairs under other terms: those that are not decided, where the terms have one that measures the same.
    fn pairs_under(&self, terms: &[PairPlan]) -> Vec<PairPlan> {
        let decided = |own: &PairPlan| self.stages.iter().any(|of| of.stage() == own.stage() && !of.open());
        let theirs = |own: &PairPlan| terms.iter().find(|other| other.measures_as(own));
        let under = |own| theirs(own).filter(|_| !decided(own)).unwrap_or(own).clone();
        self.pairs.iter().map(under).collect()
    }
}

impl Change {
    /// Nothing where the order is under these terms already, whatever they are called.
    pub(super) fn adopt(
        self,
        actor: Actor,
        mut terms: Terms,
        (orders, calendars): (&[Order], Publications<'_>),
        note: String,
    ) -> Result<Self, Refusal> {
        self.open_duty("adopt")?;
        // The order of its steps is what a wake-up goes by.
        terms.chain.sort_by_key(|step| step.after_s);
        let mut after = self.again();
        // What has come by now has come: it is told first, and only with an adoption.
        if after.order.suspended.is_none() {
            after.catch_up();
        }
        let mut plans = if after.order.was_summoned(orders) { Vec::new() } else { terms.stages };
        let mut pairs = after.order.pairs_under(&terms.pairs);
        plans.extend(pairs.iter().map(|pair| pair.plan.clone()));
        let stages = relimited(&after.order.stages, &plans, calendars, after.at)?;
        if pairs == after.order.pairs {
            pairs.clear();
        }
        if stages.is_empty() && pairs.is_empty() && terms.chain == after.order.chain {
            return Ok(self);
        }
        let awaited = awaited_under(&stages);
        let Terms { policy, chain, .. } = terms;
        after.push(OrderEventKind::PolicyAdopted { policy, stages, chain, pairs, note }, Some(actor));
        for event in awaited {
            after.push(OrderEventKind::Stage(event), None);
        }
        Ok(after)
    }
}
