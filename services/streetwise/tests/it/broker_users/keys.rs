//! Keys are changed while everything runs: what the runbook promises.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, jetstream};
use bootstrap::broker::{NatsKey, connect};
use bytes::Bytes;
use testkit::wait;

use super::users::Town;

const WITHIN: Duration = Duration::from_secs(20);
const OWN: &str = "intake.report.accepted.normal.990102001000";

async fn becomes(client: &Client, state: State) {
    let reached = wait::until(WITHIN, async || (client.connection_state() == state).then_some(()));
    reached.await.unwrap_or_else(|| panic!("not {state:?} but {:?}", client.connection_state()));
}

async fn publishes(client: &Client) {
    jetstream::new(client.clone()).publish(OWN, Bytes::new()).await.unwrap().await.unwrap();
}

/// The old key is cut off by the broker's reading of its settings; a service with the new one works, and others notice
/// nothing.
#[tokio::test]
async fn a_changed_key_cuts_off_the_old_one_at_once() {
    let town = Town::start().await;
    let connected = async |user: &'static str| {
        connect(user, &town.broker.url(), Some(NatsKey::read(&town.key_file(user)).unwrap())).await.unwrap()
    };
    let (old, other) = (connected("intake").await, connected("triage").await);
    becomes(&old, State::Connected).await;
    becomes(&other, State::Connected).await;
    publishes(&old).await;
    town.change_key("intake");
    becomes(&old, State::Disconnected).await;
    let new = connected("intake").await;
    becomes(&new, State::Connected).await;
    publishes(&new).await;
    assert_ne!(old.connection_state(), State::Connected);
    assert_eq!(
        other.statistics().connects.load(std::sync::atomic::Ordering::Relaxed),
        1,
        "the other was cut, too"
    );
}

/// A service that is there before the broker knows its key waits and gets in by itself.
#[tokio::test]
async fn an_unknown_key_gets_in_once_the_broker_has_read_of_it() {
    let town = Town::start().await;
    let known = std::fs::read(town.key_file("intake")).unwrap();
    std::fs::remove_file(town.key_file("intake")).unwrap();
    let early = tempfile::tempdir().unwrap();
    let file = early.path().join("intake.nk");
    let seed = nkeys::KeyPair::new_user().seed().unwrap();
    std::fs::write(&file, &seed).unwrap();
    assert_ne!(seed.as_bytes(), known);
    let service = connect("intake", &town.broker.url(), Some(NatsKey::read(&file).unwrap())).await.unwrap();
    let refused = wait::until(Duration::from_secs(1), async || {
        (service.connection_state() == State::Connected).then_some(())
    });
    assert!(refused.await.is_none(), "a key that the broker does not know got in");
    std::fs::copy(&file, town.key_file("intake")).unwrap();
    town.read_settings_anew();
    becomes(&service, State::Connected).await;
    publishes(&service).await;
}
