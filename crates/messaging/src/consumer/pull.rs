//! The loop around a pull consumer: takes the messages that are there, up to a bound.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{self, Message};
use futures_util::StreamExt;
use pg::{DbClock, Pool};
use tokio_util::sync::CancellationToken;

use super::Apply;
use super::batch::Room;
use crate::journal::Outbox;

/// Bounds of a consumer.
#[derive(Debug, Clone)]
pub struct ConsumerConfig {
    /// Messages applied in one transaction at most.
    pub batch_messages_max: usize,
    /// Messages asked of the broker ahead of time.
    pub fetch_messages_max: usize,
    /// Pause before the pull is started anew after the broker failed.
    pub backoff_ms: u64,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self { batch_messages_max: 256, fetch_messages_max: 512, backoff_ms: 500 }
    }
}

/// One durable consumer of this process. Other replicas may pull from the same one.
pub struct Consumer<A> {
    stream: String,
    jetstream: jetstream::Context,
    config: ConsumerConfig,
    room: Room<A>,
}

impl<A: Apply> Consumer<A> {
    /// A consumer that has not started yet. It must have been provisioned.
    #[expect(clippy::too_many_arguments, reason = "wiring, called once per consumer from bootstrap")]
    pub fn new(
        name: impl Into<String>,
        stream: impl Into<String>,
        jetstream: jetstream::Context,
        pool: Pool,
        clock: Arc<dyn DbClock>,
        outbox: Outbox,
        apply: Arc<A>,
        config: ConsumerConfig,
    ) -> Self {
        let room = Room { consumer: name.into(), pool, clock, outbox, apply };
        Self { stream: stream.into(), jetstream, config, room }
    }

    /// Runs until shutdown; the batch in hand is finished first.
    pub async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            if let Err(error) = self.pull(&shutdown).await {
                tracing::warn!(consumer = self.room.consumer, error = %error, "pull is started anew");
                tokio::select! {
                    () = shutdown.cancelled() => {}
                    () = tokio::time::sleep(Duration::from_millis(self.config.backoff_ms)) => {}
                }
            }
        }
    }

    /// Applies everything that is there now; for tests that drain until empty. Returns how many were applied.
    pub async fn drain(&self) -> Result<usize, async_nats::Error> {
        let mut consumer = self.handle().await?;
        let mut applied = 0;
        loop {
            let messages = self.waiting(&consumer).await?;
            // The broker tells a consumer of a stored message a moment after it acknowledged the publish.
            if messages.is_empty() && consumer.info().await?.num_pending == 0 {
                return Ok(applied);
            }
            applied += self.room.settle(messages).await;
        }
    }

    /// What is there now; asked a second time, with a short wait, before "nothing" is believed.
    async fn waiting(&self, consumer: &PullConsumer) -> Result<Vec<Message>, async_nats::Error> {
        let bound = self.config.batch_messages_max;
        let mut messages = Vec::new();
        let mut batch = consumer.fetch().max_messages(bound).messages().await?;
        while let Some(message) = batch.next().await {
            messages.push(message?);
        }
        if messages.is_empty() {
            let second = consumer.batch().max_messages(bound).expires(Duration::from_millis(25));
            let mut batch = second.messages().await?;
            while let Some(message) = batch.next().await {
                messages.push(message?);
            }
        }
        Ok(messages)
    }

    async fn handle(&self) -> Result<PullConsumer, async_nats::Error> {
        let stream = self.jetstream.get_stream_no_info(&self.stream).await?;
        stream.get_consumer(&self.room.consumer).await
    }

    async fn pull(&self, shutdown: &CancellationToken) -> Result<(), async_nats::Error> {
        let consumer = self.handle().await?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(self.config.fetch_messages_max)
            .heartbeat(Duration::from_secs(5))
            .expires(Duration::from_secs(15))
            .messages()
            .await?;
        let mut batches = messages.ready_chunks(self.config.batch_messages_max);
        loop {
            let batch = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                batch = batches.next() => batch,
            };
            let Some(batch) = batch else { return Ok(()) };
            let (messages, failure) = split(batch);
            self.room.settle(messages).await;
            if let Some(error) = failure {
                return Err(error);
            }
        }
    }
}

/// The messages of a chunk, and the first failure among them.
fn split<E: Into<async_nats::Error>>(
    chunk: Vec<Result<Message, E>>,
) -> (Vec<Message>, Option<async_nats::Error>) {
    let mut failure = None;
    let messages = chunk
        .into_iter()
        .filter_map(|message| match message {
            Ok(message) => Some(message),
            Err(error) => {
                failure.get_or_insert_with(|| error.into());
                None
            }
        })
        .collect();
    (messages, failure)
}
