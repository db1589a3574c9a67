//! From an item to a case plan with its limits in full.

use contract::document::{Name, ResolvedPolicy};
use jiff::civil::Date;
use routing::rules::Tried;
use routing::{CasePlan, Explanation, Priority};
use snapshot::StreetView;

use crate::tenants::ruled::Matter;
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

/// Whether it can be one: that the ladder stands in every explanation would be for nothing.
fn emergency(listed: Priority, tried: &[Tried]) -> bool {
    listed == Priority::P1 || tried.iter().any(|tried| tried.then.priority == Some(Priority::P1))
}

/// The plan for a matter in this street on a local day. Always one: what the list does not have on that day, and no rule gives to
/// somebody, the catch-all body takes.
pub fn plan(view: &StreetView<Street>, matter: &Matter<'_>, day: Date) -> Planned {
    let line = view.of.line(matter.item, matter.community, day);
    let (mut facts, tried) = view.of.tried(view.code, matter, day);
    let settings = tenants::settings(view, day);
    let listed = line.as_ref().map_or(settings.catch_all_priority, |line| line.entry.priority);
    if emergency(listed, &tried) {
        facts.ladder = view.of.ladder(matter.community, day);
    }
    let (plan, explanation) = routing::plan(&facts, line.as_ref().map(|line| &line.entry), &settings, &tried);
    let (name, listed) = match line {
        Some(line) => (line.name, line.policy),
        None => {
            let name = Name { zh: matter.item.to_owned(), en: matter.item.to_owned() };
            (name, view.of.catch_all_policy(day))
        }
    };
    // A rule may have named another policy.
    let policy =
        if plan.policy == listed.key { Some(listed.clone()) } else { view.of.policy(&plan.policy, day) };
    Planned { name, policy: policy.unwrap_or(listed), plan, explanation }
}
