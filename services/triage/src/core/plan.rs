//! From an item to a case plan with its limits in full.

use contract::document::{Name, ResolvedPolicy};
use ids::{Lane, TenantId};
use jiff::civil::Date;
use routing::{CasePlan, Explanation, Facts};
use snapshot::StreetView;

use crate::tenants::{self, Street};

/// What goes on to dispatch.
#[derive(Debug)]
pub struct Planned {
    /// Name of the item; its code when the list does not have it.
    pub name: Name,
    /// Who does what.
    pub plan: CasePlan,
    /// Until when.
    pub policy: ResolvedPolicy,
    /// Why.
    pub explanation: Explanation,
}

impl Planned {
    /// Every body of the plan: the lead first, then assistants and informed ones.
    pub fn bodies(&self) -> Vec<String> {
        let plan = &self.plan;
        let all = std::iter::once(&plan.lead).chain(&plan.assists).chain(&plan.informs);
        all.map(ToString::to_string).collect()
    }
}

/// The plan for a case of this item and local day in this street and, where it is known, community. Always one: what
/// the list does not have on that day, the catch-all body takes.
pub fn plan(
    view: &StreetView<Street>,
    item: &str,
    community: Option<TenantId>,
    lane: Lane,
    day: Date,
) -> Planned {
    let facts = Facts { street: view.code, community, item: item.to_owned(), lane };
    let line = view.of.line(item, community, day);
    let (plan, explanation) =
        routing::plan(&facts, line.as_ref().map(|line| &line.entry), &tenants::settings(view, day));
    let (name, policy) = match line {
        Some(line) => (line.name, line.policy),
        None => (Name { zh: item.to_owned(), en: item.to_owned() }, view.of.catch_all_policy(day)),
    };
    Planned { name, plan, policy, explanation }
}
