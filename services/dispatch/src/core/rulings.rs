//! Rulings of a street for reading: those that wait, and those that were given, each offered as a change of the rules.
//!
//! A ruling says once whose a duty is. The offer is that said for every case of the item: a rule to be put into the
//! street's manifest, looked at by `rules check` and `rules backtest` before anybody applies it. Nothing changes by
//! being read here.

use jiff::Timestamp;
use orders::{Case, Role, Ruling, RulingAsked};
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
    /// The rule that would have said so, as YAML for `spec.rules` of the street's manifest; only of the last ruling on who
    /// leads, and empty where the duty stayed. Whether that body may lead the item, the plan of the manifest says.
    pub rule: Option<String>,
}

/// Rulings, newest case first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RulingPage {
    pub rulings: Vec<RulingLine>,
    /// Give it as `before` for the next page; empty on the last.
    pub next: Option<Uuid>,
}

/// What a case has of them: the one that waits, or all that were given.
pub(crate) fn lines(facts: &Facts, case: &Case, waiting: bool) -> Vec<RulingLine> {
    if waiting {
        case.asked.iter().map(|asked| awaited(facts, case, asked)).collect()
    } else {
        let last = case.rulings.iter().rposition(|ruling| ruling.role == Role::Lead);
        let line = |(n, ruling)| RulingLine {
            // What was ruled first and then otherwise is no rule.
            rule: if Some(n) == last { offered(facts, case.opened_at, ruling) } else { None },
            ..given(facts, case, ruling)
        };
        case.rulings.iter().enumerate().map(line).collect()
    }
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
fn offered(facts: &Facts, opened_at: Timestamp, ruling: &Ruling) -> Option<String> {
    let (to, from) = (&ruling.to.key, &ruling.from.key);
    // From one community to the other is no matter of whose duty it is. A rule adds assistants and takes none away, so what
    // was ruled of an assistant is none.
    if to == from || ruling.role != Role::Lead {
        return None;
    }
    let (case_no, item, day) = (&facts.case_no, &facts.item, opened_at.strftime("%F"));
    let key = case_no.to_lowercase();
    Some(format!(
        "ruling-{key}:\n  \
           name: {{ zh: \"裁定 {case_no}：{from} → {to}\", en: \"ruling {case_no}: {from} to {to}\" }}\n  \
           order: {OFFERED_ORDER}\n  \
           items: [{item}]\n  \
           # {day}\n  \
           then: {{ lead: {to} }}\n"
    ))
}
