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

    let house = world.rig.house.clone();
    let config = Config::read(&house.env, true).unwrap();
    let egress = Egress::new(config.allow.clone(), config.attempt_timeout).unwrap();
    let (desk, jobs) = Desk::new();
    let room = Arc::new(Room::new(house, config, desk));
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(Box::new(Deliverer::new(room, egress, jobs)).run(shutdown.clone()));

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
