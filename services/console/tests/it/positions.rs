//! Positions are 1, 2, 3 … of each street, whoever gives them.

use bootstrap::House;
use bootstrap::part::Part;
use console::handle::Room;
use console::sequencer::Sequencer;
use serde_json::json;

use crate::world::{OTHER_STREET, STREET, Story, World, cases};

const GAPS: &str = "SELECT count(*) FROM (
    SELECT position, row_number() OVER (PARTITION BY tenant_id ORDER BY position) AS nth FROM console.timeline) t
    WHERE position IS DISTINCT FROM nth";

/// A sequencer as another process has it.
fn sequencer(world: &World) -> Sequencer {
    let house = House { metrics: prometheus::Registry::new(), ..world.rig.house.clone() };
    Sequencer::new(Room::new(house))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sequencers_leave_no_gap_and_no_double() {
    let world = World::start().await;
    let (one, two) = (sequencer(&world), sequencer(&world));
    for round in 1..=3 {
        world.lines(STREET, 1_200).await;
        world.lines(OTHER_STREET, 30).await;
        let (by_one, by_two) = tokio::join!(one.drain(), two.drain());
        assert_eq!(by_one.unwrap() + by_two.unwrap(), 1_230, "round {round}");
        assert_eq!(world.scalar::<i64>(GAPS).await, 0, "round {round}");
        assert_eq!(world.scalar::<i64>("SELECT count(*) FROM console.unsequenced").await, 0);
    }
    let last = "SELECT last FROM console.positions WHERE tenant_id = 990102001000";
    assert_eq!(world.scalar::<i64>(last).await, 3_600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_commit_gets_a_late_position() {
    let world = World::start().await;
    let sequencer = sequencer(&world);
    let mut late = world.rig.admin().begin().await.unwrap();
    let sql = "WITH entered AS (
        INSERT INTO console.timeline (tenant_id, event_id, event_type, at, lane, aggregate_id, version, drill, detail,
            payload)
        VALUES (990102001000, '00000000-0000-7000-8000-000000000001', 'dispatch.order.seen', '2020-01-01Z', 1,
            gen_random_uuid(), 1, false, '{}', '') RETURNING tenant_id, event_id)
        INSERT INTO console.unsequenced SELECT * FROM entered";
    sqlx::query(sql).execute(&mut *late).await.unwrap();
    world.lines(STREET, 3).await;
    assert_eq!(sequencer.drain().await, Ok(3));
    late.commit().await.unwrap();
    assert_eq!(sequencer.drain().await, Ok(1));
    let position =
        "SELECT position FROM console.timeline WHERE event_id = '00000000-0000-7000-8000-000000000001'";
    assert_eq!(world.scalar::<i64>(position).await, 4);
    assert_eq!(world.scalar::<i64>(GAPS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timeline_of_a_case_is_told_in_order() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    let mut events = story.whole();
    let path = format!("{}/{}/timeline?limit=200", cases(STREET), story.case_id);
    // One batch, though published backwards, is told by time.
    events.reverse();
    world.hear(&events).await;
    let (_, page) = world.get("street-centre", &path).await;
    let entries = page["entries"].as_array().unwrap();
    assert_eq!(entries.len(), events.len());
    assert_eq!(page["next"], json!(null));
    let column = |name: &str| entries.iter().map(|entry| entry[name].clone()).collect::<Vec<_>>();
    assert!(column("position").iter().map(|p| p.as_i64().unwrap()).is_sorted());
    let first = &entries[0];
    assert_eq!((&first["type"], &first["zh"]), (&json!("intake.report.accepted"), &json!("上报已受理")));
    assert_eq!(first["trace_id"], json!("0af7651916cd43dd8448eb211c80319c"));
    assert!(column("type").contains(&json!("notification.delivery.delivered")));
    assert!(column("actor").contains(&json!("wang-wei")));
    let due = entries.iter().find(|entry| entry["type"] == "dispatch.order.dispatched").unwrap();
    assert_eq!(due["detail"]["due"], json!({ "acknowledge": "2026-11-23T04:00:00Z", "resolve": null }));

    let paged = format!("{}/{}/timeline?limit=10", cases(STREET), story.case_id);
    let (_, start) = world.get("street-centre", &paged).await;
    let (_, rest) = world.get("street-centre", &format!("{paged}&after={}", start["next"])).await;
    let joined = [start["entries"].as_array().unwrap().clone(), rest["entries"].as_array().unwrap().clone()];
    assert_eq!(&joined.concat(), entries);
}
