//! One visit that several bodies made together: recorded by the lead, signed by each of the others.

use std::time::Duration;

use axum::http::StatusCode;
use contract::EventType;
use contract::proto::dispatch as said;
use prost::Message;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{FAST_STREET, STREET, World, path_of, stage};

const BODIES: [(&str, &str); 3] =
    [("transport", "lead"), ("traffic-police", "assist"), ("bus-company", "assist")];

/// A case whose bodies have taken their orders, an hour ago.
async fn taken(world: &World) -> (Uuid, Vec<Value>) {
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let mut orders = Vec::new();
    for (body, role) in BODIES {
        let order = world.order(case_id, 1, body, role).await;
        assert_eq!(world.act(body, &order, "acknowledge").await.0, StatusCode::OK);
        orders.push(order);
    }
    world.rig.clock.advance(Duration::from_secs(1_800));
    (case_id, orders)
}

fn id(order: &Value) -> &str {
    order["order_id"].as_str().unwrap()
}

async fn record(world: &World, who: &str, case_id: Uuid, body: Value) -> (StatusCode, Value) {
    let path = format!("/dispatch/v1/streets/{STREET}/cases/{case_id}/visits");
    let (status, _, answer) = world.post(who, &path, &[], body).await;
    (status, answer)
}

async fn sign(world: &World, who: &str, order: &Value, visit: &Value) -> (StatusCode, Value) {
    let path = format!("{}/visits/{}:sign", path_of(order), visit["visit_id"].as_str().unwrap());
    let (status, _, answer) = world.post(who, &path, &[], json!({})).await;
    (status, answer)
}

fn there(world: &World, seconds_ago: i64, orders: &[&Value]) -> Value {
    let at = world.rig.clock.now() - jiff::SignedDuration::from_secs(seconds_ago);
    let orders: Vec<&str> = orders.iter().map(|order| id(order)).collect();
    json!({ "visited_at": at.to_string(), "orders": orders, "note": "三家到场" })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_body_signs_for_itself() {
    let world = World::start().await;
    let (case_id, orders) = taken(&world).await;
    let [lead, police, bus] = orders.as_slice() else { panic!("three orders") };
    let (status, visit) = record(&world, "transport", case_id, there(&world, 600, &[police, bus])).await;
    assert_eq!(status, StatusCode::OK, "{visit}");
    assert_eq!(visit["by"], "transport");
    let unsigned: Vec<_> =
        visit["signatures"].as_array().unwrap().iter().map(|of| &of["signed_at"]).collect();
    assert_eq!(unsigned, [&Value::Null, &Value::Null]);
    // The lead's own order moved, nobody else's did; who is to sign is told.
    let now = async |body: &str, role: &str| world.order(case_id, 1, body, role).await;
    assert_eq!(now("transport", "lead").await["phase"], "on_site");
    assert_eq!(now("traffic-police", "assist").await["phase"], "acknowledged");
    let said = world.rig.said().await;
    let (_, payload) =
        said.iter().find(|(envelope, _)| envelope.event_type == EventType::CaseVisitRecorded).unwrap();
    let told = said::CaseEvent::decode(payload.clone()).unwrap();
    let mut bodies = told.told_bodies.clone();
    bodies.sort();
    assert_eq!(bodies, ["bus-company", "traffic-police"]);

    // An hour later the police sign: their arrival is of that time, the visit's stands beside it.
    world.rig.clock.advance(Duration::from_secs(3_600));
    let signed_at = world.rig.clock.now();
    let (status, visit) = sign(&world, "traffic-police", police, &visit).await;
    assert_eq!(status, StatusCode::OK, "{visit}");
    let order = now("traffic-police", "assist").await;
    assert_eq!(
        (&order["phase"], &order["acts"]["arrive"]),
        (&json!("on_site"), &json!(signed_at.to_string()))
    );
    assert_eq!(stage(&order, "on_site")["met_at"], signed_at.to_string());
    let case = world.case(case_id).await;
    let still: Vec<_> = case["visits"][0]["signatures"].as_array().unwrap().clone();
    let still: Vec<_> = still.iter().filter(|of| of["signed_at"].is_null()).map(|of| &of["body"]).collect();
    assert_eq!(still, ["bus-company"], "who is still to sign");
    // Twice is no fault and no second act.
    assert_eq!(sign(&world, "traffic-police", police, &visit).await.0, StatusCode::OK);
    assert_eq!(world.count_said(EventType::CaseVisitSigned).await, 1);

    // A second visit is news of the work for who has arrived.
    let (_, second) = record(&world, "transport", case_id, there(&world, 0, &[police])).await;
    assert_eq!(sign(&world, "traffic-police", police, &second).await.0, StatusCode::OK);
    assert_eq!(now("traffic-police", "assist").await["phase"], "in_progress");
    assert_eq!(now("transport", "lead").await["phase"], "in_progress");
    assert_eq!(lead["body"], "transport");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_records_or_signs_for_another() {
    let world = World::start().await;
    let (case_id, orders) = taken(&world).await;
    let [lead, police, bus] = orders.as_slice() else { panic!("three orders") };
    let refused = |code: &str| (StatusCode::CONFLICT, json!(code));
    let tried = async |who: &str, body: Value| {
        let (status, problem) = record(&world, who, case_id, body).await;
        (status, problem["code"].clone())
    };
    assert_eq!(tried("bus-company", there(&world, 0, &[police])).await, refused("lead-records"));
    // The centre is a body, too, with an order for information.
    assert_eq!(tried("street-centre", there(&world, 0, &[police])).await, refused("lead-records"));
    assert_eq!(tried("verifier", there(&world, 0, &[police])).await.0, StatusCode::FORBIDDEN);
    assert_eq!(tried("nobody", there(&world, 0, &[police])).await.0, StatusCode::NOT_FOUND);
    assert_eq!(tried("transport", there(&world, 0, &[])).await, refused("visit-bounds"));
    assert_eq!(tried("transport", there(&world, 0, &[lead])).await, refused("not-of-visit"));
    assert_eq!(tried("transport", there(&world, -60, &[police])).await, refused("visit-time"), "the future");
    assert_eq!(
        tried("transport", there(&world, 86_400, &[police])).await,
        refused("visit-time"),
        "before the order"
    );
    let elsewhere = world.opened(&world.routed(FAST_STREET, "TRA-03")).await;
    let foreign = json!({ "order_id": Uuid::from_u128(5).to_string() });
    assert_eq!(tried("transport", there(&world, 0, &[&foreign])).await, refused("not-of-visit"));
    assert_eq!(
        record(&world, "transport", elsewhere, there(&world, 0, &[police])).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(world.count_said(EventType::CaseVisitRecorded).await, 0);

    let (_, visit) = record(&world, "transport", case_id, there(&world, 0, &[police])).await;
    assert_eq!(
        sign(&world, "transport", police, &visit).await.0,
        StatusCode::NOT_FOUND,
        "the lead for another"
    );
    // It sees every order, and acts on its own.
    assert_eq!(sign(&world, "street-centre", police, &visit).await.0, StatusCode::FORBIDDEN);
    assert_eq!(sign(&world, "verifier", police, &visit).await.0, StatusCode::FORBIDDEN);
    let (status, problem) = sign(&world, "bus-company", bus, &visit).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("not-of-visit")), "was not there");
    assert_eq!(world.order(case_id, 1, "traffic-police", "assist").await["phase"], "acknowledged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_by_link_is_the_bodys_and_one_that_cannot_act_leaves_no_trace() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let bus = world.order(case_id, 1, "bus-company", "assist").await;
    world.act("transport", &lead, "acknowledge").await;
    let (_, visit) = record(&world, "transport", case_id, there(&world, 0, &[&bus])).await;
    let links = format!("{}/links", path_of(&bus));
    let (_, _, link) = world.post("street-centre", &links, &[], json!({ "label": "调度室" })).await;
    let token = link["url"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    let knock = async |verb: &str, mut body: Value| {
        body["token"] = json!(token);
        let key = world.next_id().to_string();
        let path = format!("/dispatch/v1/links:{verb}");
        let (status, _, answer) =
            world.rig.http("POST", &path, None, &[("idempotency-key", &key)], Some(body)).await;
        (status, answer)
    };
    let (_, shown) = knock("open", json!({})).await;
    assert_eq!(shown["to_sign"][0]["visit_id"], visit["visit_id"]);
    assert_eq!(
        knock("act", json!({ "act": "sign" })).await.0,
        StatusCode::UNPROCESSABLE_ENTITY,
        "which visit?"
    );
    let sign = json!({ "act": "sign", "visit_id": visit["visit_id"] });
    // Nobody arrives before the order was taken: no act, no signature.
    let (status, problem) = knock("act", sign.clone()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("invalid-transition")));
    assert_eq!(world.count_said(EventType::CaseVisitSigned).await, 0);
    assert_eq!(knock("act", json!({ "act": "acknowledge" })).await.0, StatusCode::OK);
    let (status, shown) = knock("act", sign).await;
    assert_eq!(
        (status, &shown["order"]["phase"], &shown["to_sign"]),
        (StatusCode::OK, &json!("on_site"), &json!([]))
    );
    let arrived = world.order_event(EventType::OrderArrived).await.actor.unwrap();
    assert!(arrived.subject.starts_with("link:") && arrived.body == "bus-company");
}

/// An answer that was lost is given again, whoever leads by now; and the version a caller insists on is the case's.
#[tokio::test(flavor = "multi_thread")]
async fn a_visit_is_recorded_once_whoever_leads_by_now() {
    let world = World::start().await;
    let (case_id, orders) = taken(&world).await;
    let path = format!("/dispatch/v1/streets/{STREET}/cases/{case_id}/visits");
    let body = there(&world, 600, &[&orders[1]]);
    let (_, case) = world.get("governance-centre", &path.replace("/visits", "")).await;
    let stale = format!("\"{}\"", case["version"].as_u64().unwrap() + 1);
    let (status, _, answer) = world.post("transport", &path, &[("if-match", &stale)], body.clone()).await;
    assert_eq!(
        (status, &answer["code"]),
        (StatusCode::PRECONDITION_FAILED, &json!("precondition-failed")),
        "{answer}"
    );
    let (seen, key) = (format!("\"{}\"", case["version"]), world.next_id().to_string());
    let headers = [("if-match", seen.as_str()), ("idempotency-key", &key)];
    let (status, _, first) = world.post("transport", &path, &headers, body.clone()).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    let moved = json!({ "to": "housing-construction", "note": "改派" });
    let (status, _, answer) =
        world.post("governance-centre", &format!("{}:transfer", path_of(&orders[0])), &[], moved).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (status, _, again) = world.post("transport", &path, &headers, body).await;
    assert_eq!((status, again), (StatusCode::OK, first));
    assert_eq!(world.count_said(EventType::CaseVisitRecorded).await, 1);
}

/// A body that is only informed reads nothing of who was there; those who took part do.
#[tokio::test(flavor = "multi_thread")]
async fn a_visit_is_for_those_who_took_part() {
    let world = World::start().await;
    let (case_id, orders) = taken(&world).await;
    let (status, visit) = record(&world, "transport", case_id, there(&world, 600, &[&orders[1]])).await;
    assert_eq!(status, StatusCode::OK, "{visit}");
    let path = format!("/dispatch/v1/streets/{STREET}/cases/{case_id}");
    let visits = async |who: &str| world.get(who, &path).await.1["visits"].as_array().unwrap().len();
    assert_eq!((visits("transport").await, visits("traffic-police").await), (1, 1));
    assert_eq!((visits("governance-centre").await, visits("bus-company").await), (1, 0));
}
