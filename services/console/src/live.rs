//! The signal that a street's timeline has grown. It says only "look": a reader that misses it looks after its next
//! poll, one that gets it for nothing finds nothing.
//!
//! In this process it is a broadcast; to other processes it is a hint on core NATS (D25), which may be lost.

use std::time::Duration;

use async_nats::Subscriber;
use bytes::Bytes;
use contract::subject;
use futures_util::StreamExt;
use ids::TenantId;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Hints kept for a slow reader; one that falls behind further just looks.
const HINTS_MAX: usize = 1024;
/// How long the hints of one commit to other processes may take.
const HINT_WITHIN: Duration = Duration::from_millis(100);

/// The signal. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Live {
    grown: broadcast::Sender<TenantId>,
    nats: async_nats::Client,
    ending: CancellationToken,
}

/// One reader's end of the signal.
#[derive(Debug)]
pub(crate) struct Hints {
    street: TenantId,
    grown: broadcast::Receiver<TenantId>,
}

impl Live {
    pub(crate) fn new(nats: async_nats::Client) -> Self {
        Self { grown: broadcast::Sender::new(HINTS_MAX), nats, ending: CancellationToken::new() }
    }

    /// Cancelled when the process stops: streams have no end of their own.
    pub(crate) fn ending(&self) -> &CancellationToken {
        &self.ending
    }

    /// Listen first, then look.
    pub(crate) fn hints(&self, street: TenantId) -> Hints {
        Hints { street, grown: self.grown.subscribe() }
    }

    /// Timelines of streets have grown, here.
    pub(crate) async fn tell(&self, streets: &[TenantId]) {
        streets.iter().for_each(|street| self.tell_here(*street));
        // A client without its broker waits for room once its queue is full; hints are not worth that.
        let sent = timeout(HINT_WITHIN, self.tell_others(streets)).await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::debug!(streets = streets.len(), "live hints were not sent");
        }
    }

    async fn tell_others(&self, streets: &[TenantId]) -> Result<(), async_nats::PublishError> {
        for street in streets {
            self.nats.publish(subject::live(*street), Bytes::new()).await?;
        }
        Ok(())
    }

    fn tell_here(&self, street: TenantId) {
        // No reader is no error.
        let _ = self.grown.send(street);
    }

    /// Passes the hints of all processes on to the readers of this one, for ever.
    pub(crate) async fn listen(&self) {
        match self.nats.subscribe("live.*").await {
            Ok(hints) => self.pass_on(hints).await,
            Err(error) => tracing::warn!(%error, "live hints of other processes are not heard; readers poll"),
        }
        std::future::pending().await
    }

    async fn pass_on(&self, mut hints: Subscriber) {
        while let Some(hint) = hints.next().await {
            let street = hint.subject.as_str().strip_prefix("live.").and_then(|street| street.parse().ok());
            if let Some(street) = street {
                self.tell_here(street);
            }
        }
    }
}

impl Hints {
    /// Returns when the street may have grown.
    pub(crate) async fn grown(&mut self) {
        loop {
            match self.grown.recv().await {
                Ok(street) if street == self.street => return,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return,
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}
