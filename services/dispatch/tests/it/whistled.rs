//! A community summons bodies (社区吹哨) where a case concerns it, and nowhere else.

use contract::EventType;
use contract::proto::dispatch::CaseEvent;
use contract::proto::triage::{PlannedOrder, Role};
use prost::Message;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{COMMUNITY, PROPERTY, STREET, World};

async fn whistle(world: &World, who: &str, case_id: Uuid, body: &str) -> (u16, Value) {
    let path = format!("/dispatch/v1/streets/{STREET}/cases/{case_id}:whistle");
    let asked = json!({ "bodies": [body], "within_minutes": 30, "note": "路面塌陷" });
    let (status, _, answer) = world.post(who, &path, &[], asked).await;
    (status.as_u16(), answer)
}

/// A case of the street of which a community is told, or what is in it.
async fn concerns(world: &World, body: &str) -> Uuid {
    let mut routed = world.routed(STREET, "TRA-01");
    let told = PlannedOrder { body: body.to_owned(), role: Role::Inform.into() };
    routed.payload.plan.as_mut().unwrap().orders.push(told);
    world.opened(&routed).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_community_whistles_where_the_case_concerns_it() {
    let world = World::start().await;
    let case_id = concerns(&world, COMMUNITY).await;
    let (status, case) = whistle(&world, "community", case_id, "water-supply").await;
    assert_eq!((status, &case["phase"]), (200, &json!("open")));
    let shown: Vec<&Value> = case["orders"].as_array().unwrap().iter().map(|order| &order["body"]).collect();
    assert_eq!(shown, [&json!(COMMUNITY)], "nobody else's orders");
    let summoned = world.order(case_id, 1, "water-supply", "assist").await;
    assert_eq!(summoned["stages"][0]["stage"], "on_site");
    let said = world.rig.said().await;
    let told = said.iter().find(|(envelope, _)| envelope.event_type == EventType::CaseWhistled).unwrap();
    let actor = CaseEvent::decode(told.1.clone()).unwrap().actor.unwrap();
    assert_eq!((actor.subject.as_str(), actor.body.as_str()), ("community", COMMUNITY));
    assert_eq!(whistle(&world, "community", case_id, "traffic-police").await.1["code"], "own-body");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_community_does_not_whistle_in_what_is_not_its_own() {
    let world = World::start().await;
    let elsewhere = concerns(&world, "community@990102001002").await;
    assert_eq!(
        whistle(&world, "community", elsewhere, "water-supply").await.0,
        404,
        "as if it were not there"
    );
    let case_id = concerns(&world, COMMUNITY).await;
    assert_eq!(whistle(&world, "transport", case_id, "water-supply").await.0, 403, "no community");
    let property = concerns(&world, PROPERTY).await;
    assert_eq!(
        whistle(&world, "property", property, "water-supply").await.0,
        403,
        "an enterprise of that level"
    );
    let cancel = format!("/dispatch/v1/streets/{STREET}/cases/{case_id}:cancel");
    assert_eq!(world.post("community", &cancel, &[], json!({})).await.0, 403, "nothing else of a centre's");
    assert_eq!(world.count_said(EventType::CaseWhistled).await, 0);
}
