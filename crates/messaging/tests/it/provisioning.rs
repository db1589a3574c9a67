//! A broker that was provisioned by an older version is brought up to this one.

use async_nats::jetstream::{self, consumer::pull};
use messaging::provision::{Replicas, provision};

use crate::world::World;

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
