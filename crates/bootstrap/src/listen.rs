//! The socket: accept, bound, answer, and end gracefully.
//!
//! HTTP/1.1 only; TLS ends at the ingress. Every connection has a bound of header bytes and of time for its head,
//! every request the guards of [`front`]. What the HTTP parser itself refuses (two different lengths, a head over
//! 64 KiB or 100 headers) is answered 400 or 431 without a body, and closed.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::door::{guard, trace};
use crate::identity::Authenticator;

/// Read buffer of a connection; over the header bound, so that the guard answers with a problem first.
const READ_BUFFER_BYTES: usize = 64 * 1024;
/// Pause after a failed accept, e.g. when file descriptors are used up.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Bounds of a door.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Headers together; beyond: 431.
    pub header_bytes_max: usize,
    /// Path and query; beyond: 414.
    pub target_bytes_max: usize,
    /// From the connection's first byte, or the last answer, to the end of a head; beyond: closed.
    pub head_within: Duration,
    /// From the head to the end of the body; beyond: 408.
    pub body_within: Duration,
    /// From the end of the body to the head of the answer; beyond: 503. What was asked may still have its effect,
    /// once; the same key answers later.
    pub answer_within: Duration,
    /// From the head to the head of the answer; beyond: 503.
    pub request_within: Duration,
    /// Connections at once; more wait in the kernel's queue.
    pub connections_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes_max: 16 * 1024,
            target_bytes_max: 8 * 1024,
            head_within: Duration::from_secs(30),
            body_within: Duration::from_secs(10),
            answer_within: Duration::from_millis(1_800),
            request_within: Duration::from_secs(30),
            connections_max: 1024,
        }
    }
}

/// A service's routes with everything all doors share: trace, panics, bounds, deadline, 404, 405, and the
/// [`Authenticator`] that [`crate::identity::Bearer`] asks.
pub fn front(routes: Router, authenticator: Authenticator, limits: Limits) -> Router {
    // The last layer is the outermost.
    routes
        .fallback(guard::unknown)
        .method_not_allowed_fallback(guard::other_method)
        .layer(Extension(authenticator))
        .layer(from_fn_with_state(limits.clone(), guard::deadline))
        .layer(from_fn_with_state(limits, guard::bounds))
        .layer(from_fn(guard::panics))
        .layer(from_fn(trace::follow))
}

/// While the process leaves, each answer closes its connection: whoever keeps one open comes back over the balancer,
/// before idle ones are cut under a request that is on its way.
pub fn closing(router: Router, leaving: CancellationToken) -> Router {
    router.layer(from_fn_with_state(leaving, close_if_leaving))
}

async fn close_if_leaving(
    State(leaving): State<CancellationToken>,
    request: Request,
    next: Next,
) -> Response {
    let mut answer = next.run(request).await;
    if leaving.is_cancelled() {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// Answers on the listener until `soft` is cancelled, then finishes what is under way; `hard` cuts the rest.
/// Returns when no connection is left.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    soft: CancellationToken,
    hard: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(limits.connections_max));
    let connections = TaskTracker::new();
    while let Some((stream, slot)) = soft.run_until_cancelled(next(&listener, &slots)).await {
        let answering = answer(stream, slot, router.clone(), limits.head_within, soft.clone());
        let hard = hard.clone();
        connections.spawn(async move { hard.run_until_cancelled(answering).await });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// The next connection, once there is a place for it.
pub(crate) async fn next(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (TcpStream, OwnedSemaphorePermit) {
    let slot = slots.clone().acquire_owned().await.expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, slot),
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn answer(
    stream: TcpStream,
    _slot: OwnedSemaphorePermit,
    router: Router,
    head_within: Duration,
    soft: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not set nodelay");
    }
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head_within).max_buf_size(READ_BUFFER_BYTES);
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = soft.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // The peer went away or sent no HTTP: its matter, not ours.
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Binds the address of `STREETWISE_HTTP_LISTEN`.
pub async fn bind(address: &str) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}
