//! `/livez`, `/readyz`, `/metrics`.

use serde_json::{Value, json};

use crate::server::Server;

async fn ready(server: &Server) -> (u16, Value) {
    let response = server.get("/readyz").send().await.expect("an answer");
    (response.status().as_u16(), response.json().await.expect("JSON"))
}

#[tokio::test]
async fn ready_is_when_every_latch_is_released_and_alive_is_always() {
    let server = Server::start().await;
    assert_eq!(ready(&server).await, (200, json!({ "ready": true, "waiting_for": [] })));
    let (database, documents) = (server.readiness.latch("database"), server.readiness.latch("documents"));
    let both = json!({ "ready": false, "waiting_for": ["database", "documents"] });
    assert_eq!(ready(&server).await, (503, both));
    database.release();
    drop(documents);
    let one = json!({ "ready": false, "waiting_for": ["documents"] });
    assert_eq!(ready(&server).await, (503, one), "dropping is not releasing");
    server.readiness.latch("documents").release();
    assert_eq!(ready(&server).await.0, 200);
    database.hold();
    assert_eq!(ready(&server).await.0, 503);
    assert_eq!(server.get("/livez").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn metrics_are_the_services_instruments() {
    let server = Server::start().await;
    server.metrics.counter("reports.accepted", "Reports accepted.", "{report}", []).add([], 3);
    let response = server.get("/metrics").send().await.unwrap();
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    assert!(response.text().await.unwrap().contains("\nreports_accepted_total 3\n"));
}
