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
    /// The bodies the event names: those triage chose at voice 2, 5, 10 … or for mortal danger, those informed of a case whose order
    /// was returned, and those who keep their order in a case that is re-routed.
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
        E::CaseJoined | E::CasePlanReviewRequested | E::CaseVisitRecorded => Audience::ToldBodies,
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
        _ => Audience::Nobody("not heard by this service"),
    }
}

/// What bodies are to be told, read from one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The case.
    pub case_id: Uuid,
    /// As people know it.
    pub case_no: String,
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
}

/// One stage as told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// acknowledge, on_site, resolve …
    pub stage: String,
    /// When it must be met; null while a calendar year is awaited.
    pub due_at: Option<Timestamp>,
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
            case_id: order.case_id.parse().map_err(|_| BadField("order.case_id"))?,
            case_no: order.case_no.clone(),
            order_id: Some(order.order_id.parse().map_err(|_| BadField("order.order_id"))?),
            bodies,
            orders: BTreeMap::new(),
            visit_id: None,
            role: Some(order.role.clone()),
            stages: order.stages.iter().map(stage).collect(),
            stage: Some(event.stage.clone()).filter(|stage| !stage.is_empty()),
            voices: None,
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
            case_id: case.case_id.parse().map_err(|_| BadField("case.case_id"))?,
            case_no: case.case_no.clone(),
            order_id: order_id.map_err(|_| BadField("ruling.order_id"))?,
            bodies: told(&event.told_bodies)?,
            orders: own_orders(event)?,
            visit_id: visit_id.map_err(|_| BadField("visit_id"))?,
            role: ruling.map(|ruling| ruling.role.clone()),
            stages: case.adjudication.iter().chain(limited).map(stage).collect(),
            stage: Some(event.stage.clone()).filter(|stage| !stage.is_empty()),
            voices: None,
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
        let stage = Stage { stage: "review".to_owned(), due_at };
        Ok(notice.map(|notice| Self { stage: Some(stage.stage.clone()), stages: vec![stage], ..notice }))
    }

    fn of_triage(case: Option<&triage::CaseState>, told_bodies: &[String]) -> Result<Option<Self>, BadField> {
        let case = case.ok_or(BadField("case"))?;
        let bodies = told(told_bodies)?;
        if bodies.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            case_id: case.case_id.parse().map_err(|_| BadField("case.case_id"))?,
            case_no: case.case_no.clone(),
            order_id: None,
            bodies,
            orders: BTreeMap::new(),
            visit_id: None,
            role: None,
            stages: Vec::new(),
            stage: None,
            voices: None,
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
            case_no: &self.case_no,
            order_id: self.order_id.or_else(|| self.orders.get(body).copied()),
            visit_id: self.visit_id,
            body: body.to_string(),
            role: self.role.as_deref(),
            stages: &self.stages,
            stage: self.stage.as_deref(),
            voices: self.voices,
            trace_id: trace_id(&envelope.traceparent),
            drill: envelope.drill,
        })
    }
}

/// The fields of D53, and `version` (ADR 070); `stage`, `voices` and `visit_id` only where the event has them. `id` is the event's, the delivery's is
/// the `webhook-id` header.
#[derive(Serialize)]
struct WebhookBody<'a> {
    #[serde(rename = "type")]
    event_type: &'a str,
    id: Uuid,
    time: Timestamp,
    /// Of the order, or of the case as the service that `type` begins with counts it: 1, 2, 3 …, and may arrive in another order.
    version: u64,
    street: String,
    case_no: &'a str,
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
    trace_id: Option<&'a str>,
    /// There only where it is one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    drill: bool,
}

fn stage(state: &dispatch::StageState) -> Stage {
    Stage { stage: state.stage.clone(), due_at: state.due_at.as_ref().and_then(from_wire) }
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
mod tests {
    use contract::topology::HEARS;

    use super::*;

    fn order(body: &str) -> dispatch::OrderEvent {
        let stage =
            |stage: &str, due_at| dispatch::StageState { stage: stage.into(), due_at, ..Default::default() };
        let due = contract::proto::to_wire("2026-11-23T04:00:00Z".parse().unwrap());
        dispatch::OrderEvent {
            order: Some(dispatch::OrderState {
                order_id: Uuid::from_u128(1).to_string(),
                case_id: Uuid::from_u128(2).to_string(),
                case_no: "990102001-261123-0001".into(),
                body: body.into(),
                role: "lead".into(),
                stages: vec![stage("acknowledge", Some(due)), stage("resolve", None)],
                ..Default::default()
            }),
            escalated_to: "governance-centre".into(),
            told_bodies: vec!["street-centre@990102001000".into()],
            ..Default::default()
        }
    }

    fn bodies(event_type: EventType) -> Vec<String> {
        let notice = Notice::of_order(event_type, &order("transport")).unwrap();
        notice.map_or(Vec::new(), |notice| notice.bodies.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_table_says_who_hears_of_an_order() {
        use EventType as E;
        for kind in [E::OrderDispatched, E::OrderWarned, E::OrderBreached, E::OrderUrged, E::OrderReturned] {
            assert_eq!(bodies(kind), ["transport"], "{kind}");
        }
        assert_eq!(bodies(EventType::OrderEscalated), ["governance-centre"]);
        assert_eq!(bodies(EventType::OrderExtensionAsked), ["street-centre@990102001000"]);
        assert!(bodies(EventType::OrderAcknowledged).is_empty());
        assert!(bodies(EventType::OrderDone).is_empty());
    }

    /// A ruling that does not come is told with its limit to those who are informed.
    #[test]
    fn a_late_ruling_is_told_with_what_is_late() {
        let late = |name: &str| dispatch::StageState { stage: name.into(), ..Default::default() };
        let event = dispatch::CaseEvent {
            case: Some(dispatch::CaseState {
                case_id: Uuid::from_u128(2).to_string(),
                stages: vec![late("verify")],
                adjudication: Some(late("adjudicate")),
                ..Default::default()
            }),
            stage: "verify".into(),
            told_bodies: vec!["governance-centre".into()],
            ..Default::default()
        };
        let told = |event: &dispatch::CaseEvent| {
            let notice = Notice::of_case(EventType::CaseBreached, event).unwrap().unwrap();
            let stages: Vec<String> = notice.stages.into_iter().map(|stage| stage.stage).collect();
            (notice.stage.unwrap(), stages, notice.bodies[0].to_string())
        };
        let centre = "governance-centre".to_owned();
        assert_eq!(
            told(&event),
            ("verify".into(), vec!["adjudicate".into(), "verify".into()], centre.clone())
        );
        let ruling = dispatch::CaseEvent { stage: "adjudicate".into(), ..event };
        assert_eq!(told(&ruling), ("adjudicate".into(), vec!["adjudicate".into()], centre));
        let older = dispatch::CaseEvent { told_bodies: Vec::new(), ..ruling };
        assert_eq!(
            Notice::of_case(EventType::CaseBreached, &older),
            Ok(None),
            "an older dispatch names nobody"
        );
    }

    /// Whoever is to be told is heard, and what nobody is told of is not.
    #[test]
    fn the_subscriptions_are_the_audience() {
        let heard = |kind: &EventType| {
            let edges = HEARS.iter().filter(|edge| edge.service == "notification");
            edges.flat_map(|edge| edge.events).any(|event| *event == kind.as_str())
        };
        for kind in EventType::ALL {
            assert_eq!(heard(kind), !matches!(audience(*kind), Audience::Nobody(_)), "{kind}");
        }
    }

    #[test]
    fn the_body_has_the_promised_fields_and_no_others() {
        let envelope = Envelope {
            id: Uuid::from_u128(9).into(),
            event_type: EventType::OrderDispatched,
            time: "2026-11-23T02:00:00Z".parse().unwrap(),
            tenant: "990102001000".parse().unwrap(),
            lane: ids::Lane::Normal,
            aggregate_id: Uuid::from_u128(1),
            version: 1,
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
            drill: false,
        };
        let notice = Notice::of_order(envelope.event_type, &order("transport")).unwrap().unwrap();
        let bytes = notice.body_bytes(&envelope, &notice.bodies[0]).unwrap();
        let expected = serde_json::json!({
            "type": "dispatch.order.dispatched", "id": Uuid::from_u128(9), "time": "2026-11-23T02:00:00Z",
            "version": 1, "street": "990102001000", "case_no": "990102001-261123-0001", "order_id": Uuid::from_u128(1),
            "body": "transport", "role": "lead",
            "stages": [{"stage": "acknowledge", "due_at": "2026-11-23T04:00:00Z"}, {"stage": "resolve", "due_at": null}],
            "trace_id": "0af7651916cd43dd8448eb211c80319c",
        });
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap(), expected);
    }

    #[test]
    fn a_returned_order_is_told_to_those_who_are_informed_of_its_case() {
        let mut asked = dispatch::CaseEvent {
            case: Some(dispatch::CaseState {
                case_id: Uuid::from_u128(2).to_string(),
                case_no: "990102001-261123-0001".into(),
                ..Default::default()
            }),
            ruling: Some(dispatch::Ruling {
                order_id: Uuid::from_u128(1).to_string(),
                role: "lead".into(),
                ..Default::default()
            }),
            told_bodies: vec!["street-centre@990102001000".into(), "governance-centre".into()],
            ..Default::default()
        };
        let notice = Notice::of_case(EventType::CaseRulingAsked, &asked).unwrap().unwrap();
        assert_eq!(notice.bodies.len(), 2);
        assert_eq!(notice.order_id, Some(Uuid::from_u128(1)));
        assert_eq!(Notice::of_case(EventType::CaseRuled, &asked), Ok(None));
        asked.told_bodies.clear();
        assert_eq!(Notice::of_case(EventType::CaseRulingAsked, &asked), Ok(None));
    }

    #[test]
    fn a_plan_drawn_anew_is_told_to_who_keeps_its_order() {
        let own = Uuid::from_u128(1);
        let mut rerouted = dispatch::CaseEvent {
            case: Some(dispatch::CaseState {
                case_id: Uuid::from_u128(2).to_string(),
                case_no: "990102001-261123-0001".into(),
                ..Default::default()
            }),
            told_bodies: vec!["transport".into()],
            told_orders: vec![own.to_string()],
            ..Default::default()
        };
        let notice = Notice::of_case(EventType::DispatchCaseRerouted, &rerouted).unwrap().unwrap();
        let transport: BodyRef = "transport".parse().unwrap();
        assert_eq!((notice.order_id, notice.orders.get(&transport)), (None, Some(&own)));
        assert_eq!(notice.bodies, [transport]);
        // Everybody has another order, or an event of before named nobody.
        rerouted.told_bodies.clear();
        rerouted.told_orders.clear();
        assert_eq!(Notice::of_case(EventType::DispatchCaseRerouted, &rerouted), Ok(None));
        assert_eq!(Notice::of_case(EventType::CaseRerouteRefused, &rerouted), Ok(None));
    }

    #[test]
    fn a_plan_that_waits_is_told_to_the_centre_with_its_end() {
        let due = "2026-11-23T02:30:00Z".parse().unwrap();
        let asked = triage::PlanReviewRequested {
            case: Some(triage::CaseState { case_id: Uuid::from_u128(2).to_string(), ..Default::default() }),
            due_at: Some(contract::proto::to_wire(due)),
            told_bodies: vec!["street-centre@990102001000".into()],
            ..Default::default()
        };
        let notice = Notice::of_plan_review(&asked).unwrap().unwrap();
        assert_eq!(notice.stages, [Stage { stage: "review".to_owned(), due_at: Some(due) }]);
        assert_eq!((notice.bodies.len(), notice.stage.as_deref(), notice.voices), (1, Some("review"), None));
    }

    #[test]
    fn a_voice_without_told_bodies_tells_nobody() {
        let mut joined = triage::CaseJoined { case: Some(Default::default()), ..Default::default() };
        assert_eq!(Notice::of_joined(&joined), Ok(None));
        joined.told_bodies = vec!["No Body".into()];
        assert_eq!(Notice::of_joined(&joined), Err(BadField("told_bodies")));
        assert_eq!(Notice::of_order(EventType::OrderDispatched, &Default::default()), Err(BadField("order")));
    }
}
