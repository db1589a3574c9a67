//! Orders and cases as messages: their states, as in the events, and what the doors tell beside them.

use std::collections::HashMap;

use contract::proto::dispatch as wire;
use contract::proto::to_wire;

use crate::core::view::{CaseView, HolderView, OrderView, RulingView, StageView, TimeAskedView};

/// The state of a case, and those of the orders shown with it.
pub(super) fn of_case(view: CaseView) -> (wire::CaseState, Vec<wire::OrderState>) {
    let case = wire::CaseState {
        case_id: view.case_id.to_string(),
        case_no: view.case_no,
        street: view.street,
        round: view.round,
        phase: view.phase,
        version: view.version,
        item: view.item,
        stages: view.verifications.into_iter().last().map(Into::into).into_iter().collect(),
        holder: view.holder.unwrap_or_default(),
        adjudication: view.adjudication.map(Into::into),
        falsely_closed: u32::try_from(view.repeated_by.len()).unwrap_or(u32::MAX),
        supervised_at: view.supervised_at.map(to_wire),
    };
    (case, view.orders.into_iter().map(Into::into).collect())
}

/// What is told of a case beside its state.
pub(super) fn case_detail(view: &CaseView) -> wire::CaseDetail {
    wire::CaseDetail {
        item_zh: view.item_zh.clone(),
        item_en: view.item_en.clone(),
        lead: view.lead.clone(),
        opened_at: Some(to_wire(view.opened_at)),
        changed_at: Some(to_wire(view.changed_at)),
        holders: view.holders.iter().cloned().map(Into::into).collect(),
        verifications: view.verifications.iter().cloned().map(Into::into).collect(),
        rulings: view.rulings.iter().cloned().map(Into::into).collect(),
        repeated_by: view.repeated_by.iter().map(ToString::to_string).collect(),
        visits: view.visits.iter().cloned().map(Into::into).collect(),
    }
}

/// What is told of an order beside its state.
pub(super) fn detail(view: &OrderView) -> wire::OrderDetail {
    let acts = view.acts.iter().map(|(act, at)| (act.clone(), to_wire(*at)));
    wire::OrderDetail {
        item_zh: view.item_zh.clone(),
        item_en: view.item_en.clone(),
        address: view.address.clone(),
        changed_at: Some(to_wire(view.changed_at)),
        acts: acts.collect::<HashMap<_, _>>(),
        returning: view.returning.as_ref().map(|asked| wire::ReturnAsked {
            ground: asked.ground.clone(),
            proposed: asked.proposed.clone(),
        }),
        time_asked: view.time_asked.clone().map(Into::into),
    }
}

impl From<TimeAskedView> for wire::TimeAsked {
    fn from(view: TimeAskedView) -> Self {
        Self {
            amount: view.amount.unwrap_or_default(),
            unit: view.unit.unwrap_or_default(),
            until: view.until.map(to_wire),
            reason: view.reason.unwrap_or_default(),
        }
    }
}

impl From<HolderView> for wire::Holding {
    fn from(view: HolderView) -> Self {
        Self { holder: view.holder, from: Some(to_wire(view.from)), to: view.to.map(to_wire) }
    }
}

impl From<RulingView> for wire::Ruling {
    fn from(view: RulingView) -> Self {
        Self {
            order_id: view.order_id.to_string(),
            from: view.from,
            to: view.to,
            role: view.role,
            ground: view.ground.unwrap_or_default(),
            proposed: view.proposed.unwrap_or_default(),
            decided_by: view.decided_by,
        }
    }
}

impl From<OrderView> for wire::OrderState {
    fn from(view: OrderView) -> Self {
        Self {
            order_id: view.order_id.to_string(),
            case_id: view.case_id.to_string(),
            case_no: view.case_no,
            street: view.street,
            round: view.round,
            body: view.body,
            role: view.role,
            phase: view.phase,
            version: view.version,
            item: view.item,
            stages: view.stages.into_iter().map(Into::into).collect(),
            dispatched_at: Some(to_wire(view.dispatched_at)),
            policy: view.policy,
            drill: view.drill,
            follows: view.follows.map(|id| id.to_string()).unwrap_or_default(),
            return_asked: view.returning.is_some(),
            supervised_at: view.supervised_at.map(to_wire),
            urged: view.urged,
            suspended_until: view.suspended_until.map(to_wire),
            time_asked: view.time_asked.is_some(),
        }
    }
}

impl From<StageView> for wire::StageState {
    fn from(view: StageView) -> Self {
        Self {
            stage: view.stage,
            due_at: view.due_at.map(to_wire),
            awaiting_year: view.awaiting_year.and_then(|year| u32::try_from(year).ok()).unwrap_or_default(),
            verdict: view.verdict.unwrap_or_default(),
            met_at: view.met_at.map(to_wire),
            held: view.held,
            zh: view.stage_zh.unwrap_or_default(),
            en: view.stage_en.unwrap_or_default(),
        }
    }
}
