//! A service's door on a port of its own, whose answers to changes may get lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

/// How many answers to changes are lost on their way: what was asked for is done, and who asked is not told.
pub type Losing = Arc<AtomicUsize>;

/// The address of the door, open until the test ends.
pub async fn opened(router: Router, losing: Losing) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = router.layer(from_fn_with_state(losing, lost));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn lost(State(losing): State<Losing>, request: Request, next: Next) -> Response {
    let changes = request.method() == Method::POST;
    let answer = next.run(request).await;
    let loses = |left: usize| left.checked_sub(1);
    if changes && losing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, loses).is_ok() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    answer
}
