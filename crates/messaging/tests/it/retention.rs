//! Interest retention under kill -9 (D14): one consumer is done, one has half; the broker forgets what it likes
//! of the acknowledgements, and still nothing is missing and nothing stays stuck.

use std::time::Duration;

use testkit::wait;

use crate::world::{World, street};

#[tokio::test]
async fn a_killed_broker_misses_nothing_and_leaves_nothing_stuck() {
    let world = World::start().await;
    let tenants: Vec<_> = (1..=10).map(street).collect();
    let said = world.say(&tenants, &["word"; 700]).await;
    world.relay().drain().await.unwrap();
    let (triage, console) = (world.consumer("triage", ""), world.consumer("console", ""));
    while triage.drain().await.unwrap() > 0 {}
    let half = wait::until(Duration::from_secs(20), async || {
        let stop = tokio_util::sync::CancellationToken::new();
        let running = world.consumer("console", "").run(stop.clone());
        let enough = wait::until(Duration::from_secs(5), async || {
            (world.count("console.effects").await >= 256).then(|| stop.cancel())
        });
        tokio::join!(running, enough).1
    });
    assert!(half.await.is_some());
    world.broker.kill().await;
    world.broker.restart().await.unwrap();
    let settled = wait::until(Duration::from_secs(90), async || {
        triage.drain().await.ok()?;
        console.drain().await.ok()?;
        let stream = async_nats::jetstream::new(world.client.clone()).get_stream("intake").await.ok()?;
        (stream.cached_info().state.messages == 0).then_some(())
    });
    assert!(settled.await.is_some(), "messages stay stuck in the stream");
    assert_eq!(world.applied("triage").await, said);
    assert_eq!(world.applied("console").await, said);
}
