//! Events in any order, any number of times, give the same tables.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::world::{STREET, Said, Story, World, cases};

const TABLES: &[&str] = &[
    "SELECT jsonb_agg(to_jsonb(t) ORDER BY event_id) FROM console.timeline t",
    "SELECT jsonb_agg(to_jsonb(t) ORDER BY case_id) FROM console.cases t",
    "SELECT jsonb_agg(to_jsonb(t) ORDER BY order_id) FROM console.case_orders t",
    "SELECT jsonb_agg(to_jsonb(t) ORDER BY report_id) FROM console.reports t",
    "SELECT jsonb_agg(to_jsonb(t) ORDER BY code_sha256) FROM console.tracking t",
];

async fn tables(world: &World) -> Vec<Value> {
    let mut tables = Vec::new();
    for sql in TABLES {
        tables.push(world.scalar::<Value>(sql).await);
    }
    tables
}

/// Another order of the same events, the same one each time.
fn shuffled(events: &[Said], step: usize) -> Vec<Said> {
    (0..events.len()).map(|n| events[(n * step + 5) % events.len()].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn disorder_and_doubles_change_nothing() {
    let events: Vec<Said> = (1..=3).flat_map(|number| Story::new(STREET, number).whole()).collect();
    assert_eq!(events.len() % 3, 0);
    let in_order = World::start().await;
    in_order.hear(&events).await;
    let expected = tables(&in_order).await;
    let case = &expected[1][0];
    assert_eq!(
        (&case["phase"], &case["voices"], &case["holder"]),
        (&json!("closed"), &json!(2), &Value::Null)
    );
    assert_eq!(case["closed_at"].as_str().map(|at| &at[..19]), Some("2026-11-23T02:00:17"));
    assert_eq!(expected[0].as_array().unwrap().len(), events.len());

    let reversed = World::start().await;
    let backwards: Vec<Said> = events.iter().rev().cloned().collect();
    for one in &backwards {
        // One batch each, so that every row is met in its worst state.
        reversed.hear(std::slice::from_ref(one)).await;
    }
    assert_eq!(tables(&reversed).await, expected);

    let doubled = World::start().await;
    doubled.hear(&[shuffled(&events, 25), shuffled(&events, 35)].concat()).await;
    doubled.hear(&shuffled(&events, 7)).await;
    assert_eq!(tables(&doubled).await, expected);
}

/// What happened in a street is counted under its code, once a kind, drills excepted.
#[tokio::test(flavor = "multi_thread")]
async fn a_street_is_counted_by_its_code() {
    let world = World::start().await;
    let counted = |event: &str| {
        let series = format!("console_tenant_events_total{{event=\"{event}\",tenant=\"{STREET}\"}}");
        world.rig.house.metrics.value(&series)
    };
    assert_eq!(counted("case_opened"), None, "a street nobody heard of has no series");
    let mut story = Story::new(STREET, 1);
    let (mut rehearsed, payload) = Story::new(STREET, 2).opened(1);
    rehearsed.drill = true;
    world.hear(&[story.opened(1), story.routed(), (rehearsed, payload)]).await;
    assert_eq!(counted("case_opened"), Some(1.0));
    assert_eq!(counted("other"), None, "what is not shown is not counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_received_bytes_are_kept_with_what_we_do_not_know() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    let (envelope, payload) = story.opened(1);
    // Field 1000 of some later version: a varint.
    let unknown: Bytes = [&payload[..], &[0xc0, 0x3e, 0x2a]].concat().into();
    world.hear(&[(envelope, unknown.clone())]).await;
    assert_eq!(world.scalar::<Vec<u8>>("SELECT payload FROM console.timeline").await, unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_dispatch_has_said_nothing_of_is_open() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    world.hear(&[story.opened(1), story.routed(), story.joined(2, 2)]).await;
    let (_, page) = world.get("street-centre", &cases(STREET)).await;
    let case = &page["cases"][0];
    assert_eq!((&case["phase"], &case["round"], &case["voices"]), (&json!("open"), &json!(1), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_another_tenant_than_its_subject_is_parked() {
    let world = World::start().await;
    let (mut envelope, payload) = Story::new(STREET, 1).opened(1);
    envelope.tenant = "990102002000".parse().unwrap();
    world.hear(&[(envelope, payload)]).await;
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM console.parked").await, 1);
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM console.timeline").await, 0);
}
