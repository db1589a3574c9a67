//! Positions are 1, 2, 3 … of each street, whoever gives them.

use std::time::Duration;

use bootstrap::House;
use bootstrap::part::Part;
use console::handle::Room;
use console::sequencer::Sequencer;
use contract::EventType;
use serde_json::json;
use testkit::wait;
use tokio_util::sync::CancellationToken;

use crate::world::{OTHER_STREET, STREET, Story, World, cases};

/// Gaps, doubles, lines without a position and positions without a line.
const GAPS: &str = "SELECT (SELECT count(*) FROM (
        SELECT position, row_number() OVER (PARTITION BY tenant_id ORDER BY position) AS nth FROM console.sequenced) s
        WHERE position <> nth)
    + (SELECT count(*) FROM console.timeline t FULL JOIN console.sequenced s USING (tenant_id, event_id)
        WHERE t.event_id IS NULL OR s.event_id IS NULL)
    + (SELECT count(*) - count(DISTINCT event_id) FROM console.sequenced)";

/// A sequencer as another process has it.
fn sequencer(world: &World) -> Sequencer {
    let house = House { metrics: telemetry::Metrics::default(), ..world.rig.house.clone() };
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
        INSERT INTO console.unsequenced (tenant_id, event_id, heard_at) SELECT *, '2026-11-23T02:00:00Z' FROM entered";
    sqlx::query(sql).execute(&mut *late).await.unwrap();
    world.lines(STREET, 3).await;
    assert_eq!(sequencer.drain().await, Ok(3));
    late.commit().await.unwrap();
    assert_eq!(sequencer.drain().await, Ok(1));
    let position =
        "SELECT position FROM console.sequenced WHERE event_id = '00000000-0000-7000-8000-000000000001'";
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

/// The types of a street's lines in the order of their positions, early ones with a mark.
async fn told(world: &World) -> Vec<String> {
    let sql = "SELECT array_agg(split_part(event_type, '.', 3) || CASE WHEN early THEN '!' ELSE '' END
            ORDER BY position) FROM console.sequenced JOIN console.timeline USING (tenant_id, event_id)
        WHERE tenant_id = 990102001000";
    world.scalar::<Option<Vec<String>>>(sql).await.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_waits_for_what_it_follows_from() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    let events = [
        story.accepted(1),
        story.opened(1),
        story.routed(),
        story.progress(EventType::DispatchCaseOpened, "open", "transport"),
        story.dispatched("transport", "lead"),
        story.order(0, EventType::OrderSeen, "seen"),
        story.delivered("transport"),
    ];
    // Each consumer for itself, the last publisher first: everything waits for the report.
    for event in events[1..].iter().rev() {
        world.hear(std::slice::from_ref(event)).await;
        assert_eq!(told(&world).await, Vec::<String>::new());
    }
    world.hear(&events[..1]).await;
    let by_time = ["accepted", "opened", "routed", "opened", "dispatched", "seen", "delivered"];
    assert_eq!(told(&world).await, by_time);
    assert_eq!(world.scalar::<i64>(GAPS).await, 0);
}

/// A case is re-routed again: the word of the first time stands already, and is not what the second one follows from.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_waits_for_the_word_of_its_own_plan() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    let followed = EventType::DispatchCaseRerouted;
    let mut events = vec![story.accepted(1), story.opened(1), story.routed()];
    events.push(story.progress(EventType::DispatchCaseOpened, "open", "transport"));
    events.push(story.rerouted("TRA-03", 3));
    events.push(story.answers(followed, "open", "bus-company", 3));
    let again = story.rerouted("TRA-02", 4);
    let refused = story.answers(EventType::CaseRerouteRefused, "open", "bus-company", 4);
    world.hear(&events).await;
    let before = ["accepted", "opened", "routed", "opened", "rerouted", "rerouted"];
    assert_eq!(told(&world).await, before);
    world.hear(&[refused]).await;
    assert_eq!(told(&world).await, before);
    world.hear(&[again]).await;
    assert_eq!(told(&world).await, [&before[..], &["rerouted", "reroute_refused"]].concat());
    assert_eq!(world.scalar::<i64>(GAPS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_waited_for_longer_than_two_seconds() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    let (accepted, opened, routed) = (story.accepted(1), story.opened(1), story.routed());
    world.hear(&[routed, accepted]).await;
    assert_eq!(told(&world).await, ["accepted"]);
    world.rig.clock.advance(Duration::from_millis(1_999));
    world.rig.drain().await;
    assert_eq!(told(&world).await, ["accepted"]);
    world.rig.clock.advance(Duration::from_millis(1));
    world.rig.drain().await;
    assert_eq!(told(&world).await, ["accepted", "routed!"]);
    // Better late than never.
    world.hear(&[opened]).await;
    assert_eq!(told(&world).await, ["accepted", "routed!", "opened"]);
    assert_eq!(world.scalar::<i64>(GAPS).await, 0);
}

/// A line of version `version` of one case, as the build of now keeps it.
async fn case_line(world: &World, event: &str, event_type: &str, version: i64) {
    let sql = "WITH entered AS (
        INSERT INTO console.timeline (tenant_id, event_id, case_id, event_type, at, lane, aggregate_id, version, drill,
            detail, payload)
        SELECT 990102001000, $1::uuid, c, $2, '2026-11-23T02:00:00Z', 1, c, $3, false, '{}', ''
        FROM (VALUES ('00000000-0000-7000-8000-00000000000c'::uuid)) AS v (c) RETURNING *)
        INSERT INTO console.unsequenced (tenant_id, event_id, heard_at, event_type, at, version, aggregate_id, subject_id)
        SELECT tenant_id, event_id, at, event_type, at, version, aggregate_id, case_id FROM entered";
    let entered = sqlx::query(sql).bind(event).bind(event_type).bind(version);
    entered.execute(world.rig.admin()).await.unwrap();
}

/// A database that was set back while the process lives on: what the process gave a position may not have one any more.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_nothing_is_remembered() {
    let world = World::start().await;
    let sequencer = sequencer(&world);
    case_line(&world, "00000000-0000-7000-8000-000000000001", "triage.case.opened", 1).await;
    assert_eq!(sequencer.look().await.ok(), Some(1));
    for statement in [
        "DELETE FROM console.sequenced",
        "DELETE FROM console.timeline",
        "UPDATE console.positions SET last = 0",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'console' AND datname = current_database()",
    ] {
        sqlx::query(statement).execute(world.rig.admin()).await.unwrap();
    }
    case_line(&world, "00000000-0000-7000-8000-000000000002", "triage.case.routed", 2).await;
    let looked = wait::until(Duration::from_secs(30), async || sequencer.look().await.ok()).await;
    // Its predecessor is unheard, as far as this database knows.
    assert_eq!(looked, Some(0));
    assert_eq!(told(&world).await, Vec::<String>::new());
    case_line(&world, "00000000-0000-7000-8000-000000000001", "triage.case.opened", 1).await;
    assert_eq!(sequencer.look().await.ok(), Some(2));
    assert_eq!(told(&world).await, ["opened", "routed"]);
    assert_eq!(world.scalar::<i64>(GAPS).await, 0);
}

/// Lines of so many made-up streets.
async fn crowd(world: &World, streets: i64, lines: i32) {
    crowd_heard(world, streets, lines, "now").await;
}

/// The same, heard then.
async fn crowd_heard(world: &World, streets: i64, lines: i32, heard_at: &str) {
    let sql = "WITH entered AS (
        INSERT INTO console.timeline (tenant_id, event_id, event_type, at, lane, aggregate_id, version, drill, detail,
            payload)
        SELECT 110101001000 + 1000 * s, gen_random_uuid(), 'dispatch.order.progressed', now(), 1, gen_random_uuid(), 1,
            false, '{}', ''
        FROM generate_series(0, $1 - 1) s, generate_series(1, $2) RETURNING tenant_id, event_id)
        INSERT INTO console.unsequenced (tenant_id, event_id, heard_at) SELECT *, $3::timestamptz FROM entered";
    sqlx::query(sql).bind(streets).bind(lines).bind(heard_at).execute(world.rig.admin()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_street_that_fails_stops_no_other() {
    let world = World::start().await;
    crowd(&world, 150, 3).await;
    // Its next position is taken: its transaction fails each time.
    let broken = "INSERT INTO console.sequenced VALUES (110101001000, 1, gen_random_uuid(), NULL, false)";
    sqlx::query(broken).execute(world.rig.admin()).await.unwrap();
    assert_eq!(sequencer(&world).drain().await, Ok(149 * 3));
    let left = "SELECT array_agg(DISTINCT tenant_id) FROM console.unsequenced";
    assert_eq!(world.scalar::<Vec<i64>>(left).await, [110_101_001_000]);
    let repaired = "DELETE FROM console.sequenced WHERE tenant_id = 110101001000";
    sqlx::query(repaired).execute(world.rig.admin()).await.unwrap();
    assert_eq!(sequencer(&world).drain().await, Ok(3));
    assert_eq!(world.scalar::<i64>(GAPS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_busy_streets_leave_the_last_one_its_turn() {
    let world = World::start().await;
    let sequencer = sequencer(&world);
    // More streets than one transaction takes.
    crowd(&world, 100, 5).await;
    world.lines(STREET, 1).await;
    let mine = "SELECT count(*) FROM console.unsequenced WHERE tenant_id = 990102001000";
    let others = "SELECT count(*) FROM console.unsequenced WHERE tenant_id < 900000000000";
    sequencer.look().await.unwrap();
    assert_eq!(world.scalar::<i64>(mine).await, 1);
    // The first ones have grown again; it is the others' turn all the same.
    crowd(&world, 100, 5).await;
    sequencer.look().await.unwrap();
    assert_eq!(world.scalar::<i64>(mine).await, 0);
    assert!(world.scalar::<i64>(others).await > 0);
    sequencer.drain().await.unwrap();
    assert_eq!(world.scalar::<i64>(GAPS).await, 0);
}

/// A quick look takes what was heard just now; a line of a transaction that took very long is found all the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_heard_long_ago_is_found_by_a_thorough_look() {
    let world = World::start().await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(Box::new(sequencer(&world)).run(stop.clone()));
    let settled = async || {
        let left = "SELECT count(*) FROM console.unsequenced";
        let none = async || (world.scalar::<i64>(left).await == 0).then_some(());
        assert!(wait::until(Duration::from_secs(30), none).await.is_some(), "lines wait for ever");
    };
    for heard_at in ["now", "2000-01-01", "now", "2000-01-01"] {
        crowd_heard(&world, 3, 5, heard_at).await;
        settled().await;
    }
    stop.cancel();
    running.await.unwrap();
    assert_eq!(world.scalar::<i64>(GAPS).await, 0);
}
