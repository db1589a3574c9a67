//! A reporter follows the matter with the code alone.

use axum::http::StatusCode;
use contract::EventType;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::world::{STREET, Story, World, code};

fn steps(followed: &Value) -> Vec<&str> {
    followed["steps"].as_array().unwrap().iter().map(|step| step["zh"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_shows_its_matter_until_it_is_closed_and_names_nobody() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    let code_of_first = code(1).grouped();
    assert_eq!(world.follow(&code_of_first).await.0, StatusCode::NOT_FOUND);

    world.hear(&[story.accepted(1)]).await;
    let (status, followed) = world.follow(&code_of_first).await;
    assert_eq!(
        (status, &followed["phase"], &followed["case_no"]),
        (StatusCode::OK, &json!("received"), &Value::Null)
    );
    assert_eq!(followed["received_at"], json!("2026-11-23T02:00:00Z"));
    assert_eq!(steps(&followed), ["上报已受理"]);

    world.hear(&[story.review_requested(1)]).await;
    assert_eq!(world.follow(&code_of_first).await.1["phase"], json!("review"));

    let news = [
        story.opened(1),
        story.routed(),
        story.dispatched("transport", "lead"),
        story.dispatched("traffic-police", "assist"),
        story.order(1, EventType::OrderAcknowledged, "acknowledged"),
        story.order(0, EventType::OrderAcknowledged, "acknowledged"),
    ];
    world.hear(&news).await;
    let (_, followed) = world.follow(&code_of_first).await;
    assert_eq!(followed["phase"], json!("open"));
    assert_eq!(followed["item_zh"], json!("公交线路调整"));
    // Of the two orders the lead's only.
    let now = ["上报已受理", "待人工研判", "已立案", "工单已派发", "承办单位已签收"];
    assert_eq!(steps(&followed), now);

    world.hear(&[story.accepted(2), story.joined(2, 2)]).await;
    let end = [
        story.order(0, EventType::OrderSubmitted, "submitted"),
        story.progress(EventType::CaseSubmitted, "submitted", "transport"),
        story.progress(EventType::CaseVerifying, "verifying", "verifier"),
        story.progress(EventType::CaseClosed, "closed", ""),
    ];
    world.hear(&end).await;
    for n in [1, 2] {
        // As people write it down.
        let (status, followed) = world.follow(&code(n).grouped().to_lowercase().replace('-', " ")).await;
        assert_eq!((status, &followed["phase"]), (StatusCode::OK, &json!("closed")));
        assert_eq!(followed["case_no"], json!("990102001-261123-0001"));
        assert_eq!(steps(&followed).last(), Some(&"核查通过，已结案"));
        let text = followed.to_string();
        for name in ["transport", "traffic-police", "wang-wei", "zhao-min", "306路", "已联系"] {
            assert!(!text.contains(name), "{name} in {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_code_and_no_code_look_alike() {
    let world = World::start().await;
    world.hear(&[Story::new(STREET, 1).accepted(1)]).await;
    let unknown = world.follow(&code(9).grouped()).await;
    assert_eq!((unknown.0, &unknown.1["code"]), (StatusCode::NOT_FOUND, &json!("not-found")));
    for text in ["", "306", "00000-00000-00000-0000", "'; DROP TABLE", "查询码"] {
        assert_eq!(world.follow(text).await, unknown, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_tries_codes_is_slowed_down_and_others_are_not() {
    let world = World::start().await;
    world.hear(&[Story::new(STREET, 1).accepted(1)]).await;
    // All at once, so that the bound does not fill up again meanwhile.
    let all = &world;
    let guess = |n: u32| async move {
        // What the client claims of itself does not help it; the last address is our ingress's word.
        let claimed = format!("10.0.{}.{}, 203.0.113.7", n / 250, n % 250);
        let guess = code((n % 200) as u8 + 20).grouped();
        all.follow_from(&guess, &[("x-forwarded-for", &claimed)]).await
    };
    let answers = join_all((0..500).map(guess)).await;
    let refused = answers.iter().find(|(status, ..)| *status == StatusCode::TOO_MANY_REQUESTS);
    let (_, headers, problem) = refused.expect("500 at once are too many");
    assert_eq!(
        (&headers["retry-after"], &problem["code"]),
        (&"1".parse().unwrap(), &json!("quota-exceeded"))
    );
    let other = [("x-forwarded-for", "203.0.113.8")];
    assert_eq!(world.follow_from(&code(1).grouped(), &other).await.0, StatusCode::OK);
}
