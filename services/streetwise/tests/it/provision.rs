//! `streetwise provision` against a broker.

use async_nats::jetstream::stream;
use streetwise::cli::Provision;
use streetwise::failure::Failure;
use testkit::nats::Broker;

#[tokio::test]
async fn streams_and_consumers_are_made_and_made_again() {
    let broker = Broker::start().await.expect("a broker");
    for _ in 0..2 {
        let arguments = Provision { nats_url: broker.url(), nkey_file: None, replicas: 1, plan: false };
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
    let arguments =
        Provision { nats_url: "nats://127.0.0.1:1".to_owned(), nkey_file: None, replicas: 1, plan: false };
    let failure = streetwise::provision::run(&arguments).await.expect_err("nobody there");
    assert!(matches!(failure, Failure::World { .. }));
    assert!(failure.to_string().contains("--nats-url"));
}

#[tokio::test]
async fn a_broker_without_room_is_said_so() {
    let broker = Broker::start().await.expect("a broker");
    let jetstream = async_nats::jetstream::new(async_nats::connect(broker.url()).await.expect("connected"));
    // All but half of what one stream reserves, of the tebibyte that `scripts/dev/nats.conf` allows.
    let max_bytes = (1 << 40) - (512 << 20);
    let greedy = stream::Config { name: "greedy".to_owned(), max_bytes, ..stream::Config::default() };
    jetstream.create_stream(greedy).await.expect("made");
    let arguments = Provision { nats_url: broker.url(), nkey_file: None, replicas: 1, plan: false };
    let said = streetwise::provision::run(&arguments).await.expect_err("no room").to_string();
    assert!(said.contains("raise the broker's max_file_store") && !said.contains("2.12"), "{said}");
}
