//! Applied once in effect, whatever the broker does.

use async_nats::HeaderMap;
use bytes::Bytes;
use ids::Lane;
use pg::TenantScope;

use crate::world::{World, street};

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

/// The broker dies after the effect is committed and before it has kept the acknowledgement: the message comes
/// again and the inbox stops it.
#[tokio::test]
async fn a_broker_killed_between_commit_and_ack_doubles_nothing() {
    let world = World::start().await;
    let said = world.say(&[street(1), street(2)], &["word"; 60]).await;
    world.relay().drain().await.unwrap();
    let consumer = world.consumer("triage", "");
    assert_eq!(consumer.drain().await.unwrap(), 60);
    world.broker.kill().await;
    world.broker.restart().await.unwrap();
    // What the kill took back comes again; what it did not take back does not.
    while consumer.drain().await.unwrap() > 0 {}
    assert_eq!(world.applied("triage").await, said);
    assert_eq!(world.count("triage.parked").await, 0);
}
