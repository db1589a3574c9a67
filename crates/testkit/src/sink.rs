//! A webhook receiver: keeps what it was sent, checks signatures, answers as told.
//!
//! Signatures follow Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`). The timestamp's
//! tolerance is not checked: a test's clock is not the machine's. At most [`RECEIVED_MAX`] requests are kept; a
//! further one is answered 507, so that a test that overflows it fails visibly.

mod signature;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::Error;
pub use signature::{Signature, sign, verify};

/// Requests kept.
pub const RECEIVED_MAX: usize = 200_000;
/// Largest body taken.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// 0 for the first request of this sink, and so on in order of arrival.
    pub sequence: usize,
    /// When its body was complete, on the monotonic clock.
    pub received_at: Instant,
    /// The path, which stands for the endpoint.
    pub path: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The body's bytes, untouched.
    pub body: Bytes,
    /// What the signature was worth at that moment.
    pub signature: Signature,
    /// The status it was answered, or is going to be; nothing for one that is left hanging.
    pub answered: Option<StatusCode>,
}

impl Received {
    /// The `webhook-id`, empty when there is none.
    pub fn webhook_id(&self) -> &str {
        self.headers.get("webhook-id").and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// How to answer a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status; nothing: hang until the sender gives up.
    pub status: Option<StatusCode>,
    /// Waited before answering.
    pub delay: Duration,
    /// Headers such as `retry-after` or `location`.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// This status at once, with an empty body.
    pub fn status(status: StatusCode) -> Self {
        Self { status: Some(status), delay: Duration::ZERO, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// No answer at all.
    pub fn hang() -> Self {
        Self { status: None, ..Self::status(StatusCode::NO_CONTENT) }
    }

    /// The same, later.
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

#[derive(Default)]
struct Desk {
    received: Vec<Received>,
    secrets: HashMap<String, Vec<Vec<u8>>>,
    next_answers: HashMap<String, VecDeque<Answer>>,
    answers: HashMap<String, Answer>,
}

#[derive(Clone)]
struct Shared {
    desk: Arc<Mutex<Desk>>,
    stop: CancellationToken,
}

/// A running receiver. Dropping it stops it; requests left hanging are ended.
pub struct Sink {
    address: SocketAddr,
    shared: Shared,
    _stop: DropGuard,
}

impl Sink {
    /// Listens on a loopback port; answers 204 to everything until told otherwise.
    pub async fn start() -> Result<Self, Error> {
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).await.map_err(Error::io("listening as a webhook sink"))?;
        let address = listener.local_addr().map_err(Error::io("reading a webhook sink's address"))?;
        let stop = CancellationToken::new();
        let shared = Shared { desk: Arc::default(), stop: stop.clone() };
        let limit = DefaultBodyLimit::max(BODY_BYTES_MAX);
        let router = Router::new().fallback(receive).layer(limit).with_state(shared.clone());
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async { axum::serve(listener, router).with_graceful_shutdown(stopped).await });
        Ok(Self { address, shared, _stop: stop.drop_guard() })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of an endpoint; `path` begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The secrets that are good for `path` from now on, several while one is being rotated.
    pub fn set_secrets(&self, path: &str, secrets: Vec<Vec<u8>>) {
        self.desk().secrets.insert(path.to_owned(), secrets);
    }

    /// How to answer every request to `path` from now on.
    pub fn answer(&self, path: &str, answer: Answer) {
        self.desk().answers.insert(path.to_owned(), answer);
    }

    /// How to answer the next requests to `path`, one each, before [`Sink::answer`]'s comes back.
    pub fn answer_next(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.desk().next_answers.entry(path.to_owned()).or_default().extend(answers);
    }

    /// All requests so far, in order of arrival.
    pub fn received(&self) -> Vec<Received> {
        self.desk().received.clone()
    }

    /// How many requests came, by `webhook-id`: more than one is an attempt more, or a duplicate.
    pub fn count_by_webhook_id(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for received in &self.desk().received {
            *counts.entry(received.webhook_id().to_owned()).or_default() += 1;
        }
        counts
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.shared.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn receive(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let answer =
        shared.desk.lock().unwrap_or_else(PoisonError::into_inner).take_in(uri.path(), headers, body);
    let answering = async {
        tokio::time::sleep(answer.delay).await;
        match answer.status {
            Some(status) => (status, answer.headers, answer.body).into_response(),
            None => std::future::pending().await,
        }
    };
    let ended = async || StatusCode::SERVICE_UNAVAILABLE.into_response();
    shared.stop.run_until_cancelled(answering).await.unwrap_or(ended().await)
}

impl Desk {
    fn take_in(&mut self, path: &str, headers: HeaderMap, body: Bytes) -> Answer {
        if self.received.len() >= RECEIVED_MAX {
            return Answer::status(StatusCode::INSUFFICIENT_STORAGE);
        }
        let next = self.next_answers.get_mut(path).and_then(VecDeque::pop_front);
        let answer = next.or_else(|| self.answers.get(path).cloned());
        let answer = answer.unwrap_or_else(|| Answer::status(StatusCode::NO_CONTENT));
        let secrets = self.secrets.get(path).map(Vec::as_slice).unwrap_or_default();
        let signature = verify(secrets, &headers, &body);
        let (sequence, received_at) = (self.received.len(), Instant::now());
        let (path, answered) = (path.to_owned(), answer.status);
        self.received.push(Received { sequence, received_at, path, headers, body, signature, answered });
        answer
    }
}
