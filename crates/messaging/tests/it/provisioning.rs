//! A broker that was provisioned by an older version is brought up to this one.

use async_nats::jetstream::{self, consumer::pull, stream};
use messaging::provision::{ProvisionError, Replicas, provision};
use testkit::nats::Broker;

use crate::world::World;

/// Of the tebibyte that `scripts/dev/nats.conf` allows, all but half of what one stream reserves.
const MOST_OF_IT: i64 = 1024 * 1024 * 1024 * 1024 - 512 * 1024 * 1024;

#[tokio::test]
async fn settings_of_an_older_version_are_renewed() {
    let world = World::start().await;
    let stream = jetstream::new(world.client.clone()).get_stream("intake").await.unwrap();
    let pending = async || {
        let made = stream.get_consumer::<pull::Config>("triage-intake-urgent").await.unwrap();
        (made.cached_info().config.max_ack_pending, made.cached_info().config.clone())
    };
    let (now, config) = pending().await;
    let older = pull::Config {
        durable_name: config.durable_name,
        filter_subjects: config.filter_subjects,
        ack_wait: config.ack_wait,
        max_ack_pending: 10,
        ..pull::Config::default()
    };
    stream.create_consumer(older).await.unwrap();
    assert_eq!(pending().await.0, 10);
    provision(&world.client, Replicas(1)).await.unwrap();
    assert_eq!(pending().await.0, now);
}

#[tokio::test]
async fn a_broker_without_room_is_told_with_what_to_do() {
    let broker = Broker::start().await.unwrap();
    let client = async_nats::connect(broker.url()).await.unwrap();
    let jetstream = jetstream::new(client.clone());
    let greedy =
        stream::Config { name: "greedy".to_owned(), max_bytes: MOST_OF_IT, ..stream::Config::default() };
    jetstream.create_stream(greedy).await.unwrap();
    let refused = provision(&client, Replicas(1)).await.unwrap_err();
    assert!(
        matches!(&refused, ProvisionError::NoRoom { name, mib: 1024 } if name == "intake"),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("raise `max_file_store`"), "{refused}");
}
