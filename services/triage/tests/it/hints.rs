//! Hints before a report is sent: what is open near by, and nothing that is nobody's business.

use std::collections::BTreeSet;

use contract::EventType;
use contract::document::{DocumentBody, Privacy};
use contract::proto::intake::Datum;
use serde_json::{Value, json};

use crate::desk::{Desk, OTHER_STREET, STREET, Sent, report};

impl Desk {
    async fn near(&self, subject: &str, street: &str, body: Value) -> (u16, Value) {
        let path = format!("/triage/v1/streets/{street}/cases:near");
        let token = self.rig.token(subject);
        let (status, _, body) = self.rig.http("POST", &path, Some(&token), &[], Some(body)).await;
        (status.as_u16(), body)
    }

    /// Items and distances of the hints at the bus stop.
    async fn hints(&self, more: Value) -> Vec<(String, u64)> {
        let mut asked = json!({ "place": { "lon": 106.5512, "lat": 29.5628, "datum": "wgs84" } });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, answer) = self.near("resident", STREET, asked).await;
        assert_eq!(status, 200, "{answer}");
        let hint =
            |hint: &Value| (hint["item"].as_str().unwrap().to_owned(), hint["distance_m"].as_u64().unwrap());
        answer["cases"].as_array().unwrap().iter().map(hint).collect()
    }
}

fn owned(hints: &[(&str, u64)]) -> Vec<(String, u64)> {
    hints.iter().map(|(item, distance)| ((*item).to_owned(), *distance)).collect()
}

#[tokio::test]
async fn a_reporter_is_shown_what_is_open_near_by() {
    let desk = Desk::open().await;
    // 0.001° of latitude are 111.2 m.
    let near = Sent { lat: 29.5638, ..report(2, "TRA-03", "站牌倒了，就在我家401门口") };
    desk.hear(&[Sent { lat: 29.5648, ..report(1, "TRA-01", "改线") }, near]).await;
    desk.hear(&[Sent { lat: 29.5648, ..report(3, "TRA-01", "改线") }]).await;
    assert_eq!(desk.hints(json!({})).await, owned(&[("TRA-03", 112), ("TRA-01", 223)]));
    assert_eq!(desk.hints(json!({ "item": "TRA-01" })).await, owned(&[("TRA-01", 223)]));
    let words = json!({ "text": "公交改道，取消站点，出行不便" });
    assert_eq!(desk.hints(words).await, owned(&[("TRA-01", 223), ("TRA-03", 112)]), "the words speak of it");
    let unknown = json!({ "item": "ZZZ-99" });
    assert_eq!(desk.hints(unknown).await.len(), 2, "an item nobody has says nothing");

    let place = json!({ "lon": 106.5512, "lat": 29.5648, "datum": "wgs84" });
    let (_, answer) = desk.near("grid-worker", STREET, json!({ "place": place, "item": "TRA-01" })).await;
    let hint = &answer["cases"][0];
    let expected = json!({
        "case_no": hint["case_no"], "item": "TRA-01", "item_zh": hint["item_zh"], "item_en": hint["item_en"],
        "distance_m": 0, "voices": 2, "opened_at": "2026-11-23T02:00:00Z", "phase": "open",
        "suggested": true,
    });
    assert_eq!(
        hint, &expected,
        "number, item, how far, how many, since when, whether it may be the same: no more"
    );
    assert_eq!(answer["alarm"], false);
    let danger = json!({ "place": place, "text": "闻到煤气泄漏" });
    let (_, answer) = desk.near("grid-worker", STREET, danger).await;
    assert_eq!(answer["alarm"], true, "{answer}");
    let suggested = |case: &Value| case["suggested"].as_bool().unwrap();
    assert!(!answer["cases"].as_array().unwrap().iter().any(suggested), "they only lie near: {answer}");
    assert!(hint["case_no"].as_str().unwrap().starts_with("990102001-261123-"), "{hint}");
    assert_ne!(hint["item_zh"], "");
    assert!(!desk.near("resident", STREET, json!({ "place": place })).await.1.to_string().contains("401"));
}

#[tokio::test]
async fn what_is_over_far_rehearsed_or_private_is_not_shown() {
    let desk = Desk::open().await;
    let private =
        BTreeSet::from_iter(testkit::demo::documents(1).iter().flat_map(|document| match &document.body {
            DocumentBody::District(core) => {
                let items = core.items.iter().filter(|(_, item)| item.privacy != Privacy::None);
                items.map(|(code, _)| code.clone()).collect::<Vec<_>>()
            }
            _ => Vec::new(),
        }));
    let secret: &'static str = private.first().unwrap().clone().leak();
    desk.hear(&[report(1, "TRA-03", ""), Sent { drill: true, ..report(2, "TRA-01", "") }]).await;
    desk.hear(&[report(3, secret, ""), Sent { lat: 29.57, ..report(4, "TRA-01", "") }]).await;
    desk.hear(&[Sent { datum: Datum::Gcj02, ..report(5, "TRA-01", "") }]).await;
    desk.hear(&[Sent { street: OTHER_STREET, ..report(6, "TRA-01", "") }]).await;
    assert_eq!(desk.count("cases").await, 6);
    assert_eq!(desk.hints(json!({})).await, owned(&[("TRA-03", 0)]));
    assert_eq!(desk.hints(json!({ "item": secret })).await, []);
    let opened = desk.opened().await.into_iter().map(|opened| opened.case.unwrap());
    let case = opened.into_iter().find(|case| case.item == "TRA-03").unwrap();
    desk.dispatch_says(EventType::CaseClosed, &case.case_id, 4).await;
    assert_eq!(desk.hints(json!({})).await, []);
}

#[tokio::test]
async fn a_plan_that_waits_is_shown_as_waiting_and_there_are_five_at_most() {
    let desk = Desk::reviewing(contract::document::RoutingMode::StreetReview).await;
    let items = ["TRA-01", "TRA-03", "ENV-04", "TRA-11", "FAC-02", "ENV-02", "TRA-02"];
    let reports: Vec<Sent> = (1..).zip(items).map(|(n, item)| report(n, item, "")).collect();
    desk.hear(&reports).await;
    let place = json!({ "lon": 106.5512, "lat": 29.5628, "datum": "wgs84" });
    let (_, answer) = desk.near("resident", STREET, json!({ "place": place })).await;
    assert_eq!(answer["cases"].as_array().unwrap().len(), 5, "{answer}");
    let (_, answer) = desk.near("resident", STREET, json!({ "place": place, "item": "TRA-01" })).await;
    assert_eq!(answer["cases"][0]["phase"], "reviewing", "{answer}");
}

#[tokio::test]
async fn only_who_may_report_may_ask_and_only_with_a_place() {
    let desk = Desk::open().await;
    let place = json!({ "lon": 106.5512, "lat": 29.5628, "datum": "wgs84" });
    for (person, street, expected) in [
        ("resident", STREET, 200),
        ("grid-worker", STREET, 200),
        ("street-centre", STREET, 200),
        ("transport", STREET, 403),
        ("verifier", STREET, 403),
        ("stranger", STREET, 404),
    ] {
        let (status, answer) = desk.near(person, street, json!({ "place": place })).await;
        assert_eq!(status, expected, "{person}: {answer}");
    }
    for (asked, code) in [
        (json!({ "place": { "lon": 106.5, "lat": 29.5 } }), "datum-required"),
        (json!({ "place": { "lon": 186.5, "lat": 29.5, "datum": "wgs84" } }), "out-of-range"),
        (json!({ "place": place, "item": "a b" }), "identifier-invalid"),
        (json!({ "place": place, "text": "字".repeat(4_001) }), "text-too-long"),
    ] {
        let (status, answer) = desk.near("resident", STREET, asked).await;
        assert_eq!(status, 422, "{answer}");
        assert!(answer.to_string().contains(code), "{code}: {answer}");
    }
}
