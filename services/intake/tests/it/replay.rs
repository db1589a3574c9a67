//! Same key, same answer, one effect (D19, invariant I16).

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::future::join_all;
use serde_json::json;
use tower::ServiceExt;

use crate::desk::{Desk, OTHER_STREET, STREET, TRACE, command, key, report};

#[tokio::test]
async fn a_report_is_accepted_said_and_followed_by_its_code() {
    let desk = Desk::open().await;
    let mut body = report("公交306路改道\u{f91d}𠮷，取消站点");
    body["item"] = json!("TRA-01");
    body["place"]["address"] = json!("滨江路 12 号");
    let (status, receipt) = desk.submit("resident", STREET, key(1), body).await;
    assert_eq!(status, StatusCode::CREATED, "{receipt}");
    assert_eq!(receipt["accepted_at"], "2026-11-23T02:00:00Z");
    let [(envelope, said)] = &desk.said().await[..] else { panic!("one event") };
    assert_eq!(envelope.subject(), format!("intake.report.accepted.normal.{STREET}"));
    assert_eq!((envelope.aggregate_id.to_string(), envelope.version), (said.report_id.clone(), 1));
    assert_eq!(envelope.traceparent[..36], TRACE[..36], "the trace of the request goes on");
    assert_eq!(said.report_id, receipt["report_id"]);
    assert_eq!(
        (said.street.as_str(), said.source.as_str(), said.item.as_str()),
        (STREET, "resident", "TRA-01")
    );
    assert_eq!(said.text, "公交306路改道\u{f91d}𠮷，取消站点");
    let place = said.place.as_ref().unwrap();
    assert_eq!(
        (place.lon, place.lat, place.datum, place.address.as_str()),
        (106.5512, 29.5628, 1, "滨江路 12 号")
    );
    assert!(said.contact_sealed.is_empty());
    let code: ids::TrackingCode = receipt["tracking_code"].as_str().unwrap().parse().unwrap();
    assert_eq!(said.tracking_sha256, intake::core::tracking::sha256_of(&code)[..]);
    let kept: (i64, String) =
        sqlx::query_as("SELECT tenant_id, report_id::text FROM intake.tracking_codes WHERE code_sha256 = $1")
            .bind(&said.tracking_sha256[..])
            .fetch_one(desk.rig.admin())
            .await
            .unwrap();
    assert_eq!(kept, (STREET.parse().unwrap(), said.report_id.clone()));
}

#[tokio::test]
async fn a_replay_gives_the_same_answer_later_and_elsewhere() {
    let desk = Desk::open().await;
    let first = desk.submit("resident", STREET, key(1), report("路灯不亮")).await;
    desk.rig.clock.advance(Duration::from_secs(6 * 24 * 3600));
    assert_eq!(desk.submit("resident", STREET, key(1), report("路灯不亮")).await, first);
    let other = desk.another_process("1000");
    let (_, body) = (first.0, &first.1);
    let mut again = command("resident", STREET, 1, "路灯不亮");
    again.body_sha256 = intake::core::tracking::sha256(report("路灯不亮").to_string().as_bytes());
    let receipt = intake::handle::accept(&other, vec![again]).await.unwrap().pop().unwrap().unwrap();
    assert_eq!(receipt.report_id.to_string(), body["report_id"]);
    assert_eq!(receipt.tracking_code.grouped(), body["tracking_code"]);
    assert_eq!(receipt.accepted_at.to_string(), body["accepted_at"]);
    assert_eq!((desk.count("reports").await, desk.said().await.len()), (1, 1));
}

#[tokio::test]
async fn the_bytes_of_the_answer_are_the_same() {
    let desk = Desk::open().await;
    let answer = async || {
        let request = Request::post(format!("/intake/v1/streets/{STREET}/reports"))
            .header("authorization", format!("Bearer {}", desk.rig.token("resident")))
            .header("content-type", "application/json")
            .header("idempotency-key", key(1).to_string())
            .body(Body::from(report("路灯不亮").to_string()));
        let response = desk.rig.router().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap()
    };
    let first = answer().await;
    desk.rig.clock.advance(Duration::from_millis(1));
    assert_eq!(answer().await, first);
}

#[tokio::test]
async fn another_body_under_the_same_key_is_refused_and_changes_nothing() {
    let desk = Desk::open().await;
    let first = desk.submit("resident", STREET, key(1), report("路灯不亮")).await;
    let (status, refusal) = desk.submit("resident", STREET, key(1), report("路灯坏了")).await;
    assert_eq!((status.as_u16(), &refusal["code"]), (422, &json!("idempotency-key-reused")));
    assert_eq!(desk.submit("resident", STREET, key(1), report("路灯不亮")).await, first);
    assert_eq!(desk.count("reports").await, 1);
}

#[tokio::test]
async fn a_key_counts_per_street_and_principal() {
    let desk = Desk::open().await;
    let mut ids = Vec::new();
    for (subject, street) in [("resident", STREET), ("grid-worker", STREET), ("resident", OTHER_STREET)] {
        let (status, receipt) = desk.submit(subject, street, key(1), report("路灯不亮")).await;
        assert_eq!(status, StatusCode::CREATED);
        ids.push(receipt["report_id"].clone());
        ids.push(receipt["tracking_code"].clone());
    }
    ids.sort_by_key(ToString::to_string);
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

#[tokio::test]
async fn a_key_used_again_after_years_is_answered_or_refused_as_on_the_first_day() {
    let desk = Desk::open().await;
    let first = desk.submit("resident", STREET, key(1), report("路灯不亮")).await;
    desk.rig.clock.advance(Duration::from_secs(3 * 366 * 24 * 3600));
    assert_eq!(desk.submit("resident", STREET, key(1), report("路灯不亮")).await, first);
    let (status, refusal) = desk.submit("resident", STREET, key(1), report("路灯坏了")).await;
    assert_eq!((status.as_u16(), &refusal["code"]), (422, &json!("idempotency-key-reused")));
    assert_eq!(desk.count("reports").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_duplicates_are_one_effect_with_equal_answers() {
    let desk = Desk::open().await;
    let racers = (0..12).map(|_| desk.submit("resident", STREET, key(1), report("路灯不亮")));
    let answers = join_all(racers).await;
    assert_eq!(answers[0].0, StatusCode::CREATED);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!((desk.count("reports").await, desk.count("tracking_codes").await), (1, 1));
    assert_eq!(desk.said().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_different_bodies_leave_one_report_and_refuse_the_others() {
    let desk = Desk::open().await;
    let texts = ["路灯不亮", "井盖缺失", "垃圾满溢", "树枝断裂"];
    let answers = join_all(texts.map(|text| desk.submit("resident", STREET, key(1), report(text)))).await;
    let accepted = answers.iter().filter(|(status, _)| *status == StatusCode::CREATED).count();
    let reused = answers.iter().filter(|(_, answer)| answer["code"] == "idempotency-key-reused").count();
    assert_eq!((accepted, reused), (1, 3), "{answers:?}");
    let [(_, said)] = &desk.said().await[..] else { panic!("one event") };
    let winner = texts.iter().zip(&answers).find(|(_, (status, _))| *status == StatusCode::CREATED).unwrap();
    assert_eq!(said.text, *winner.0);
}
