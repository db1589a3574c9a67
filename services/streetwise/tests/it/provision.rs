//! `streetwise provision` against a broker.

use streetwise::cli::Provision;
use streetwise::failure::Failure;
use testkit::nats::Broker;

#[tokio::test]
async fn streams_and_consumers_are_made_and_made_again() {
    let broker = Broker::start().await.expect("a broker");
    for _ in 0..2 {
        let arguments = Provision { nats_url: broker.url(), replicas: 1 };
        streetwise::provision::run(&arguments).await.expect("provisioned");
    }
    let jetstream = async_nats::jetstream::new(async_nats::connect(broker.url()).await.expect("connected"));
    for spec in contract::topology::streams() {
        let stream = jetstream.get_stream(spec.name).await.expect("a stream");
        let consumers = contract::topology::consumers().iter().filter(|c| c.stream == spec.name).count();
        assert_eq!(stream.cached_info().state.consumer_count, consumers, "{}", spec.name);
    }
}

#[tokio::test]
async fn a_broker_that_is_away_is_said_so() {
    let arguments = Provision { nats_url: "nats://127.0.0.1:1".to_owned(), replicas: 1 };
    let failure = streetwise::provision::run(&arguments).await.expect_err("nobody there");
    assert!(matches!(failure, Failure::World { .. }));
    assert!(failure.to_string().contains("--nats-url"));
}
