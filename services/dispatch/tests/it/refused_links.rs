//! What a link that shows nothing leaves behind: a receipt with its reason on the order's record, bounded, and nothing of who tried.

use std::time::Duration;

use axum::http::StatusCode;
use contract::EventType;
use contract::proto::dispatch as said;
use prost::Message;
use serde_json::{Value, json};

use crate::world::{STREET, TRACE, World, path_of};

const MINUTE: Duration = Duration::from_secs(60);
/// A trace of a stranger's choice.
const STRANGE: &str = "00-11111111111111111111111111111111-2222222222222222-01";

impl World {
    async fn linked(&self, order: &Value, body: Value) -> (String, Value) {
        let (status, _, link) =
            self.post("street-centre", &format!("{}/links", path_of(order)), &[], body).await;
        assert_eq!(status, StatusCode::CREATED, "{link}");
        (link["url"].as_str().unwrap().split_once('#').unwrap().1.to_owned(), link)
    }

    /// Tries a link, by opening or by an act; the status and the problem's code.
    async fn tries(&self, token: &str, act: Option<&str>) -> (u16, String) {
        let (verb, body) = match act {
            None => ("open", json!({ "token": token })),
            Some(act) => ("act", json!({ "token": token, "act": act, "note": "我是李工" })),
        };
        let key = self.next_id().to_string();
        let path = format!("/dispatch/v1/links:{verb}");
        let headers = [("idempotency-key", key.as_str()), ("traceparent", STRANGE)];
        let (status, _, answer) = self.rig.http("POST", &path, None, &headers, Some(body)).await;
        (status.as_u16(), answer["code"].as_str().unwrap_or_default().to_owned())
    }

    /// The receipts of refusals: of which link, and why.
    async fn receipts(&self) -> Vec<said::OrderEvent> {
        let said = self.rig.said().await;
        let refused = said.iter().filter(|(of, _)| of.event_type == EventType::OrderLinkRefused);
        refused.map(|(_, payload)| said::OrderEvent::decode(payload.clone()).unwrap()).collect()
    }

    /// How many attempts were counted under this reason.
    fn counted(&self, reason: &str) -> f64 {
        let name = format!("dispatch_links_refused_total{{reason=\"{reason}\"}}");
        self.rig.house.metrics.value(&name).unwrap_or_default()
    }

    async fn reasons(&self) -> Vec<String> {
        self.receipts().await.into_iter().map(|receipt| receipt.reason).collect()
    }
}

/// Another last letter: within the signature.
fn forged(token: &str) -> String {
    let mut forged = token.to_owned().into_bytes();
    forged[100] = if forged[100] == b'A' { b'B' } else { b'A' };
    String::from_utf8(forged).unwrap()
}

fn refused(code: &str) -> (u16, String) {
    (409, code.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_shown_nothing_leaves_a_receipt_with_its_reason() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let order = world.order(case_id, 1, "bus-company", "assist").await;
    let (taken, link) = world.linked(&order, json!({ "label": "值班室" })).await;
    let (short, _) = world.linked(&order, json!({ "label": "夜班", "hours": 1 })).await;
    let (long, _) = world.linked(&order, json!({ "label": "调度室" })).await;
    assert_eq!(world.tries(&taken, None).await.0, 200);
    assert_eq!(world.reasons().await, [""; 0]);

    let id = link["link_id"].as_str().unwrap().to_owned();
    let revoke = format!("/dispatch/v1/streets/{STREET}/links/{id}:revoke");
    world.post("street-centre", &revoke, &[], json!({})).await;
    let version = world.order(case_id, 1, "bus-company", "assist").await["version"].as_u64().unwrap();
    assert_eq!(world.tries(&taken, Some("acknowledge")).await, refused("link-revoked"));
    let [receipt] = &world.receipts().await[..] else { panic!("one receipt") };
    let (order_after, actor) = (receipt.order.clone().unwrap(), receipt.actor.clone().unwrap());
    assert_eq!((receipt.link_id.as_str(), receipt.reason.as_str()), (id.as_str(), "link-revoked"));
    assert_eq!((actor.subject, actor.body.as_str()), (format!("link:{id}"), ""), "for no body");
    assert_eq!(receipt.note, "", "nothing of what was written with it");
    assert_eq!((order_after.version, order_after.phase.as_str()), (version + 1, "dispatched"));
    let journaled = world.rig.said().await;
    let (journaled, _) =
        journaled.iter().find(|(of, _)| of.event_type == EventType::OrderLinkRefused).unwrap();
    assert_eq!(journaled.traceparent, TRACE, "the report's");

    world.rig.clock.advance(60 * MINUTE);
    assert_eq!(world.tries(&short, None).await, refused("link-expired"));
    world.rig.clock.advance(MINUTE);
    // Its order goes to somebody else: also of an order that has ended it is noted.
    let transfer = format!("{}:transfer", path_of(&order));
    world.post("street-centre", &transfer, &[], json!({ "to": "police" })).await;
    assert_eq!(world.tries(&long, None).await, refused("link-ended"));
    assert_eq!(world.reasons().await, ["link-revoked", "link-expired", "link-ended"]);
    let ended = world.order(case_id, 1, "bus-company", "assist").await;
    assert_eq!(ended["phase"], "transferred");
    let (_, listed) = world.get("street-centre", &format!("{}/links", path_of(&order))).await;
    let listed: Vec<_> = listed["links"].as_array().unwrap().iter().map(|link| &link["refused"]).collect();
    assert_eq!(listed, [1, 1, 1]);
    // What opens it is nowhere in it.
    let said = world.rig.said().await;
    let told = |token: &str| said.iter().any(|(_, payload)| String::from_utf8_lossy(payload).contains(token));
    assert!(![taken, short, long].iter().any(|token| told(token)));
    // An act that the link does not allow, and one that is not possible now, are no refused openings.
    let other = world.order(case_id, 1, "traffic-police", "assist").await;
    let (seeing, _) = world.linked(&other, json!({ "label": "夜班", "acts": ["see", "submit"] })).await;
    assert_eq!(world.tries(&seeing, Some("acknowledge")).await, refused("link-act-not-allowed"));
    assert_eq!(world.tries(&seeing, Some("submit")).await, refused("invalid-transition"));
    assert_eq!(world.reasons().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_on_trying_fills_no_journal() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let order = world.order(case_id, 1, "bus-company", "assist").await;
    let (token, link) = world.linked(&order, json!({ "label": "夜班", "hours": 1 })).await;
    let (other, _) = world.linked(&order, json!({ "label": "值班室", "hours": 1 })).await;
    world.rig.clock.advance(60 * MINUTE);
    for _ in 0..3 {
        assert_eq!(world.tries(&token, None).await, refused("link-expired"));
    }
    // Whichever link of the order it is, and for whatever reason: who works on it insists on a version.
    assert_eq!(world.tries(&other, None).await, refused("link-expired"));
    for _ in 0..2 {
        assert_eq!(world.tries(&forged(&token), None).await, (404, "not-found".to_owned()));
    }
    assert_eq!(world.reasons().await, ["link-expired"], "one a minute");
    world.rig.clock.advance(MINUTE - Duration::from_micros(1));
    world.tries(&token, None).await;
    assert_eq!(world.reasons().await.len(), 1);
    world.rig.clock.advance(Duration::from_micros(1));
    world.tries(&forged(&other), None).await;
    assert_eq!(world.reasons().await, ["link-expired", "link-forged"]);
    // And not for ever: after two hundred of all its links they are counted only.
    let told =
        "UPDATE dispatch.links SET refused = jsonb_set(refused, '{link-expired,said}', '198') WHERE id = $1";
    let id: uuid::Uuid = link["link_id"].as_str().unwrap().parse().unwrap();
    sqlx::query(told).bind(id).execute(world.rig.admin()).await.unwrap();
    for receipts in [3, 3] {
        world.rig.clock.advance(MINUTE);
        assert_eq!(world.tries(&token, None).await, refused("link-expired"));
        assert_eq!(world.reasons().await.len(), receipts);
    }
    let (_, listed) = world.get("street-centre", &format!("{}/links", path_of(&order))).await;
    let counted = |nth: usize| listed["links"][nth]["refused"].clone();
    assert_eq!((counted(0), counted(1)), (json!(2), json!(8)), "each is counted at its link");
    assert_eq!(listed["links"][1]["last_refused_at"], json!(world.rig.clock.now()));
}

/// Whoever holds the case at the moment: a forgery is no way to find out that there is one.
#[tokio::test(flavor = "multi_thread")]
async fn a_forgery_is_told_the_same_while_its_case_is_held() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let order = world.order(case_id, 1, "bus-company", "assist").await;
    let (token, _) = world.linked(&order, json!({ "label": "值班室" })).await;
    let mut held = world.rig.admin().begin().await.unwrap();
    let lock = "SELECT FROM dispatch.cases WHERE id = $1 FOR UPDATE";
    sqlx::query(lock).bind(case_id).execute(&mut *held).await.unwrap();
    assert_eq!(world.tries(&forged(&token), None).await, (404, "not-found".to_owned()));
    assert_eq!(world.counted("unknown"), 1.0, "what could not be noted is a number");
    held.rollback().await.unwrap();
    assert_eq!(world.tries(&forged(&token), None).await, (404, "not-found".to_owned()));
    assert_eq!(world.reasons().await, ["link-forged"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_no_link_of_ours_leaves_a_number_and_nothing_else() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let order = world.order(case_id, 1, "bus-company", "assist").await;
    let (token, _) = world.linked(&order, json!({ "label": "值班室" })).await;
    let said = world.rig.said().await.len();
    let mut unknown = forged(&token).into_bytes();
    // Within the link.
    unknown[24] = if unknown[24] == b'A' { b'B' } else { b'A' };
    for token in ["swl_AAAA", "x", std::str::from_utf8(&unknown).unwrap()] {
        assert_eq!(world.tries(token, None).await, (404, "not-found".to_owned()));
    }
    assert_eq!(world.rig.said().await.len(), said);
    let count = |reason: &str| world.counted(reason);
    assert_eq!((count("unknown"), count("link-forged")), (3.0, 0.0));
    assert_eq!(world.tries(&forged(&token), None).await.0, 404);
    assert_eq!((count("unknown"), count("link-forged")), (3.0, 1.0));
    assert_eq!(world.reasons().await, ["link-forged"]);
    // A true token whose row is another's now, as after a restore of an older database.
    sqlx::query("UPDATE dispatch.links SET token_sha256 = sha256('another'), refused = '{}'")
        .execute(world.rig.admin())
        .await
        .unwrap();
    assert_eq!(world.tries(&token, None).await.0, 404);
    assert_eq!(world.reasons().await, ["link-forged", "link-forged"]);
    // Nobody asks the database without a bound: beyond it a forgery is a number as well.
    for n in 0..1_000 {
        let key = world.next_id().to_string();
        let from = format!("198.51.{}.{}", n / 100, n % 100);
        let headers = [("idempotency-key", key.as_str()), ("x-forwarded-for", &from)];
        let body = json!({ "token": forged(&token) });
        let (status, _, _) =
            world.rig.http("POST", "/dispatch/v1/links:open", None, &headers, Some(body)).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    assert!(count("unknown") > 3.0, "nobody bounds who forges");
    assert_eq!(world.reasons().await.len(), 2, "of the same minute");
    assert_eq!(world.tries(&token, None).await.0, 404);
}
