//! Cases that turned out to be the matter of another one (并案): called off once, whatever comes twice, early or late.

use axum::http::StatusCode;
use contract::proto::{dispatch as said, triage};
use contract::{Envelope, EventType};
use ids::{EventId, Lane};
use prost::Message;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

use crate::story::handle;
use crate::world::{FAST_STREET, Routed, STREET, World, seconds};

const INTO: &str = "990102001-261123-0099";
const PARKED: &str = "SELECT count(*) FROM dispatch.parked";
/// Of cases that were called off.
const WAKEUPS: &str =
    "SELECT count(*) FROM dispatch.wakeups w LEFT JOIN dispatch.orders o ON o.id = w.subject_id
    LEFT JOIN dispatch.cases c ON c.id = coalesce(o.case_id, w.subject_id) WHERE c.phase = 'cancelled'";

/// A merged event, to be changed by a test before it is published.
struct Merged {
    envelope: Envelope,
    payload: triage::CaseMerged,
}

impl World {
    /// What triage says when a case that bodies have goes into another.
    fn merged(&self, routed: &Routed, into: Uuid) -> Merged {
        let envelope = Envelope {
            id: EventId(self.next_id()),
            event_type: EventType::CaseMerged,
            version: 4,
            ..routed.envelope.clone()
        };
        let payload = triage::CaseMerged {
            case: routed.payload.case.clone(),
            into_case_id: into.to_string(),
            into_case_no: INTO.to_owned(),
            note: "同一处井盖".to_owned(),
            by: "street-centre".to_owned(),
            routed: true,
        };
        Merged { envelope, payload }
    }

    async fn hear(&self, merged: &Merged) {
        self.rig.publish(&merged.envelope, merged.payload.encode_to_vec().into()).await;
        self.rig.drain().await;
    }

    /// Waits until a message comes again that came too early.
    async fn cancelled(&self, case_id: Uuid) -> bool {
        let ended = testkit::wait::until(Duration::from_secs(20), async || {
            self.rig.drain().await;
            (self.phase(case_id).await == "cancelled").then_some(())
        });
        ended.await.is_some()
    }

    async fn phase(&self, case_id: Uuid) -> Value {
        self.case(case_id).await["phase"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_orders_end_once_and_each_holder_is_told_where_the_matter_goes_on() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    let case_id = world.opened(&routed).await;
    let other = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(world.act("transport", &lead, "acknowledge").await.0, StatusCode::OK);
    let merged = world.merged(&routed, other);
    world.hear(&merged).await;
    // The same message again, and the same word in another message.
    world.hear(&merged).await;
    let mut again = world.merged(&routed, other);
    again.envelope.version = 5;
    world.hear(&again).await;

    let case = world.case(case_id).await;
    assert_eq!((&case["phase"], &case["holder"]), (&json!("cancelled"), &Value::Null));
    assert!(case["orders"].as_array().unwrap().iter().all(|order| order["phase"] == "cancelled"), "{case}");
    assert_eq!(world.count_said(EventType::OrderCancelled).await, 5);
    assert_eq!(world.count_said(EventType::CaseCancelled).await, 1);
    let told = world.order_event(EventType::OrderCancelled).await;
    assert_eq!(told.note, format!("并入案件{INTO} / merged into case {INTO}：同一处井盖"));
    assert_eq!(told.actor.unwrap(), said::Actor { subject: "street-centre".to_owned(), body: String::new() });
    let open = "SELECT count(*) FROM dispatch.stages s JOIN dispatch.cases c ON c.id = s.case_id
        WHERE c.phase = 'cancelled' AND s.verdict IS NULL";
    assert_eq!(world.scalar::<i64>(open).await, 0, "its clocks stand");
    assert_eq!((world.phase(other).await, world.scalar::<i64>(PARKED).await), (json!("open"), 0));
    // Nobody goes on with it, and no wake-up of it is left: those are the other one's.
    assert_eq!(world.act("transport", &lead, "arrive").await.0, StatusCode::CONFLICT);
    assert_eq!(world.scalar::<i64>(WAKEUPS).await, 0);
}

/// What was breached stays breached, and what waits for its ruling or its verifier is over with the case.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_handled_is_over_as_far_as_it_had_come() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().policy.as_mut().unwrap().stages = vec![seconds("acknowledge", 10), seconds("resolve", 600)];
    let late = world.opened(&routed).await;
    let stays = world.opened(&world.routed(STREET, "TRA-01")).await;
    world.pass(Duration::from_secs(12)).await;
    world.hear(&world.merged(&routed, stays)).await;
    assert_eq!(world.phase(late).await, "cancelled");
    let verdicts =
        "SELECT string_agg(DISTINCT s.stage || ' ' || s.verdict, ', ' ORDER BY s.stage || ' ' || s.verdict)
        FROM dispatch.stages s JOIN dispatch.cases c ON c.id = s.case_id
        WHERE s.subject_kind = 'order' AND c.phase = 'cancelled'";
    assert_eq!(world.scalar::<String>(verdicts).await, "acknowledge breached, resolve cancelled");

    let routed = world.routed(STREET, "TRA-01");
    let submitted = world.opened(&routed).await;
    handle(&world, submitted, 1).await;
    assert_eq!(world.verify("verifier", submitted, "claim").await.0, StatusCode::OK);
    world.hear(&world.merged(&routed, stays)).await;
    assert_eq!(world.phase(submitted).await, "cancelled");
    assert_eq!(world.verify("verifier", submitted, "pass").await.0, StatusCode::CONFLICT);
    assert_eq!(world.scalar::<i64>(WAKEUPS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_is_over_stays_as_it_ended() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    let closed = world.opened(&routed).await;
    handle(&world, closed, 1).await;
    assert_eq!(world.verify("verifier", closed, "pass").await.0, StatusCode::OK);
    let other = world.opened(&world.routed(STREET, "TRA-01")).await;
    let before = world.said().await;
    world.hear(&world.merged(&routed, other)).await;
    // Nor is one waited for that would only say whether there is something to end.
    world.hear(&world.merged(&routed, world.next_id())).await;
    assert_eq!(world.phase(closed).await, "closed");
    assert_eq!(world.said().await, before, "nothing is said");
    let heard = "SELECT count(*) FROM dispatch.inbox i WHERE i.consumer LIKE 'dispatch-triage-%'";
    assert_eq!(world.scalar::<i64>(heard).await, 4, "two cases and two merges");
    assert_eq!(world.scalar::<i64>(PARKED).await, 0);
}

/// The other one was closed, or called off, before this was heard: then somebody has to act still.
#[tokio::test(flavor = "multi_thread")]
async fn a_duty_does_not_end_for_a_case_that_is_over() {
    let world = World::start().await;
    let closed = world.opened(&world.routed(STREET, "TRA-01")).await;
    handle(&world, closed, 1).await;
    assert_eq!(world.verify("verifier", closed, "pass").await.0, StatusCode::OK);
    let routed = world.routed(STREET, "TRA-01");
    let case_id = world.opened(&routed).await;
    world.hear(&world.merged(&routed, closed)).await;
    assert_eq!((world.phase(case_id).await, world.scalar::<i64>(PARKED).await), (json!("open"), 0));
    assert_eq!(world.count_said(EventType::OrderCancelled).await, 0);

    // Of two that follow each other in one batch the first is over only by the second.
    let (first, second) = (world.routed(STREET, "TRA-01"), world.routed(STREET, "TRA-01"));
    let ids = [world.opened(&first).await, world.opened(&second).await];
    let into_second = world.merged(&first, ids[1]);
    let onward = world.merged(&second, case_id);
    for merged in [&into_second, &onward] {
        world.rig.publish(&merged.envelope, merged.payload.encode_to_vec().into()).await;
    }
    world.rig.drain().await;
    for id in ids {
        assert_eq!(world.phase(id).await, "cancelled");
    }
}

/// The same two in batches of their own, and the other way round: lanes and replicas keep no order. A case that was merged is not over.
#[tokio::test(flavor = "multi_thread")]
async fn merges_that_follow_each_other_may_be_heard_the_other_way_round() {
    let world = World::start().await;
    let (first, second) = (world.routed(STREET, "TRA-01"), world.routed(STREET, "TRA-01"));
    let ids = [world.opened(&first).await, world.opened(&second).await];
    let stays = world.opened(&world.routed(STREET, "TRA-01")).await;
    world.hear(&world.merged(&second, stays)).await;
    assert_eq!((world.phase(ids[0]).await, world.phase(ids[1]).await), (json!("open"), json!("cancelled")));
    world.hear(&world.merged(&first, ids[1])).await;
    assert_eq!(world.phase(ids[0]).await, "cancelled");
    assert_eq!((world.phase(stays).await, world.scalar::<i64>(PARKED).await), (json!("open"), 0));
    assert_eq!(world.count_said(EventType::OrderCancelled).await, 10);
}

/// Whether the case that stays is over is not known before it is here: until then nobody's duty ends.
#[tokio::test(flavor = "multi_thread")]
async fn the_case_that_stays_is_waited_for() {
    let world = World::start().await;
    let (routed, late) = (world.routed(STREET, "TRA-01"), world.routed(STREET, "TRA-01"));
    let case_id = world.opened(&routed).await;
    world.hear(&world.merged(&routed, late.envelope.aggregate_id)).await;
    assert_eq!((world.phase(case_id).await, world.scalar::<i64>(PARKED).await), (json!("open"), 0));
    assert_eq!(world.count_said(EventType::OrderCancelled).await, 0);
    let stays = world.opened(&late).await;
    assert!(world.cancelled(case_id).await, "it comes again when the other case is here");
    assert_eq!((world.phase(stays).await, world.scalar::<i64>(PARKED).await), (json!("open"), 0));
    assert_eq!(world.count_said(EventType::OrderCancelled).await, 5);
}

/// Steps of a batch that take cases one after the other take none before those that come earlier in the order of keys.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_locks_its_cases_in_one_order() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    let first = world.opened(&routed).await;
    let stays = world.opened(&world.routed(STREET, "TRA-01")).await;
    let last = world.opened(&world.routed(STREET, "TRA-01")).await;
    assert!(first < stays && stays < last);
    let mut again = world.routed(STREET, "TRA-01");
    let repeat = triage::Repeat { case_id: last.to_string(), within_s: 60, ..Default::default() };
    again.payload.repeats = Some(repeat);

    let mut held = world.rig.admin().begin().await.unwrap();
    let lock = "SELECT FROM dispatch.cases WHERE id = $1 FOR UPDATE";
    sqlx::query(lock).bind(first).execute(&mut *held).await.unwrap();
    world.publish(&again).await;
    let merged = world.merged(&routed, stays);
    world.rig.publish(&merged.envelope, merged.payload.encode_to_vec().into()).await;
    let look = async {
        testkit::wait::eventually(Duration::from_secs(10), "the batch to wait", async || {
            let waiting = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'";
            (world.scalar::<i64>(waiting).await > 0).then_some(())
        })
        .await;
        let free = "SELECT FROM dispatch.cases WHERE id = $1 FOR UPDATE NOWAIT";
        let free = sqlx::query(free).bind(last).execute(world.rig.admin()).await;
        held.rollback().await.unwrap();
        free
    };
    let (_, free) = tokio::join!(world.rig.drain(), look);
    assert!(free.is_ok(), "{free:?}");
    assert_eq!((world.phase(first).await, world.phase(last).await), (json!("cancelled"), json!("open")));
}

/// A plan that never went out ended in triage; and one that went out in a lane that is behind is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_case_is_passed_over_or_waited_for() {
    let world = World::start().await;
    let other = world.opened(&world.routed(STREET, "TRA-01")).await;
    let before = world.said().await;
    let mut waiting = world.merged(&world.routed(STREET, "TRA-01"), other);
    (waiting.payload.routed, waiting.payload.by) = (false, String::new());
    world.hear(&waiting).await;
    assert_eq!((world.said().await, world.scalar::<i64>(PARKED).await), (before.clone(), 0));

    let routed = world.routed(STREET, "TRA-01");
    let mut early = world.merged(&routed, other);
    early.envelope.lane = Lane::Urgent;
    world.hear(&early).await;
    assert_eq!((world.said().await, world.scalar::<i64>(PARKED).await), (before, 0));
    let case_id = world.opened(&routed).await;
    assert!(world.cancelled(case_id).await, "it comes again when its case is here");
    assert_eq!(world.count_said(EventType::OrderDispatched).await, 10);
    assert_eq!(world.count_said(EventType::OrderCancelled).await, 5);
}

#[rstest]
#[case::of_another_tenant(|m: &mut Merged| m.payload.case.as_mut().unwrap().street = FAST_STREET.to_owned())]
#[case::without_case(|m: &mut Merged| m.payload.case = None)]
#[case::by_nobody(|m: &mut Merged| m.payload.by.clear())]
#[case::into_no_case(|m: &mut Merged| m.payload.into_case_id.clear())]
#[case::into_no_number(|m: &mut Merged| m.payload.into_case_no.clear())]
#[tokio::test(flavor = "multi_thread")]
async fn poison_parks_alone(#[case] spoil: fn(&mut Merged)) {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    let case_id = world.opened(&routed).await;
    let other = world.opened(&world.routed(STREET, "TRA-01")).await;
    let mut poison = world.merged(&routed, other);
    spoil(&mut poison);
    world.hear(&poison).await;
    assert_eq!((world.phase(case_id).await, world.scalar::<i64>(PARKED).await), (json!("open"), 1));
}
