//! Who sees which deliveries.

use contract::EventType;
use uuid::Uuid;

use crate::world::{BODIES, World, order_event};

#[tokio::test]
async fn each_sees_its_own_and_nobody_anothers() {
    let world = World::start().await;
    for (n, body) in BODIES.iter().enumerate() {
        world.hear(&order_event(EventType::OrderDispatched, body, n as u128)).await;
    }
    assert_eq!(world.deliveries("street-centre").await.len(), 5);
    assert_eq!(world.deliveries("governance-centre").await.len(), 5);
    let own = world.deliveries("transport").await;
    assert_eq!((own.len(), &own[0]["body"]), (1, &"transport".into()));

    let get = async |street: &str, subject: Option<&str>, query: &str| {
        let token = subject.map(|subject| world.rig.token(subject));
        let path = format!("/notification/v1/streets/{street}/deliveries{query}");
        world.rig.http("GET", &path, token.as_deref(), &[], None).await
    };
    assert_eq!(get("990102001000", None, "").await.0, 401);
    assert_eq!(get("990102001000", Some("resident"), "").await.0, 403);
    let unknown = get("990109001000", Some("transport"), "").await;
    let stranger = get("990102001000", Some("stranger"), "").await;
    assert_eq!((stranger.0, stranger.2), (unknown.0, unknown.2));
    assert_eq!(unknown.0, 404);
    assert_eq!(get("990102001000", Some("sre"), "?limit=0").await.0, 422);
    assert_eq!(get("990102001000", Some("sre"), "?limit=201").await.0, 422);
    assert_eq!(get("990102001000", Some("sre"), "?colour=red").await.0, 422);
    let foreign = format!("?before={}", own[0]["delivery_id"].as_str().unwrap());
    assert_eq!(get("990102001000", Some("bus-company"), &foreign).await.0, 400, "a cursor of somebody else");

    let page = get("990102001000", Some("sre"), "?limit=3").await.2;
    let rest =
        get("990102001000", Some("sre"), &format!("?limit=3&before={}", page["next"].as_str().unwrap()))
            .await
            .2;
    let mut ids: Vec<String> = [page, rest.clone()]
        .iter()
        .flat_map(|page| page["deliveries"].as_array().unwrap().clone())
        .map(|delivery| delivery["delivery_id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), &rest["next"]), (5, &serde_json::Value::Null));
}

#[tokio::test]
async fn an_unknown_delivery_is_not_found() {
    let world = World::start().await;
    let key = [("idempotency-key", "5f3c6c1e-0000-4000-8000-000000000001")];
    for target in
        [format!("{}:replay", Uuid::nil()), format!("{}:destroy", Uuid::nil()), "x:replay".to_owned()]
    {
        let path = format!("/notification/v1/streets/990102001000/deliveries/{target}");
        assert_eq!(
            world.rig.http("POST", &path, Some(&world.rig.token("sre")), &key, None).await.0,
            404,
            "{target}"
        );
    }
    let (status, _, openapi) = world.rig.http("GET", "/openapi.json", None, &[], None).await;
    assert_eq!((status.as_u16(), &openapi["info"]["title"]), (200, &"街哨 Streetwise notification".into()));
}
