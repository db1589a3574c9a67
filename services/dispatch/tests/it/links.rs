//! Links to one order: what they show, what is done by them, who may not, and how they end.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use contract::EventType;
use contract::proto::dispatch as said;
use prost::Message;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{FAST_STREET, STREET, World, path_of, stage};

const OPEN: &str = "/dispatch/v1/links:open";
const ACT: &str = "/dispatch/v1/links:act";

/// A link of an order by who may give one out.
async fn issued(world: &World, subject: &str, order: &Value, body: Value) -> Value {
    let (status, _, link) = world.post(subject, &format!("{}/links", path_of(order)), &[], body).await;
    assert_eq!(status, StatusCode::CREATED, "{link}");
    link
}

fn desk() -> Value {
    json!({ "label": "值班室" })
}

fn token(link: &Value) -> String {
    let url = link["url"].as_str().unwrap();
    let (address, token) = url.split_once('#').unwrap();
    assert_eq!(address, "https://streetwise.example.gov.cn/dispatch/link");
    token.to_owned()
}

/// A request without an account.
async fn knock(world: &World, path: &str, key: Uuid, body: Value) -> (StatusCode, HeaderMap, Value) {
    world.rig.http("POST", path, None, &[("idempotency-key", &key.to_string())], Some(body)).await
}

async fn open(world: &World, token: &str) -> (StatusCode, Value) {
    let (status, _, body) = knock(world, OPEN, world.next_id(), json!({ "token": token })).await;
    (status, body)
}

/// The status, and the order's phase or the problem's code.
async fn act(world: &World, token: &str, act: &str, note: &str) -> (StatusCode, String) {
    let body = json!({ "token": token, "act": act, "note": note });
    let (status, _, answer) = knock(world, ACT, world.next_id(), body).await;
    let word = if status.is_success() { &answer["order"]["phase"] } else { &answer["code"] };
    (status, word.as_str().unwrap_or_default().to_owned())
}

fn ok(phase: &str) -> (StatusCode, String) {
    (StatusCode::OK, phase.to_owned())
}

fn refused(code: &str) -> (StatusCode, String) {
    (StatusCode::CONFLICT, code.to_owned())
}

async fn revoke(world: &World, subject: &str, link: &Value) -> StatusCode {
    let id = link["link_id"].as_str().unwrap();
    let path = format!("/dispatch/v1/streets/{STREET}/links/{id}:revoke");
    world.post(subject, &path, &[], json!({})).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_shows_one_order_and_is_a_receipt_not_seen() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    routed.payload.case.as_mut().unwrap().place = Some(contract::proto::intake::Place {
        address: "滨江路社区公交站".to_owned(),
        ..Default::default()
    });
    let case_id = world.opened(&routed).await;
    let order = world.order(case_id, 1, "bus-company", "assist").await;
    let link = issued(&world, "street-centre", &order, desk()).await;
    assert_eq!(link["expires_at"], "2026-11-26T02:00:00Z", "72 hours unless told");
    let token = token(&link);

    for opened in 1..=2 {
        world.rig.clock.advance(Duration::from_secs(60));
        let (status, shown) = open(&world, &token).await;
        assert_eq!(status, StatusCode::OK, "{shown}");
        assert_eq!(shown["order"]["order_id"], order["order_id"]);
        assert_eq!(
            (&shown["order"]["body"], &shown["order"]["phase"]),
            (&json!("bus-company"), &json!("dispatched"))
        );
        assert_eq!(shown["order"]["address"], "滨江路社区公交站");
        assert_eq!(shown["order"]["acts"], json!({}), "opened is not seen");
        assert!(stage(&shown["order"], "acknowledge")["met_at"].is_null());
        for secret in ["traffic-police", "306路改线", "transport"] {
            assert!(!shown.to_string().contains(secret), "{secret} is no business of this body");
        }
        assert_eq!(world.count_said(EventType::OrderLinkOpened).await, opened);
    }
    // Within a minute of a receipt it is counted, and nobody's timeline grows.
    world.rig.clock.advance(Duration::from_secs(59));
    let (_, again) = open(&world, &token).await;
    assert_eq!(again["order"]["order_id"], order["order_id"]);
    assert_eq!(world.count_said(EventType::OrderLinkOpened).await, 2);
    assert_eq!(world.count_said(EventType::OrderSeen).await, 0);
    let given = world.order_event(EventType::OrderLinkIssued).await;
    assert_eq!(
        given.note, "值班室: see acknowledge ask arrive progress submit sign",
        "sealed with its giving out"
    );
    let event = world.order_event(EventType::OrderLinkOpened).await;
    let actor = event.actor.unwrap();
    assert_eq!(actor.subject, format!("link:{}", link["link_id"].as_str().unwrap()));
    assert_eq!(
        (actor.body.as_str(), event.link_id.as_str()),
        ("bus-company", link["link_id"].as_str().unwrap())
    );
    let (_, listed) = world.get("street-centre", &format!("{}/links", path_of(&order))).await;
    assert_eq!((&listed["links"][0]["opened"], &listed["links"][0]["label"]), (&json!(3), &json!("值班室")));
    assert_eq!(listed["links"][0]["url"], Value::Null);

    // What opens it is nowhere: not in a row, not in an answer that is kept, not in an event.
    let rows = "SELECT count(*) FROM dispatch.answers WHERE position($1 IN convert_from(body, 'UTF8')) > 0";
    let kept: i64 = sqlx::query_scalar(rows).bind(&token).fetch_one(world.rig.admin()).await.unwrap();
    let row: String = sqlx::query_scalar("SELECT to_jsonb(l)::text FROM dispatch.links l")
        .fetch_one(world.rig.admin())
        .await
        .unwrap();
    assert!(kept == 0 && !row.contains(&token));
    let (_, payload) = world.rig.said().await.pop().unwrap();
    assert!(!String::from_utf8_lossy(&payload).contains(&token));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_an_account_works_its_order_off() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let order = world.order(case_id, 1, "bus-company", "assist").await;
    let token = token(&issued(&world, "governance-centre", &order, desk()).await);
    assert_eq!(act(&world, &token, "see", "").await, ok("seen"));
    assert_eq!(act(&world, &token, "acknowledge", "").await, ok("acknowledged"));
    assert_eq!(act(&world, &token, "submit", "").await, refused("visit-required"));
    assert_eq!(
        act(&world, &token, "ask", "").await.0,
        StatusCode::UNPROCESSABLE_ENTITY,
        "a question asks something"
    );
    assert_eq!(act(&world, &token, "ask", "哪一个站点？").await, ok("acknowledged"));
    let asked = world.order_event(EventType::OrderAsked).await;
    assert_eq!(asked.note, "哪一个站点？");
    let told = [format!("street-centre@{STREET}"), "governance-centre".to_owned()];
    assert!(told.iter().all(|body| asked.told_bodies.contains(body)), "{:?}", asked.told_bodies);
    assert_eq!(act(&world, &token, "arrive", "").await, ok("on_site"));
    assert_eq!(act(&world, &token, "progress", "站牌已立").await, ok("in_progress"));
    assert_eq!(act(&world, &token, "submit", "").await, ok("submitted"));
    let submitted = world.order_event(EventType::OrderSubmitted).await;
    assert!(submitted.actor.unwrap().subject.starts_with("link:"));
    // What people with an account see is the same order.
    let order = world.order(case_id, 1, "bus-company", "assist").await;
    assert_eq!(
        (&order["phase"], &stage(&order, "acknowledge")["verdict"]),
        (&json!("submitted"), &json!("met"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_never_verifies_and_neither_does_who_gave_it_out() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    for body in ["traffic-police", "bus-company"] {
        let order = world.order(case_id, 1, body, "assist").await;
        for verb in ["acknowledge", "arrive", "submit"] {
            world.act(body, &order, verb).await;
        }
    }
    // `both` is a user of the body and a verifier: acting by a link of its own is no way around.
    let order = world.order(case_id, 1, "transport", "lead").await;
    let token = token(&issued(&world, "both", &order, desk()).await);
    for never in ["verify", "grant", "adjudicate", "return", "cancel", "whistle"] {
        let expected = (StatusCode::UNPROCESSABLE_ENTITY, "validation-failed".to_owned());
        assert_eq!(act(&world, &token, never, "").await, expected, "{never}");
    }
    for verb in ["acknowledge", "arrive", "submit"] {
        assert_eq!(act(&world, &token, verb, "").await.0, StatusCode::OK, "{verb}");
    }
    let (status, problem) = world.verify("both", case_id, "claim").await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("handler-may-not-verify")));
    assert_eq!(world.verify("verifier", case_id, "claim").await.0, StatusCode::OK);
    assert_eq!(world.verify("verifier", case_id, "pass").await.0, StatusCode::OK);
    assert_eq!(open(&world, &token).await.1["code"], "link-ended", "with its case");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_by_its_time_by_hand_and_with_its_order() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let order = world.order(case_id, 1, "bus-company", "assist").await;
    let give = async |body: Value| {
        let link = issued(&world, "street-centre", &order, body).await;
        (token(&link), link)
    };
    let (seeing, _) = give(json!({ "label": "夜班", "acts": ["see"] })).await;
    assert_eq!(act(&world, &seeing, "acknowledge", "").await, refused("link-act-not-allowed"));
    assert_eq!(act(&world, &seeing, "see", "").await, ok("seen"));

    let (taken, link) = give(desk()).await;
    assert_eq!(revoke(&world, "bus-company", &link).await, StatusCode::OK, "its own body may, too");
    assert_eq!(revoke(&world, "street-centre", &link).await, StatusCode::OK, "twice is no fault");
    assert_eq!(world.count_said(EventType::OrderLinkRevoked).await, 1);
    assert_eq!(act(&world, &taken, "acknowledge", "").await, refused("link-revoked"));
    let (_, problem) = open(&world, &taken).await;
    assert!(problem["hint"].as_str().unwrap().contains("新链接"), "{problem}");

    let (short, _) = give(json!({ "label": "夜班", "hours": 1 })).await;
    world.rig.clock.advance(Duration::from_secs(3_599));
    assert_eq!(open(&world, &short).await.0, StatusCode::OK);
    world.rig.clock.advance(Duration::from_secs(1));
    assert_eq!(open(&world, &short).await.1["code"], "link-expired");
    assert_eq!(act(&world, &short, "acknowledge", "").await, refused("link-expired"));
    // Nothing of what was refused was done.
    assert_eq!(world.order(case_id, 1, "bus-company", "assist").await["phase"], "seen");

    let (long, link) = give(desk()).await;
    let transfer = format!("{}:transfer", path_of(&order));
    let moved = world.post("street-centre", &transfer, &[], json!({ "to": "police" })).await;
    assert_eq!(moved.0, StatusCode::OK, "{}", moved.2);
    assert_eq!(act(&world, &long, "acknowledge", "").await, refused("link-ended"));
    assert_eq!(open(&world, &long).await.1["code"], "link-ended");
    assert_eq!(revoke(&world, "street-centre", &link).await, StatusCode::CONFLICT, "it is no use any more");
    let late = world.post("street-centre", &format!("{}/links", path_of(&order)), &[], desk()).await;
    assert_eq!((late.0, &late.2["code"]), (StatusCode::CONFLICT, &json!("link-ended")));
}

/// The answer to a key is kept for days; whoever has the link only until it ends.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_before_its_end_is_not_shown_again() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let order = world.order(case_id, 1, "bus-company", "assist").await;
    let used = async |body: Value| {
        let link = issued(&world, "street-centre", &order, body).await;
        let (token, opening, seeing) = (token(&link), world.next_id(), world.next_id());
        let replay = async || {
            let shown = knock(&world, OPEN, opening, json!({ "token": token })).await;
            let seen = knock(&world, ACT, seeing, json!({ "token": token, "act": "see" })).await;
            [(shown.0.as_u16(), shown.2), (seen.0.as_u16(), seen.2)]
        };
        let first = replay().await;
        assert!(first.iter().all(|(status, _)| *status == 200), "{first:?}");
        assert_eq!(replay().await, first, "as long as it opens, the same again");
        (link, token, opening, seeing)
    };
    let replayed = async |(_, token, opening, seeing): &(Value, String, Uuid, Uuid)| {
        let shown = knock(&world, OPEN, *opening, json!({ "token": token })).await;
        let seen = knock(&world, ACT, *seeing, json!({ "token": token, "act": "see" })).await;
        [shown, seen].map(|(status, _, body)| {
            assert!(body.get("order").is_none(), "{body}");
            (status.as_u16(), body["code"].as_str().unwrap_or_default().to_owned())
        })
    };
    let twice = |code: &str| [(409, code.to_owned()), (409, code.to_owned())];

    let revoked = used(desk()).await;
    assert_eq!(revoke(&world, "street-centre", &revoked.0).await, StatusCode::OK);
    assert_eq!(replayed(&revoked).await, twice("link-revoked"));
    let expired = used(json!({ "label": "夜班", "hours": 1 })).await;
    let ended = used(desk()).await;
    world.rig.clock.advance(Duration::from_secs(3_600));
    assert_eq!(replayed(&expired).await, twice("link-expired"));
    let transfer = format!("{}:transfer", path_of(&order));
    world.post("street-centre", &transfer, &[], json!({ "to": "police" })).await;
    assert_eq!(replayed(&ended).await, twice("link-ended"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_did_not_sign_is_unknown_whatever_it_says() {
    let world = World::start().await;
    let here = world.opened(&world.routed(STREET, "TRA-01")).await;
    world.opened(&world.routed(FAST_STREET, "TRA-03")).await;
    let order = world.order(here, 1, "bus-company", "assist").await;
    let link = issued(&world, "street-centre", &order, desk()).await;
    let token = token(&link);
    let unknown = open(&world, "swl_AAAA").await;
    assert_eq!((unknown.0, &unknown.1["code"]), (StatusCode::NOT_FOUND, &json!("not-found")));
    let mut forged = token.clone().into_bytes();
    // Within the tenant, within the link, within the tag.
    for place in [8, 24, 100] {
        let was = forged[place];
        forged[place] = if was == b'A' { b'B' } else { b'A' };
        assert_eq!(open(&world, std::str::from_utf8(&forged).unwrap()).await, unknown, "at {place}");
        forged[place] = was;
    }
    // A true token without its row, as after a restore of an older database; and one whose row is another's now.
    sqlx::query("UPDATE dispatch.links SET token_sha256 = sha256('another')")
        .execute(world.rig.admin())
        .await
        .unwrap();
    assert_eq!(open(&world, &token).await, unknown);
    sqlx::query("DELETE FROM dispatch.links").execute(world.rig.admin()).await.unwrap();
    assert_eq!(open(&world, &token).await, unknown);
    assert_eq!(world.count_said(EventType::OrderLinkOpened).await, 0);

    // A link's token is no account, and an account no link.
    let (status, _, _) = world.rig.http("GET", &path_of(&order), Some(&token), &[], None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(open(&world, &world.rig.token("street-centre")).await, unknown);
    // In an address it is nothing: the page is the same for everybody.
    let (status, headers, page) = world.rig.http("GET", "/dispatch/link", None, &[], None).await;
    assert!(status == StatusCode::OK && page.as_str().unwrap().contains("link.js"));
    assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    assert_eq!(world.rig.http("GET", OPEN, None, &[], None).await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_given_out_by_centres_and_the_own_body_only() {
    let world = World::start().await;
    let here = world.opened(&world.routed(STREET, "TRA-01")).await;
    let order = world.order(here, 1, "transport", "lead").await;
    let path = format!("{}/links", path_of(&order));
    let give = async |subject: &str| world.post(subject, &path, &[], desk()).await.0;
    for may in ["street-centre", "governance-centre", "transport", "both"] {
        assert_eq!(give(may).await, StatusCode::CREATED, "{may}");
    }
    assert_eq!(give("verifier").await, StatusCode::FORBIDDEN);
    for stranger in ["bus-company", "nobody"] {
        assert_eq!(give(stranger).await, StatusCode::NOT_FOUND, "{stranger}");
        assert_eq!(world.get(stranger, &path).await.0, StatusCode::NOT_FOUND, "{stranger}");
    }
    let (_, listed) = world.get("transport", &path).await;
    let links = listed["links"].as_array().unwrap().clone();
    assert_eq!(links.len(), 4);
    assert_eq!(revoke(&world, "bus-company", &links[0]).await, StatusCode::NOT_FOUND);
    // The same id in another street is nobody's.
    let elsewhere =
        format!("/dispatch/v1/streets/{FAST_STREET}/links/{}:revoke", links[0]["link_id"].as_str().unwrap());
    assert_eq!(world.post("governance-centre", &elsewhere, &[], json!({})).await.0, StatusCode::NOT_FOUND);

    let bad = [
        json!({ "label": "李工 13800138000" }),
        json!({ "label": "" }),
        json!({ "label": "夜班", "hours": 0 }),
        json!({ "label": "夜班", "hours": 721 }),
        json!({ "label": "夜班", "acts": [] }),
        json!({ "label": "夜班", "acts": ["verify"] }),
    ];
    for body in bad {
        let (status, _, problem) = world.post("transport", &path, &[], body.clone()).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("validation-failed")),
            "{body}"
        );
    }
    for _ in links.len()..50 {
        assert_eq!(give("transport").await, StatusCode::CREATED);
    }
    let (status, _, problem) = world.post("transport", &path, &[], desk()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("too-many-links")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_gets_the_same_answer_and_has_one_effect() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let order = world.order(case_id, 1, "bus-company", "assist").await;
    let path = format!("{}/links", path_of(&order));
    let key = [("idempotency-key", "5f3c6c1e-0000-4000-8000-000000000001")];
    let first = world.post("street-centre", &path, &key, desk()).await;
    let again = world.post("street-centre", &path, &key, desk()).await;
    assert_eq!((first.0, &first.2), (StatusCode::CREATED, &again.2), "with what opens it");
    assert_eq!(world.count_said(EventType::OrderLinkIssued).await, 1);
    let other = world.post("street-centre", &path, &key, json!({ "label": "另一处" })).await;
    assert_eq!(other.2["code"], "idempotency-key-reused");

    let (token, key) = (token(&first.2), world.next_id());
    let (one, two) = tokio::join!(
        knock(&world, OPEN, key, json!({ "token": token })),
        knock(&world, OPEN, key, json!({ "token": token })),
    );
    assert_eq!((one.0, &one.2), (StatusCode::OK, &two.2));
    assert_eq!(world.count_said(EventType::OrderLinkOpened).await, 1);
    let (status, _, problem) = world.rig.http("POST", OPEN, None, &[], Some(json!({ "token": token }))).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("idempotency-key-missing")));
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_has_a_bound_and_a_drill_stays_one() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    routed.envelope.drill = true;
    let case_id = world.opened(&routed).await;
    let order = world.order(case_id, 1, "bus-company", "assist").await;
    let token = token(&issued(&world, "street-centre", &order, desk()).await);
    assert_eq!(open(&world, &token).await.1["order"]["drill"], true);
    let said = world.rig.said().await;
    let of_links = said.iter().filter(|(envelope, _)| envelope.event_type.as_str().contains(".link_"));
    assert!(of_links.clone().count() == 2 && of_links.clone().all(|(envelope, _)| envelope.drill));
    let payload = said::OrderEvent::decode(of_links.last().unwrap().1.clone()).unwrap();
    assert!(payload.order.unwrap().drill);

    let mut turned_away = None;
    for _ in 0..2_000 {
        let (status, headers, _) =
            knock(&world, OPEN, world.next_id(), json!({ "token": "swl_guess" })).await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            turned_away = headers.get("retry-after").cloned();
            break;
        }
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    assert!(turned_away.is_some(), "nobody bounds who guesses");
}
