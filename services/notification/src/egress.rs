//! The only outbound HTTP: one signed POST, within bounds, to where it may go.
//!
//! The URL is judged by its text (`core::allow`), then every address its name resolves to is judged again when
//! the connection is made, and only those judged are connected to: a name that changes its mind between two
//! look-ups gains nothing. No redirects, no proxy variables, no decompression, at most 64 KiB of an answer read,
//! 15 s for everything from look-up to the last byte. Connections are kept; each way has a pool of its own, so a
//! connection opened under an entry of the allow-list is never used for another URL.
//!
//! Deliberately not here: what follows from an outcome (`core::schedule`), how many at once (`handle::desk`).

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, redirect};
use url::Url;
use uuid::Uuid;

use crate::core::address;
use crate::core::allow::{AllowList, Way};
use crate::core::outcome::Outcome;

/// Bytes of an answer read at most.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// An idle connection is kept this long.
const IDLE_FOR: Duration = Duration::from_secs(60);
/// Idle connections to one host at most: several endpoints may live at one.
const IDLE_PER_HOST_MAX: usize = 64;
/// What an HTTP/2 peer may send unasked on one stream, and on a connection: answers are small.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 256 * 1024;

/// One attempt, complete.
#[derive(Debug)]
pub struct Post<'a> {
    /// Where to, from the documents of now.
    pub url: &'a Url,
    /// The delivery: `webhook-id`.
    pub id: Uuid,
    /// The database's time of the attempt, in seconds: `webhook-timestamp`.
    pub timestamp_s: i64,
    /// `webhook-signature`.
    pub signature: String,
    /// The trace the webhook belongs to.
    pub traceparent: &'a str,
    /// The bytes, the same in every attempt.
    pub body: Bytes,
}

/// The ways out.
#[derive(Debug)]
pub struct Egress {
    allow: Arc<AllowList>,
    public: Client,
    listed: Vec<Client>,
}

/// A name whose addresses are all refused.
#[derive(Debug, thiserror::Error)]
#[error("every address of the endpoint is refused")]
struct AddressRefused;

impl Egress {
    /// Makes the pools; connects to nothing. `within` bounds a whole attempt.
    pub fn new(allow: AllowList, within: Duration) -> Result<Self, reqwest::Error> {
        let public = client(Arc::new(address::public), within)?;
        let allow = Arc::new(allow);
        let listed = (0..allow.entries().len()).map(|place| {
            let allow = allow.clone();
            client(Arc::new(move |address| allow.opens(place, address)), within)
        });
        Ok(Self { public, listed: listed.collect::<Result<_, _>>()?, allow })
    }

    /// Sends once. Never fails: what went wrong is the outcome.
    pub async fn post(&self, post: Post<'_>) -> Outcome {
        let client = match self.allow.way(post.url) {
            Ok(Way::Public) => &self.public,
            Ok(Way::Listed(place)) => &self.listed[place],
            Err(_) => return Outcome::UrlRefused,
        };
        match client.post(post.url.clone()).headers(headers(&post)).body(post.body).send().await {
            Ok(response) => answered(response).await,
            Err(error) => failed(&error),
        }
    }
}

type Judge = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

fn client(judge: Judge, within: Duration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent("streetwise-notification/1")
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(within)
        .timeout(within)
        .pool_idle_timeout(IDLE_FOR)
        .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
        .http2_initial_stream_window_size(STREAM_WINDOW_BYTES)
        .http2_initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .dns_resolver(Arc::new(Judged(judge)))
        .build()
}

/// Resolves a name and leaves out what the judge refuses.
struct Judged(Judge);

impl Resolve for Judged {
    fn resolve(&self, name: Name) -> Resolving {
        let judge = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let open: Vec<SocketAddr> = found.into_iter().filter(|address| judge(address.ip())).collect();
            if open.is_empty() {
                return Err(AddressRefused.into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

/// Standard Webhooks' three, and the trace if there is a sound one.
fn headers(post: &Post<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("webhook-timestamp", post.timestamp_s.into());
    let id = post.id.to_string();
    let texts =
        [("webhook-id", &*id), ("webhook-signature", &post.signature), ("traceparent", post.traceparent)];
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    }
    headers
}

/// The status decides; the body is read only so that the connection can be kept.
async fn answered(mut response: Response) -> Outcome {
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.map(|text| text.chars().take(64).collect());
    let outcome = Outcome::Answered { status: response.status().as_u16(), retry_after };
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > ANSWER_BYTES_MAX {
            break;
        }
    }
    outcome
}

fn failed(error: &reqwest::Error) -> Outcome {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<AddressRefused>() {
            return Outcome::AddressRefused;
        }
        cause = inner.source();
    }
    if error.is_timeout() { Outcome::TimedOut } else { Outcome::Unreachable }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn post(egress: &Egress, url: &str) -> Outcome {
        let (url, body) = (&url.parse().unwrap(), Bytes::new());
        let (id, signature) = (Uuid::nil(), "v1,a".into());
        egress.post(Post { url, id, timestamp_s: 1, signature, traceparent: "", body }).await
    }

    /// A name the allow-list opens for another network resolves to this host: refused when it is connected to.
    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_at_connect_time() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let sink = testkit::sink::Sink::start().await.unwrap();
        let port = sink.address().port();
        let allow = AllowList::parse(&format!("http://localhost/10.0.0.0/8:{port}"), true).unwrap();
        let egress = Egress::new(allow, Duration::from_secs(5)).unwrap();
        assert_eq!(post(&egress, &format!("http://localhost:{port}/")).await, Outcome::AddressRefused);
        assert_eq!(post(&egress, &sink.url("/")).await, Outcome::UrlRefused);
        assert!(sink.received().is_empty());
    }
}
