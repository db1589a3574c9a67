//! What is told, to whom, once.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::EventType;
use contract::proto::notification::DeliveryEvent;
use prost::Message;
use serde_json::json;
use testkit::sink::Signature;
use testkit::wait::eventually;
use uuid::Uuid;

use crate::world::{
    self, BODIES, STREET, TRACE_ID, World, case_event, joined, order_event, rerouted, waiting,
};

#[tokio::test]
async fn five_bodies_get_five_signed_webhooks() {
    let world = World::start().await;
    for (n, body) in BODIES.iter().enumerate() {
        let event = order_event(EventType::OrderDispatched, body, n as u128);
        world.rig.publish(&event.0, event.1).await;
    }
    world.rig.drain().await;

    let received = world.sink.received();
    assert_eq!(received.len(), BODIES.len());
    for body in BODIES {
        let one = world.received_at(&format!("/hooks/{body}"));
        assert_eq!(one.len(), 1, "{body}");
        assert_eq!(one[0].signature, Signature::Valid, "{body}");
        assert_eq!(one[0].headers["content-type"], "application/json");
        assert_eq!(one[0].headers["webhook-timestamp"], "1795399200", "the claim's database time");
        assert!(one[0].headers["traceparent"].to_str().unwrap().contains(TRACE_ID));
        let told = world::json(&one[0]);
        assert_eq!(
            (&told["body"], &told["street"], &told["trace_id"]),
            (&json!(body), &json!(STREET), &json!(TRACE_ID))
        );
        assert_eq!(told["stages"][0], json!({"stage": "acknowledge", "due_at": "2026-11-23T02:30:00Z"}));
        assert_eq!(told["stages"][1], json!({"stage": "resolve", "due_at": null}));
    }
    assert_eq!(world.said().await, ["notification.delivery.delivered"; 5]);
    let shown = world.deliveries("sre").await;
    assert!(
        shown
            .iter()
            .all(|delivery| delivery["state"] == "delivered" && delivery["attempts"][0]["outcome"] == "ok")
    );
    for received in received {
        assert!(shown.iter().any(|delivery| delivery["delivery_id"] == received.webhook_id()));
    }
}

/// From the order's dispatch to the first attempt; other notices are not counted.
#[tokio::test]
async fn how_long_an_order_waited_to_be_told_is_measured() {
    let world = World::start().await;
    let minter = pg::Minter::from_seed(1);
    for (kind, ago_s) in [(EventType::OrderDispatched, 3), (EventType::OrderWarned, 100)] {
        let mut event = order_event(kind, "transport", 1);
        event.0.id = minter.mint(world.rig.clock.now() - Duration::from_secs(ago_s)).into();
        world.hear(&event).await;
    }
    assert_eq!(world.sink.received().len(), 2);
    let within = |le: &str| {
        let name = format!("notification_order_to_attempt_duration_seconds_bucket{{le=\"{le}\"}}");
        world.rig.house.metrics.value(&name).unwrap()
    };
    assert_eq!(
        (within("2"), within("30"), within("+Inf")),
        (0.0, 1.0, 1.0),
        "three seconds and what the test took"
    );
}

/// However often an event comes, through the inbox or past it, each endpoint is told once.
#[tokio::test]
async fn an_event_heard_again_makes_no_second_delivery() {
    let world = World::start().await;
    let event = order_event(EventType::OrderDispatched, "transport", 1);
    world.hear(&event).await;
    world.hear(&event).await;
    sqlx::query("DELETE FROM notification.inbox").execute(world.rig.admin()).await.unwrap();
    world.hear(&event).await;
    assert_eq!(world.sink.received().len(), 1);
    assert_eq!(world.said().await, ["notification.delivery.delivered"]);
}

#[tokio::test]
async fn warnings_breaches_escalations_and_voices_are_told_and_acts_are_not() {
    let world = World::start().await;
    world.hear(&order_event(EventType::OrderWarned, "transport", 1)).await;
    world.hear(&order_event(EventType::OrderBreached, "transport", 2)).await;
    world.hear(&order_event(EventType::OrderEscalated, "transport", 3)).await;
    world.hear(&joined(2, &["transport", "bus-company"], 4)).await;
    world.hear(&joined(3, &[], 5)).await;
    let acts = [
        EventType::OrderSeen,
        EventType::OrderAcknowledged,
        EventType::OrderArrived,
        EventType::OrderProgressed,
        EventType::OrderSubmitted,
        EventType::OrderDone,
        EventType::OrderCalendarAwaited,
    ];
    for (n, act) in acts.into_iter().enumerate() {
        world.hear(&order_event(act, "transport", 10 + n as u128)).await;
    }
    for (n, kind) in
        [EventType::CaseSubmitted, EventType::CaseClosed, EventType::CaseReopened].into_iter().enumerate()
    {
        world.hear(&case_event(kind, 20 + n as u128)).await;
    }

    let told = |path: &str| {
        world.received_at(path).iter().map(|r| world::json(r)["type"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        told("/hooks/transport"),
        ["dispatch.order.warned", "dispatch.order.breached", "triage.case.joined"]
    );
    assert_eq!(told("/hooks/governance-centre"), ["dispatch.order.escalated"]);
    assert_eq!(told("/hooks/bus-company"), ["triage.case.joined"]);
    assert_eq!(world.sink.received().len(), 5);
    let voice = world::json(&world.received_at("/hooks/bus-company")[0]);
    assert_eq!(
        (&voice["voices"], &voice["order_id"], &voice["role"]),
        (&json!(2), &json!(null), &json!(null))
    );
    assert_eq!(world::json(&world.received_at("/hooks/transport")[0])["stage"], "acknowledge");
}

/// Who keeps its order learns that item or place is another one, with the order it is about.
#[tokio::test]
async fn a_re_routed_case_is_told_to_who_keeps_its_order() {
    let world = World::start().await;
    world.hear(&rerouted(&["bus-company", "transport"], 1)).await;
    world.hear(&rerouted(&[], 2)).await;
    assert_eq!(world.sink.received().len(), 2);
    for (body, order) in [("bus-company", 1), ("transport", 2)] {
        let told = world::json(&world.received_at(&format!("/hooks/{body}"))[0]);
        assert_eq!(
            (&told["type"], &told["case_no"], &told["order_id"]),
            (
                &json!("dispatch.case.rerouted"),
                &json!("990102001-261123-0001"),
                &json!(uuid::Uuid::from_u128(order))
            )
        );
    }
}

/// A report has no case to be about; its centre is told all the same, and whoever looks finds it by the report.
#[tokio::test]
async fn a_report_that_waits_is_told_to_the_centre_whose_desk_it_is() {
    let world = World::start().await;
    let (report_id, centre) = (Uuid::from_u128(0x4e), "street-centre@990102001000");
    world.hear(&waiting(report_id, &[centre, "governance-centre"], 1)).await;
    world.hear(&waiting(Uuid::from_u128(0x4f), &[], 2)).await;
    world.hear(&order_event(EventType::OrderDispatched, "transport", 3)).await;
    assert_eq!(world.sink.received().len(), 3);
    for body in [centre, "governance-centre"] {
        let told = world::json(&world.received_at(&format!("/hooks/{body}"))[0]);
        assert_eq!(
            (&told["type"], &told["report_id"], &told["case_no"], &told["reason"]),
            (&json!("triage.case.review_requested"), &json!(report_id), &json!(null), &json!("item-unsure"))
        );
    }
    let verdicts = world.rig.said().await.into_iter().map(|(_, payload)| {
        let said = DeliveryEvent::decode(payload).unwrap();
        (said.case_id, said.report_id)
    });
    let about_report = verdicts.filter(|(_, report)| *report == report_id.to_string()).collect::<Vec<_>>();
    assert_eq!(about_report.len(), 2, "of a case none is said");
    assert!(about_report.iter().all(|(case, report)| case == report), "builds of before read an id here");
    let list = async |query: &str| {
        let path = format!("/notification/v1/streets/{STREET}/deliveries{query}");
        let (status, _, list) = world.rig.http("GET", &path, Some(&world.rig.token("sre")), &[], None).await;
        assert_eq!(status, 200, "{list}");
        list["deliveries"].as_array().unwrap().clone()
    };
    let of_report = list(&format!("?report_id={report_id}")).await;
    assert_eq!(of_report.len(), 2);
    assert!(of_report.iter().all(|one| one["case_id"].is_null() && one["report_id"] == json!(report_id)));
    assert!(list(&format!("?case_id={report_id}")).await.is_empty(), "it is no case");
    let of_case = list(&format!("?case_id={}", Uuid::from_u128(0xca5e))).await;
    assert_eq!((of_case.len(), &of_case[0]["report_id"]), (1, &json!(null)));
}

#[tokio::test]
async fn what_no_endpoint_took_of_a_report_goes_to_the_one_of_now() {
    let world = World::start().await;
    let report_id = Uuid::from_u128(0x4e);
    world.hear(&waiting(report_id, &["police"], 1)).await;
    let suppressed = world.only().await;
    assert_eq!((&suppressed["reason"], &suppressed["report_id"]), (&json!("no-endpoint"), &json!(report_id)));
    let endpoint = world.endpoint("police", "/hooks/police");
    world
        .change_district(2, |core| {
            core.endpoints.insert("police".to_owned(), endpoint.clone());
        })
        .await;
    world.rig.drain().await;
    let id = suppressed["delivery_id"].as_str().unwrap().to_owned();
    assert_eq!(world.replay("sre", &id, Uuid::from_u128(0xf1)).await.0, 202);
    world.rig.drain().await;
    let told = world::json(&world.received_at("/hooks/police")[0]);
    assert_eq!(told["report_id"], json!(report_id));
    let shown = world.deliveries("sre").await;
    assert!(shown.iter().all(|one| one["report_id"] == json!(report_id)), "{shown:?}");
}

#[tokio::test]
async fn a_body_without_endpoint_and_a_drill_are_suppressed_and_shown() {
    let world = World::start().await;
    world.hear(&order_event(EventType::OrderDispatched, "police", 1)).await;
    let mut drill = order_event(EventType::OrderDispatched, "transport", 2);
    drill.0.drill = true;
    world.hear(&drill).await;

    assert!(world.sink.received().is_empty());
    assert_eq!(world.said().await, ["notification.delivery.suppressed"; 2]);
    let shown = world.deliveries("sre").await;
    let reason =
        |body: &str| shown.iter().find(|delivery| delivery["body"] == body).unwrap()["reason"].clone();
    assert_eq!((reason("police"), reason("transport")), (json!("no-endpoint"), json!("suppressed-drill")));
}

#[tokio::test]
async fn an_endpoint_that_takes_drills_gets_them_marked() {
    let world = World::start().await;
    let takes = |core: &mut contract::document::DistrictCore| {
        core.endpoints.get_mut("transport").expect("the demo's endpoint").drills = true;
    };
    world.change_district(2, takes).await;
    for (n, body) in [(1, "transport"), (2, "bus-company")] {
        let mut drill = order_event(EventType::OrderDispatched, body, n);
        drill.0.drill = true;
        world.hear(&drill).await;
    }
    world.hear(&order_event(EventType::OrderDispatched, "transport", 3)).await;
    let told = world.received_at("/hooks/transport");
    let marks: Vec<serde_json::Value> = told.iter().map(|one| world::json(one)["drill"].clone()).collect();
    assert_eq!(marks, [json!(true), json!(null)], "the second is none");
    assert!(world.received_at("/hooks/bus-company").is_empty());
}

/// The documents of a street may come after its first event: the event waits, it is not parked.
#[tokio::test]
async fn an_event_before_the_first_document_waits_for_it() {
    let world = World::bare(&[]).await;
    world.hear(&order_event(EventType::OrderDispatched, "transport", 1)).await;
    assert!(world.sink.received().is_empty());
    world.rig.documents(&testkit::demo::documents_with(1, &world.sink.url(""))).await;
    // The broker gives it back after half a second; each round asks for it.
    eventually(Duration::from_secs(10), "the event to come again", async || {
        world.rig.drain().await;
        (!world.sink.received().is_empty()).then_some(())
    })
    .await;
    assert_eq!(world.sink.received().len(), 1);
    let parked: i64 = sqlx::query_scalar("SELECT count(*) FROM notification.parked")
        .fetch_one(world.rig.admin())
        .await
        .unwrap();
    assert_eq!(parked, 0);
}

#[tokio::test]
async fn a_payload_of_another_street_is_parked() {
    let world = World::start().await;
    let mut event = order_event(EventType::OrderDispatched, "transport", 1);
    event.0.tenant = world::OTHER_STREET.parse().unwrap();
    world.hear(&event).await;
    assert!(world.sink.received().is_empty());
    let reason: String = sqlx::query_scalar("SELECT reason FROM notification.parked")
        .fetch_one(world.rig.admin())
        .await
        .unwrap();
    assert_eq!(reason, "street of the payload differs from the subject");
}

/// Secrets are made once, sealed in the database, and dropped for the sink in development with mode 0600.
#[tokio::test]
async fn secrets_are_sealed_and_demo_files_are_private() {
    let world = World::start().await;
    let sealed: Vec<Vec<u8>> = sqlx::query_scalar("SELECT sealed FROM notification.endpoint_secrets")
        .fetch_all(world.rig.admin())
        .await
        .unwrap();
    let files: Vec<_> = std::fs::read_dir(world.secrets_folder()).unwrap().map(Result::unwrap).collect();
    let files: Vec<_> =
        files.iter().filter(|file| file.file_name().to_string_lossy().contains("__")).collect();
    assert_eq!((sealed.len(), files.len()), (6, 6));
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let shown = std::fs::read_to_string(file.path()).unwrap();
        let secret = STANDARD.decode(shown.strip_prefix("whsec_").unwrap()).unwrap();
        assert!(
            shares_bytes(&[&[1, 2], &*secret].concat(), &secret),
            "a secret that is not sealed is noticed"
        );
        assert!(!sealed.iter().any(|sealed| shares_bytes(sealed, &secret)));
        assert!(!sealed.iter().any(|sealed| shares_bytes(sealed, shown.as_bytes())));
    }
    let before = std::fs::read_to_string(world.secrets_folder().join("990102000000__transport")).unwrap();
    world.rig.documents(&testkit::demo::documents_with(2, &world.sink.url(""))).await;
    world.rig.drain().await;
    let after = std::fs::read_to_string(world.secrets_folder().join("990102000000__transport")).unwrap();
    assert_eq!(before, after, "a new document makes no new secret");
}

/// Eight bytes in a row of one stand in the other.
fn shares_bytes(one: &[u8], other: &[u8]) -> bool {
    one.windows(8).any(|some| other.windows(8).any(|others| some == others))
}
