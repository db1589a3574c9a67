//! First attempts that need no claim: sent once committed, never when rolled back, and not lost with the process.

use std::sync::Arc;

use axum::http::StatusCode;
use bootstrap::part::Part;
use contract::EventType;
use contract::proto::dispatch;
use messaging::Received;
use notification::config::Config;
use notification::core::notice::Notice;
use notification::deliverer::Deliverer;
use notification::desk::Desk;
use notification::egress::Egress;
use notification::handle::hand_over::committed;
use notification::handle::{Room, fan_out};
use pg::{ScopedTx, TenantScope};
use prost::Message;
use serde_json::json;
use testkit::sink::Answer;

use crate::world::{STREET, World, order_event};

const TRANSPORT: &str = "/hooks/transport";
const DISTRICT: &str = "990102000000";

/// A process of its own beside the world's, which knows no endpoint yet.
fn process(world: &World) -> (Arc<Room>, Deliverer) {
    let house = world.rig.house.clone();
    let config = Config::read(&house.env, true).unwrap();
    let egress = Egress::new(config.allow.clone(), config.attempt_timeout).unwrap();
    let (desk, jobs) = Desk::new();
    let room = Arc::new(Room::new(house, config, desk));
    (room.clone(), Deliverer::new(room, egress, jobs))
}

/// The same with an event applied and not yet committed.
async fn applied(world: &World) -> (Deliverer, ScopedTx) {
    let (room, deliverer) = process(world);
    let tx = apply(&room, 1).await;
    (deliverer, tx)
}

/// Applies an event; whoever called commits it, or not.
async fn apply(room: &Room, n: u128) -> ScopedTx {
    let (envelope, payload) = order_event(EventType::OrderDispatched, "transport", n);
    let event = dispatch::OrderEvent::decode(payload.clone()).unwrap();
    let notice = Notice::of_order(envelope.event_type, &event).unwrap();
    let tenants = [STREET, DISTRICT].map(|tenant| tenant.parse().unwrap());
    let mut tx = room.house.pool.begin(TenantScope::of_subjects(tenants)).await.unwrap();
    let now = room.house.clock.now(&mut tx).await.unwrap();
    let fresh = vec![(Received { envelope, payload }, notice)];
    fan_out::fan_out(room, &mut tx, now, "dispatch", fresh).await.unwrap();
    tx
}

#[tokio::test]
async fn a_first_attempt_is_sent_once_it_is_committed() {
    let world = World::start().await;
    let (deliverer, tx) = applied(&world).await;
    tx.commit().await.unwrap();
    // Nothing is due: the wake-up stands at the end of the lease.
    world.rig.drain().await;
    assert!(world.sink.received().is_empty());
    assert_eq!(world.only().await["state"], "sending");
    assert_eq!(deliverer.drain().await, Ok(1));
    assert_eq!(world.received_at(TRANSPORT).len(), 1);
    let shown = world.only().await;
    assert_eq!((&shown["state"], &shown["attempts"][0]["n"]), (&json!("delivered"), &json!(1)));
    world.after(60).await;
    assert_eq!(deliverer.drain().await, Ok(0));
    assert_eq!(world.sink.received().len(), 1);
}

#[tokio::test]
async fn what_is_rolled_back_is_never_sent() {
    let world = World::start().await;
    let (deliverer, tx) = applied(&world).await;
    drop(tx);
    assert_eq!(deliverer.drain().await, Ok(0));
    assert!(world.sink.received().is_empty());

    // The same event again, as after a repetition: told once.
    world.hear(&order_event(EventType::OrderDispatched, "transport", 1)).await;
    assert_eq!(deliverer.drain().await, Ok(0));
    assert_eq!(world.sink.received().len(), 1);
}

/// A commit was lost and the event applied again: both offered the attempt, and one of them made what stands there.
#[tokio::test]
async fn of_a_lost_transaction_and_its_repetition_one_is_sent() {
    let world = World::start().await;
    let (room, deliverer) = process(&world);
    // One that answers has more than one seat.
    apply(&room, 1).await.commit().await.unwrap();
    assert_eq!(deliverer.drain().await, Ok(1));
    apply(&room, 2).await.rollback().await.unwrap();
    world.rig.clock.set("2026-11-23T02:00:31Z".parse().unwrap());
    apply(&room, 2).await.commit().await.unwrap();
    let Ok((sent, rest)) = committed(&room, room.desk.take_offers()).await else { panic!("no database") };
    assert_eq!((sent.len(), rest.len()), (1, 1));
    assert_eq!(sent[0].claimed_at, "2026-11-23T02:00:31Z".parse().unwrap());
    let Ok((again, _)) = committed(&room, rest).await else { panic!("no database") };
    assert!(again.is_empty());
}

#[tokio::test]
async fn a_process_that_dies_after_the_commit_leaves_a_lease() {
    let world = World::start().await;
    let (deliverer, tx) = applied(&world).await;
    tx.commit().await.unwrap();
    drop(deliverer);
    world.after(29).await;
    assert!(world.sink.received().is_empty());
    world.after(1).await;
    assert_eq!(world.received_at(TRANSPORT).len(), 1);
    let shown = world.only().await;
    let outcomes: Vec<_> =
        shown["attempts"].as_array().unwrap().iter().map(|a| a["outcome"].clone()).collect();
    assert_eq!((outcomes, &shown["state"]), (vec![json!("lost"), json!("ok")], &json!("delivered")));
}

/// Many leases end at once at an endpoint that has one seat: those that have to wait are lost once, when their turn comes.
#[tokio::test]
async fn lost_attempts_that_find_no_seat_wait_and_are_lost_once() {
    let world = World::start().await;
    world.sink.answer(TRANSPORT, Answer::status(StatusCode::BAD_GATEWAY));
    for n in 0..5 {
        world.hear(&order_event(EventType::OrderDispatched, "transport", n)).await;
    }
    for statement in [
        "UPDATE notification.deliveries SET state = 'sending', attempts = 2, next_attempt_at = '2026-11-23T02:00:35Z'",
        "UPDATE notification.wakeups SET due_at = '2026-11-23T02:00:35Z'",
    ] {
        sqlx::query(statement).execute(world.rig.admin()).await.unwrap();
    }
    world.sink.answer(TRANSPORT, Answer::status(StatusCode::NO_CONTENT));
    let (_, deliverer) = process(&world);
    for second in 35..40 {
        world.rig.clock.set(format!("2026-11-23T02:00:{second}Z").parse().unwrap());
        deliverer.drain().await.unwrap();
    }
    for shown in world.deliveries("sre").await {
        let attempts = shown["attempts"].as_array().unwrap().iter();
        let outcomes: Vec<_> = attempts.map(|attempt| attempt["outcome"].clone()).collect();
        assert_eq!(
            (outcomes, &shown["state"]),
            (vec![json!("status"), json!("lost"), json!("ok")], &json!("delivered"))
        );
    }
    assert_eq!(world.received_at(TRANSPORT).len(), 10);
}
