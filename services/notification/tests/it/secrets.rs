//! Endpoints as people see them, and a new secret for a receiver (ADR 070).

use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::EventType;
use contract::document::{DocumentBody, Grant};
use ids::TenantId;
use serde_json::{Value, json};
use testkit::sink::{Received, Signature, verify};

use crate::world::{World, order_event};

const DISTRICT: &str = "990102000000";
const DAY_S: u64 = 24 * 3_600;

async fn rotate(world: &World, subject: &str, owner: &str, key: &str) -> (StatusCode, HeaderMap, Value) {
    let path = format!("/notification/v1/streets/{owner}/endpoints/{key}:rotate-secret");
    world.rig.http("POST", &path, Some(&world.rig.token(subject)), &[], None).await
}

async fn endpoints(world: &World, subject: &str, owner: &str) -> (StatusCode, Value) {
    let path = format!("/notification/v1/streets/{owner}/endpoints");
    let (status, _, list) = world.rig.http("GET", &path, Some(&world.rig.token(subject)), &[], None).await;
    (status, list)
}

fn decoded(shown: &str) -> Vec<u8> {
    STANDARD.decode(shown.trim().strip_prefix("whsec_").unwrap()).unwrap()
}

fn first_secret(world: &World) -> Vec<u8> {
    decoded(&std::fs::read_to_string(world.secrets_folder().join("990102000000__transport")).unwrap())
}

/// The newest webhook of transport, and how many signatures it has.
async fn told(world: &World, n: u128) -> (Received, usize) {
    world.hear(&order_event(EventType::OrderDispatched, "transport", n)).await;
    let received = world.received_at("/hooks/transport").pop().unwrap();
    let signatures = received.headers["webhook-signature"].to_str().unwrap().split(' ').count();
    (received, signatures)
}

fn fits(secret: &[u8], webhook: &Received) -> bool {
    verify(&[secret.to_vec()], &webhook.headers, &webhook.body) == Signature::Valid
}

#[tokio::test]
async fn a_new_secret_is_shown_once_and_signs_beside_the_old_one_for_a_day() {
    let world = World::start().await;
    let old = first_secret(&world);
    let (before, signatures) = told(&world, 1).await;
    assert!(fits(&old, &before) && signatures == 1);

    let (status, headers, shown) = rotate(&world, "transport", DISTRICT, "transport").await;
    assert_eq!(
        (status, &headers["cache-control"]),
        (StatusCode::OK, &"no-store".parse().unwrap()),
        "{shown}"
    );
    assert_eq!(shown["others_sign_until"], "2026-11-24T02:00:00Z");
    let new = decoded(shown["secret"].as_str().unwrap());
    assert_ne!(new, old);

    world.after(DAY_S - 60).await;
    let (beside, signatures) = told(&world, 2).await;
    assert!(fits(&old, &beside) && fits(&new, &beside) && signatures == 2);
    world.after(60).await;
    let (alone, signatures) = told(&world, 3).await;
    assert!(!fits(&old, &alone) && fits(&new, &alone) && signatures == 1);
}

/// Who asked is in the journal; the secret is nowhere but in its sealed row.
#[tokio::test]
async fn who_asked_is_on_the_record_and_the_secret_is_not() {
    let world = World::start().await;
    let (_, _, shown) = rotate(&world, "transport", DISTRICT, "transport").await;
    let secret = decoded(shown["secret"].as_str().unwrap());
    let said: Vec<(String, String, Vec<u8>)> = sqlx::query_as(
        "SELECT event_type, actor, payload FROM notification.journal WHERE event_type LIKE 'notification.endpoint.%'",
    )
    .fetch_all(world.rig.admin())
    .await
    .unwrap();
    let [(kind, actor, payload)] = &said[..] else { panic!("{said:?}") };
    assert_eq!((kind.as_str(), actor.as_str()), ("notification.endpoint.secret_rotated", "transport"));
    let sealed: Vec<u8> = sqlx::query_scalar("SELECT sealed FROM notification.rotated_secrets")
        .fetch_one(world.rig.admin())
        .await
        .unwrap();
    for kept in [payload, &sealed] {
        assert!(!kept.windows(8).any(|some| secret.windows(8).any(|others| some == others)));
    }
}

#[tokio::test]
async fn nobody_elses_endpoint_and_no_more_secrets_than_may_sign() {
    let world = World::start().await;
    assert_eq!(rotate(&world, "bus-company", DISTRICT, "transport").await.0, 404, "another body's");
    assert_eq!(rotate(&world, "transport", DISTRICT, "unknown").await.0, 404);
    assert_eq!(rotate(&world, "governance-centre", DISTRICT, "transport").await.0, 404, "another body's");
    assert_eq!(rotate(&world, "sre", DISTRICT, "transport").await.0, 403, "sees it, may not");
    assert_eq!(rotate(&world, "stranger", DISTRICT, "transport").await.0, 404);
    let path = format!("/notification/v1/streets/{DISTRICT}/endpoints/transport:show");
    let token = world.rig.token("transport");
    assert_eq!(world.rig.http("POST", &path, Some(&token), &[], None).await.0, 404);

    for _ in 0..3 {
        assert_eq!(rotate(&world, "transport", DISTRICT, "transport").await.0, 200);
    }
    let (status, _, problem) = rotate(&world, "transport", DISTRICT, "transport").await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("secrets-overlap")));
    assert_eq!(told(&world, 1).await.1, 4, "every secret that a receiver may have");
    world.after(DAY_S).await;
    assert_eq!(rotate(&world, "transport", DISTRICT, "transport").await.0, 200);
}

/// Who answers for security gets through also where somebody asked again and again, and then the oldest signs no more.
#[tokio::test]
async fn the_security_administrator_is_not_kept_waiting() {
    let world = World::start().await;
    let mut documents = testkit::demo::documents_with(2, &world.sink.url(""));
    let code: TenantId = DISTRICT.parse().unwrap();
    for document in documents.iter_mut().filter(|document| document.header.tenant == code) {
        if let DocumentBody::People(people) = &mut document.body {
            let grant = Grant { role: "security-admin".to_owned(), scope: code, body: None };
            people.members.insert("keeper".to_owned(), vec![grant]);
        }
    }
    world.rig.documents(&documents).await;
    world.rig.drain().await;
    let first = first_secret(&world);
    for _ in 0..3 {
        assert_eq!(rotate(&world, "transport", DISTRICT, "transport").await.0, 200);
    }
    assert!(fits(&first, &told(&world, 1).await.0));
    let (status, _, shown) = rotate(&world, "keeper", DISTRICT, "transport").await;
    assert_eq!(status, 200, "{shown}");
    let (webhook, signatures) = told(&world, 2).await;
    assert!(
        fits(&decoded(shown["secret"].as_str().unwrap()), &webhook)
            && !fits(&first, &webhook)
            && signatures == 4
    );
    assert_eq!(endpoints(&world, "keeper", DISTRICT).await.0, 200);
}

/// Two that ask at the same time get two secrets, and both sign.
#[tokio::test]
async fn who_asks_at_the_same_time_gets_a_secret_of_its_own() {
    let world = World::start().await;
    let asked = || rotate(&world, "transport", DISTRICT, "transport");
    let (one, other) = tokio::join!(asked(), asked());
    let secrets = [one, other].map(|(status, _, shown)| {
        assert_eq!(status, 200, "{shown}");
        decoded(shown["secret"].as_str().unwrap())
    });
    assert_ne!(secrets[0], secrets[1]);
    let (webhook, _) = told(&world, 1).await;
    assert!(secrets.iter().all(|secret| fits(secret, &webhook)));
}

#[tokio::test]
async fn endpoints_are_listed_to_who_may_see_them_with_how_they_do() {
    let world = World::start().await;
    let (status, own) = endpoints(&world, "transport", DISTRICT).await;
    assert_eq!(status, 200);
    let [endpoint] = &own["endpoints"].as_array().unwrap()[..] else { panic!("{own}") };
    assert_eq!(
        endpoint,
        &json!({
            "key": "transport", "body": "transport", "channel": "webhook", "url": world.sink.url("/hooks/transport"),
            "drills": false, "failing_since": null, "disabled_at": null, "secret_made_at": "2026-11-23T02:00:00Z",
            "secrets_signing": 1,
        })
    );
    rotate(&world, "transport", DISTRICT, "transport").await;
    let (_, all) = endpoints(&world, "sre", DISTRICT).await;
    let signing = |endpoint: &Value| {
        (endpoint["key"].as_str().unwrap().to_owned(), endpoint["secrets_signing"].as_i64())
    };
    let signing: Vec<_> = all["endpoints"].as_array().unwrap().iter().map(signing).collect();
    assert!(signing.contains(&("transport".to_owned(), Some(2))) && signing.len() > 1, "{signing:?}");
    let (_, of_street) = endpoints(&world, "street-centre", crate::world::STREET).await;
    assert_eq!(of_street["endpoints"][0]["key"], "street-centre");
    assert_eq!(
        of_street["endpoints"].as_array().unwrap().len(),
        1,
        "its own; the district's are the district's"
    );
    assert_eq!(endpoints(&world, "stranger", DISTRICT).await.0, 404);
}
