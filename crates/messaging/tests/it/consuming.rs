//! Applied once in effect, whatever the broker does.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use ids::Lane;
use messaging::ConsumerConfig;
use pg::TenantScope;
use testkit::wait;
use tokio::sync::Notify;

use crate::world::{Effects, Midway, World, street};

/// Every event three times, in an order of its own: each effect once (F17).
#[tokio::test]
async fn duplicates_and_disorder_have_one_effect_each() {
    let world = World::start().await;
    let mut tx = world.intake.begin(TenantScope::of_principal([street(1)])).await.unwrap();
    let mut events = Vec::new();
    for n in 0..40 {
        events.push(world.event(&mut tx, street(1), Lane::Normal, &format!("word {n}")).await);
    }
    drop(tx);
    for turn in 0..3 {
        for n in 0..events.len() {
            world.publish(&events[(n * 17 + turn * 5) % events.len()]).await;
        }
    }
    let consumer = world.consumer("triage", "");
    while consumer.drain().await.unwrap() > 0 {}
    let expected = events.iter().map(|event| event.id.as_uuid()).collect();
    assert_eq!(world.applied("triage").await, expected);
    // A double that reached the effect would violate its key and be parked.
    assert_eq!(world.count("triage.parked").await, 0);
}

/// One bad row in a batch of a hundred: the batch is halved until it is alone, and only it is parked (D17).
#[tokio::test]
async fn the_one_culprit_of_a_batch_is_found_and_parked() {
    let world = World::start().await;
    let texts: Vec<String> =
        (0..100).map(|n| if n == 63 { "culprit".into() } else { format!("word {n}") }).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    world.say(&[street(1), street(2)], &texts).await;
    world.relay().drain().await.unwrap();
    let consumer = world.consumer("triage", "culprit");
    while consumer.drain().await.unwrap() > 0 {}
    assert_eq!(world.count("triage.effects").await, 99);
    assert_eq!(
        world
            .count("triage.parked WHERE consumer = 'triage-intake-normal' AND tenant_id = 990102002000")
            .await,
        1
    );
    let reason: String =
        sqlx::query_scalar("SELECT reason FROM triage.parked").fetch_one(&world.admin).await.unwrap();
    assert!(reason.contains("effects_length_check"), "the reason names the constraint: {reason}");
}

/// Random bytes, a missing header, another schema version, a tenant that differs from the subject: parked, and
/// the sound message behind them is applied (F15).
#[tokio::test]
async fn poison_is_parked_and_stops_nobody() {
    let world = World::start().await;
    let subject = |tenant: i64| format!("intake.report.accepted.normal.{}", street(tenant));
    let sound = |changes: &[(&str, &str)]| {
        let mut headers = HeaderMap::new();
        let pairs = [
            ("ce-specversion", "1.0"),
            ("ce-schemaversion", "1"),
            ("ce-id", "01900000-0000-7000-8000-000000000001"),
            ("ce-type", "intake.report.accepted"),
            ("ce-time", "2026-11-23T02:00:00Z"),
            ("ce-subject", "01900000-0000-7000-8000-000000000002"),
            ("ce-tenant", "990102001000"),
            ("ce-aggregateversion", "1"),
        ];
        for (name, value) in pairs.iter().chain(changes) {
            headers.insert(*name, *value);
        }
        headers
    };
    let word = || Bytes::from_static(b"word");
    world.publish_raw(subject(1), HeaderMap::new(), Bytes::from_static(&[0xff, 0xfe, 0])).await;
    world.publish_raw(subject(1), sound(&[("ce-schemaversion", "9")]), word()).await;
    world.publish_raw(subject(2), sound(&[]), word()).await;
    world.publish_raw(subject(1), sound(&[]), Bytes::from_static(&[0xc3, 0x28])).await;
    world.publish_raw("intake.report.nonsense.normal.990102001000".into(), sound(&[]), word()).await;
    world.publish_raw(subject(1), sound(&[]), word()).await;
    let consumer = world.consumer("triage", "");
    while consumer.drain().await.unwrap() > 0 {}
    assert_eq!(world.count("triage.parked").await, 5);
    assert_eq!(world.count("triage.effects").await, 1);
    let info = world.client.clone();
    let stream = async_nats::jetstream::new(info).get_stream("intake").await.unwrap();
    let pending = stream.consumer_info("triage-intake-normal").await.unwrap();
    assert_eq!((pending.num_ack_pending, pending.num_pending), (0, 0), "nothing comes again");
}

/// The broker dies while the effect is being committed, so no acknowledgement can reach it: every message comes
/// again and the inbox stops it.
#[tokio::test]
async fn a_broker_killed_between_commit_and_ack_doubles_nothing() {
    let world = World::start().await;
    let said = world.say(&[street(1), street(2)], &["word"; 60]).await;
    world.relay().drain().await.unwrap();
    let (reached, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (reaching, going_on) = (reached.clone(), go_on.clone());
    let midway: Midway = Box::new(move || {
        let (reaching, going_on) = (reaching.clone(), going_on.clone());
        Box::pin(async move {
            reaching.notify_one();
            going_on.notified().await;
        })
    });
    let effects = Arc::new(Effects { midway: Some(midway), ..Effects::default() });
    // A connection of its own, dropped with what it still wanted to send.
    let client = async_nats::connect(world.broker.url()).await.unwrap();
    let consumer = world.consumer_with("triage", Lane::Normal, effects, client, ConsumerConfig::default());
    let first = tokio::spawn(async move { consumer.drain().await.map_err(|error| error.to_string()) });
    reached.notified().await;
    world.broker.kill().await;
    go_on.notify_one();
    let committed = wait::until(Duration::from_secs(30), async || {
        (world.count("triage.effects").await == 60).then_some(())
    });
    assert!(committed.await.is_some(), "the effect was not committed");
    first.abort();
    let _ = first.await;
    world.broker.restart().await.unwrap();
    let effects = Arc::new(Effects::default());
    let config = ConsumerConfig::default();
    let second = world.consumer_with("triage", Lane::Normal, effects.clone(), world.client.clone(), config);
    let again = wait::until(Duration::from_secs(60), async || {
        second.drain().await.ok()?;
        (effects.decoded.load(Ordering::SeqCst) >= 60).then_some(())
    });
    assert!(again.await.is_some(), "not every message came again");
    assert_eq!(effects.batches.load(Ordering::SeqCst), 0, "the inbox let nothing through");
    assert_eq!(world.applied("triage").await, said);
    assert_eq!(world.count("triage.parked").await, 0);
}

/// A process that ends gives back what it had fetched and not applied: the next one has it at once.
#[tokio::test]
async fn what_was_fetched_is_given_back_at_the_end() {
    let world = World::start().await;
    world.say(&[street(1)], &["word"; 200]).await;
    world.relay().drain().await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let stopping = stop.clone();
    let midway: Midway = Box::new(move || {
        stopping.cancel();
        Box::pin(std::future::ready(()))
    });
    let effects = Arc::new(Effects { midway: Some(midway), ..Effects::default() });
    let config = ConsumerConfig { batch_messages_max: 10, ..ConsumerConfig::default() };
    world.consumer_with("triage", Lane::Normal, effects, world.client.clone(), config).run(stop).await;
    let first = world.count("triage.effects").await;
    assert!((1..=10).contains(&first), "one batch was applied: {first}");
    // What was on its way just then comes when the broker's patience is over; what had arrived comes now.
    let again = world.consumer("triage", "").drain().await.unwrap();
    assert!(again > 0, "nothing was given back");
    assert_eq!(world.count("triage.effects").await, first + again as i64);
}
