//! Where a message comes from: the broker, or the table of parked ones. Decoding and applying make no difference.

use std::sync::Arc;

use async_nats::jetstream::{AckKind, Message};
use bytes::Bytes;
use ids::TenantId;
use uuid::Uuid;

use crate::parking;
use crate::store::parked::Due;

/// A message that is to be applied.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// Delivered by the broker.
    Stream(Arc<Message>),
    /// Parked earlier.
    Shelf(Arc<Shelved>),
}

/// A parked message.
#[derive(Debug)]
pub(super) struct Shelved {
    pub id: Uuid,
    pub attempts: u32,
    subject: String,
    headers: serde_json::Value,
    payload: Bytes,
}

impl From<Due> for Origin {
    fn from(due: Due) -> Self {
        Self::Shelf(Arc::new(Shelved {
            id: due.id,
            attempts: due.attempts.unsigned_abs(),
            subject: due.subject,
            headers: due.headers,
            payload: due.payload.into(),
        }))
    }
}

impl Origin {
    pub(super) fn subject(&self) -> &str {
        match self {
            Origin::Stream(message) => &message.subject,
            Origin::Shelf(row) => &row.subject,
        }
    }

    /// Whose it is by the last token of its subject, also where the rest makes no sense.
    pub(super) fn tenant(&self) -> Option<TenantId> {
        self.subject().rsplit('.').next()?.parse().ok()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        match self {
            Origin::Stream(message) => message.headers.as_ref()?.get(name).map(|value| value.as_str()),
            Origin::Shelf(row) => row.headers.get(name)?.as_str(),
        }
    }

    pub(super) fn payload(&self) -> Bytes {
        match self {
            Origin::Stream(message) => message.payload.clone(),
            Origin::Shelf(row) => row.payload.clone(),
        }
    }

    /// The same for every delivery of it, different for every other message.
    pub(super) fn key(&self, consumer: &str) -> Uuid {
        match self {
            Origin::Stream(message) => parking::id_of(consumer, message),
            Origin::Shelf(row) => row.id,
        }
    }

    /// How often it was tried before, for the growing pause.
    pub(super) fn attempts(&self) -> u32 {
        match self {
            Origin::Stream(message) => {
                message.info().map(|info| info.delivered.unsigned_abs() as u32).unwrap_or(1).saturating_sub(1)
            }
            Origin::Shelf(row) => row.attempts,
        }
    }
}

/// Acknowledges messages of the broker; a parked one was settled in the transaction of its effect.
pub(super) async fn acknowledge(done: Vec<Origin>) {
    for origin in &done {
        if let Origin::Stream(message) = origin {
            settle(message, AckKind::Ack).await;
        }
    }
}

/// An ack that is lost means redelivery, which the inbox makes harmless; so a failure here is only noted.
pub(super) async fn settle(message: &Message, kind: AckKind) {
    if let Err(error) = message.ack_with(kind).await {
        tracing::debug!(error = %error, "acknowledgement was not sent; the message will come again");
    }
}
