//! One noisy street is throttled at the door, and nobody else (D15, F16).

use intake::handle::submit::Unkept;
use intake::handle::{Refusal, SubmitReport};
use serde_json::json;
use std::sync::Arc;

use crate::desk::{Desk, OTHER_STREET, STREET, command, key, report};

/// Three ordinary and two urgent reports; the next token is twenty seconds away.
const FEW: [(&str, &str); 2] =
    [("STREETWISE_STREET_REPORTS_PER_MINUTE", "3"), ("STREETWISE_STREET_URGENT_PER_MINUTE", "2")];

#[tokio::test]
async fn a_street_over_its_share_is_refused_and_the_others_are_not() {
    let desk = Desk::open().await;
    let room = Arc::new(desk.process(&FEW));
    let submit = async |command: SubmitReport| match room.submit(command).await {
        Ok(_) => true,
        Err(Unkept::Refused(Refusal::QuotaExceeded { retry_after_s })) => {
            assert!((1..=20).contains(&retry_after_s), "{retry_after_s}");
            false
        }
        Err(other) => panic!("{other:?}"),
    };
    let mut accepted = Vec::new();
    for n in 0..5 {
        accepted.push(submit(command("a", STREET, n, "路灯不亮")).await);
    }
    assert_eq!(accepted, [true, true, true, false, false]);
    assert!(submit(command("a", OTHER_STREET, 10, "路灯不亮")).await);
    for (n, let_in) in [(20, true), (21, true), (22, false)] {
        assert_eq!(submit(command("a", STREET, n, "煤气泄漏")).await, let_in, "urgent {n}");
    }
    assert_eq!(desk.count("reports").await, 6, "what is refused leaves nothing");
}

#[tokio::test]
async fn the_door_says_429_and_when_to_come_back() {
    let desk = Desk::open_with(&FEW).await;
    for n in 1..=3 {
        assert_eq!(desk.submit("resident", STREET, key(n), report("路灯不亮")).await.0.as_u16(), 201);
    }
    let (status, headers, refusal) = desk.post("resident", STREET, key(4), report("路灯不亮")).await;
    assert_eq!((status.as_u16(), &refusal["code"]), (429, &json!("quota-exceeded")));
    let seconds: u32 = headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=20).contains(&seconds), "{seconds}");
    assert_eq!(desk.submit("resident", OTHER_STREET, key(4), report("路灯不亮")).await.0.as_u16(), 201);
}
