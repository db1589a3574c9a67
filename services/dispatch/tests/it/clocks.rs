//! Due times, warnings, breaches, escalation, and the calendar that is not published yet.

use std::time::Duration;

use axum::http::StatusCode;
use contract::EventType;
use contract::proto::from_wire;
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{FAST_STREET, STREET, World, at, path_of, seconds, stage};

const MICROSECOND: Duration = Duration::from_micros(1);

#[rstest]
// Monday 10:00 in Shanghai: 120 working minutes, 450 of them over the night, ten working days.
#[case::monday("2026-11-23T02:00:00Z", "2026-11-23T04:00:00Z", "2026-11-24T02:00:00Z", json!("2026-12-07T10:00:00Z"))]
// The last day whose ten working days still end in the published year.
#[case::last_of_2026("2026-12-17T02:00:00Z", "2026-12-17T04:00:00Z", "2026-12-18T02:00:00Z", json!("2026-12-31T10:00:00Z"))]
#[case::first_of_2027("2026-12-18T02:00:00Z", "2026-12-18T04:00:00Z", "2026-12-21T02:00:00Z", Value::Null)]
#[tokio::test(flavor = "multi_thread")]
async fn due_on_the_working_calendar(
    #[case] now: &str,
    #[case] acknowledge: &str,
    #[case] on_site: &str,
    #[case] resolve: Value,
) {
    let world = World::start().await;
    world.rig.clock.set(at(now));
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    for (body, role) in [("transport", "lead"), ("traffic-police", "assist"), ("bus-company", "assist")] {
        let order = world.order(case_id, 1, body, role).await;
        assert_eq!(stage(&order, "acknowledge")["due_at"], acknowledge, "{body}");
        assert_eq!(stage(&order, "on_site")["due_at"], on_site, "{body}");
        assert_eq!(stage(&order, "resolve")["due_at"], resolve, "{body}");
        let awaited = if resolve.is_null() { json!(2027) } else { Value::Null };
        assert_eq!(stage(&order, "resolve")["awaiting_year"], awaited, "{body}");
    }
    let informed = world.order(case_id, 1, "governance-centre", "inform").await;
    assert_eq!(informed["stages"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpublished_year_is_told_awaited_and_filled_when_published() {
    let world = World::start().await;
    world.rig.clock.set(at("2026-12-18T02:00:00Z"));
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;

    // The orders went out all the same, and the alarm is raised for each.
    assert_eq!(world.count_said(EventType::OrderDispatched).await, 5);
    assert_eq!(world.count_said(EventType::OrderCalendarAwaited).await, 3);
    let awaited = world.order_event(EventType::OrderCalendarAwaited).await;
    assert_eq!((awaited.stage.as_str(), awaited.awaiting_year), ("resolve", 2027));
    assert_eq!(counted(&world, "dispatch_calendar_awaited_total", "resolve"), 3.0);
    assert_eq!(
        world.scalar::<i64>("SELECT count(*) FROM dispatch.stages WHERE awaiting_year = 2027").await,
        3
    );

    // Another year does not help: it is kept as a publication, and nothing is filled.
    world.publish_year(2, 2028).await;
    world.rig.drain().await;
    assert_eq!(world.count_said(EventType::OrderCalendarFilled).await, 0);
    world.publish_year(3, 2027).await;
    world.rig.drain().await;
    assert_eq!(world.count_said(EventType::OrderCalendarFilled).await, 3);
    let filled = world.order_event(EventType::OrderCalendarFilled).await;
    assert_eq!((filled.stage.as_str(), filled.awaiting_year), ("resolve", 0));
    assert_eq!(filled.order.unwrap().version, 3);
    assert_eq!(world.rig.drain().await, 0);
    let order = world.order(case_id, 1, "transport", "lead").await;
    // Nine working days are left in December; the tenth follows New Year's Day and the weekend.
    assert_eq!(stage(&order, "resolve")["due_at"], "2027-01-04T10:00:00Z");
    assert_eq!(stage(&order, "resolve")["awaiting_year"], Value::Null);
    assert_eq!(
        world.scalar::<i64>("SELECT count(*) FROM dispatch.stages WHERE awaiting_year IS NOT NULL").await,
        0
    );
}

/// A case whose lead adopted working days in the place of a limit on the 24-hour clock: they reach into 2027, which is not published.
async fn adopted_into_2027(world: &World) -> Uuid {
    world.rig.clock.set(at("2026-12-18T02:00:00Z"));
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().policy.as_mut().unwrap().stages = vec![seconds("resolve", 864_000)];
    let case_id = world.opened(&routed).await;
    let order = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(world.act("governance-centre", &order, "adopt").await.0, StatusCode::OK);
    let order = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(stage(&order, "resolve")["awaiting_year"], 2027);
    case_id
}

async fn filled_by_2027(world: &World, case_id: Uuid) {
    world.publish_year(2, 2027).await;
    world.rig.drain().await;
    let order = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(stage(&order, "resolve")["due_at"], "2027-01-04T10:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_came_to_await_a_year_by_adoption_is_filled() {
    let world = World::start().await;
    let case_id = adopted_into_2027(&world).await;
    filled_by_2027(&world, case_id).await;
}

/// As builds before stored it: the auditor tells it, the migration sets it right, and then it is filled like any.
#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_named_no_calendar_is_told_and_mended() {
    let world = World::start().await;
    let case_id = adopted_into_2027(&world).await;
    let forgotten = "UPDATE dispatch.stages SET calendar = NULL WHERE awaiting_year IS NOT NULL";
    let forgotten = sqlx::query(forgotten).execute(world.rig.admin()).await.unwrap();
    assert_eq!(forgotten.rows_affected(), 1, "the lead's");
    let told = world.rig.try_drain().await.unwrap_err();
    assert_eq!(told.matches("Unlike").count(), 1, "{told}");
    let migration = concat!(
        "BEGIN; SET LOCAL search_path TO dispatch; ",
        include_str!("../../migrations/0170_stages_name_their_calendar.sql"),
        "COMMIT;"
    );
    sqlx::raw_sql(migration).execute(world.rig.admin()).await.unwrap();
    filled_by_2027(&world, case_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filled_stage_is_armed() {
    let world = World::start().await;
    world.rig.clock.set(at("2026-12-18T02:00:00Z"));
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().policy.as_mut().unwrap().stages.retain(|limit| limit.stage == "resolve");
    world.opened(&routed).await;
    // A waiting calendar arms nothing (D49).
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.wakeups").await, 0);
    world.publish_year(2, 2027).await;
    world.rig.drain().await;
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.wakeups WHERE kind = 'order'").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_fast_warns_at_four_seconds_breaches_at_five_and_escalates() {
    let world = World::start().await;
    world.opened(&world.routed(FAST_STREET, "TRA-03")).await;
    let dispatched_at = world.rig.clock.now();
    let quiet = world.said().await.len();

    world.pass(Duration::from_secs(4) - MICROSECOND).await;
    assert_eq!(world.said().await.len(), quiet, "not one microsecond early");
    world.pass(MICROSECOND).await;
    let warned = world.order_event(EventType::OrderWarned).await;
    assert_eq!((warned.stage.as_str(), warned.per_mille), ("acknowledge", 800));
    assert_eq!(world.said().await.len(), quiet + 1);

    world.pass(Duration::from_secs(1) - MICROSECOND).await;
    assert_eq!(world.said().await.len(), quiet + 1, "not one microsecond early");
    world.pass(MICROSECOND).await;
    assert_eq!(world.count_said(EventType::OrderBreached).await, 1);
    let escalated = world.order_event(EventType::OrderEscalated).await;
    assert_eq!(escalated.escalated_to, "governance-centre");
    let order = escalated.order.unwrap();
    assert_eq!(
        (order.role.as_str(), order.phase.as_str()),
        ("lead", "dispatched"),
        "the holder does not change"
    );
    assert_eq!(order.stages[0].verdict, "breached");
    let five_s = dispatched_at + jiff::SignedDuration::from_secs(5);
    assert_eq!(from_wire(escalated.at.as_ref().unwrap()), Some(five_s));
    assert_eq!(escalated.actor.unwrap().subject, "", "the clock did it");
    assert_eq!(counted(&world, "dispatch_stages_breached_total", "acknowledge"), 1.0);
    assert_eq!(counted(&world, "dispatch_stages_warned_total", "acknowledge"), 1.0);

    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.wakeups").await, 0);
    world.pass(Duration::from_secs(10)).await;
    assert_eq!(world.said().await.len(), quiet + 3, "warned, breached, escalated, and nothing twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runners_that_race_fire_once() {
    let world = World::start().await;
    for _ in 0..20 {
        world.publish(&world.routed(FAST_STREET, "TRA-03")).await;
    }
    world.rig.drain().await;
    world.pass(Duration::from_secs(4)).await;
    world.rig.clock.advance(Duration::from_secs(1));
    tokio::join!(world.rig.drain(), world.rig.drain(), world.rig.drain());
    for kind in [EventType::OrderWarned, EventType::OrderBreached, EventType::OrderEscalated] {
        assert_eq!(world.count_said(kind).await, 20, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_and_a_wake_up_at_the_due_instant_give_one_verdict() {
    let world = World::start().await;
    let mut orders = Vec::new();
    for _ in 0..8 {
        let mut routed = world.routed(STREET, "TRA-01");
        routed.plan().policy.as_mut().unwrap().stages = vec![seconds("acknowledge", 2)];
        let case_id = world.opened(&routed).await;
        orders.push(world.order(case_id, 1, "transport", "lead").await);
    }
    world.rig.clock.advance(Duration::from_secs(2));
    let acts =
        futures_util::future::join_all(orders.iter().map(|o| world.act("transport", o, "acknowledge")));
    let (acts, _) = tokio::join!(acts, world.rig.drain());
    assert!(acts.iter().all(|(status, _)| *status == StatusCode::OK), "{acts:?}");
    world.rig.drain().await;
    // Whoever came first: at the due instant both are right, and there is one verdict.
    let decided =
        "SELECT count(*) FROM dispatch.stages WHERE verdict IN ('met', 'breached') AND (met_at = due_at
        OR verdict = 'breached')";
    assert_eq!(world.scalar::<i64>(decided).await, 24);
    let acknowledged = "SELECT count(*) FROM dispatch.stages WHERE met_at IS NOT NULL";
    assert_eq!(world.scalar::<i64>(acknowledged).await, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_after_the_due_time_records_the_breach_itself() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().policy.as_mut().unwrap().stages = vec![seconds("acknowledge", 2)];
    let case_id = world.opened(&routed).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    world.rig.clock.advance(Duration::from_secs(2) + MICROSECOND);
    assert_eq!(world.act("transport", &lead, "acknowledge").await.1, "acknowledged");
    let late = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(stage(&late, "acknowledge")["verdict"], "breached");
    assert_eq!(stage(&late, "acknowledge")["met_at"], "2026-11-23T02:00:02.000001Z");
    let actors: Vec<(String, String)> =
        sqlx::query_as("SELECT event_type, actor FROM dispatch.journal WHERE version > 1 ORDER BY version")
            .fetch_all(world.rig.admin())
            .await
            .unwrap();
    let breached = ("dispatch.order.breached".to_owned(), "clock".to_owned());
    let acknowledged = ("dispatch.order.acknowledged".to_owned(), "transport".to_owned());
    assert_eq!(actors, [breached, acknowledged]);
}

/// The database's clock is an hour ahead (F12): neither time nor a person makes a stage breached early (I6), until
/// somebody who may has said that the time is right.
#[tokio::test(flavor = "multi_thread")]
async fn while_the_clock_is_in_doubt_nothing_is_decided() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().policy.as_mut().unwrap().stages = vec![seconds("acknowledge", 60)];
    let case_id = world.opened(&routed).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let quiet = world.said().await.len();

    world.rig.clock.jump(Duration::from_secs(3_600));
    let path = format!("{}:acknowledge", path_of(&lead));
    let (status, headers, problem) = world.post("transport", &path, &[], json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")));
    assert!(headers.contains_key("retry-after"));
    world.rig.drain().await;
    assert_eq!(world.said().await.len(), quiet, "no act, no breach");

    world.rig.clock.jump_back();
    assert_eq!(world.act("transport", &lead, "see").await.1, "seen");
    assert_eq!(world.said().await.len(), quiet + 1, "the clock is back: the act alone");

    world.rig.clock.jump(Duration::from_secs(3_600));
    let door = "/dispatch/v1/clock:accept";
    assert_eq!(world.act("transport", &lead, "acknowledge").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.post("transport", door, &[], json!({})).await.0, StatusCode::FORBIDDEN);
    let (status, _, accepted) = world.post("sre", door, &[], json!({})).await;
    assert_eq!(status, StatusCode::OK, "{accepted}");
    assert_eq!(accepted["acceptance"], 1);
    assert_eq!(accepted["held_ahead_us"], 3_600_000_000_i64);
    let (_, _, described) = world.rig.http("GET", "/openapi.json", None, &[], None).await;
    assert!(described["paths"][door]["post"].is_object());
    assert!(described["components"]["schemas"]["AcceptedClock"].is_object());
    assert_eq!(world.act("transport", &lead, "acknowledge").await.1, "acknowledged");
    let late = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(stage(&late, "acknowledge")["verdict"], "breached", "by the time that was accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verification_has_a_clock_of_its_own() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().orders.retain(|order| order.role() == contract::proto::triage::Role::Lead);
    routed.plan().policy.as_mut().unwrap().stages = vec![seconds("resolve", 60)];
    routed.plan().verify = Some(seconds("verify", 5));
    let case_id = world.opened(&routed).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    world.act("transport", &lead, "acknowledge").await;
    assert_eq!(world.act("transport", &lead, "submit").await.1, "submitted");

    world.pass(Duration::from_secs(4) - MICROSECOND).await;
    assert_eq!(world.count_said(EventType::CaseWarned).await, 0);
    world.pass(MICROSECOND).await;
    assert_eq!(world.count_said(EventType::CaseWarned).await, 1);
    world.pass(Duration::from_secs(1)).await;
    assert_eq!(world.count_said(EventType::CaseBreached).await, 1);
    assert_eq!(world.case(case_id).await["verifications"][0]["verdict"], "breached");
    assert_eq!(world.verify("verifier", case_id, "pass").await.0, StatusCode::OK);
    assert_eq!(world.case(case_id).await["phase"], "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_may_await_its_calendar_too() {
    let world = World::start().await;
    world.rig.clock.set(at("2026-12-30T02:00:00Z"));
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().orders.retain(|order| order.role() == contract::proto::triage::Role::Lead);
    routed.plan().policy.as_mut().unwrap().stages = vec![seconds("resolve", 60)];
    let case_id = world.opened(&routed).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    world.act("transport", &lead, "acknowledge").await;
    world.act("transport", &lead, "submit").await;
    assert_eq!(world.count_said(EventType::CaseCalendarAwaited).await, 1);
    assert_eq!(world.case(case_id).await["verifications"][0]["awaiting_year"], 2027);

    world.publish_year(2, 2027).await;
    world.rig.drain().await;
    assert_eq!(world.count_said(EventType::CaseCalendarFilled).await, 1);
    // The first of two working days is New Year's Eve, the second the Monday after the holiday.
    assert_eq!(world.case(case_id).await["verifications"][0]["due_at"], "2027-01-04T10:00:00Z");
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.wakeups WHERE kind = 'case'").await, 1);
}

fn counted(world: &World, name: &str, stage: &str) -> f64 {
    world.rig.house.metrics.value(&format!("{name}{{stage=\"{stage}\"}}")).unwrap()
}
