//! What the broker does not check: the reply subject that a request names. Shown here as it is (ADR 037), together with
//! why it is of no use: whoever does it chooses no bytes, and what arrives is no event of that subject.

use std::time::Duration;

use async_nats::jetstream;
use bytes::Bytes;
use contract::broker_user::inbox_prefix;
use contract::{BadEnvelope, Envelope, EventType, subject};
use futures_util::StreamExt;
use ids::Lane;
use testkit::wait;

use super::street;
use super::users::{Caller, KEEPER, Town};

const WITHIN: Duration = Duration::from_secs(10);

/// How the message that arrived at a subject reads there.
async fn read_at(keeper: &Caller, stream: &str, arrived_at: &str) -> Result<Envelope, BadEnvelope> {
    let stream = jetstream::new(keeper.client.clone()).get_stream_no_info(stream).await.unwrap();
    let arrived = wait::until(WITHIN, async || stream.get_last_raw_message_by_subject(arrived_at).await.ok());
    let message = arrived.await.expect("the broker does not check reply subjects");
    Envelope::read(arrived_at, |name| message.headers.get(name).map(|value| value.as_str()))
}

/// The acknowledgement of one's own publish goes where one likes. It has no envelope: poison, which is parked.
#[tokio::test]
async fn an_acknowledgement_may_be_sent_elsewhere_and_is_no_event_there() {
    let town = Town::start().await;
    let (intake, keeper) = (town.caller("intake").await, town.caller(KEEPER).await);
    let own = subject::of(EventType::ReportAccepted, Lane::Normal, street());
    let elsewhere = subject::of(EventType::CaseRouted, Lane::Normal, street());
    intake.client.publish_with_reply(own, elsewhere.clone(), Bytes::from_static(b"x")).await.unwrap();
    assert_eq!(read_at(&keeper, "triage", &elsewhere).await, Err(BadEnvelope::Attribute("ce-specversion")));
    assert_eq!(intake.refused(), Vec::<String>::new());
}

/// What one may read anyway can be sent to an inbox, whose name nobody can hear or guess, under the event's own subject;
/// into another's stream it does not get.
#[tokio::test]
async fn an_event_may_be_sent_to_an_inbox_and_not_into_a_stream() {
    let town = Town::start().await;
    let (intake, triage) = (town.caller("intake").await, town.caller("triage").await);
    let (console, keeper) = (town.caller("console").await, town.caller(KEEPER).await);
    let inbox = format!("{}.given", inbox_prefix("console"));
    let mut given = console.client.subscribe(inbox.clone()).await.unwrap();
    console.settled().await;
    let own = subject::of(EventType::ReportAccepted, Lane::Normal, street());
    let jetstream = jetstream::new(intake.client.clone());
    for _ in 0..2 {
        jetstream.publish(own.clone(), Bytes::from_static(b"x")).await.unwrap().await.unwrap();
    }
    // The consumer answers one request after the other.
    for reply in [subject::of(EventType::CaseClosed, Lane::Normal, street()), inbox] {
        let next = "$JS.API.CONSUMER.MSG.NEXT.intake.triage-intake-normal";
        let asked = triage.client.publish_with_reply(next, reply, Bytes::from_static(b"{\"batch\":1}"));
        asked.await.unwrap();
    }
    let message =
        tokio::time::timeout(WITHIN, given.next()).await.expect("the broker does not check reply subjects");
    assert_eq!(message.unwrap().subject.as_str(), own);
    let state = town.broker_state(&keeper).await;
    assert_eq!((state["dispatch"].0, state["intake"].0), (0, 2));
}
