//! After a restore: what a reader had not applied comes again out of the journal, nothing twice, nothing sealed twice.

use std::time::Duration;

use async_nats::jetstream;
use messaging::refill::{LOOK_BACK_MAX, Purpose, RefillError, Refilled, refill_stream};

use crate::world::{World, street};

async fn refilled(world: &World, purpose: Purpose) -> Refilled {
    refill_stream(&world.database.admin_url(), "intake", LOOK_BACK_MAX, purpose).await.unwrap()
}

fn lacking(refilled: &Refilled, consumer: &str) -> usize {
    refilled.lacking.iter().find(|lacking| lacking.consumer == consumer).unwrap().events
}

async fn lose_the_stream(world: &World) {
    let stream = jetstream::new(world.client.clone()).get_stream("intake").await.unwrap();
    stream.purge().await.unwrap();
}

/// Applied by one reader before the restored instant, by the other not: published once more for the one that lacks it,
/// although the broker has had the same ids a moment ago.
#[tokio::test]
async fn what_a_reader_lacks_comes_again() {
    let world = World::start().await;
    let streets: Vec<_> = (1..=5).map(street).collect();
    let applied = world.say(&streets, &["applied"; 20]).await;
    world.relay().drain().await.unwrap();
    let triage = world.consumer("triage", "");
    while triage.drain().await.unwrap() > 0 {}
    let console = world.consumer("console", "");
    while console.drain().await.unwrap() > 0 {}
    let lost = world.say(&streets, &["lost"; 30]).await;
    world.relay().drain().await.unwrap();
    lose_the_stream(&world).await;
    let waiting = world.say(&streets, &["waiting"; 7]).await;
    let seals = world.count("intake.seals").await;

    let planned = refilled(&world, Purpose::Plan).await;
    assert_eq!((planned.put, lacking(&planned, "triage-intake-normal")), (0, 37));
    assert_eq!(world.count("intake.outbox_again").await, 0, "a plan writes nothing");
    let done = refilled(&world, Purpose::Refill).await;
    assert_eq!((done.put, lacking(&done, "console-intake-normal")), (37, 37));
    assert_eq!(lacking(&done, "triage-intake-urgent"), 0);
    assert_eq!(refilled(&world, Purpose::Refill).await.put, 0, "twice puts nothing twice");

    assert_eq!(world.relay().drain().await.unwrap(), 7 + 37, "what waited goes by itself, and once more");
    assert_eq!(world.count("intake.outbox_again").await, 0);
    let sealed = world.count("intake.seals").await;
    assert!(sealed > seals, "what waited was sealed");
    for (service, consumer) in [("triage", &triage), ("console", &console)] {
        while consumer.drain().await.unwrap() > 0 {}
        let all = applied.iter().chain(&lost).chain(&waiting).copied().collect();
        assert_eq!(world.applied(service).await, all, "{service}");
    }
    let doubly = "(SELECT UNNEST(event_ids) AS id FROM intake.seals GROUP BY 1 HAVING count(*) > 1) d";
    assert_eq!(world.count(doubly).await, 0, "nothing is sealed twice");
    assert_eq!(refilled(&world, Purpose::Plan).await.lacking.iter().map(|l| l.events).sum::<usize>(), 0);
}

/// Published by the life that is over, after the restored instant: it is pending again, and the broker takes it for a
/// double of what it no longer has.
#[tokio::test]
async fn what_is_pending_again_is_no_double() {
    let world = World::start().await;
    let said = world.say(&[street(1), street(2)], &["word"; 30]).await;
    sqlx::query("CREATE TABLE intake.kept AS SELECT * FROM intake.outbox_pending")
        .execute(&world.admin)
        .await
        .unwrap();
    world.relay().drain().await.unwrap();
    lose_the_stream(&world).await;
    for back in ["INSERT INTO intake.outbox_pending SELECT * FROM intake.kept", "DELETE FROM intake.seals"] {
        sqlx::query(back).execute(&world.admin).await.unwrap();
    }
    refilled(&world, Purpose::Refill).await;
    world.relay().drain().await.unwrap();
    let triage = world.consumer("triage", "");
    while triage.drain().await.unwrap() > 0 {}
    assert_eq!(world.applied("triage").await, said);
}

/// One that was lost for one reader only: the other folds it.
#[tokio::test]
async fn who_has_it_already_folds_it() {
    let world = World::start().await;
    let said = world.say(&[street(1), street(2)], &["word"; 10]).await;
    world.relay().drain().await.unwrap();
    let triage = world.consumer("triage", "");
    while triage.drain().await.unwrap() > 0 {}
    lose_the_stream(&world).await;
    let done = refilled(&world, Purpose::Refill).await;
    assert_eq!((done.put, lacking(&done, "triage-intake-normal")), (10, 0));
    world.relay().drain().await.unwrap();
    let console = world.consumer("console", "");
    while console.drain().await.unwrap() > 0 {}
    while triage.drain().await.unwrap() > 0 {}
    assert_eq!(world.applied("console").await, said);
    // Applying one twice would have broken the effect's key and parked it.
    assert_eq!((world.applied("triage").await, world.count("triage.parked").await), (said, 0));
}

/// A row whose journal row is gone (its street was removed meanwhile) holds up nothing.
#[tokio::test]
async fn what_is_no_more_is_passed_over() {
    let world = World::start().await;
    world.say(&[street(1)], &["word"; 3]).await;
    world.relay().drain().await.unwrap();
    lose_the_stream(&world).await;
    assert_eq!(refilled(&world, Purpose::Refill).await.put, 3);
    let removed = "DELETE FROM intake.journal WHERE id = (SELECT min(id::text)::uuid FROM intake.journal)";
    sqlx::query(removed).execute(&world.admin).await.unwrap();
    world.relay().drain().await.unwrap();
    assert_eq!(world.count("intake.outbox_again").await, 0);
    let triage = world.consumer("triage", "");
    while triage.drain().await.unwrap() > 0 {}
    assert_eq!(world.applied("triage").await.len(), 2);
}

/// Inboxes forget after a month: further back a missing row would not mean that something was not applied.
#[tokio::test]
async fn nobody_looks_too_far_back() {
    let world = World::start().await;
    let too_far = LOOK_BACK_MAX + Duration::from_secs(1);
    let refused = refill_stream(&world.database.admin_url(), "intake", too_far, Purpose::Refill).await;
    assert!(matches!(refused, Err(RefillError::TooFarBack)), "{refused:?}");
}
