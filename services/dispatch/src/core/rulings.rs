//! Rulings of a street for reading: those that wait, and those that were given, each offered as a change of the rules.
//!
//! A ruling says once whose a duty is. The offer is that said for every case of the item: a rule to be put into the
//! street's manifest, looked at by `rules check` and `rules backtest` before anybody applies it. Nothing changes by
//! being read here.

use std::collections::BTreeSet;

use orders::{Case, Order, Phase, Role, Ruling, RulingAsked};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::matter::Facts;
use super::view::StageView;

/// Place of an offered rule among others: behind those that people have put in order.
const OFFERED_ORDER: u32 = 900;

/// One ruling of one case.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RulingLine {
    pub case_id: Uuid,
    pub case_no: String,
    pub item: String,
    pub item_zh: String,
    pub item_en: String,
    /// The order it is about, as it was before.
    pub order_id: Uuid,
    /// lead or assist.
    pub role: String,
    /// Who held the order.
    pub from: String,
    /// Whose the duty is; empty while it waits, and who held it when a return was refused.
    pub to: Option<String>,
    /// Whose it is, as the body said that returned it.
    pub proposed: Option<String>,
    /// Why it was returned; empty when nobody did.
    pub ground: Option<String>,
    /// centre or district: who ruled, or who has to.
    pub decided_by: String,
    /// The clock of a ruling that waits.
    pub clock: Option<StageView>,
    /// The rule that would have said so, as YAML for `spec.rules` of the street's manifest; of the last ruling on who leads
    /// and of the last on who assists, and empty where the duty stayed. Whether that body may lead the item, the plan of the
    /// manifest says.
    pub rule: Option<String>,
}

/// Rulings, newest case first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RulingPage {
    pub rulings: Vec<RulingLine>,
    /// Give it as `before` for the next page; empty on the last.
    pub next: Option<Uuid>,
}

/// What a case has of them: the one that waits, or all that were given. `orders` are all of the case.
pub(crate) fn lines(facts: &Facts, case: &Case, orders: &[Order], waiting: bool) -> Vec<RulingLine> {
    if waiting {
        return case.asked.iter().map(|asked| awaited(facts, case, asked)).collect();
    }
    // What was ruled first and then otherwise is no rule.
    let last_of = |role| case.rulings.iter().rposition(|ruling| ruling.role == role);
    let last = [Role::Lead, Role::Assist].map(last_of);
    let line = |(n, ruling)| {
        let rule = last.contains(&Some(n)).then(|| offered(facts, case, orders, ruling)).flatten();
        RulingLine { rule, ..given(facts, case, ruling) }
    };
    case.rulings.iter().enumerate().map(line).collect()
}

fn awaited(facts: &Facts, case: &Case, asked: &RulingAsked) -> RulingLine {
    RulingLine {
        order_id: asked.order_id.as_uuid(),
        role: asked.role.as_str().to_owned(),
        from: asked.body.to_string(),
        proposed: Some(asked.proposed.to_string()),
        ground: Some(asked.ground.as_str().to_owned()),
        decided_by: asked.deciding.as_str().to_owned(),
        clock: case.adjudication().map(StageView::of),
        ..blank(facts, case)
    }
}

fn given(facts: &Facts, case: &Case, ruling: &Ruling) -> RulingLine {
    RulingLine {
        order_id: ruling.order_id.as_uuid(),
        role: ruling.role.as_str().to_owned(),
        from: ruling.from.to_string(),
        to: Some(ruling.to.to_string()),
        proposed: ruling.proposed.as_ref().map(ToString::to_string),
        ground: ruling.ground.map(|ground| ground.as_str().to_owned()),
        decided_by: ruling.decided.as_str().to_owned(),
        ..blank(facts, case)
    }
}

fn blank(facts: &Facts, case: &Case) -> RulingLine {
    RulingLine {
        case_id: case.id.as_uuid(),
        case_no: facts.case_no.clone(),
        item: facts.item.clone(),
        item_zh: facts.item_zh.clone(),
        item_en: facts.item_en.clone(),
        order_id: Uuid::nil(),
        role: String::new(),
        from: String::new(),
        to: None,
        proposed: None,
        ground: None,
        decided_by: String::new(),
        clock: None,
        rule: None,
    }
}

/// The rule that gives the duty to whom the ruling gave it. A body is named by its key: a street's own is the street's in
/// its manifest.
fn offered(facts: &Facts, case: &Case, orders: &[Order], ruling: &Ruling) -> Option<String> {
    let (to, from) = (&ruling.to.key, &ruling.from.key);
    // From one community to the other is no matter of whose duty it is.
    if to == from {
        return None;
    }
    let (suffix, then) = match ruling.role {
        Role::Lead => ("", format!("lead: {to}")),
        // A rule takes no assistant away by itself: it says who they are, all of them.
        Role::Assist => ("-assists", format!("assists: [{}]", assistants(case, orders).join(", "))),
        Role::Inform => return None,
    };
    let (case_no, item, day) = (&facts.case_no, &facts.item, case.opened_at.strftime("%F"));
    let key = case_no.to_lowercase();
    Some(format!(
        "ruling-{key}{suffix}:\n  \
           name: {{ zh: \"裁定 {case_no}：{from} → {to}\", en: \"ruling {case_no}: {from} to {to}\" }}\n  \
           order: {OFFERED_ORDER}\n  \
           items: [{item}]\n  \
           # {day}\n  \
           then: {{ {then} }}\n"
    ))
}

/// Keys of who assists by the list and by what was ruled: who was let go this once still does, who was summoned to the place never
/// did, and who leads needs no telling.
fn assistants(case: &Case, orders: &[Order]) -> Vec<String> {
    let moved =
        |order: &Order| matches!(order.phase, Phase::Returned | Phase::Transferred | Phase::Cancelled);
    let of_round = orders.iter().filter(|order| order.round == case.round && order.role == Role::Assist);
    let theirs = of_round.filter(|order| !moved(order) && !order.was_summoned(orders));
    let keys: BTreeSet<String> = theirs.map(|order| order.body.key.to_string()).collect();
    keys.into_iter().filter(|key| *key != case.lead.key.to_string()).collect()
}
