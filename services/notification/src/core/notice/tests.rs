//! The table of who is told, and the bytes they get.

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

fn envelope(event_type: EventType, aggregate_id: Uuid) -> Envelope {
    Envelope {
        id: Uuid::from_u128(9).into(),
        event_type,
        time: "2026-11-23T02:00:00Z".parse().unwrap(),
        tenant: "990102001000".parse().unwrap(),
        lane: ids::Lane::Normal,
        aggregate_id,
        version: 1,
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
        drill: false,
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
    assert_eq!(told(&event), ("verify".into(), vec!["adjudicate".into(), "verify".into()], centre.clone()));
    let ruling = dispatch::CaseEvent { stage: "adjudicate".into(), ..event };
    assert_eq!(told(&ruling), ("adjudicate".into(), vec!["adjudicate".into()], centre));
    let older = dispatch::CaseEvent { told_bodies: Vec::new(), ..ruling };
    assert_eq!(Notice::of_case(EventType::CaseBreached, &older), Ok(None), "an older dispatch names nobody");
}

/// A step of the chain is told to whom the event names, and to nobody else that knows the case.
#[test]
fn a_step_of_a_late_verification_is_told_to_whom_it_names() {
    let event = dispatch::CaseEvent {
        case: Some(dispatch::CaseState { case_id: Uuid::from_u128(2).to_string(), ..Default::default() }),
        stage: "verify".into(),
        escalated_to: "governance-centre".into(),
        measure: "raise".into(),
        told_bodies: vec!["governance-centre".into(), "street-centre@990102001000".into()],
        ..Default::default()
    };
    let notice = Notice::of_case(EventType::CaseEscalated, &event).unwrap().unwrap();
    let bodies: Vec<String> = notice.bodies.iter().map(ToString::to_string).collect();
    assert_eq!((notice.stage.as_deref(), bodies), (Some("verify"), event.told_bodies.clone()));
    let to_nobody = dispatch::CaseEvent { told_bodies: Vec::new(), ..event };
    assert_eq!(Notice::of_case(EventType::CaseEscalated, &to_nobody), Ok(None));
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
    let envelope = envelope(EventType::OrderDispatched, Uuid::from_u128(1));
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
    assert_eq!(notice.stages, [Stage { stage: "review".to_owned(), zh: None, en: None, due_at: Some(due) }]);
    assert_eq!((notice.bodies.len(), notice.stage.as_deref(), notice.voices), (1, Some("review"), None));
}

/// Why it waits and which it is; of its words, its tracking code and what was made of them nothing.
#[test]
fn a_report_that_waits_is_told_by_its_id_and_its_reason_alone() {
    let report_id = Uuid::from_u128(7);
    let mut asked = triage::ReviewRequested {
        report_id: report_id.to_string(),
        street: "990102001000".into(),
        reason: "danger-feared".into(),
        item_explanation_json: r#"{"hits":["没有呼吸"]}"#.into(),
        tracking_sha256: vec![7; 32].into(),
        note: "张三来电".into(),
        told_bodies: vec!["governance-centre".into(), "street-centre@990102001000".into()],
        due_at: Some(contract::proto::to_wire("2026-11-23T02:05:00Z".parse().unwrap())),
        by: "zhang-san".into(),
        ..Default::default()
    };
    let envelope = envelope(EventType::CaseReviewRequested, report_id);
    let notice = Notice::of_review(&asked).unwrap().unwrap();
    let bytes = notice.body_bytes(&envelope, &notice.bodies[0]).unwrap();
    let expected = serde_json::json!({
        "type": "triage.case.review_requested", "id": Uuid::from_u128(9), "time": "2026-11-23T02:00:00Z",
        "version": 1, "street": "990102001000", "case_no": null, "report_id": report_id, "order_id": null,
        "body": "governance-centre", "role": null,
        "stages": [{"stage": "review", "due_at": "2026-11-23T02:05:00Z"}], "stage": "review", "reason": "danger-feared",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
    });
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap(), expected);
    assert_eq!((notice.bodies.len(), notice.about.id()), (2, report_id));
    asked.report_id = "7".into();
    assert_eq!(Notice::of_review(&asked), Err(BadField("report_id")));
    asked.told_bodies.clear();
    assert_eq!(Notice::of_review(&asked), Ok(None), "an older triage names nobody");
}

#[test]
fn a_voice_without_told_bodies_tells_nobody() {
    let mut joined = triage::CaseJoined { case: Some(Default::default()), ..Default::default() };
    assert_eq!(Notice::of_joined(&joined), Ok(None));
    joined.told_bodies = vec!["No Body".into()];
    assert_eq!(Notice::of_joined(&joined), Err(BadField("told_bodies")));
    assert_eq!(Notice::of_order(EventType::OrderDispatched, &Default::default()), Err(BadField("order")));
}
