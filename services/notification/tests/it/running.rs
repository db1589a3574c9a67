//! The deliverer as it runs in a process: three loops side by side, and an orderly end.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use bootstrap::part::Part;
use contract::EventType;
use notification::config::Config;
use notification::deliverer::Deliverer;
use notification::desk::Desk;
use notification::egress::Egress;
use notification::handle::Room;
use testkit::sink::Answer;
use testkit::wait::eventually;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::world::{BODIES, World, order_event};

/// While one endpoint hangs the others are told; at the end what is under way is finished and recorded.
#[tokio::test]
async fn a_hanging_endpoint_holds_nobody_back_and_the_end_is_orderly() {
    let world = World::start_with(&[("STREETWISE_ATTEMPT_TIMEOUT_MS", "2000")]).await;
    for (n, body) in BODIES.iter().enumerate() {
        world.sink.answer_next(&format!("/hooks/{body}"), [Answer::status(StatusCode::BAD_GATEWAY)]);
        world.hear(&order_event(EventType::OrderDispatched, body, n as u128)).await;
    }
    world.sink.answer("/hooks/transport", Answer::hang());
    world.rig.clock.advance(Duration::from_secs(6));

    let shutdown = CancellationToken::new();
    let running = deliverer(&world, &shutdown);

    let count =
        async |state: &str| world.deliveries("sre").await.iter().filter(|d| d["state"] == state).count();
    let within = Duration::from_secs(30);
    eventually(within, "the four others", async || (count("delivered").await == 4).then_some(())).await;
    eventually(within, "the hanging attempt", async || {
        (world.received_at("/hooks/transport").len() == 2).then_some(())
    })
    .await;
    shutdown.cancel();
    tokio::time::timeout(within, running).await.unwrap().unwrap();
    assert_eq!((count("delivered").await, count("pending").await), (4, 1));
    let shown = world.deliveries("transport").await;
    assert_eq!(shown[0]["attempts"][1]["outcome"], "timeout", "recorded before the end");
}

/// A deliverer that knows no endpoint yet, as after a start of the process.
fn deliverer(world: &World, shutdown: &CancellationToken) -> JoinHandle<()> {
    let house = world.rig.house.clone();
    let config = Config::read(&house.env, true).unwrap();
    let egress = Egress::new(config.allow.clone(), config.attempt_timeout).unwrap();
    let (desk, jobs) = Desk::new();
    let room = Arc::new(Room::new(house, config, desk));
    tokio::spawn(Box::new(Deliverer::new(room, egress, jobs)).run(shutdown.clone()))
}

/// Forty endpoints that nobody knows and that hang, beside those of the demo: each of these is told before the first
/// attempt at a hanging one is over.
#[tokio::test]
async fn many_hanging_endpoints_hold_nobody_back() {
    let world = World::start().await;
    let hanging: Vec<String> = (0..40).map(|n| format!("hanging-{n}")).collect();
    let answer = |answer: &Answer| {
        let paths = BODIES.iter().map(|body| (*body).to_owned()).chain(hanging.iter().cloned());
        paths.for_each(|path| world.sink.answer(&format!("/hooks/{path}"), answer.clone()));
    };
    world
        .change_district(2, |core| {
            let endpoint =
                |key: &String| (key.clone(), world.endpoint("transport", &format!("/hooks/{key}")));
            core.endpoints.extend(hanging.iter().map(endpoint));
        })
        .await;
    answer(&Answer::status(StatusCode::BAD_GATEWAY));
    for (n, body) in BODIES.iter().enumerate() {
        world.hear(&order_event(EventType::OrderDispatched, body, n as u128)).await;
    }
    // Those that found no seat at first.
    world.after(1).await;
    assert_eq!(world.sink.received().len(), BODIES.len() + hanging.len());

    answer(&Answer::hang());
    let answering = |body: &str| world.sink.answer(&format!("/hooks/{body}"), Answer::status(StatusCode::OK));
    BODIES.iter().for_each(|body| answering(body));
    world.rig.clock.advance(Duration::from_secs(6));
    let shutdown = CancellationToken::new();
    let running = deliverer(&world, &shutdown);
    let less_than_an_attempt = Duration::from_secs(12);
    eventually(less_than_an_attempt, "the five that answer", async || {
        // Whoever found no seat stays away for a moment of the database's time.
        world.rig.clock.advance(Duration::from_millis(5));
        BODIES.iter().all(|body| world.received_at(&format!("/hooks/{body}")).len() == 2).then_some(())
    })
    .await;
    running.abort();
}
