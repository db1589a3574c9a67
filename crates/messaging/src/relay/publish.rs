//! Publishing with a bounded number of acks outstanding.

use std::time::Duration;

use async_nats::jetstream;
use futures_util::StreamExt;

use super::RelayConfig;
use super::event::Sealed;

/// Publishes all events; returns those the broker acknowledged and those it did not. A missing ack means unknown: the
/// same id is sent again, and the broker or the reader's inbox drops the double.
pub(crate) async fn all(
    jetstream: &jetstream::Context,
    events: Vec<Sealed>,
    config: &RelayConfig,
) -> (Vec<Sealed>, Vec<Sealed>) {
    let timeout = Duration::from_millis(config.ack_timeout_ms);
    let publishes = events.into_iter().map(|event| async move {
        let acknowledged = tokio::time::timeout(timeout, one(jetstream, &event)).await;
        (event, matches!(acknowledged, Ok(Ok(()))))
    });
    let mut stream = futures_util::stream::iter(publishes).buffer_unordered(config.in_flight_max);
    let (mut done, mut left) = (Vec::new(), Vec::new());
    while let Some((event, acknowledged)) = stream.next().await {
        if acknowledged { done.push(event) } else { left.push(event) }
    }
    (done, left)
}

async fn one(jetstream: &jetstream::Context, event: &Sealed) -> Result<(), jetstream::context::PublishError> {
    // Ends with the acknowledgement.
    let span = event.publish_span();
    let mut headers = event.headers();
    if let Some(span) = &span {
        headers.insert(telemetry::traceparent::HEADER, span.traceparent());
    }
    let published = jetstream.publish_with_headers(event.subject(), headers, event.payload.clone());
    published.await?.await?;
    Ok(())
}
