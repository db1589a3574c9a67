//! What the dispatch service stores: states and events as JSON, read back alike.

use orders::{Act, Order, OrderEvent, OrderEventKind, Stage};

use crate::fixtures::{Life, second, seconds, step};

#[test]
fn an_order_and_its_events_survive_storage() {
    let stages = vec![seconds(Stage::Acknowledge, 10, &[500]), seconds(Stage::Resolve, 100, &[])];
    let mut life = Life::new(stages, vec![step(0, "governance-centre")]);
    life.ticks(second(5));
    life.ticks(second(10));
    life.acts(Act::Acknowledge, second(11)).unwrap();
    life.acts(Act::Progress, second(12)).unwrap();

    let text = serde_json::to_string(&life.order).unwrap();
    assert_eq!(serde_json::from_str::<Order>(&text).unwrap(), life.order);
    for event in &life.events {
        let text = serde_json::to_string(event).unwrap();
        assert_eq!(&serde_json::from_str::<OrderEvent>(&text).unwrap(), event);
    }
}

/// The next version of the code adds fields; this one goes on working with what that one stored (N and N-1).
#[test]
fn what_a_newer_version_stored_is_read() {
    let life = Life::new(vec![seconds(Stage::Resolve, 100, &[500])], vec![step(0, "governance-centre")]);
    let mut newer = serde_json::to_value(&life.order).unwrap();
    let objects = ["", "/stages/0", "/stages/0/plan", "/stages/0/plan/limit", "/stages/0/due/at", "/chain/0"];
    for pointer in objects {
        newer.pointer_mut(pointer).expect(pointer)["of_the_next_version"] = serde_json::json!({ "a": 1 });
    }
    assert_eq!(serde_json::from_value::<Order>(newer).unwrap(), life.order);
}

/// What is new is left out while it says nothing, so that the version before reads what this one stores; and what
/// that one stored has none of it.
#[test]
fn what_the_version_before_stored_is_read() {
    let life = Life::new(vec![seconds(Stage::Resolve, 100, &[])], vec![]);
    let stored = serde_json::to_value(&life.order).unwrap();
    let names: Vec<_> = stored.as_object().unwrap().keys().cloned().collect();
    let before = [
        "id",
        "tenant",
        "case_id",
        "round",
        "body",
        "role",
        "phase",
        "version",
        "dispatched_at",
        "changed_at",
        "acts",
        "stages",
        "chain",
        "handlers",
        "outcome",
    ];
    assert!(names.iter().all(|name| before.contains(&name.as_str())), "{names:?}");
    assert_eq!(serde_json::from_value::<Order>(stored).unwrap(), life.order);
}

#[test]
fn events_read_as_people_expect() {
    let mut life = Life::new(vec![seconds(Stage::Acknowledge, 10, &[500])], vec![]);
    life.ticks(second(5));
    life.acts(Act::Acknowledge, second(6)).unwrap();
    let kinds: Vec<&OrderEventKind> = life.events[1..].iter().map(|event| &event.kind).collect();
    let expected = r#"[{"type":"warned","stage":"acknowledge","per_mille":500},{"type":"acknowledged"}]"#;
    assert_eq!(serde_json::to_string(&kinds).unwrap(), expected);
}
