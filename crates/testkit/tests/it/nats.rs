use std::time::Duration;

use async_nats::jetstream;
use testkit::nats::Broker;
use testkit::wait::{eventually, until};

const SOON: Duration = Duration::from_secs(30);

async fn stream(broker: &Broker) -> jetstream::stream::Stream {
    let client = async_nats::connect(broker.url()).await.unwrap();
    let config = jetstream::stream::Config {
        name: "reports".to_owned(),
        subjects: vec!["intake.>".to_owned()],
        ..Default::default()
    };
    jetstream::new(client).get_or_create_stream(config).await.unwrap()
}

async fn publish(broker: &Broker, text: &'static str) {
    // Kept until the acknowledgement is there: it arrives over this connection.
    let jetstream = jetstream::new(async_nats::connect(broker.url()).await.unwrap());
    let acknowledged = jetstream.publish("intake.report.accepted", text.into()).await.unwrap();
    acknowledged.await.unwrap();
}

#[tokio::test]
async fn kill_and_restart_keep_address_and_messages() {
    let broker = Broker::start().await.unwrap();
    stream(&broker).await;
    for round in 1..=3 {
        publish(&broker, "公交306路改道").await;
        broker.kill().await;
        assert!(async_nats::connect(broker.url()).await.is_err(), "took a connection after kill {round}");
        broker.restart().await.unwrap();
        assert_eq!(stream(&broker).await.get_info().await.unwrap().state.messages, round);
    }
}

#[tokio::test]
async fn kill_tests_can_freeze_it() {
    let broker = Broker::start().await.unwrap();
    let client = async_nats::connect(broker.url()).await.unwrap();
    broker.pause().await;
    // Without a responder the broker itself answers at once: "no responders" is its sign of life.
    let round_trip = async || client.request("$SRV.PING", "".into()).await.err();
    assert!(until(Duration::from_millis(500), round_trip).await.is_none(), "a frozen broker answered");
    broker.resume();
    eventually(SOON, "the thawed broker's answer", round_trip).await;
}

#[tokio::test]
async fn two_brokers_are_two() {
    let (first, second) = (Broker::start().await.unwrap(), Broker::start().await.unwrap());
    assert_ne!(first.url(), second.url());
    stream(&first).await;
    let client = async_nats::connect(second.url()).await.unwrap();
    assert!(
        jetstream::new(client).get_stream("reports").await.is_err(),
        "one broker's stream is in the other"
    );
}
