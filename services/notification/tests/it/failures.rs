//! What happens when an endpoint fails, hangs, leaves, or when the process dies in between.

use axum::http::{HeaderMap, StatusCode};
use contract::EventType;
use notification::core::schedule::SCHEDULE_S;
use serde_json::json;
use testkit::sink::{Answer, Signature};
use uuid::Uuid;

use crate::world::{BODIES, World, order_event};

const TRANSPORT: &str = "/hooks/transport";

#[tokio::test]
async fn a_failure_is_tried_again_with_the_same_id_and_bytes() {
    let world = World::start().await;
    world.sink.answer_next(TRANSPORT, [Answer::status(StatusCode::INTERNAL_SERVER_ERROR)]);
    world.hear(&order_event(EventType::OrderDispatched, "transport", 1)).await;
    assert_eq!(world.only().await["state"], "pending");
    world.after(4).await;
    assert_eq!(world.received_at(TRANSPORT).len(), 1, "not before 5 s less a tenth");
    world.after(2).await;

    let received = world.received_at(TRANSPORT);
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].webhook_id(), received[1].webhook_id());
    assert_eq!(received[0].body, received[1].body);
    assert_ne!(received[0].headers["webhook-timestamp"], received[1].headers["webhook-timestamp"]);
    assert!(received.iter().all(|attempt| attempt.signature == Signature::Valid));
    let shown = world.only().await;
    assert_eq!((&shown["state"], &shown["attempts"][0]["status"]), (&json!("delivered"), &json!(500)));
    assert_eq!(world.said().await, ["notification.delivery.delivered"]);
}

#[tokio::test]
async fn the_schedule_ends_in_one_dead_letter_and_a_person_replays_it() {
    let world = World::start().await;
    world.sink.answer(TRANSPORT, Answer::status(StatusCode::SERVICE_UNAVAILABLE));
    world.hear(&order_event(EventType::OrderDispatched, "transport", 1)).await;
    for seconds in &SCHEDULE_S[1..] {
        world.after(seconds + seconds / 10 + 1).await;
    }
    world.after(100_000).await;
    assert_eq!(world.received_at(TRANSPORT).len(), SCHEDULE_S.len());
    assert_eq!(world.said().await, ["notification.delivery.dead_lettered"]);
    let shown = world.only().await;
    assert_eq!((&shown["state"], &shown["reason"]), (&json!("dead_lettered"), &json!("attempts-exhausted")));

    world.sink.answer(TRANSPORT, Answer::status(StatusCode::NO_CONTENT));
    let id = shown["delivery_id"].as_str().unwrap();
    let key = Uuid::from_u128(1);
    assert_eq!(world.replay("transport", id, key).await.0, 403);
    assert_eq!(world.replay("resident", id, key).await.0, 403);
    let path = format!("/notification/v1/streets/990102001000/deliveries/{id}:replay");
    let (status, _, problem) = world.rig.http("POST", &path, Some(&world.rig.token("sre")), &[], None).await;
    assert_eq!((status.as_u16(), &problem["code"]), (400, &json!("idempotency-key-missing")));
    let replayed = world.replay("sre", id, key).await;
    assert_eq!((replayed.0.as_u16(), &replayed.1), (202, &json!({ "deliveries": [id] })));
    assert_eq!(world.replay("sre", id, key).await, replayed, "the same key: the same answer, one effect");
    world.rig.drain().await;
    assert_eq!(world.replay("sre", id, key).await, replayed);
    assert_eq!(world.replay("sre", id, Uuid::from_u128(2)).await.0, 409, "it is delivered");
    let received = world.received_at(TRANSPORT);
    assert_eq!(received.len(), SCHEDULE_S.len() + 1);
    assert!(received.iter().all(|r| r.webhook_id() == id && r.body == received[0].body));
    assert_eq!(world.only().await["state"], "delivered");
    let journal: Vec<(String, i64, String)> =
        sqlx::query_as("SELECT event_type, version, actor FROM notification.journal ORDER BY at, id")
            .fetch_all(world.rig.admin())
            .await
            .unwrap();
    let told = |word: &str, version, actor: &str| {
        (format!("notification.delivery.{word}"), version, actor.to_owned())
    };
    let expected =
        [told("dead_lettered", 1, "clock"), told("replayed", 2, "sre"), told("delivered", 3, "clock")];
    assert_eq!(journal, expected);
}

/// An endpoint that came with a later document is told after all, with the bytes of the event as it was.
#[tokio::test]
async fn what_no_endpoint_took_is_replayed_to_the_endpoints_of_now() {
    let world = World::start().await;
    world.hear(&order_event(EventType::OrderDispatched, "police", 1)).await;
    let shown = world.only().await;
    let id = shown["delivery_id"].as_str().unwrap();
    assert_eq!((&shown["state"], &shown["reason"]), (&json!("suppressed"), &json!("no-endpoint")));
    assert_eq!(world.replay("sre", id, Uuid::from_u128(1)).await.0, 409, "there is still none");

    world
        .change_district(2, |core| {
            core.endpoints.insert("police".into(), world.endpoint("police", "/hooks/police"));
        })
        .await;
    world.rig.drain().await;
    world.share_secrets();
    let (status, answer) = world.replay("sre", id, Uuid::from_u128(2)).await;
    assert_eq!(status, 202);
    world.rig.drain().await;
    assert_eq!(world.replay("sre", id, Uuid::from_u128(2)).await, (status, answer.clone()));
    assert_eq!(world.replay("sre", id, Uuid::from_u128(3)).await.0, 409, "it was told");
    world.rig.drain().await;

    let received = world.received_at("/hooks/police");
    assert_eq!(received.len(), 1);
    assert_eq!(
        (json!([received[0].webhook_id()]), received[0].signature),
        (answer["deliveries"].clone(), Signature::Valid)
    );
    assert_eq!(crate::world::json(&received[0])["body"], "police");
    let told = ["delivered", "replayed", "suppressed"].map(|word| format!("notification.delivery.{word}"));
    assert_eq!(world.said().await, told);
    let states: Vec<_> = world.deliveries("sre").await.iter().map(|d| d["state"].clone()).collect();
    assert_eq!(states.len(), 2);
    assert!(states.contains(&json!("suppressed")) && states.contains(&json!("delivered")));
}

/// A process that died after the claim leaves a lease: when it ends the attempt is lost and made again.
#[tokio::test]
async fn a_lease_without_a_record_is_sent_again_under_the_same_id() {
    let world = World::start().await;
    world.sink.answer_next(TRANSPORT, [Answer::status(StatusCode::BAD_GATEWAY)]);
    world.hear(&order_event(EventType::OrderDispatched, "transport", 1)).await;
    // As it looks when the second attempt was claimed and its process died before recording it.
    for statement in [
        "UPDATE notification.deliveries SET state = 'sending', attempts = 2, next_attempt_at = '2026-11-23T02:00:35Z'",
        "UPDATE notification.wakeups SET due_at = '2026-11-23T02:00:35Z'",
    ] {
        sqlx::query(statement).execute(world.rig.admin()).await.unwrap();
    }
    world.after(34).await;
    assert_eq!(world.received_at(TRANSPORT).len(), 1);
    world.after(1).await;
    let received = world.received_at(TRANSPORT);
    assert_eq!(received.len(), 2);
    assert_eq!((received[0].webhook_id(), &received[0].body), (received[1].webhook_id(), &received[1].body));
    let shown = world.only().await;
    let outcomes: Vec<&str> =
        shown["attempts"].as_array().unwrap().iter().map(|a| a["outcome"].as_str().unwrap()).collect();
    assert_eq!((outcomes, &shown["state"]), (vec!["status", "lost", "ok"], &json!("delivered")));
    assert_eq!(shown["attempts"][1]["started_at"], "2026-11-23T02:00:05Z", "30 s before the lease's end");
    assert_eq!(world.said().await, ["notification.delivery.delivered"]);
}

#[tokio::test]
async fn a_hanging_endpoint_takes_few_slots_and_the_others_are_told() {
    let world = World::start_with(&[("STREETWISE_ATTEMPT_TIMEOUT_MS", "300")]).await;
    world.sink.answer(TRANSPORT, Answer::hang());
    for n in 0..40 {
        let event = order_event(EventType::OrderDispatched, "transport", n);
        world.rig.publish(&event.0, event.1).await;
    }
    for (n, body) in BODIES[1..].iter().enumerate() {
        let event = order_event(EventType::OrderDispatched, body, 100 + n as u128);
        world.rig.publish(&event.0, event.1).await;
    }
    world.rig.drain().await;
    assert_eq!(world.received_at(TRANSPORT).len(), 1, "nobody knows it yet: one request tells");
    let shown = world.deliveries("sre").await;
    let of = |hanging: bool| shown.iter().filter(move |d| (d["body"] == "transport") == hanging);
    assert_eq!(of(false).filter(|delivery| delivery["state"] == "delivered").count(), 4);
    assert!(of(true).all(|delivery| delivery["state"] == "pending"));
    assert_eq!(of(true).filter(|delivery| delivery["attempts"][0]["outcome"] == "timeout").count(), 1);

    world.after(3).await;
    assert_eq!(world.received_at(TRANSPORT).len(), 2, "a slow endpoint is asked one at a time");
}

#[tokio::test]
async fn the_receiver_may_ask_for_time_and_never_redirects_us() {
    let world = World::start().await;
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", "600".parse().unwrap());
    headers.insert("location", world.sink.url("/elsewhere").parse().unwrap());
    let later = |status| Answer { headers: headers.clone(), ..Answer::status(status) };
    world.sink.answer_next(
        TRANSPORT,
        [later(StatusCode::TOO_MANY_REQUESTS), later(StatusCode::TEMPORARY_REDIRECT)],
    );
    world.hear(&order_event(EventType::OrderDispatched, "transport", 1)).await;
    world.after(599).await;
    assert_eq!(world.received_at(TRANSPORT).len(), 1);
    world.after(1).await;
    assert_eq!(world.received_at(TRANSPORT).len(), 2);
    world.after(600).await;
    assert_eq!(world.received_at(TRANSPORT).len(), 3);
    assert!(world.received_at("/elsewhere").is_empty());
    assert_eq!(world.only().await["state"], "delivered");
}

#[tokio::test]
async fn gone_disables_the_endpoint_until_a_person_replays() {
    let world = World::start().await;
    world.sink.answer_next(TRANSPORT, [Answer::status(StatusCode::GONE)]);
    world.hear(&order_event(EventType::OrderDispatched, "transport", 1)).await;
    let first = world.only().await;
    assert_eq!((&first["state"], &first["reason"]), (&json!("dead_lettered"), &json!("gone")));
    world.hear(&order_event(EventType::OrderDispatched, "transport", 2)).await;
    assert_eq!(world.received_at(TRANSPORT).len(), 1, "not asked again");
    let shown = world.deliveries("sre").await;
    assert!(shown.iter().any(|delivery| delivery["reason"] == "endpoint-disabled"));

    let id = first["delivery_id"].as_str().unwrap();
    assert_eq!(world.replay("sre", id, Uuid::from_u128(1)).await.0, 202);
    world.rig.drain().await;
    world.hear(&order_event(EventType::OrderDispatched, "transport", 3)).await;
    assert_eq!(world.received_at(TRANSPORT).len(), 3);
}

/// An answer that was under way when the endpoint said 410 does not make it work again.
#[tokio::test]
async fn gone_beside_a_success_disables_the_endpoint() {
    let world = World::start().await;
    world.hear(&order_event(EventType::OrderDispatched, "transport", 1)).await;
    world.sink.answer_next(TRANSPORT, [StatusCode::GONE, StatusCode::NO_CONTENT].map(Answer::status));
    for n in 2..4 {
        let event = order_event(EventType::OrderDispatched, "transport", n);
        world.rig.publish(&event.0, event.1).await;
    }
    world.rig.drain().await;
    assert_eq!(world.received_at(TRANSPORT).len(), 3, "two in one batch");
    world.hear(&order_event(EventType::OrderDispatched, "transport", 4)).await;
    assert_eq!(world.received_at(TRANSPORT).len(), 3, "not asked again");
    let count =
        |shown: &[serde_json::Value], reason: &str| shown.iter().filter(|d| d["reason"] == reason).count();
    let shown = world.deliveries("sre").await;
    assert_eq!((count(&shown, "gone"), count(&shown, "endpoint-disabled")), (1, 1));
}

/// A delivery whose row somebody holds is passed over: neither the others wait for it nor the two for each other.
#[tokio::test]
async fn a_claim_waits_for_nobody() {
    let world = World::start().await;
    for (n, body) in ["transport", "bus-company"].into_iter().enumerate() {
        world.sink.answer_next(&format!("/hooks/{body}"), [Answer::status(StatusCode::BAD_GATEWAY)]);
        world.hear(&order_event(EventType::OrderDispatched, body, n as u128)).await;
    }
    let mut holder = world.rig.admin().acquire().await.unwrap();
    let held = "BEGIN; SELECT FROM notification.deliveries WHERE endpoint_key = 'transport' FOR UPDATE";
    sqlx::raw_sql(held).execute(&mut *holder).await.unwrap();
    world.after(6).await;
    assert_eq!(world.received_at("/hooks/bus-company").len(), 2);
    assert_eq!(world.received_at(TRANSPORT).len(), 1);
    sqlx::raw_sql("ROLLBACK").execute(&mut *holder).await.unwrap();
    world.after(1).await;
    assert_eq!(world.received_at(TRANSPORT).len(), 2);
}

#[tokio::test]
async fn an_address_inside_is_refused_without_a_request() {
    let world = World::start().await;
    world
        .change_district(2, |core| {
            core.endpoints.get_mut("transport").unwrap().url =
                "http://169.254.169.254/latest/meta-data".into();
            core.endpoints.remove("bus-company");
        })
        .await;
    world.hear(&order_event(EventType::OrderDispatched, "transport", 1)).await;
    let shown = world.only().await;
    assert_eq!(
        (&shown["state"], &shown["reason"]),
        (&json!("dead_lettered"), &json!("endpoint-not-allowed"))
    );
    assert_eq!(shown["attempts"].as_array().unwrap().len(), 1);
    assert!(world.sink.received().is_empty());
    assert_eq!(world.said().await, ["notification.delivery.dead_lettered"]);
}

/// The endpoint's address is taken at the time of the attempt; one that is gone from the documents ends it.
#[tokio::test]
async fn an_endpoint_removed_before_the_retry_is_a_dead_letter() {
    let world = World::start().await;
    world.sink.answer(TRANSPORT, Answer::status(StatusCode::BAD_GATEWAY));
    world.hear(&order_event(EventType::OrderDispatched, "transport", 1)).await;
    world.change_district(2, |core| drop(core.endpoints.remove("transport"))).await;
    world.after(10).await;
    assert_eq!(world.only().await["reason"], "endpoint-removed");
    assert_eq!(world.received_at(TRANSPORT).len(), 1);
}

/// A secret that does not open (another seal key is mounted) holds up its own endpoint only.
#[tokio::test]
async fn a_secret_that_does_not_open_holds_up_nobody_else() {
    let world = World::start().await;
    let spoilt = "UPDATE notification.endpoint_secrets SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) \
                  WHERE endpoint_key = 'transport'";
    sqlx::query(spoilt).execute(world.rig.admin()).await.unwrap();
    for (n, body) in ["transport", "bus-company"].into_iter().enumerate() {
        let event = order_event(EventType::OrderDispatched, body, n as u128);
        world.rig.publish(&event.0, event.1).await;
    }
    world.rig.drain().await;
    assert!(world.received_at(TRANSPORT).is_empty(), "nothing goes out unsigned");
    assert_eq!(world.received_at("/hooks/bus-company").len(), 1);
    assert_eq!(world.deliveries("transport").await[0]["state"], "pending");
}
