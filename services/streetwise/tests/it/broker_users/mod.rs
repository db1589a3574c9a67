//! Reliability §6: each user of the broker does its own work and is refused everything else, by the broker.
//!
//! The probes are made of the topology: a new event, stream or consumer is probed without being named here. What is
//! refused is known by the broker's own word, a permission violation, for each probe.

mod attempts;
mod keys;
mod replies;
mod users;

use std::time::Duration;

use async_nats::jetstream::consumer::{Consumer, pull};
use async_nats::{ConnectErrorKind, jetstream};
use bytes::Bytes;
use contract::broker_user::{broker_users, consumers_read_by};
use contract::topology;
use contract::{EventType, subject};
use futures_util::{FutureExt, StreamExt};
use ids::{Lane, TenantId};
use users::{KEEPER, Town};

fn street() -> TenantId {
    "990102001000".parse().unwrap()
}

/// A subject that fits a consumer's filter.
fn fitting(filter: &str, lane: Option<Lane>) -> String {
    let subjects =
        EventType::ALL.iter().map(|kind| subject::of(*kind, lane.unwrap_or(Lane::Normal), street()));
    let tokens: Vec<&str> = filter.split('.').collect();
    let fits = |subject: &String| {
        let own: Vec<&str> = subject.split('.').collect();
        own.len() == tokens.len() && own.iter().zip(&tokens).all(|(own, token)| *token == "*" || own == token)
    };
    subjects.into_iter().find(fits).unwrap()
}

/// What the provisioned consumers carry is published by its owner and pulled and acknowledged by its reader, with no
/// word from the broker.
#[tokio::test]
async fn own_work_goes_through() {
    let town = Town::start().await;
    let mut carried = 0;
    for reader in broker_users() {
        let hearing = town.caller(reader.name).await;
        for spec in consumers_read_by(reader.name) {
            let saying = town.caller(spec.stream).await;
            let said = fitting(&spec.filters[0], spec.lane);
            let jetstream = jetstream::new(saying.client.clone());
            jetstream.publish(said.clone(), Bytes::from_static(b"x")).await.unwrap().await.unwrap();
            let stream =
                jetstream::new(hearing.client.clone()).get_stream_no_info(spec.stream).await.unwrap();
            let mut consumer: Consumer<pull::Config> = stream.get_consumer(&spec.name).await.unwrap();
            assert_eq!(
                consumer.info().await.unwrap().config.durable_name.as_deref(),
                Some(spec.name.as_str())
            );
            let mut batch =
                consumer.batch().max_messages(1).expires(Duration::from_secs(5)).messages().await.unwrap();
            let message = batch.next().await.expect("what was published").unwrap();
            assert_eq!(message.subject.as_str(), said, "{}", spec.name);
            // Answered only if the broker took the acknowledgement.
            message.double_ack().await.unwrap();
            assert_eq!((saying.refused(), hearing.refused()), (vec![], vec![]), "{}", spec.name);
            carried += 1;
        }
    }
    assert_eq!(carried, topology::consumers().len());
}

/// Hints on core NATS reach who may hear them.
#[tokio::test]
async fn hints_go_through() {
    let town = Town::start().await;
    let (console, other, dispatch) =
        (town.caller("console").await, town.caller("console").await, town.caller("dispatch").await);
    let mut heard = other.client.subscribe("live.*").await.unwrap();
    let mut own = dispatch.client.subscribe(subject::all_of("dispatch", street())).await.unwrap();
    other.settled().await;
    dispatch.settled().await;
    console.client.publish(subject::live(street()), Bytes::new()).await.unwrap();
    let said = subject::of(EventType::OrderDispatched, Lane::Urgent, street());
    jetstream::new(dispatch.client.clone()).publish(said.clone(), Bytes::new()).await.unwrap().await.unwrap();
    let within = Duration::from_secs(10);
    let hint = tokio::time::timeout(within, heard.next()).await.expect("a hint").unwrap();
    assert_eq!(hint.subject.as_str(), "live.990102001000");
    let event = tokio::time::timeout(within, own.next()).await.expect("an event").unwrap();
    assert_eq!(event.subject.as_str(), said);
    assert_eq!([console.refused(), other.refused(), dispatch.refused()].concat(), Vec::<String>::new());
}

/// Every user tries to say what it may not; nothing changes at the broker.
#[tokio::test]
async fn nobody_publishes_what_is_not_its_own() {
    let town = Town::start().await;
    let keeper = town.caller(KEEPER).await;
    let before = town.broker_state(&keeper).await;
    for user in broker_users() {
        let caller = town.caller(user.name).await;
        let attempts = attempts::publishes(&user);
        assert!(attempts.len() > 100, "{} has only {} attempts", user.name, attempts.len());
        caller
            .is_refused_all("Publish", &attempts, async |subject| {
                caller.client.publish(subject, Bytes::from_static(b"{}")).await.unwrap();
            })
            .await;
        println!("{}: {} publishes refused", user.name, attempts.len());
    }
    assert_eq!(town.broker_state(&keeper).await, before);
}

/// Every user tries to hear what it may not, by itself and in a queue group; what is said meanwhile reaches none of
/// these subscriptions, and does reach one that is allowed.
#[tokio::test]
async fn nobody_subscribes_to_what_is_not_its_own() {
    let town = Town::start().await;
    let keeper = town.caller(KEEPER).await;
    let mut everything = keeper.client.subscribe(">").await.unwrap();
    keeper.settled().await;
    let mut callers = Vec::new();
    let mut spies = Vec::new();
    for user in broker_users() {
        let caller = town.caller(user.name).await;
        for queue in [None, Some("spies")] {
            let attempts = attempts::subscriptions(&user);
            let opened = std::sync::Mutex::new(Vec::new());
            caller
                .is_refused_all("Subscription", &attempts, async |subject| {
                    let subscriber = match queue {
                        None => caller.client.subscribe(subject.clone()).await.unwrap(),
                        Some(queue) => {
                            caller.client.queue_subscribe(subject.clone(), queue.to_owned()).await.unwrap()
                        }
                    };
                    opened.lock().unwrap().push((subject, subscriber));
                })
                .await;
            println!("{}: {} subscriptions refused, queue {queue:?}", user.name, attempts.len());
            spies.extend(opened.into_inner().unwrap());
        }
        callers.push(caller);
    }
    let said = subject::of(EventType::ReportAccepted, Lane::Urgent, street());
    let intake = town.caller("intake").await;
    jetstream::new(intake.client.clone())
        .publish(said.clone(), Bytes::from_static(b"canary"))
        .await
        .unwrap()
        .await
        .unwrap();
    let heard =
        async { while everything.next().await.is_some_and(|message| message.subject.as_str() != said) {} };
    tokio::time::timeout(Duration::from_secs(10), heard).await.expect("the allowed subscription hears it");
    for caller in &callers {
        caller.settled().await;
    }
    for (subject, subscriber) in &mut spies {
        assert!(
            subscriber.next().now_or_never().flatten().is_none(),
            "a subscription to {subject} heard something"
        );
    }
}

/// A consumer of one's own on somebody's stream, with several filters; the broker gives it to the harness, to nobody
/// of the services.
#[tokio::test]
async fn nobody_makes_a_consumer_with_plural_filters() {
    let town = Town::start().await;
    let spying = || pull::Config {
        filter_subjects: vec!["dispatch.order.*.*.*".to_owned(), "dispatch.case.*.*.*".to_owned()],
        ..pull::Config::default()
    };
    let services: Vec<_> = broker_users().into_iter().filter(|user| user.name != "provisioner").collect();
    for user in &services {
        let caller = town.caller(user.name).await;
        let stream = jetstream::new(caller.client.clone()).get_stream_no_info("dispatch").await.unwrap();
        assert!(stream.create_consumer(spying()).await.is_err(), "{} made a consumer", user.name);
        let refused = caller.refused();
        assert!(
            refused.len() == 1 && refused[0].contains("$JS.API.CONSUMER.CREATE.dispatch"),
            "{}: {refused:?}",
            user.name
        );
    }
    let keeper = town.caller(KEEPER).await;
    let stream = jetstream::new(keeper.client.clone()).get_stream_no_info("dispatch").await.unwrap();
    stream.create_consumer(spying()).await.expect("somebody who may");
}

/// Without a key, with a key nobody has, with a password: nobody gets in.
#[tokio::test]
async fn nobody_else_gets_in() {
    let town = Town::start().await;
    let strangers = [
        ("no credentials", async_nats::ConnectOptions::new()),
        ("unknown key", async_nats::ConnectOptions::with_nkey(nkeys::KeyPair::new_user().seed().unwrap())),
        (
            "password",
            async_nats::ConnectOptions::with_user_and_password("intake".to_owned(), "intake".to_owned()),
        ),
        (
            "empty password",
            async_nats::ConnectOptions::with_user_and_password("intake".to_owned(), String::new()),
        ),
        ("token", async_nats::ConnectOptions::with_token("intake".to_owned())),
    ];
    for (who, options) in strangers {
        let refused = options.connect(town.broker.url()).await.expect_err(who);
        assert_eq!(refused.kind(), ConnectErrorKind::AuthorizationViolation, "{who}");
    }
    town.caller("intake").await.client.flush().await.expect("who has a key gets in");
}

/// The key alone says who somebody is: with another's inbox prefix a service hears nothing.
#[tokio::test]
async fn the_key_says_who_it_is_and_not_the_name() {
    let town = Town::start().await;
    let pretending = town.caller_with_key_of("intake", "console").await;
    let jetstream = jetstream::new(pretending.client.clone());
    let asked = jetstream.publish("intake.report.accepted.normal.990102001000", Bytes::new()).await.unwrap();
    assert!(asked.await.is_err(), "no answer reaches another's inbox");
    let refused = pretending.refused();
    assert!(refused.iter().any(|text| text.contains("Subscription to \"_INBOX_console.")), "{refused:?}");
}
