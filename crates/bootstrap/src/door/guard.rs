//! What happens to every request before and around its route: bounds, deadlines, panics, 404 and 405.

use std::panic::AssertUnwindSafe;
use std::pin::pin;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::time::{Instant, sleep_until};

use super::body::{AnswerBy, BodyDeadline};
use super::problem::Problem;
use crate::listen::Limits;

/// Seconds after which a caller may retry what took too long.
const RETRY_AFTER_S: u32 = 2;

/// Refuses framing and sizes outside the bounds before anything reads them.
pub(crate) async fn bounds(State(limits): State<Limits>, mut request: Request, next: Next) -> Response {
    // The server reads `Transfer-Encoding` with `Content-Length` by dropping the length, before we see it; a
    // proxy in front may drop the other. So that no two parties can disagree, only lengths are taken.
    if request.headers().contains_key(header::TRANSFER_ENCODING) {
        return Problem::malformed_request().into_response();
    }
    if target_bytes(&request) > limits.target_bytes_max {
        return Problem::uri_too_long().into_response();
    }
    if header_bytes(&request) > limits.header_bytes_max {
        return Problem::headers_too_large().into_response();
    }
    request.extensions_mut().insert(BodyDeadline(Instant::now() + limits.body_within));
    next.run(request).await
}

fn target_bytes(request: &Request) -> usize {
    let uri = request.uri();
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    authority + uri.path_and_query().map_or(0, |target| target.as_str().len())
}

/// As on the wire: name, colon and space, value, line end.
fn header_bytes(request: &Request) -> usize {
    request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}

/// 503 when the handler does not answer in time: its work with the database as a whole is bounded by this. Time in
/// which the body arrives does not count. An answer that streams is not cut: this ends with its head.
pub(crate) async fn deadline(State(limits): State<Limits>, mut request: Request, next: Next) -> Response {
    let last = Instant::now() + limits.request_within;
    let (answer_by, mut by) = AnswerBy::of(limits.answer_within, last);
    request.extensions_mut().insert(answer_by);
    let mut answer = pin!(next.run(request));
    loop {
        let until = last.min(*by.borrow_and_update());
        tokio::select! {
            biased;
            response = &mut answer => return response,
            Ok(()) = by.changed() => {}
            () = sleep_until(until) => return Problem::unavailable(RETRY_AFTER_S).into_response(),
        }
    }
}

/// A panic is a broken invariant of one request: it is answered 500 and ends nothing else. Its message goes to
/// the panic hook, not to the caller.
pub(crate) async fn panics(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("a handler panicked");
            Problem::internal().into_response()
        }
    }
}

/// A known path with another method. The router adds `Allow`.
pub(crate) async fn other_method() -> Problem {
    Problem::method_not_allowed()
}

/// A path no route knows.
pub(crate) async fn unknown() -> Problem {
    Problem::not_found()
}
