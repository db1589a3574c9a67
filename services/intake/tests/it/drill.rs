//! A drill takes the same path, marked, and costs no real report anything (D26).

use ids::Lane;
use serde_json::json;

use crate::desk::{Desk, OTHER_STREET, STREET, key, report};

#[tokio::test]
async fn a_drill_is_marked_and_waits_behind_everything() {
    let desk = Desk::open().await;
    let (status, receipt) = desk.drill("sre", STREET, key(1), report("楼下煤气泄漏，快来人")).await;
    assert_eq!(status.as_u16(), 201, "{receipt:#}");
    let again = desk.drill("sre", STREET, key(1), report("楼下煤气泄漏，快来人")).await;
    assert_eq!((again.0.as_u16(), &again.1), (201, &receipt), "the same key, the same answer");
    let [(envelope, said)] = &desk.said().await[..] else { panic!("one event") };
    assert_eq!((envelope.drill, envelope.lane, said.source.as_str()), (true, Lane::Bulk, "drill"));
    let kept: bool =
        sqlx::query_scalar("SELECT drill FROM intake.reports").fetch_one(desk.rig.admin()).await.unwrap();
    assert!(kept);
}

#[tokio::test]
async fn the_same_key_of_a_report_is_another_report() {
    let desk = Desk::open().await;
    // Nobody holds both rights here; the ids are derived from the caller, so two keys of one caller are what counts.
    let drill = desk.drill("sre", STREET, key(1), report("a")).await.1["report_id"].clone();
    let real = desk.submit("resident", STREET, key(1), report("a")).await.1["report_id"].clone();
    assert_ne!(drill, real);
    let marks: Vec<bool> = desk.said().await.iter().map(|(envelope, _)| envelope.drill).collect();
    assert_eq!(marks.iter().filter(|drill| **drill).count(), 1);
}

#[tokio::test]
async fn who_reports_does_not_drill_and_who_drills_does_not_report() {
    let desk = Desk::open().await;
    for person in ["grid-worker", "resident", "street-centre", "governance-centre", "verifier"] {
        let (status, answer) = desk.drill(person, STREET, key(1), report("a")).await;
        assert_eq!((status.as_u16(), &answer["code"]), (403, &json!("forbidden")), "{person}");
    }
    assert_eq!(desk.submit("sre", STREET, key(1), report("a")).await.0.as_u16(), 403);
    // Of a street that is not theirs nobody learns that it is there.
    assert_eq!(desk.drill("verifier", OTHER_STREET, key(1), report("a")).await.0.as_u16(), 403);
    assert_eq!(desk.drill("sre", "990102999000", key(1), report("a")).await.0.as_u16(), 404);
    assert_eq!(desk.count("reports").await, 0);
}

#[tokio::test]
async fn drills_take_nothing_of_the_streets_quota() {
    let desk = Desk::open_with(&[("STREETWISE_STREET_REPORTS_PER_MINUTE", "1")]).await;
    for n in 1..=5 {
        assert_eq!(desk.drill("sre", STREET, key(n), report("a")).await.0.as_u16(), 201);
    }
    assert_eq!(desk.submit("resident", STREET, key(6), report("b")).await.0.as_u16(), 201);
}
