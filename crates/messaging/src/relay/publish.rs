//! Publishing: together where there is much, one by one where there is little or where the broker refuses a batch.
//!
//! A batch is stored whole or not at all, under one acknowledgement and one flush (atomic batch publishing: NATS
//! ADR-50, servers from 2.12 on). The broker refuses it when it has one of its messages already, or when a message got
//! lost on the way; then each message is published by itself, and the doubles are dropped by their ids. What
//! got no answer is published singly, too, so that what holds up a batch (an event larger than the broker takes, a slow
//! link) holds up itself alone.

use std::time::Duration;

use async_nats::jetstream::{self, response::Response};
use async_nats::{HeaderMap, Request, header};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use telemetry::Span;

use super::RelayConfig;
use super::event::Sealed;

/// The broker's own bound of a batch.
const BATCH_EVENTS_MAX: usize = 1_000;
/// Below this, single acknowledgements cost less than what a batch adds: the broker makes a store for each, which takes it
/// more than a millisecond.
const BATCH_EVENTS_MIN: usize = 256;
/// Batches under way at the same time, at most; the broker takes 50 a stream.
const BATCHES_IN_FLIGHT_MAX: usize = 4;

/// What the broker has, and what it may not have.
#[derive(Debug, Default)]
pub(crate) struct Published {
    pub acknowledged: Vec<Sealed>,
    /// A missing acknowledgement means unknown: the same id is sent again, and the broker or the reader's inbox drops
    /// the double.
    pub unacknowledged: Vec<Sealed>,
}

/// How to publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Travel {
    /// In batches where that is worth it.
    Together,
    /// Each event by itself.
    Singly,
}

/// What became of a batch.
enum Outcome {
    Stored,
    Refused,
    Unknown,
}

/// The broker's word that a batch is stored.
#[derive(Debug, Deserialize)]
struct Commit {
    batch: String,
    count: usize,
}

/// Publishes all events.
pub(crate) async fn all(
    jetstream: &jetstream::Context,
    events: Vec<Sealed>,
    travel: Travel,
    config: &RelayConfig,
) -> Published {
    let mut published = Published::default();
    // Documents are few, and of a stream of their own: a batch is of one stream.
    let single = |event: &Sealed| travel == Travel::Singly || event.document();
    let (mut alone, events): (Vec<Sealed>, Vec<Sealed>) = events.into_iter().partition(single);
    let batches = batches(events).into_iter().map(|batch| async move {
        let outcome = if batch.len() < BATCH_EVENTS_MIN {
            Outcome::Refused
        } else {
            together(jetstream, &batch, config).await
        };
        (batch, outcome)
    });
    let mut outcomes = stream::iter(batches).buffered(BATCHES_IN_FLIGHT_MAX);
    while let Some((batch, outcome)) = outcomes.next().await {
        match outcome {
            Outcome::Stored => published.acknowledged.extend(batch),
            Outcome::Refused => alone.extend(batch),
            Outcome::Unknown => published.unacknowledged.extend(batch),
        }
    }
    singly(jetstream, alone, config, &mut published).await;
    published
}

/// Of about the same size each.
fn batches(events: Vec<Sealed>) -> Vec<Vec<Sealed>> {
    let count = events.len().div_ceil(BATCH_EVENTS_MAX).max(1);
    let size = events.len().div_ceil(count).max(1);
    let mut events = events.into_iter().peekable();
    std::iter::from_fn(|| events.peek().is_some().then(|| events.by_ref().take(size).collect())).collect()
}

async fn together(jetstream: &jetstream::Context, events: &[Sealed], config: &RelayConfig) -> Outcome {
    // Unique, as an inbox is; a batch takes no dots.
    let inbox = jetstream.client().new_inbox();
    let id = inbox.rsplit('.').next().unwrap_or(&inbox);
    let within = Duration::from_millis(config.ack_timeout_ms);
    match tokio::time::timeout(within, commit(jetstream, events, id)).await {
        Ok(Ok(Response::Ok(commit))) if commit.batch == id && commit.count == events.len() => Outcome::Stored,
        // Also what could not be sent, and an answer of a broker that knows no batches.
        Ok(_) => Outcome::Refused,
        Err(_) => Outcome::Unknown,
    }
}

/// Sends all of them; the answer is to the last.
async fn commit(
    jetstream: &jetstream::Context,
    events: &[Sealed],
    id: &str,
) -> Result<Response<Commit>, async_nats::Error> {
    let client = jetstream.client();
    let mut spans = Vec::new();
    let Some((last, others)) = events.split_last() else { return Err("a batch of nothing".into()) };
    for (event, n) in others.iter().zip(1..) {
        let headers = batched(event, id, n, &mut spans);
        client.publish_with_headers(event.subject(), headers, event.payload.clone()).await?;
    }
    let mut headers = batched(last, id, events.len(), &mut spans);
    headers.insert(header::NATS_BATCH_COMMIT, header::NATS_BATCH_COMMIT_FINAL);
    let request = Request::new().headers(headers).payload(last.payload.clone()).timeout(None);
    let answer = client.send_request(last.subject(), request).await?;
    Ok(serde_json::from_slice(&answer.payload)?)
}

fn batched(event: &Sealed, id: &str, n: usize, spans: &mut Vec<Span>) -> HeaderMap {
    let (mut headers, span) = traced(event);
    spans.extend(span);
    headers.insert(header::NATS_BATCH_ID, id);
    headers.insert(header::NATS_BATCH_SEQUENCE, n.to_string());
    headers
}

/// Headers, and the span that ends with the acknowledgement.
fn traced(event: &Sealed) -> (HeaderMap, Option<Span>) {
    let (mut headers, span) = (event.headers(), event.publish_span());
    if let Some(span) = &span {
        headers.insert(telemetry::traceparent::HEADER, span.traceparent());
    }
    (headers, span)
}

/// Each with its own acknowledgement, a bounded number of them outstanding.
async fn singly(
    jetstream: &jetstream::Context,
    events: Vec<Sealed>,
    config: &RelayConfig,
    published: &mut Published,
) {
    let within = Duration::from_millis(config.ack_timeout_ms);
    let publishes = events.into_iter().map(|event| async move {
        let acknowledged = tokio::time::timeout(within, one(jetstream, &event)).await;
        (event, matches!(acknowledged, Ok(Ok(()))))
    });
    let mut answers = stream::iter(publishes).buffer_unordered(config.in_flight_max);
    while let Some((event, acknowledged)) = answers.next().await {
        if acknowledged { published.acknowledged.push(event) } else { published.unacknowledged.push(event) }
    }
}

async fn one(jetstream: &jetstream::Context, event: &Sealed) -> Result<(), jetstream::context::PublishError> {
    let (headers, _span) = traced(event);
    let published = jetstream.publish_with_headers(event.subject(), headers, event.payload.clone());
    published.await?.await?;
    Ok(())
}
