//! Orders and cases as the HTTP door shows them.

use std::collections::BTreeMap;

use ids::BodyRef;
use jiff::Timestamp;
use orders::{Case, Order, StageState, TimeWanted};
use serde::{Deserialize, Serialize};
use sla::Unit;
use utoipa::ToSchema;
use uuid::Uuid;

use super::matter::Facts;

/// An order with what is shown of its case.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub order: Order,
    pub case_no: String,
    pub item: String,
    pub item_zh: String,
    pub item_en: String,
    pub address: String,
    pub policy: String,
    pub drill: bool,
}

impl Listed {
    pub fn of(order: &Order, facts: &Facts) -> Self {
        let Facts { case_no, item, item_zh, item_en, address, policy, drill, .. } = facts.clone();
        Self { order: order.clone(), case_no, item, item_zh, item_en, address, policy, drill }
    }
}

/// A stage with its clock. Exactly one of `due_at` and `awaiting_year` is there.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct StageView {
    /// see, acknowledge, on_site, resolve, verify or adjudicate, or the name of a pair.
    pub stage: String,
    /// Of a named pair: what people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_zh: Option<String>,
    /// The same in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_en: Option<String>,
    pub started_at: Timestamp,
    /// The last instant in time.
    pub due_at: Option<Timestamp>,
    /// The calendar year that is not published yet.
    pub awaiting_year: Option<i16>,
    /// met, breached or cancelled; empty while open.
    pub verdict: Option<String>,
    pub met_at: Option<Timestamp>,
    /// Its time is on hold: `due_at` is what it was before.
    #[serde(default)]
    pub held: bool,
}

impl StageView {
    pub fn of(stage: &StageState) -> Self {
        Self {
            stage: stage.stage().as_str().to_owned(),
            stage_zh: None,
            stage_en: None,
            started_at: stage.started_at,
            due_at: stage.due_at(),
            awaiting_year: stage.awaiting_year(),
            verdict: stage.verdict.map(|verdict| verdict.as_str().to_owned()),
            met_at: stage.met_at,
            held: stage.held() && stage.open(),
        }
    }

    /// A stage of an order, with what people call it where that is a named pair.
    pub fn of_order(order: &Order, stage: &StageState) -> Self {
        let pair = order.pair(stage.stage());
        let (stage_zh, stage_en) = (pair.map(|pair| pair.zh.clone()), pair.map(|pair| pair.en.clone()));
        Self { stage_zh, stage_en, ..Self::of(stage) }
    }
}

/// The duty of one body in one round of a case.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct OrderView {
    pub order_id: Uuid,
    pub case_id: Uuid,
    pub case_no: String,
    /// 12 digits.
    pub street: String,
    pub round: u32,
    pub body: String,
    /// lead, assist or inform.
    pub role: String,
    /// dispatched, seen, acknowledged, on_site, in_progress, submitted, done, cancelled, returned, transferred or waived.
    pub phase: String,
    /// For `If-Match`.
    pub version: u64,
    pub item: String,
    pub item_zh: String,
    pub item_en: String,
    /// Where it is, as the reporter wrote it; empty where nothing was written.
    #[serde(default)]
    pub address: String,
    pub policy: String,
    /// A rehearsal; whoever holds it does nothing.
    #[serde(default)]
    pub drill: bool,
    pub dispatched_at: Timestamp,
    pub changed_at: Timestamp,
    /// When each act was first done.
    pub acts: BTreeMap<String, Timestamp>,
    pub stages: Vec<StageView>,
    /// The order whose duty goes on here, if it was returned or transferred.
    #[serde(default)]
    pub follows: Option<Uuid>,
    /// Its return waits for a ruling: why, and whose it is as the body says.
    #[serde(default)]
    pub returning: Option<ReturningView>,
    /// Under supervision since then.
    #[serde(default)]
    pub supervised_at: Option<Timestamp>,
    /// How often somebody urged it.
    #[serde(default)]
    pub urged: u32,
    /// A question for time that waits for its answer; the clocks run.
    #[serde(default)]
    pub time_asked: Option<TimeAskedView>,
    /// Its clocks stand still until then at the latest.
    #[serde(default)]
    pub suspended_until: Option<Timestamp>,
}

/// More time, or time that is not charged.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct TimeAskedView {
    /// How much more.
    pub amount: Option<u32>,
    /// second, minute, hour or workday.
    pub unit: Option<String>,
    /// The end of a suspension.
    pub until: Option<Timestamp>,
    /// reporter, materials, approval, weather or proceedings.
    pub reason: Option<String>,
}

impl TimeAskedView {
    fn of(wanted: &TimeWanted) -> Self {
        match wanted {
            TimeWanted::Extension { more } => Self {
                amount: Some(more.amount()),
                unit: Some(unit_word(more.unit()).to_owned()),
                until: None,
                reason: None,
            },
            TimeWanted::Suspension { until, reason } => Self {
                amount: None,
                unit: None,
                until: Some(*until),
                reason: Some(reason.as_str().to_owned()),
            },
        }
    }
}

/// A unit as the doors and events call it.
pub(crate) const fn unit_word(unit: Unit) -> &'static str {
    match unit {
        Unit::Second => "second",
        Unit::Minute => "minute",
        Unit::Hour => "hour",
        Unit::Workday => "workday",
    }
}

/// A return that waits for a ruling; until then the body holds the order and its clocks run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ReturningView {
    /// not_our_duty, not_our_area, wrong_item or beyond_powers.
    pub ground: String,
    pub proposed: String,
}

impl OrderView {
    pub fn of(listed: &Listed) -> Self {
        let order = &listed.order;
        Self {
            order_id: order.id.as_uuid(),
            case_id: order.case_id.as_uuid(),
            case_no: listed.case_no.clone(),
            street: order.tenant.to_string(),
            round: order.round,
            body: order.body.to_string(),
            role: order.role.as_str().to_owned(),
            phase: order.phase.as_str().to_owned(),
            version: order.version,
            item: listed.item.clone(),
            item_zh: listed.item_zh.clone(),
            item_en: listed.item_en.clone(),
            address: listed.address.clone(),
            policy: listed.policy.clone(),
            drill: listed.drill,
            dispatched_at: order.dispatched_at,
            changed_at: order.changed_at,
            acts: order.acts.iter().map(|(act, at)| (act.as_str().to_owned(), *at)).collect(),
            stages: order.stages.iter().map(|stage| StageView::of_order(order, stage)).collect(),
            follows: order.follows.map(|id| id.as_uuid()),
            returning: order.returning.as_ref().map(|asked| ReturningView {
                ground: asked.ground.as_str().to_owned(),
                proposed: asked.proposed.to_string(),
            }),
            supervised_at: order.supervised_at,
            urged: order.urged,
            time_asked: order.time_asked.as_ref().map(|asked| TimeAskedView::of(&asked.wanted)),
            suspended_until: order.suspended.map(|suspended| suspended.until),
        }
    }
}

/// Orders, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct OrderPage {
    pub orders: Vec<OrderView>,
    /// Give it as `before` for the next page; empty on the last.
    pub next: Option<Uuid>,
}

/// One stretch of the case's holder line.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct HolderView {
    /// A body, `centre` or `district` while one of them rules on the lead's return, or `verifier`.
    pub holder: String,
    pub from: Timestamp,
    pub to: Option<Timestamp>,
}

/// Whose a duty is: a ruling on a return, or a transfer nobody had asked for.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct RulingView {
    pub order_id: Uuid,
    /// Who held it.
    pub from: String,
    /// Whose it is; who held it, when the return was refused.
    pub to: String,
    /// lead or assist.
    pub role: String,
    /// centre or district.
    pub decided_by: String,
    /// Why it was returned; empty when nobody did.
    pub ground: Option<String>,
    /// Whose it is, as the body said that returned it.
    pub proposed: Option<String>,
}

impl RulingView {
    fn of(ruling: &orders::Ruling) -> Self {
        Self {
            order_id: ruling.order_id.as_uuid(),
            from: ruling.from.to_string(),
            to: ruling.to.to_string(),
            role: ruling.role.as_str().to_owned(),
            decided_by: ruling.decided.as_str().to_owned(),
            ground: ruling.ground.map(|ground| ground.as_str().to_owned()),
            proposed: ruling.proposed.as_ref().map(ToString::to_string),
        }
    }
}

/// A visit to the place that several bodies made together.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct VisitView {
    pub visit_id: Uuid,
    pub case_id: Uuid,
    /// When they were there, as the lead says.
    pub visited_at: Timestamp,
    /// When the lead said so.
    pub recorded_at: Timestamp,
    /// The lead that recorded it.
    pub by: String,
    pub note: String,
    /// Who was there besides. A body that has not signed was not there as far as its order goes.
    pub signatures: Vec<SignatureView>,
}

/// One body's part in a visit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct SignatureView {
    pub order_id: Uuid,
    pub body: String,
    /// Empty while it is still to sign.
    pub signed_at: Option<Timestamp>,
}

impl VisitView {
    pub fn of(case: &Case, visit: &orders::Visit) -> Self {
        let signature = |(order_id, of): (&ids::OrderId, &orders::Signature)| SignatureView {
            order_id: order_id.as_uuid(),
            body: of.body.to_string(),
            signed_at: of.signed_at,
        };
        Self {
            visit_id: visit.id.as_uuid(),
            case_id: case.id.as_uuid(),
            visited_at: visit.visited_at,
            recorded_at: visit.recorded_at,
            by: visit.by.to_string(),
            note: visit.note.clone(),
            signatures: visit.signatures.iter().map(signature).collect(),
        }
    }
}

/// A case as dispatch knows it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct CaseView {
    pub case_id: Uuid,
    pub case_no: String,
    /// 12 digits.
    pub street: String,
    pub round: u32,
    /// open, submitted, verifying, closed or cancelled.
    pub phase: String,
    /// For `If-Match`.
    pub version: u64,
    pub item: String,
    pub item_zh: String,
    pub item_en: String,
    pub lead: String,
    /// Who has it in hand now; empty once it has ended.
    pub holder: Option<String>,
    pub opened_at: Timestamp,
    pub changed_at: Timestamp,
    /// Without a gap from `opened_at` on.
    pub holders: Vec<HolderView>,
    /// The verification of each submitted round.
    pub verifications: Vec<StageView>,
    /// The clock of the return that waits for a ruling.
    pub adjudication: Option<StageView>,
    /// Whose duties were ruled to be, in order.
    pub rulings: Vec<RulingView>,
    /// Cases in which the same matter came again soon after the close: each is a false closure.
    #[serde(default)]
    pub repeated_by: Vec<Uuid>,
    /// Visits that several bodies made together, with who is still to sign.
    #[serde(default)]
    pub visits: Vec<VisitView>,
    /// Under supervision since then: its verification or a ruling was late.
    #[serde(default)]
    pub supervised_at: Option<Timestamp>,
    /// Those the caller may see.
    pub orders: Vec<OrderView>,
}

/// Whether one of these orders is the lead's that recorded it, or of a body that was there: a visit is not for those who are
/// only informed.
fn took_part(visit: &orders::Visit, orders: &[OrderView]) -> bool {
    let lead = |order: &OrderView| order.role == "lead" && order.body == visit.by.to_string();
    orders.iter().any(|order| lead(order) || visit.signatures.contains_key(&ids::OrderId(order.order_id)))
}

impl CaseView {
    pub fn of(facts: &Facts, case: &Case, orders: Vec<OrderView>) -> Self {
        let interval = |interval: &orders::HolderInterval| HolderView {
            holder: interval.holder.to_string(),
            from: interval.from,
            to: interval.to,
        };
        Self {
            case_id: case.id.as_uuid(),
            case_no: facts.case_no.clone(),
            street: case.tenant.to_string(),
            round: case.round,
            phase: case.phase.as_str().to_owned(),
            version: case.version,
            item: facts.item.clone(),
            item_zh: facts.item_zh.clone(),
            item_en: facts.item_en.clone(),
            lead: case.lead.to_string(),
            holder: case.holder().map(ToString::to_string),
            opened_at: case.opened_at,
            changed_at: case.changed_at,
            holders: case.holders.iter().map(interval).collect(),
            verifications: case.verify.values().map(StageView::of).collect(),
            adjudication: case.adjudication().map(StageView::of),
            rulings: case.rulings.iter().map(RulingView::of).collect(),
            repeated_by: case.repeated_by.iter().map(|id| id.as_uuid()).collect(),
            visits: case
                .visits
                .iter()
                .filter(|visit| took_part(visit, &orders))
                .map(|visit| VisitView::of(case, visit))
                .collect(),
            supervised_at: case.supervised_at,
            orders,
        }
    }

    /// With the orders in hand.
    pub fn whole(facts: &Facts, case: &Case, orders: &[Order]) -> Self {
        let orders = orders.iter().map(|order| OrderView::of(&Listed::of(order, facts))).collect();
        Self::of(facts, case, orders)
    }

    /// With the orders of these bodies, for who may read no others.
    pub fn for_bodies(facts: &Facts, case: &Case, orders: &[Order], bodies: &[BodyRef]) -> Self {
        let theirs = orders.iter().filter(|order| bodies.contains(&order.body));
        let orders = theirs.map(|order| OrderView::of(&Listed::of(order, facts))).collect();
        Self::of(facts, case, orders)
    }
}
