//! Who is told of an event, and the bytes they get (D53). Push texts carry numbers and codes only.

use std::collections::BTreeMap;

use contract::proto::{dispatch, from_wire, triage};
use contract::{Envelope, EventType};
use ids::BodyRef;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// Who hears of a type of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The body that holds the order.
    OrderBody,
    /// The body the escalation step names.
    EscalatedTo,
    /// The bodies the event names: those triage chose at voice 2, 5, 10 … or for mortal danger, the centre on whose desk something
    /// lies, those informed of a case whose order was returned, those whom a late verification or ruling is escalated to, and those
    /// who keep their order in a case that is re-routed.
    ToldBodies,
    /// No webhook, and why.
    Nobody(&'static str),
}

/// The table: every event this service might hear, and its audience. Those for nobody do not get here
/// (`contract::topology` leaves them out); the reason why stands here.
pub fn audience(event_type: EventType) -> Audience {
    use EventType as E;
    match event_type {
        E::OrderDispatched | E::OrderWarned | E::OrderBreached => Audience::OrderBody,
        // What others did with its order: it ends, stays, or is looked at.
        E::OrderCancelled
        | E::OrderReturnRefused
        | E::OrderReturned
        | E::OrderTransferred
        | E::OrderWaived => Audience::OrderBody,
        E::OrderUrged | E::OrderSupervised => Audience::OrderBody,
        E::OrderTimeRefused | E::OrderExtended | E::OrderSuspended | E::OrderResumed => Audience::OrderBody,
        // Its due times moved with the calendar.
        E::OrderReplanned | E::OrderPolicyAdopted => Audience::OrderBody,
        E::OrderEscalated => Audience::EscalatedTo,
        E::CaseJoined | E::CaseVisitRecorded => Audience::ToldBodies,
        // What waits for a person, who is not to have to look for it.
        E::CaseReviewRequested | E::CasePlanReviewRequested => Audience::ToldBodies,
        // Of a clock of verification nobody is named: verifiers work from the console's list.
        E::CaseRulingAsked | E::CaseFalselyClosed | E::CaseReplanned => Audience::ToldBodies,
        E::OrderExtensionAsked | E::OrderSuspensionAsked | E::OrderAsked => Audience::ToldBodies,
        E::OrderSeen | E::OrderAcknowledged | E::OrderArrived | E::OrderProgressed | E::OrderSubmitted => {
            Audience::Nobody("the body's own act")
        }
        E::OrderLinkIssued | E::OrderLinkRevoked | E::OrderLinkOpened | E::OrderLinkRefused => {
            Audience::Nobody("what a link is for, its giver says; the receipt stands on the timeline")
        }
        E::OrderReturnAsked => Audience::Nobody("the body's own act; who rules hears of the case"),
        E::CaseRuled => Audience::Nobody("each body hears of it by its own order"),
        // Item or place is another; who gets or loses an order hears of it by that.
        E::DispatchCaseRerouted => Audience::ToldBodies,
        E::CaseRerouteRefused => Audience::Nobody("no order changes; who asked sees it on the timeline"),
        E::CaseVisitSigned => Audience::Nobody("the body's own act"),
        E::CaseWhistled => Audience::Nobody("each body hears of it by its own order"),
        E::CaseCancelled => Audience::Nobody("each body hears of it by its own order"),
        E::OrderDone => Audience::Nobody("follows from the closure of the case"),
        E::OrderCalendarAwaited => Audience::Nobody("an alarm for those who publish the calendar"),
        E::CaseSubmitted | E::CaseVerifying => Audience::Nobody("verifiers work from the console's list"),
        E::CaseClosed => Audience::Nobody("shown by the console; residents are answered by another channel"),
        E::CaseReopened => Audience::Nobody("each body hears of the new round by its new order"),
        // A ruling or a verification that does not come: the verifier is a person without an endpoint, the centres are not.
        E::CaseWarned | E::CaseBreached => Audience::ToldBodies,
        // The body that the chain names, and who is late where the step tells them.
        E::CaseEscalated => Audience::ToldBodies,
        _ => Audience::Nobody("not heard by this service"),
    }
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A case.
    Case {
        /// Which.
        case_id: Uuid,
        /// As people know it.
        case_no: String,
    },
    /// A report that has no case, or none yet.
    Report(Uuid),
}

impl About {
    fn case(case_id: &str, case_no: &str, field: &'static str) -> Result<Self, BadField> {
        Ok(Self::Case { case_id: case_id.parse().map_err(|_| BadField(field))?, case_no: case_no.to_owned() })
    }

    /// Id of the case, or of the report.
    pub const fn id(&self) -> Uuid {
        match self {
            Self::Case { case_id, .. } => *case_id,
            Self::Report(report_id) => *report_id,
        }
    }

    fn case_no(&self) -> Option<&str> {
        match self {
            Self::Case { case_no, .. } => Some(case_no),
            Self::Report(_) => None,
        }
    }

    /// The report, where it is about one.
    pub const fn report_id(&self) -> Option<Uuid> {
        match self {
            Self::Case { .. } => None,
            Self::Report(report_id) => Some(*report_id),
        }
    }
}

/// What bodies are to be told, read from one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is about.
    pub about: About,
    /// The order, for events of an order.
    pub order_id: Option<Uuid>,
    /// Who is told, each once.
    pub bodies: Vec<BodyRef>,
    /// The own order of each, where the event is about several.
    pub orders: BTreeMap<BodyRef, Uuid>,
    /// The joint visit that waits for signatures.
    pub visit_id: Option<Uuid>,
    /// lead, assist or inform.
    pub role: Option<String>,
    /// The order's stages with their ends.
    pub stages: Vec<Stage>,
    /// The stage that was warned of, breached or escalated.
    pub stage: Option<String>,
    /// How many report the case.
    pub voices: Option<u32>,
    /// Why a report waits: a stable code.
    pub reason: Option<String>,
}

/// The limit of what waits for a person.
const REVIEW: &str = "review";

/// One stage as told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// acknowledge, on_site, resolve …, or the name of a pair.
    pub stage: String,
    /// Of a named pair: what people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zh: Option<String>,
    /// The same in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
    /// When it must be met; null while a calendar year is awaited.
    pub due_at: Option<Timestamp>,
}

impl Stage {
    /// A plan or a report that waits for a person.
    fn of_review(due_at: Option<Timestamp>) -> Self {
        Self { stage: REVIEW.to_owned(), zh: None, en: None, due_at }
    }
}

/// The payload lacks something or names what is no id or body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("missing or malformed field {0}")]
pub struct BadField(pub &'static str);

impl Notice {
    /// From an event of an order; `None` when nobody is told.
    pub fn of_order(event_type: EventType, event: &dispatch::OrderEvent) -> Result<Option<Self>, BadField> {
        let order = event.order.as_ref().ok_or(BadField("order"))?;
        let named = |body: &str| body.parse().map(|body| vec![body]).map_err(|_| BadField("body"));
        let bodies = match audience(event_type) {
            Audience::OrderBody => named(&order.body)?,
            Audience::EscalatedTo => named(&event.escalated_to)?,
            Audience::ToldBodies => told(&event.told_bodies)?,
            Audience::Nobody(_) => return Ok(None),
        };
        if bodies.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            about: About::case(&order.case_id, &order.case_no, "order.case_id")?,
            order_id: Some(order.order_id.parse().map_err(|_| BadField("order.order_id"))?),
            bodies,
            orders: BTreeMap::new(),
            visit_id: None,
            role: Some(order.role.clone()),
            stages: order.stages.iter().map(stage).collect(),
            stage: Some(event.stage.clone()).filter(|stage| !stage.is_empty()),
            voices: None,
            reason: None,
        }))
    }

    /// From an event of a case; `None` when nobody is told.
    pub fn of_case(event_type: EventType, event: &dispatch::CaseEvent) -> Result<Option<Self>, BadField> {
        let case = event.case.as_ref().ok_or(BadField("case"))?;
        let ruling = event.ruling.as_ref();
        if audience(event_type) != Audience::ToldBodies || event.told_bodies.is_empty() {
            return Ok(None);
        }
        // The verification, where it is what the event is about.
        let limited = case.stages.iter().filter(|stage| stage.stage == event.stage);
        let order_id = ruling.map(|ruling| ruling.order_id.parse()).transpose();
        let visit_id = Some(&event.visit_id).filter(|id| !id.is_empty()).map(|id| id.parse()).transpose();
        Ok(Some(Self {
            about: About::case(&case.case_id, &case.case_no, "case.case_id")?,
            order_id: order_id.map_err(|_| BadField("ruling.order_id"))?,
            bodies: told(&event.told_bodies)?,
            orders: own_orders(event)?,
            visit_id: visit_id.map_err(|_| BadField("visit_id"))?,
            role: ruling.map(|ruling| ruling.role.clone()),
            stages: case.adjudication.iter().chain(limited).map(stage).collect(),
            stage: Some(event.stage.clone()).filter(|stage| !stage.is_empty()),
            voices: None,
            reason: None,
        }))
    }

    /// From one more voice in a case; `None` when nobody is told of this one.
    pub fn of_joined(event: &triage::CaseJoined) -> Result<Option<Self>, BadField> {
        let notice = Self::of_triage(event.case.as_ref(), &event.told_bodies)?;
        let voices = event.case.as_ref().map(|case| case.voices);
        Ok(notice.map(|notice| Self { voices, ..notice }))
    }

    /// From a plan that waits for a person: until when, as the stage `review`. `None` when nobody is told.
    pub fn of_plan_review(event: &triage::PlanReviewRequested) -> Result<Option<Self>, BadField> {
        let notice = Self::of_triage(event.case.as_ref(), &event.told_bodies)?;
        let due_at = event.due_at.as_ref().and_then(from_wire);
        let stage = Stage::of_review(due_at);
        Ok(notice.map(|notice| Self { stage: Some(stage.stage.clone()), stages: vec![stage], ..notice }))
    }

    /// From a report that waits for a person, why it does and until when, as the stage `review`. `None` when nobody is told.
    pub fn of_review(event: &triage::ReviewRequested) -> Result<Option<Self>, BadField> {
        let about = || event.report_id.parse().map(About::Report).map_err(|_| BadField("report_id"));
        let notice = Self::told_of(about, &event.told_bodies)?;
        let reason = Some(event.reason.clone()).filter(|reason| !reason.is_empty());
        let due_at = event.due_at.as_ref().and_then(from_wire);
        let limit = due_at.map(|due_at| Stage::of_review(Some(due_at)));
        let (stage, stages) = (Some(REVIEW.to_owned()), limit.into_iter().collect());
        Ok(notice.map(|notice| Self { stage, stages, reason, ..notice }))
    }

    fn of_triage(case: Option<&triage::CaseState>, told_bodies: &[String]) -> Result<Option<Self>, BadField> {
        let case = case.ok_or(BadField("case"))?;
        Self::told_of(|| About::case(&case.case_id, &case.case_no, "case.case_id"), told_bodies)
    }

    /// What it is about matters only where somebody is told.
    fn told_of(
        about: impl FnOnce() -> Result<About, BadField>,
        told_bodies: &[String],
    ) -> Result<Option<Self>, BadField> {
        let bodies = told(told_bodies)?;
        if bodies.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            about: about()?,
            order_id: None,
            bodies,
            orders: BTreeMap::new(),
            visit_id: None,
            role: None,
            stages: Vec::new(),
            stage: None,
            voices: None,
            reason: None,
        }))
    }

    /// The webhook's bytes for one body. Fixed from here on: every attempt sends exactly these.
    pub fn body_bytes(&self, envelope: &Envelope, body: &BodyRef) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&WebhookBody {
            event_type: envelope.event_type.as_str(),
            id: envelope.id.as_uuid(),
            time: envelope.time,
            version: envelope.version,
            street: envelope.tenant.to_string(),
            case_no: self.about.case_no(),
            report_id: self.about.report_id(),
            order_id: self.order_id.or_else(|| self.orders.get(body).copied()),
            visit_id: self.visit_id,
            body: body.to_string(),
            role: self.role.as_deref(),
            stages: &self.stages,
            stage: self.stage.as_deref(),
            voices: self.voices,
            reason: self.reason.as_deref(),
            trace_id: trace_id(&envelope.traceparent),
            drill: envelope.drill,
        })
    }
}

/// The fields of D53, and `version` (ADR 070); `report_id`, `stage`, `voices`, `reason` and `visit_id` only where the event has them. `id`
/// is the event's, the delivery's is the `webhook-id` header.
#[derive(Serialize)]
struct WebhookBody<'a> {
    #[serde(rename = "type")]
    event_type: &'a str,
    id: Uuid,
    time: Timestamp,
    /// Of the order, of the report, or of the case as the service that `type` begins with counts it: 1, 2, 3 …, and may arrive in
    /// another order.
    version: u64,
    street: String,
    case_no: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report_id: Option<Uuid>,
    order_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visit_id: Option<Uuid>,
    body: String,
    role: Option<&'a str>,
    stages: &'a [Stage],
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voices: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    trace_id: Option<&'a str>,
    /// There only where it is one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    drill: bool,
}

fn stage(state: &dispatch::StageState) -> Stage {
    let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Stage {
        stage: state.stage.clone(),
        zh: filled(&state.zh),
        en: filled(&state.en),
        due_at: state.due_at.as_ref().and_then(from_wire),
    }
}

/// Each body once, in order.
fn told(bodies: &[String]) -> Result<Vec<BodyRef>, BadField> {
    let told = bodies.iter().map(|body| body.parse());
    let mut bodies: Vec<BodyRef> = told.collect::<Result<_, _>>().map_err(|_| BadField("told_bodies"))?;
    bodies.sort();
    bodies.dedup();
    Ok(bodies)
}

/// The order of each body that is told; an event of before names none.
fn own_orders(event: &dispatch::CaseEvent) -> Result<BTreeMap<BodyRef, Uuid>, BadField> {
    let pairs = event.told_bodies.iter().zip(&event.told_orders);
    let read = |(body, order): (&String, &String)| {
        Ok((
            body.parse().map_err(|_| BadField("told_bodies"))?,
            order.parse().map_err(|_| BadField("told_orders"))?,
        ))
    };
    pairs.map(read).collect()
}

/// The 32 hex digits of a `traceparent`.
fn trace_id(traceparent: &str) -> Option<&str> {
    traceparent.split('-').nth(1).filter(|id| id.len() == 32)
}

#[cfg(test)]
mod tests;
