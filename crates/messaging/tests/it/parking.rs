//! Whose fault it is, what is parked, and how it gets out again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream;
use bytes::Bytes;
use ids::Lane;
use messaging::ConsumerConfig;
use messaging::parking::{self, Act, ActRefused, Decision};
use messaging::provision::{Replicas, provision};
use pg::ServerClock;
use testkit::wait;
use uuid::Uuid;

use crate::world::{Effects, FOLLOWING, SLOW, World, street};

const CONSUMER: &str = "triage-intake-normal";

async fn run_sql(world: &World, statement: &'static str) {
    sqlx::query(statement).execute(&world.admin).await.unwrap();
}

/// Streams that were made anew count from one again; what is parked then is another message (F21).
#[tokio::test]
async fn a_stream_made_anew_loses_no_poison() {
    let world = World::start().await;
    let subject = || format!("intake.report.accepted.normal.{}", street(1));
    let consumer = world.consumer("triage", "");
    for turn in 0..2u8 {
        world.publish_raw(subject(), HeaderMap::new(), Bytes::from(vec![0xff, turn])).await;
        while consumer.drain().await.unwrap() > 0 {}
        assert_eq!(world.count("triage.parked").await, i64::from(turn) + 1);
        jetstream::new(world.client.clone()).delete_stream("intake").await.unwrap();
        provision(&world.client, Replicas(1)).await.unwrap();
    }
}

/// One statement that never ends: the others of its batch go through, and it is not taken for an outage.
#[tokio::test]
async fn a_batch_that_is_too_slow_is_halved() {
    let world = World::start().await;
    let texts: Vec<&str> = (0..8).map(|n| if n == 5 { SLOW } else { "word" }).collect();
    world.say(&[street(1)], &texts).await;
    world.relay().drain().await.unwrap();
    let consumer = world.consumer("triage", "");
    consumer.drain().await.unwrap();
    assert_eq!(world.count("triage.effects").await, 7);
    assert_eq!(world.outstanding(CONSUMER).await.0, 1, "the slow one comes again");
}

/// A privilege our role lacks is nobody's poison: nothing is parked, everything is applied once it is granted.
#[tokio::test]
async fn a_missing_privilege_parks_nothing() {
    let world = World::start().await;
    let said = world.say(&[street(1), street(2)], &["word"; 40]).await;
    world.relay().drain().await.unwrap();
    run_sql(&world, "REVOKE INSERT ON triage.effects FROM triage").await;
    let consumer = world.consumer("triage", "");
    assert_eq!(consumer.drain().await.unwrap(), 0);
    assert_eq!(world.count("triage.parked").await, 0);
    run_sql(&world, "GRANT INSERT ON triage.effects TO triage").await;
    let applied = wait::until(Duration::from_secs(30), async || {
        consumer.drain().await.ok()?;
        (world.applied("triage").await == said).then_some(())
    });
    assert!(applied.await.is_some(), "not everything came again");
    assert_eq!(world.count("triage.parked").await, 0);
}

/// A street without documents keeps a few messages at the broker; the rest wait in the table and stop nobody.
#[tokio::test]
async fn one_street_without_documents_stops_nobody() {
    let world = World::start().await;
    let mut said = world.say(&[street(1)], &["early"; 300]).await;
    said.extend(world.say(&[street(2)], &["word"; 10]).await);
    world.relay().drain().await.unwrap();
    let effects = Arc::new(Effects { absent: AtomicI64::new(street(1).as_i64()), ..Effects::default() });
    let config = ConsumerConfig::default();
    let consumer = world.consumer_with("triage", Lane::Normal, effects.clone(), world.client.clone(), config);
    consumer.drain().await.unwrap();
    assert_eq!(world.count("triage.effects").await, 10);
    assert_eq!(world.outstanding(CONSUMER).await.0, 64);
    assert_eq!(world.count("triage.parked WHERE retry_at IS NOT NULL").await, 300 - 64);

    effects.absent.store(0, Ordering::SeqCst);
    let applied = wait::until(Duration::from_secs(30), async || {
        consumer.drain().await.ok()?;
        (world.applied("triage").await == said).then_some(())
    });
    assert!(applied.await.is_some(), "the street's messages were not applied when its documents came");
    assert_eq!(world.count("triage.parked WHERE settled_as IS DISTINCT FROM 'applied'").await, 0);
}

/// What follows from something of another lane waits for it, however long; its neighbours go through and nothing is parked for a person.
#[tokio::test]
async fn what_a_message_follows_from_is_waited_for() {
    let world = World::start().await;
    let said = world.say(&[street(1)], &["word", FOLLOWING, "word", "word"]).await;
    world.relay().drain().await.unwrap();
    let effects = Arc::new(Effects { missing: AtomicBool::new(true), ..Effects::default() });
    let config = ConsumerConfig::default();
    let consumer = world.consumer_with("triage", Lane::Normal, effects.clone(), world.client.clone(), config);
    consumer.drain().await.unwrap();
    assert_eq!(world.count("triage.effects").await, 3);
    assert_eq!((world.outstanding(CONSUMER).await.0, world.count("triage.parked").await), (1, 0));

    effects.missing.store(false, Ordering::SeqCst);
    let applied = wait::until(Duration::from_secs(30), async || {
        consumer.drain().await.ok()?;
        (world.applied("triage").await == said).then_some(())
    });
    assert!(applied.await.is_some(), "it was not applied when what it follows from had come");
}

/// However many of a street wait for what they follow from, and however many others of it go through meanwhile: few lie at the broker.
#[tokio::test]
async fn what_waits_of_a_street_is_bounded_though_others_of_it_go_through() {
    let world = World::start().await;
    let effects = Arc::new(Effects { missing: AtomicBool::new(true), ..Effects::default() });
    let config = ConsumerConfig::default();
    let consumer = world.consumer_with("triage", Lane::Normal, effects.clone(), world.client.clone(), config);
    let mut said = Vec::new();
    for _ in 0..4 {
        said.extend(world.say(&[street(1)], &[[FOLLOWING; 40].as_slice(), &["word"; 10]].concat()).await);
        world.relay().drain().await.unwrap();
        consumer.drain().await.unwrap();
    }
    assert_eq!(world.count("triage.effects").await, 40);
    let (at_broker, parked) = (world.outstanding(CONSUMER).await.0, world.count("triage.parked").await);
    assert_eq!((at_broker, parked), (64, 160 - 64), "the rest is tried again from the table");
    assert_eq!(
        parking::counts(&world.pool_of("triage")).await.unwrap().person,
        0,
        "nobody has to look at it"
    );

    effects.missing.store(false, Ordering::SeqCst);
    let applied = wait::until(Duration::from_secs(30), async || {
        consumer.drain().await.ok()?;
        (world.applied("triage").await.len() == said.len()).then_some(())
    });
    assert!(applied.await.is_some(), "all went through when what they follow from had come");
}

/// A person replays one parked message and discards another: applied once under its own id, and journalled.
#[tokio::test]
async fn a_person_replays_or_discards() {
    let world = World::start().await;
    let said = world.say(&[street(1), street(2)], &["culprit", "culprit"]).await;
    world.relay().drain().await.unwrap();
    while world.consumer("triage", "culprit").drain().await.unwrap() > 0 {}
    let pool = world.pool_of("triage");
    let listed = parking::list(&pool, None, 10).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(parking::counts(&pool).await.unwrap().person, 2);
    assert!(listed.iter().all(|row| row.reason.contains("effects_length_check") && !row.retried));

    let decision = Decision {
        actor: "sre-1".to_owned(),
        why: "fixed by build 7".to_owned(),
        traceparent: String::new(),
    };
    let acts = [(listed[0].id, Act::Replay), (listed[1].id, Act::Discard)];
    for (id, act) in acts {
        parking::act("triage", &pool, &ServerClock, &world.minter, id, act, &decision).await.unwrap();
    }
    assert_eq!(world.consumer("triage", "").drain().await.unwrap(), 1);
    let applied = world.applied("triage").await;
    assert_eq!(applied.len(), 1);
    assert!(applied.is_subset(&said), "under the id it was said with");
    assert_eq!(world.count("triage.parked WHERE settled_at IS NULL").await, 0);
    let entries = world
        .count(
            "triage.journal WHERE actor = 'sre-1' AND purpose = 'fixed by build 7' AND version = 1
                AND event_type IN ('triage.message.replayed', 'triage.message.discarded')",
        )
        .await;
    assert_eq!(entries, 2);
    assert_eq!(world.count("triage.outbox_pending").await, 2, "both are sealed with the rest");

    for id in [listed[0].id, listed[1].id, Uuid::nil()] {
        let again =
            parking::act("triage", &pool, &ServerClock, &world.minter, id, Act::Replay, &decision).await;
        assert!(matches!(again, Err(ActRefused::Unknown)));
    }
}
