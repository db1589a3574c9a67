//! Reads a body whole, within a bound of bytes and of time.

use std::time::Duration;

use axum::extract::Request;
use axum::http::header;
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::problem::Problem;

/// When the body must have arrived; put into each request by [`super::guard`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyDeadline(pub Instant);

/// When the answer must be there. Put into each request by [`super::guard`]; the clock stands while a body arrives.
#[derive(Debug, Clone)]
pub(crate) struct AnswerBy {
    by: watch::Sender<Instant>,
    within: Duration,
    last: Instant,
}

impl AnswerBy {
    /// Counts from now; never beyond `last`.
    pub(crate) fn of(within: Duration, last: Instant) -> (Self, watch::Receiver<Instant>) {
        let (by, receiver) = watch::channel(Instant::now() + within);
        (Self { by, within, last }, receiver)
    }

    fn stop(&self) {
        self.by.send_replace(self.last);
    }

    fn start(&self) {
        self.by.send_replace(Instant::now() + self.within);
    }
}

/// The body as bytes: 413 over `bytes_max` (before reading, if the length is declared), 408 past the deadline,
/// 400 if it breaks off. For JSON use [`super::StrictJson`].
pub async fn read(request: Request, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    if declared_bytes(&request).is_some_and(|declared| declared > bytes_max as u64) {
        return Err(Problem::payload_too_large());
    }
    let answer_by = request.extensions().get::<AnswerBy>().cloned();
    if let Some(answer_by) = &answer_by {
        answer_by.stop();
    }
    let read = arrive(request, bytes_max).await;
    if let Some(answer_by) = answer_by {
        answer_by.start();
    }
    read
}

async fn arrive(request: Request, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    match request.extensions().get::<BodyDeadline>().copied() {
        None => collect(request, bytes_max).await,
        Some(BodyDeadline(at)) => {
            timeout_at(at, collect(request, bytes_max)).await.unwrap_or(Err(Problem::request_timeout()))
        }
    }
}

fn declared_bytes(request: &Request) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(request: Request, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let mut chunks = request.into_body().into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::malformed_body())?;
        if bytes.len() + chunk.len() > bytes_max {
            return Err(Problem::payload_too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
