//! A plan drawn anew (重新派单): the matter turned out to be another one, or elsewhere, when bodies had it already.
//!
//! It is followed as long as the round is open. What was done stays done: a round whose lead has submitted, and a case that is
//! over, go on as they are, and say so. A return whose order ends is answered by the new plan, where whoever drew it may rule on it.

use std::collections::{BTreeMap, BTreeSet};

use ids::{BodyRef, OrderId};
use serde::{Deserialize, Serialize};

use super::decide::Change;
use super::{CaseEventKind, CasePhase, CaseTerms, Deciding, RulingAsked};
use crate::round::of_round;
use crate::{Actor, Order, Phase, Refusal, Role};

/// Why a plan that was drawn anew changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotRerouted {
    /// The case is closed, or was called off.
    CaseOver,
    /// The lead has submitted: somebody verifies what was done.
    Submitted,
    /// A return would be answered by it that the district has to rule on.
    DistrictDecides,
    /// A return would be answered by who asked for it.
    AskerMayNotDecide,
}

impl NotRerouted {
    /// Every reason.
    pub const ALL: [NotRerouted; 4] = [
        NotRerouted::CaseOver,
        NotRerouted::Submitted,
        NotRerouted::DistrictDecides,
        NotRerouted::AskerMayNotDecide,
    ];

    /// The word in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            NotRerouted::CaseOver => "case-over",
            NotRerouted::Submitted => "submitted",
            NotRerouted::DistrictDecides => "district-decides",
            NotRerouted::AskerMayNotDecide => "asker-may-not-decide",
        }
    }
}

/// A plan, as far as the case is concerned.
pub(super) struct Redrawn<'a> {
    pub duties: &'a [(BodyRef, Role)],
    pub terms: CaseTerms,
    pub plan_version: u64,
}

impl Redrawn<'_> {
    fn lead(&self) -> Result<BodyRef, Refusal> {
        let mut leads = self.duties.iter().filter(|(_, role)| *role == Role::Lead);
        match (leads.next(), leads.next()) {
            (Some((lead, _)), None) => Ok(lead.clone()),
            _ => Err(Refusal::LeadRequired),
        }
    }

    /// Whether an order goes on by it.
    fn keeps(&self, body: &BodyRef, role: Role) -> bool {
        self.duties.iter().any(|(named, part)| named == body && *part == role)
    }
}

impl Change {
    pub(super) fn reroute(
        mut self,
        actor: Actor,
        decided: Deciding,
        redrawn: Redrawn<'_>,
        orders: &[Order],
        note: String,
    ) -> Result<Self, Refusal> {
        let lead = redrawn.lead()?;
        let terms = redrawn.terms.clone().checked()?;
        let plan_version = redrawn.plan_version;
        if plan_version <= self.case.plan_version {
            return Ok(self);
        }
        let answered = self.case.asked.clone().filter(|asked| !redrawn.keeps(&asked.body, asked.role));
        if let Some(why) = self.not_followed(&actor, decided, answered.as_ref(), orders) {
            self.push(CaseEventKind::RerouteRefused { plan_version, why, note }, Some(actor));
            return Ok(self);
        }
        self.record_overdue();
        let (keeps, off_plan) = self.parted(&redrawn, orders);
        let (terms, answers) = (Box::new(terms), answered.is_some());
        let rerouted = CaseEventKind::Rerouted { plan_version, lead, terms, answers, keeps, off_plan, note };
        self.push(rerouted, Some(actor));
        Ok(self)
    }

    /// Orders of the round that go on by it, and those that stay without it: what was submitted was done. All others end.
    fn parted(
        &self,
        redrawn: &Redrawn<'_>,
        orders: &[Order],
    ) -> (BTreeMap<OrderId, BodyRef>, BTreeSet<OrderId>) {
        let present = of_round(orders, self.case.id, self.case.round).filter(|order| !order.phase.left());
        let (kept, rest): (Vec<&Order>, Vec<&Order>) =
            present.partition(|order| redrawn.keeps(&order.body, order.role));
        let submitted = rest.into_iter().filter(|order| order.phase >= Phase::Submitted);
        let keeps = kept.into_iter().map(|order| (order.id, order.body.clone()));
        (keeps.collect(), submitted.map(|order| order.id).collect())
    }

    fn not_followed(
        &self,
        actor: &Actor,
        decided: Deciding,
        answered: Option<&RulingAsked>,
        orders: &[Order],
    ) -> Option<NotRerouted> {
        if self.case.phase.ended() {
            return Some(NotRerouted::CaseOver);
        }
        let mut round = of_round(orders, self.case.id, self.case.round);
        let leads = round.any(|order| order.role == Role::Lead && order.duty_open());
        if self.case.phase != CasePhase::Open || !leads {
            return Some(NotRerouted::Submitted);
        }
        let asked = answered?;
        if decided < asked.deciding {
            return Some(NotRerouted::DistrictDecides);
        }
        (asked.by == actor.principal).then_some(NotRerouted::AskerMayNotDecide)
    }
}
