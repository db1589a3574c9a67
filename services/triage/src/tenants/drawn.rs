//! Case plans as they go out, kept per street: a storm opens hundreds of cases of a few items, whose plans and
//! explanations differ in nothing. Where no rules are about an item, street, community, item, lane and
//! day are all a plan is made from, and a street of another generation is another value with nothing kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use contract::document::Name;
use contract::proto::triage as wire;
use ids::{Lane, TenantId};
use jiff::civil::Date;
use snapshot::StreetView;

use super::Street;
use super::ruled::Matter;
use crate::core::{plan, wire as forms};

/// Plans kept per street: some 10 KB each, and a thousand streets.
const PLANS_MAX: usize = 16;

/// A plan ready to be sent.
#[derive(Debug)]
pub struct Drawn {
    /// Name of the item.
    pub name: Name,
    /// The lane the case goes on in.
    pub lane: Lane,
    /// Every body of it, the lead first.
    pub bodies: Vec<String>,
    /// For the event, with the explanation.
    pub plan: wire::CasePlan,
    /// Rules that could not be told, so that the list was followed instead.
    pub rules_failed: usize,
}

/// What a street keeps.
#[derive(Debug, Default)]
pub(super) struct Plans(Mutex<BTreeMap<Key, Arc<Drawn>>>);

type Key = (String, Option<TenantId>, Lane, Date);

/// The plan for a matter in this street on a local day.
pub fn plan(view: &StreetView<Street>, matter: &Matter<'_>, day: Date) -> Arc<Drawn> {
    // What rules ask of differs from report to report, and so does whom a centre gives it to: nothing is kept of those.
    if matter.assigned.is_some() || view.of.rules_concern(matter.item, day) {
        return Arc::new(draw(view, matter, day));
    }
    let key: Key = (matter.item.to_owned(), matter.community, matter.lane, day);
    let kept = |plans: &Plans| plans.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    if let Some(drawn) = kept(&view.of.plans) {
        return drawn;
    }
    let drawn = Arc::new(draw(view, matter, day));
    let mut plans = view.of.plans.0.lock().unwrap_or_else(PoisonError::into_inner);
    if plans.len() >= PLANS_MAX {
        plans.clear();
    }
    plans.insert(key, drawn.clone());
    drawn
}

fn draw(view: &StreetView<Street>, matter: &Matter<'_>, day: Date) -> Drawn {
    let planned = plan::plan(view, matter, day);
    // Integers, texts and lists: nothing that cannot be written.
    let explanation = serde_json::to_string(&planned.explanation).expect("explanations are plain data");
    Drawn {
        lane: planned.plan.lane,
        bodies: planned.bodies(),
        plan: forms::plan(&planned, &explanation),
        rules_failed: planned.explanation.failed().count(),
        name: planned.name,
    }
}
