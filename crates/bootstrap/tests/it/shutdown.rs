//! Soft, then hard; a crash is not a clean end.

use std::convert::Infallible;
use std::process::Command;
use std::time::Duration;

use bootstrap::health::Readiness;
use bootstrap::shutdown::{Ended, Phases, Shutdown, Signals};
use tokio::time::timeout;

use crate::server::Server;

/// Long enough never to pass in a test that does not wait for it.
const PHASES: Phases = Phases { leave_for: Duration::ZERO, drain_within: Duration::from_secs(60) };

async fn run(shutdown: &Shutdown, readiness: &Readiness, phases: Phases) -> Ended {
    let signals = Signals::install().expect("signals");
    let run = shutdown.clone().run(signals, readiness, phases);
    timeout(Duration::from_secs(10), run).await.expect("it ends")
}

/// A task that finishes when asked.
fn obedient(shutdown: &Shutdown) {
    let soft = shutdown.soft();
    shutdown.spawn_critical("obedient", async move {
        soft.cancelled().await;
        Ok::<_, Infallible>(())
    });
}

#[tokio::test]
async fn asked_to_end_it_finishes_what_is_under_way() {
    let (shutdown, readiness) = (Shutdown::new(), Readiness::default());
    obedient(&shutdown);
    shutdown.begin();
    assert_eq!(run(&shutdown, &readiness, PHASES).await, Ended::Clean);
    assert_eq!(readiness.answer().waiting_for, ["shutdown"]);
}

#[tokio::test]
async fn sigterm_begins_the_end() {
    let (shutdown, readiness) = (Shutdown::new(), Readiness::default());
    obedient(&shutdown);
    let signals = Signals::install().unwrap();
    let own = std::process::id().to_string();
    assert!(Command::new("kill").args(["-TERM", &own]).status().unwrap().success());
    let run = shutdown.run(signals, &readiness, PHASES);
    assert_eq!(timeout(Duration::from_secs(10), run).await, Ok(Ended::Clean));
}

#[tokio::test]
async fn a_critical_task_that_fails_ends_or_panics_is_a_crash() {
    for fault in ["fails", "ends", "panics"] {
        let (shutdown, readiness) = (Shutdown::new(), Readiness::default());
        obedient(&shutdown);
        shutdown.spawn_critical("faulty", async move {
            match fault {
                "fails" => Err("the database is gone"),
                "ends" => Ok(()),
                _ => panic!("a broken invariant"),
            }
        });
        assert_eq!(run(&shutdown, &readiness, PHASES).await, Ended::Crashed, "{fault}");
    }
}

#[tokio::test]
async fn what_does_not_finish_is_cut() {
    let (shutdown, readiness) = (Shutdown::new(), Readiness::default());
    let hard = shutdown.hard();
    shutdown.spawn(async move { hard.cancelled().await });
    shutdown.begin();
    let phases = Phases { drain_within: Duration::from_millis(50), ..PHASES };
    assert_eq!(run(&shutdown, &readiness, phases).await, Ended::Cut);
}

#[tokio::test]
async fn the_listener_answers_what_is_under_way_and_takes_nothing_new() {
    let server = Server::start().await;
    let under_way = tokio::spawn(server.get("/x/v1/wait").send());
    server.arrived.notified().await;
    server.soft.cancel();
    while !server.refuses_connections().await {
        tokio::task::yield_now().await;
    }
    server.go.notify_one();
    let response = under_way.await.unwrap().expect("an answer");
    assert_eq!(response.text().await.unwrap(), "done");
    timeout(Duration::from_secs(10), server.serving).await.expect("it ends").unwrap();
}

#[tokio::test]
async fn the_hard_token_cuts_what_is_left() {
    let server = Server::start().await;
    let under_way = tokio::spawn(server.get("/x/v1/wait").send());
    server.arrived.notified().await;
    server.soft.cancel();
    server.hard.cancel();
    timeout(Duration::from_secs(10), server.serving).await.expect("it ends").unwrap();
    assert!(under_way.await.unwrap().is_err());
}

/// Who keeps a connection open is told to come back over the balancer.
#[tokio::test]
async fn while_it_leaves_each_answer_closes_its_connection() {
    use tower::ServiceExt;
    let (shutdown, routes) =
        (Shutdown::new(), axum::Router::new().route("/", axum::routing::get(|| async {})));
    let router = bootstrap::listen::closing(routes, shutdown.leaving());
    let ask = async || {
        let request = axum::http::Request::get("/").body(axum::body::Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap().headers().get("connection").cloned()
    };
    assert_eq!(ask().await, None);
    shutdown.begin();
    assert_eq!(ask().await.unwrap(), "close");
}
