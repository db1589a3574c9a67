//! Over the high-water mark new reports are refused, and only they (D24).

use axum::response::IntoResponse;
use bootstrap::door::Problem;
use intake::handle::{Refusal, accept};

use crate::desk::{Desk, STREET, command};

#[tokio::test]
async fn beyond_the_mark_new_reports_are_refused_and_replays_answered() {
    let desk = Desk::open().await;
    let room = desk.another_process("2");
    let one =
        async |n| accept(&room, vec![command("a", STREET, n, "路灯不亮")]).await.unwrap().pop().unwrap();
    let first = one(1).await;
    room.measure().await.unwrap();
    assert!(one(2).await.is_ok(), "below the mark");
    room.measure().await.unwrap();
    assert_eq!(one(3).await, Err(Refusal::Overloaded));
    assert_eq!(one(1).await, first, "what was accepted stays answered");
    assert_eq!(desk.count("reports").await, 2);
    desk.rig.drain().await;
    room.measure().await.unwrap();
    assert!(one(3).await.is_ok(), "the broker has taken the others");
}

#[tokio::test]
async fn urgent_reports_are_refused_at_twice_the_mark_only() {
    let desk = Desk::open().await;
    let room = desk.another_process("2");
    let one =
        async |n, text| accept(&room, vec![command("a", STREET, n, text)]).await.unwrap().pop().unwrap();
    for n in 1..=2 {
        one(n, "路灯不亮").await.unwrap();
    }
    room.measure().await.unwrap();
    assert_eq!(one(3, "路灯不亮").await, Err(Refusal::Overloaded));
    for n in 4..=5 {
        assert!(one(n, "楼下煤气泄漏").await.is_ok(), "danger does not wait for the broker");
    }
    room.measure().await.unwrap();
    assert_eq!(one(6, "楼下煤气泄漏").await, Err(Refusal::Overloaded), "the disk has an end");
    assert_eq!(one(3, "路灯不亮").await, Err(Refusal::Overloaded));
    assert_eq!(desk.count("reports").await, 4);
}

#[tokio::test]
async fn drills_are_refused_at_half_the_mark_and_hold_up_nobody() {
    let desk = Desk::open().await;
    let room = desk.another_process("4");
    let one = async |n, drill| {
        let command = intake::handle::SubmitReport { drill, ..command("a", STREET, n, "路灯不亮") };
        accept(&room, vec![command]).await.unwrap().pop().unwrap()
    };
    for n in 1..=2 {
        assert!(one(n, true).await.is_ok());
    }
    room.measure().await.unwrap();
    assert_eq!(one(3, true).await, Err(Refusal::Overloaded));
    assert!(one(4, false).await.is_ok(), "half is kept for what is no drill");
    desk.rig.drain().await;
    room.measure().await.unwrap();
    assert!(one(3, true).await.is_ok());
}

#[test]
fn the_refusal_says_when_to_come_back() {
    let response = Problem::from(Refusal::Overloaded).into_response();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "10");
}
