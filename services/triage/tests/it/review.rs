//! What the words do not decide, a person does; then it goes the way of every report.

use axum::http::StatusCode;
use futures_util::future::join_all;
use ids::Lane;
use serde_json::{Value, json};

use crate::desk::{Desk, OTHER_STREET, STREET, Said, Sent, report};

impl Desk {
    async fn reviews(&self, subject: &str, street: &str, query: &str) -> (u16, Value) {
        let path = format!("/triage/v1/streets/{street}/reviews{query}");
        let (status, _, body) = self.rig.http("GET", &path, Some(&self.rig.token(subject)), &[], None).await;
        (status.as_u16(), body)
    }

    async fn decide(&self, subject: &str, street: &str, n: u128, item: &str) -> (u16, Value) {
        let report_id = uuid::Uuid::from_u128(n);
        let path = format!("/triage/v1/streets/{street}/reviews/{report_id}:decide");
        let token = self.rig.token(subject);
        let body = Some(json!({ "item": item }));
        let (status, _, body) = self.rig.http("POST", &path, Some(&token), &[], body).await;
        (status.as_u16(), body)
    }
}

#[tokio::test]
async fn an_unsure_report_waits_for_a_person() {
    let desk = Desk::open().await;
    let words = "你们好\u{f91d}，我想反映一件事";
    desk.hear(&[report(1, "", words), Sent { lane: Lane::Urgent, ..report(2, "XXX-99", words) }]).await;
    let said = desk.said().await;
    assert_eq!(said.len(), 2);
    for (envelope, said) in said {
        let Said::Review(review) = said else { panic!("{said:?}") };
        let centre = format!("street-centre@{STREET}");
        match envelope.lane {
            Lane::Urgent => assert_eq!(review.told_bodies, [centre, "governance-centre".to_owned()]),
            _ => assert_eq!(review.told_bodies, [centre]),
        }
        assert_eq!(review.report_id, envelope.aggregate_id.to_string());
        assert_eq!((review.street.as_str(), envelope.version, review.tracking_sha256.len()), (STREET, 1, 32));
        let expected = if envelope.aggregate_id.as_u128() == 1 {
            ("item-unsure", Lane::Normal)
        } else {
            ("item-unknown", Lane::Urgent)
        };
        assert_eq!((review.reason.as_str(), envelope.lane), expected);
    }
    assert_eq!(desk.count("cases").await, 0);
    let (status, list) = desk.reviews("street-centre", STREET, "").await;
    assert_eq!((status, list["reviews"].as_array().unwrap().len()), (200, 2));
    assert_eq!(
        (&list["reviews"][0]["lane"], &list["reviews"][0]["reason"]),
        (&json!("urgent"), &json!("item-unknown"))
    );
    let first = &list["reviews"][1];
    assert_eq!((&first["text"], &first["place"]["datum"]), (&json!(words), &json!("wgs84")));
    assert_eq!(
        (&first["reason"], &first["requested_at"]),
        (&json!("item-unsure"), &json!("2026-11-23T02:00:00Z"))
    );
    assert_eq!(first["item_explanation"]["method"], "keyword");
    let (_, one) = desk.reviews("governance-centre", STREET, "?limit=1").await;
    assert_eq!(one["reviews"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_no_keyword_decides_is_proposed_with_its_reasons() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", "等车亭的雨棚破了，站点没有遮雨")]).await;
    desk.hear(&[report(2, "", "对面楼三层烧起来了，烟往上窜，快来人")]).await;
    let (_, list) = desk.reviews("street-centre", STREET, "").await;
    let entry = |at: usize| (&list["reviews"][at]["lane"], &list["reviews"][at]["item_explanation"]);
    // The second came later and is looked at first.
    let (lane, fire) = entry(0);
    assert_eq!(
        (lane, &fire["danger"], &fire["proposed"][0]["item"]),
        (&json!("urgent"), &json!("SAF-01"), &json!("SAF-01"))
    );
    assert!(fire["zh"].as_str().unwrap().ends_with("可能危及生命（SAF-01），请立即研判"), "{fire}");
    let (lane, stop) = entry(1);
    let nearest = &stop["proposed"][0];
    assert_eq!(
        (lane, &nearest["item"], &nearest["zh"]),
        (&json!("normal"), &json!("TRA-03"), &json!("公交站台站牌损坏"))
    );
    assert_eq!((stop["proposed"].as_array().unwrap().len(), &stop["danger"]), (3, &Value::Null));
    assert!("等车亭的雨棚破了，站点没有遮雨".contains(nearest["words"][0].as_str().unwrap()), "{nearest}");
    assert!(stop["zh"].as_str().unwrap().contains("最接近的事项：公交站台站牌损坏（TRA-03）"), "{stop}");
    // The proposal is taken in one step, and the case goes on in the lane of its report.
    let (status, decision) = desk.decide("street-centre", STREET, 2, "SAF-01").await;
    assert_eq!((status, &decision["voice"]), (200, &json!(1)));
    assert!(desk.said().await.iter().skip(2).all(|(envelope, _)| envelope.lane == Lane::Urgent));
}

#[tokio::test]
async fn danger_is_on_the_first_page_however_long_the_queue_is() {
    let desk = Desk::open().await;
    for n in 1..=5 {
        desk.hear(&[report(n, "", "你好")]).await;
        desk.rig.clock.advance(std::time::Duration::from_secs(60));
    }
    desk.hear(&[Sent { lane: Lane::Bulk, ..report(6, "", "你好") }]).await;
    for n in 7..=8 {
        desk.rig.clock.advance(std::time::Duration::from_secs(60));
        desk.hear(&[Sent { lane: Lane::Urgent, ..report(n, "", "你好") }]).await;
    }
    let (mut shown, mut next): (Vec<u128>, Option<Value>) = (Vec::new(), None);
    loop {
        let after = next.as_ref().map(|id| format!("&after={}", id.as_str().unwrap())).unwrap_or_default();
        let (status, page) = desk.reviews("street-centre", STREET, &format!("?limit=3{after}")).await;
        assert_eq!(status, 200, "{page}");
        let ids = page["reviews"].as_array().unwrap().iter();
        shown.extend(
            ids.map(|entry| entry["report_id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap().as_u128()),
        );
        next = page.get("next").cloned();
        if next.is_none() {
            break;
        }
    }
    assert_eq!(shown, [7, 8, 1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_cursor_outlives_the_decision_on_its_entry_and_serves_one_street() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", "你好"), report(2, "", "你好"), report(3, "", "你好")]).await;
    desk.hear(&[Sent { street: OTHER_STREET, ..report(4, "", "你好") }]).await;
    let shown = uuid::Uuid::from_u128(1);
    assert_eq!(desk.decide("street-centre", STREET, 1, "TRA-01").await.0, 200);
    let (_, page) = desk.reviews("street-centre", STREET, &format!("?after={shown}")).await;
    let rest: Vec<_> = page["reviews"].as_array().unwrap().iter().map(|entry| &entry["report_id"]).collect();
    assert_eq!(rest, [&json!(uuid::Uuid::from_u128(2)), &json!(uuid::Uuid::from_u128(3))]);
    for foreign in [4, 77] {
        let cursor = format!("?after={}", uuid::Uuid::from_u128(foreign));
        let (status, refusal) = desk.reviews("street-centre", STREET, &cursor).await;
        assert_eq!((status, &refusal["code"]), (400, &json!("bad-cursor")), "{foreign}");
    }
}

#[tokio::test]
async fn a_decision_opens_or_joins_and_is_repeatable() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", "你好"), report(2, "", "你好")]).await;
    let (status, first) = desk.decide("street-centre", STREET, 1, "TRA-01").await;
    assert_eq!((status, &first["voice"], &first["item"]), (200, &json!(1), &json!("TRA-01")), "{first}");
    assert_eq!(first["case_no"], "990102001-261123-0001");
    desk.rig.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(desk.decide("governance-centre", STREET, 1, "TRA-01").await, (200, first.clone()));
    let (status, refusal) = desk.decide("street-centre", STREET, 1, "TRA-03").await;
    assert_eq!((status, &refusal["code"]), (409, &json!("invalid-transition")));
    let (_, second) = desk.decide("street-centre", STREET, 2, "TRA-01").await;
    assert_eq!((&second["voice"], &second["case_id"]), (&json!(2), &first["case_id"]));
    assert_eq!(desk.cases(STREET).await, [[1, 2]]);
    let [opened] = &desk.opened().await[..] else { panic!("one case") };
    let why: Value = serde_json::from_str(&opened.item_explanation_json).unwrap();
    assert_eq!((&why["method"], &why["item"]), (&json!("review"), &json!("TRA-01")));
    let [(_, routed)] = &desk.routed().await[..] else { panic!("one case") };
    assert_eq!(routed.accepted_at, None, "a person decided in between");
    assert_eq!(desk.reviews("street-centre", STREET, "").await.1["reviews"], json!([]));
    let actors: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT actor FROM triage.journal WHERE event_type <> 'triage.case.review_requested'",
    )
    .fetch_all(desk.rig.admin())
    .await
    .unwrap();
    assert_eq!(actors, ["street-centre"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_decisions_agree_on_one() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", "你好")]).await;
    let items = ["TRA-01", "TRA-03", "TRA-01", "TRA-03"];
    let answers = join_all(items.map(|item| desk.decide("street-centre", STREET, 1, item))).await;
    let won: Vec<_> = answers.iter().filter(|(status, _)| *status == 200).collect();
    assert_eq!(won.len(), 2, "{answers:?}");
    assert_eq!(won[0], won[1]);
    assert!(answers.iter().all(|(status, _)| matches!(status, 200 | 409)));
    assert_eq!(desk.cases(STREET).await, [[1]]);
}

#[tokio::test]
async fn who_may_not_and_what_is_not_there() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", "你好")]).await;
    let (status, unknown) = desk.decide("street-centre", STREET, 9, "TRA-01").await;
    assert_eq!((status, &unknown["code"]), (404, &json!("not-found")));
    assert_eq!(
        desk.decide("street-centre", OTHER_STREET, 1, "TRA-01").await,
        (404, unknown.clone()),
        "another street's"
    );
    assert_eq!(desk.decide("stranger", STREET, 1, "TRA-01").await, (404, unknown.clone()));
    assert_eq!(desk.reviews("stranger", STREET, "").await, (404, unknown.clone()));
    assert_eq!(desk.decide("resident", STREET, 1, "TRA-01").await.0, 403);
    assert_eq!(desk.reviews("transport", STREET, "").await.0, 403);
    let (status, refusal) = desk.decide("street-centre", STREET, 1, "TRA-99").await;
    assert_eq!((status, &refusal["errors"][0]["code"]), (422, &json!("unknown-item")));
    assert_eq!(desk.decide("street-centre", STREET, 1, "TRA 01").await.1["code"], "identifier-invalid");
    for query in ["?limit=0", "?limit=201", "?limit=x", "?page=1", "?after=x"] {
        assert_eq!(desk.reviews("street-centre", STREET, query).await.0, 422, "{query}");
    }
    let path = format!("/triage/v1/streets/{STREET}/reviews/{}:fly", uuid::Uuid::from_u128(1));
    let token = desk.rig.token("street-centre");
    let (status, _, body) =
        desk.rig.http("POST", &path, Some(&token), &[], Some(json!({ "item": "TRA-01" }))).await;
    assert_eq!((status, body), (StatusCode::NOT_FOUND, unknown));
    assert_eq!(desk.count("cases").await, 0);
}

#[tokio::test]
async fn every_decision_is_a_labelled_example() {
    let desk = Desk::open().await;
    desk.hear(&[
        report(1, "", "你好"),
        report(2, "", "您好"),
        report(3, "", "大家好"),
        report(4, "", "早上好"),
    ])
    .await;
    for (n, item) in [(2, "TRA-03"), (1, "TRA-01")] {
        assert_eq!(desk.decide("street-centre", STREET, n, item).await.0, 200);
        desk.rig.clock.advance(std::time::Duration::from_secs(60));
    }
    let reject = format!("reviews/{}:reject", uuid::Uuid::from_u128(3));
    assert_eq!(desk.acts("street-centre", &reject, json!({ "ground": "test" })).await.0, 200);
    let (mut told, mut after) = (Vec::new(), String::new());
    loop {
        let page = desk.reads("street-centre", &format!("examples?limit=1{after}")).await;
        let examples = page["examples"].as_array().unwrap();
        told.extend(examples.iter().map(|example| (example["text"].clone(), example["label"].clone())));
        let Some(next) = page.get("next") else { break };
        after = format!("&after={}", next.as_str().unwrap());
    }
    assert_eq!(
        told,
        [(json!("您好"), json!("TRA-03")), (json!("你好"), json!("TRA-01"))],
        "in their order, no others"
    );
    let (status, _, _) = {
        let path = format!("/triage/v1/streets/{STREET}/examples");
        desk.rig.http("GET", &path, Some(&desk.rig.token("transport")), &[], None).await
    };
    assert_eq!(status, StatusCode::FORBIDDEN);
}
