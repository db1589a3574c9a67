//! Much at once travels in batches; where the broker takes none, each event travels by itself, and nothing is doubled.

use std::time::Duration;

use async_nats::jetstream::{self, stream::Stream};
use messaging::{Relay, RelayConfig};
use testkit::wait;
use tokio_util::sync::CancellationToken;

use crate::world::{World, relay_config, street};

/// With room for a batch worth its while.
fn relay(world: &World) -> Relay {
    let config = RelayConfig { batch_rows_max: 1_000, ..relay_config() };
    world.relay_with(world.intake_relay.clone(), config)
}

async fn stream(world: &World) -> Stream {
    jetstream::new(world.client.clone()).get_stream("intake").await.unwrap()
}

/// Messages on the stream, and how many of them came in a batch.
async fn published(world: &World) -> (usize, usize) {
    let stream = stream(world).await;
    let state = stream.cached_info().state.clone();
    let (mut all, mut batched) = (0, 0);
    for sequence in state.first_sequence..=state.last_sequence {
        let message = stream.get_raw_message(sequence).await.unwrap();
        all += 1;
        batched += usize::from(message.headers.get("Nats-Batch-Id").is_some());
    }
    (all, batched)
}

#[tokio::test]
async fn much_travels_in_batches_and_little_by_itself() {
    let world = World::start().await;
    world.say(&[street(1)], &["word"; 600]).await;
    assert_eq!(relay(&world).drain().await.unwrap(), 600);
    assert_eq!(published(&world).await, (600, 600));
    world.say(&[street(1)], &["word"; 3]).await;
    assert_eq!(relay(&world).drain().await.unwrap(), 3);
    assert_eq!(published(&world).await, (603, 600));
}

/// As a crash between publish and delete leaves it: the broker refuses a batch of doubles.
#[tokio::test]
async fn a_batch_of_doubles_goes_one_by_one_and_doubles_nothing() {
    let world = World::start().await;
    let mut said = world.say(&[street(1)], &["word"; 300]).await;
    sqlx::query(
        "CREATE TABLE intake.kept AS SELECT * FROM intake.outbox_pending ORDER BY journal_id LIMIT 280",
    )
    .execute(&world.admin)
    .await
    .unwrap();
    relay(&world).drain().await.unwrap();
    assert_eq!(published(&world).await, (300, 300));
    sqlx::query("INSERT INTO intake.outbox_pending SELECT * FROM intake.kept")
        .execute(&world.admin)
        .await
        .unwrap();
    said.extend(world.say(&[street(1)], &["later"; 20]).await);
    relay(&world).drain().await.unwrap();
    assert_eq!(published(&world).await.0, 320);
    assert_eq!(world.count("intake.outbox_pending").await, 0);
    let consumer = world.consumer("triage", "");
    while consumer.drain().await.unwrap() > 0 {}
    assert_eq!(world.applied("triage").await, said);
}

/// An event that the broker takes in no way: it waits, and nobody waits for it.
#[tokio::test]
async fn what_holds_up_a_batch_holds_up_itself_alone() {
    let world = World::start().await;
    let too_large = "x".repeat(2 * 1024 * 1024);
    let mut texts = vec!["word"; 299];
    texts.insert(150, &too_large);
    world.say(&[street(1)], &texts).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(relay(&world).run(stop.clone()));
    let left = wait::until(Duration::from_secs(30), async || {
        (world.count("intake.outbox_pending").await == 1).then_some(())
    });
    assert!(left.await.is_some(), "{} wait", world.count("intake.outbox_pending").await);
    stop.cancel();
    running.await.unwrap();
    assert_eq!(published(&world).await, (299, 0));
}

/// A stream that the version before provisioned.
#[tokio::test]
async fn a_stream_without_batches_gets_each_event() {
    let world = World::start().await;
    let config = stream(&world).await.cached_info().config.clone();
    let without = jetstream::stream::Config { allow_atomic_publish: false, ..config };
    jetstream::new(world.client.clone()).update_stream(without).await.unwrap();
    let said = world.say(&[street(1)], &["word"; 300]).await;
    assert_eq!(relay(&world).drain().await.unwrap(), 300);
    assert_eq!(published(&world).await, (300, 0));
    assert_eq!(world.count("intake.outbox_pending").await, 0);
    let consumer = world.consumer("triage", "");
    while consumer.drain().await.unwrap() > 0 {}
    assert_eq!(world.applied("triage").await, said);
}
