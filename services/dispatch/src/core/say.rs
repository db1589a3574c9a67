//! What happened, as events: the subject in full after it (D9), and what is particular to it.

use std::collections::BTreeSet;

use bytes::Bytes;
use contract::EventType;
use contract::proto::{dispatch as wire, to_wire};
use ids::BodyRef;
use jiff::Timestamp;
use orders::{
    Actor, Case, CaseEvent, CaseEventKind, Order, OrderEvent, OrderEventKind, Ruling, RulingAsked, Stage,
    StageEvent, StageMove, StageState, Suspension, TimeWanted,
};
use prost::Message;
use sla::Change;
use uuid::Uuid;

use super::late;
use super::matter::{Facts, Happened};
use super::replan::{awaited, due_at, reasons};
use super::view::unit_word;

/// One event ready to be said, without the id it gets in its transaction.
pub(crate) struct Said {
    pub event_type: EventType,
    pub aggregate_id: Uuid,
    pub version: u64,
    pub at: Timestamp,
    /// The principal that did it; none when time or a message did.
    pub principal: Option<String>,
    pub payload: Bytes,
}

impl Happened {
    /// What time or a calendar did to a stage, and whose.
    pub fn stage_event(&self) -> Option<(Uuid, &StageEvent)> {
        match self {
            Happened::Order { event, after } => match &event.kind {
                OrderEventKind::Stage(stage) => Some((after.id.as_uuid(), stage)),
                _ => None,
            },
            Happened::Case { event, after } => match &event.kind {
                CaseEventKind::Stage(stage) => Some((after.id.as_uuid(), stage)),
                _ => None,
            },
        }
    }

    /// The event to say; `note` is what the actor wrote with an act that keeps no note of its own, `told` the bodies
    /// that are informed of the case.
    pub fn said(&self, facts: &Facts, note: &str, told: &[BodyRef]) -> Said {
        match self {
            Happened::Order { event, after } => order_said(facts, event, after, note, told),
            Happened::Case { event, after } => case_said(facts, event, after, told),
        }
    }
}

/// Ground of an end: the plan of the case was drawn anew.
const REROUTED: &str = "rerouted";

fn order_said(facts: &Facts, event: &OrderEvent, after: &Order, note: &str, told: &[BodyRef]) -> Said {
    let own = event.kind.note();
    let by_stage = matches!(event.kind, OrderEventKind::Stage(_));
    let mut payload = wire::OrderEvent {
        order: Some(order_state(facts, after)),
        actor: Some(wire_actor(event.actor.as_ref())),
        at: Some(to_wire(event.at)),
        note: if own.is_empty() && event.actor.is_some() && !by_stage { note } else { own }.to_owned(),
        item_zh: facts.item_zh.clone(),
        item_en: facts.item_en.clone(),
        ..Default::default()
    };
    if let OrderEventKind::Stage(stage) = &event.kind {
        payload.stage = stage.stage().as_str().to_owned();
        match stage {
            StageEvent::Warned { per_mille, .. } => payload.per_mille = per_mille.get().into(),
            StageEvent::Escalated { to, measure, .. } => {
                payload.escalated_to = to.as_ref().map(ToString::to_string).unwrap_or_default();
                measure.as_str().clone_into(&mut payload.measure);
            }
            StageEvent::CalendarAwaited { awaited, .. } => payload.awaiting_year = wire_year(awaited.year),
            StageEvent::Breached { .. } | StageEvent::CalendarFilled { .. } => {}
        }
    }
    match &event.kind {
        OrderEventKind::ReturnAsked { asked, .. } => {
            payload.ground = asked.ground.as_str().to_owned();
            payload.to = asked.proposed.to_string();
        }
        OrderEventKind::Returned { to, .. } | OrderEventKind::Transferred { to, .. } => {
            payload.to = to.to_string();
        }
        OrderEventKind::LinkIssued { link, until } => {
            payload.link_id = link.to_string();
            payload.until = Some(to_wire(*until));
        }
        OrderEventKind::LinkRevoked { link } | OrderEventKind::LinkOpened { link } => {
            payload.link_id = link.to_string();
        }
        OrderEventKind::LinkRefused { link, why } => {
            payload.link_id = link.to_string();
            why.as_str().clone_into(&mut payload.reason);
        }
        OrderEventKind::Asked { .. } => {
            payload.told_bodies = told.iter().map(ToString::to_string).collect();
        }
        OrderEventKind::ExtensionAsked { asked, .. } | OrderEventKind::SuspensionAsked { asked, .. } => {
            wanted(&mut payload, &asked.wanted);
            payload.told_bodies = told.iter().map(ToString::to_string).collect();
        }
        OrderEventKind::Extended { more, .. } => {
            wanted(&mut payload, &TimeWanted::Extension { more: *more });
        }
        OrderEventKind::Suspended { suspension, .. } => {
            let Suspension { until, reason } = *suspension;
            wanted(&mut payload, &TimeWanted::Suspension { until, reason });
        }
        OrderEventKind::Resumed { from, .. } => payload.until = Some(to_wire(*from)),
        OrderEventKind::PolicyAdopted { policy, .. } => policy.clone_into(&mut payload.policy_adopted),
        OrderEventKind::Replanned { moves, .. } => payload.moves = moves.iter().map(wire_move).collect(),
        _ => {}
    }
    if event.kind.rerouted() {
        REROUTED.clone_into(&mut payload.ground);
    }
    Said {
        event_type: event_type("order", event.kind.name()),
        aggregate_id: after.id.as_uuid(),
        version: event.version,
        at: event.at,
        principal: event.actor.as_ref().map(|actor| actor.principal.clone()),
        payload: payload.encode_to_vec().into(),
    }
}

fn wanted(payload: &mut wire::OrderEvent, wanted: &TimeWanted) {
    match wanted {
        TimeWanted::Extension { more } => {
            payload.amount = more.amount();
            payload.unit = unit_word(more.unit()).to_owned();
        }
        TimeWanted::Suspension { until, reason } => {
            payload.until = Some(to_wire(*until));
            payload.reason = reason.as_str().to_owned();
        }
    }
}

fn case_said(facts: &Facts, event: &CaseEvent, after: &Case, told: &[BodyRef]) -> Said {
    let mut payload = wire::CaseEvent {
        case: Some(case_state(facts, after)),
        actor: Some(wire_actor(event.actor.as_ref())),
        at: Some(to_wire(event.at)),
        note: event.kind.note().to_owned(),
        ..Default::default()
    };
    match &event.kind {
        CaseEventKind::Stage(stage) => {
            payload.stage = stage.stage().as_str().to_owned();
            // Who has to rule or to verify is late, or will be: those who are informed hear of it, the centres by default.
            if matches!(stage, StageEvent::Warned { .. } | StageEvent::Breached { .. }) {
                payload.told_bodies = told.iter().map(ToString::to_string).collect();
            }
            match stage {
                StageEvent::Warned { per_mille, .. } => payload.per_mille = per_mille.get().into(),
                StageEvent::Escalated { stage, to, measure, .. } => {
                    payload.escalated_to = to.as_ref().map(ToString::to_string).unwrap_or_default();
                    measure.as_str().clone_into(&mut payload.measure);
                    let told = late::told(after, *stage, (to.as_ref(), *measure), told);
                    payload.told_bodies = told.iter().map(ToString::to_string).collect();
                }
                _ => {}
            }
        }
        CaseEventKind::RulingAsked { asked, .. } => {
            payload.ruling = Some(ruling_asked(asked));
            payload.told_bodies = told.iter().map(ToString::to_string).collect();
        }
        CaseEventKind::Ruled { ruling, .. } => payload.ruling = Some(ruled(ruling)),
        CaseEventKind::Rerouted { plan_version, keeps, .. } => {
            payload.plan_version = *plan_version;
            // Who gets an order or loses one hears of that. Who keeps theirs is to know that item or place is another.
            let mut once = BTreeSet::new();
            for (order, body) in keeps.iter().filter(|(_, body)| once.insert(*body)) {
                payload.told_bodies.push(body.to_string());
                payload.told_orders.push(order.to_string());
            }
        }
        CaseEventKind::RerouteRefused { plan_version, why, .. } => {
            payload.plan_version = *plan_version;
            why.as_str().clone_into(&mut payload.reason);
        }
        CaseEventKind::VisitRecorded { visit } => {
            payload.visit_id = visit.id.to_string();
            payload.visited_at = Some(to_wire(visit.visited_at));
            payload.told_bodies = visit.signatures.values().map(|of| of.body.to_string()).collect();
            payload.told_orders = visit.signatures.keys().map(ToString::to_string).collect();
        }
        CaseEventKind::VisitSigned { visit, order_id, body, .. } => {
            payload.visit_id = visit.to_string();
            payload.visited_at = after.visit(*visit).map(|visit| to_wire(visit.visited_at));
            payload.order_id = order_id.to_string();
            payload.body = body.to_string();
        }
        CaseEventKind::Replanned { moves, .. } => {
            payload.moves = moves.iter().map(wire_move).collect();
            // Who has to rule is told of its clock; verifiers work from the list.
            if moves.iter().any(|moved| moved.clock.stage == Stage::Adjudicate) {
                payload.told_bodies = told.iter().map(ToString::to_string).collect();
            }
        }
        CaseEventKind::FalselyClosed { repeated_by, after_s } => {
            payload.repeated_by = repeated_by.to_string();
            payload.after_s = *after_s;
            payload.told_bodies = std::iter::once(&after.lead).chain(told).map(ToString::to_string).collect();
        }
        _ => {}
    }
    Said {
        event_type: event_type("case", event.kind.name()),
        aggregate_id: after.id.as_uuid(),
        version: event.version,
        at: event.at,
        principal: event.actor.as_ref().map(|actor| actor.principal.clone()),
        payload: payload.encode_to_vec().into(),
    }
}

fn ruling_asked(asked: &RulingAsked) -> wire::Ruling {
    wire::Ruling {
        order_id: asked.order_id.to_string(),
        from: asked.body.to_string(),
        to: String::new(),
        role: asked.role.as_str().to_owned(),
        ground: asked.ground.as_str().to_owned(),
        proposed: asked.proposed.to_string(),
        decided_by: asked.deciding.as_str().to_owned(),
    }
}

fn ruled(ruling: &Ruling) -> wire::Ruling {
    wire::Ruling {
        order_id: ruling.order_id.to_string(),
        from: ruling.from.to_string(),
        to: ruling.to.to_string(),
        role: ruling.role.as_str().to_owned(),
        ground: ruling.ground.map(|ground| ground.as_str().to_owned()).unwrap_or_default(),
        proposed: ruling.proposed.as_ref().map(ToString::to_string).unwrap_or_default(),
        decided_by: ruling.decided.as_str().to_owned(),
    }
}

/// The machine's word is the event's third token.
fn event_type(entity: &str, name: &str) -> EventType {
    let word = format!("dispatch.{entity}.{name}").parse();
    word.expect("each word of the machines is an event type; tests/architecture holds it")
}

fn order_state(facts: &Facts, order: &Order) -> wire::OrderState {
    wire::OrderState {
        order_id: order.id.to_string(),
        case_id: order.case_id.to_string(),
        case_no: facts.case_no.clone(),
        street: order.tenant.to_string(),
        round: order.round,
        body: order.body.to_string(),
        role: order.role.as_str().to_owned(),
        phase: order.phase.as_str().to_owned(),
        version: order.version,
        item: facts.item.clone(),
        stages: order.stages.iter().map(|stage| named(wire_stage(stage), order, stage)).collect(),
        dispatched_at: Some(to_wire(order.dispatched_at)),
        policy: facts.policy.clone(),
        drill: facts.drill,
        follows: order.follows.map(|id| id.to_string()).unwrap_or_default(),
        return_asked: order.returning.is_some(),
        supervised_at: order.supervised_at.map(to_wire),
        urged: order.urged,
        suspended_until: order.suspended.map(|suspended| to_wire(suspended.until)),
        time_asked: order.time_asked.is_some(),
    }
}

/// Its stages are the latest verification: of the present round, or of the one that has just failed.
fn case_state(facts: &Facts, case: &Case) -> wire::CaseState {
    wire::CaseState {
        case_id: case.id.to_string(),
        case_no: facts.case_no.clone(),
        street: case.tenant.to_string(),
        round: case.round,
        phase: case.phase.as_str().to_owned(),
        version: case.version,
        item: facts.item.clone(),
        stages: case.verify.values().last().map(wire_stage).into_iter().collect(),
        holder: case.holder().map(ToString::to_string).unwrap_or_default(),
        adjudication: case.adjudication().map(wire_stage),
        falsely_closed: u32::try_from(case.repeated_by.len()).unwrap_or(u32::MAX),
        supervised_at: case.supervised_at.map(to_wire),
    }
}

fn wire_stage(stage: &StageState) -> wire::StageState {
    wire::StageState {
        stage: stage.stage().as_str().to_owned(),
        due_at: stage.due_at().map(to_wire),
        awaiting_year: stage.awaiting_year().map(wire_year).unwrap_or_default(),
        verdict: stage.verdict.map(|verdict| verdict.as_str().to_owned()).unwrap_or_default(),
        met_at: stage.met_at.map(to_wire),
        held: stage.held() && stage.open(),
        ..Default::default()
    }
}

/// With what people call it, of a named pair.
fn named(said: wire::StageState, order: &Order, stage: &StageState) -> wire::StageState {
    let Some(pair) = order.pair(stage.stage()) else { return said };
    wire::StageState { zh: pair.zh.clone(), en: pair.en.clone(), ..said }
}

fn wire_move(moved: &StageMove) -> wire::StageMove {
    wire::StageMove {
        stage: moved.clock.stage.as_str().to_owned(),
        due_before: due_at(&moved.before).map(to_wire),
        due_after: due_at(&moved.clock.due).map(to_wire),
        awaiting_year: awaited(&moved.clock.due).map(wire_year).unwrap_or_default(),
        left_more_s: moved.left_more_us / 1_000_000,
        why_zh: reasons(&moved.why, Change::text_zh, "；"),
        why_en: reasons(&moved.why, Change::text_en, "; "),
    }
}

fn wire_actor(actor: Option<&Actor>) -> wire::Actor {
    let body = actor.and_then(|actor| actor.body.as_ref()).map(ToString::to_string);
    let subject = actor.map(|actor| actor.principal.clone());
    wire::Actor { subject: subject.unwrap_or_default(), body: body.unwrap_or_default() }
}

fn wire_year(year: i16) -> u32 {
    u32::try_from(year).unwrap_or_default()
}
