//! The policy in force, adopted by an explicit act: an order keeps the one it was issued with until then.

use sla::Limit;

use super::decide::Change;
use super::{Order, OrderEventKind};
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
    /// Summoned to be there by a limit of the summons' own, which no policy knows. Who leads never is; an assistant of a policy that
    /// asks for nothing but to be there looks the same, and keeps its limit.
    pub fn summoned(&self) -> Option<Limit> {
        match &self.stages[..] {
            [only] if self.role == Role::Assist && only.stage() == Stage::OnSite && self.pairs.is_empty() => {
                Some(only.plan.limit)
            }
            _ => None,
        }
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
        calendars: Publications<'_>,
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
        let mut plans = if after.order.summoned().is_some() { Vec::new() } else { terms.stages };
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
