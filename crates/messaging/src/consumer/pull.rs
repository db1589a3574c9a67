//! The loop around a pull consumer: takes the messages that are there, up to a bound.
//!
//! While one batch is applied the next is fetched and the last one's acknowledgements are sent. What is fetched and
//! not yet applied is kept alive with the broker, and given back at shutdown.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::consumer::pull::MessagesError;
use async_nats::jetstream::{self, AckKind, Message};
use futures_util::{FutureExt, Stream, StreamExt};
use pg::{DbClock, Pace, Pool, crash};
use telemetry::messaging::Processing;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::batch::{Room, Settled};
use super::origin::{Origin, acknowledge, settle};
use super::{Apply, Removals};
use crate::journal::Outbox;
use crate::provision::ACK_WAIT;

/// Bounds of a consumer.
#[derive(Debug, Clone)]
pub struct ConsumerConfig {
    /// Messages applied in one transaction at most.
    pub batch_messages_max: usize,
    /// Messages asked of the broker ahead of time, and held at most beyond the batch in hand.
    pub fetch_messages_max: usize,
    /// Longest rest between two batches, unless one is full: what arrives meanwhile shares a transaction ([`pg::Pace`]).
    pub rest_max_ms: u64,
    /// Pause before the pull is started anew after the broker failed.
    pub backoff_ms: u64,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self { batch_messages_max: 1_024, fetch_messages_max: 4_096, rest_max_ms: 40, backoff_ms: 500 }
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
        let (consumer, troubles, measured, removals) = (name.into(), Mutex::default(), None, None);
        let room = Room { consumer, pool, clock, outbox, apply, troubles, measured, removals };
        Self { stream: stream.into(), jetstream, config, room }
    }

    /// The same, measuring what it processes.
    pub fn measured(mut self, metrics: &telemetry::Metrics) -> Self {
        self.room.measured = Some(Processing::new(metrics, &self.room.consumer));
        self
    }

    /// The same, dropping what is of tenants that are removed.
    pub fn without_removed(mut self, removals: Arc<dyn Removals>) -> Self {
        self.room.removals = Some(removals);
        self
    }

    /// Runs until shutdown; the batch in hand is finished first, what was fetched beyond it is given back.
    pub async fn run(self, shutdown: CancellationToken) {
        tokio::join!(self.keep_pulling(&shutdown), self.room.watch_shelf(&shutdown));
    }

    async fn keep_pulling(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            if let Err(error) = self.pull(shutdown).await {
                tracing::warn!(consumer = self.room.consumer, error = %error, "pull is started anew");
                tokio::select! {
                    () = shutdown.cancelled() => {}
                    () = tokio::time::sleep(Duration::from_millis(self.config.backoff_ms)) => {}
                }
            }
        }
    }

    /// Applies everything that is there now, parked messages that are due included; for tests that drain until
    /// empty. Returns how many were applied.
    pub async fn drain(&self) -> Result<usize, async_nats::Error> {
        let mut consumer = self.handle().await?;
        let mut applied = self.room.take_from_shelf().await?;
        loop {
            let messages = self.waiting(&consumer).await?;
            // The broker tells a consumer of a stored message a moment after it acknowledged the publish.
            if messages.is_empty() && consumer.info().await?.num_pending == 0 {
                return Ok(applied);
            }
            let settled = self.room.settle(messages.into_iter().map(stream_origin).collect()).await;
            applied += settled.applied;
            acknowledge(settled.acknowledge).await;
            crash::point("consumer.after_ack");
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
        let mut messages = consumer
            .stream()
            .max_messages_per_batch(self.config.fetch_messages_max)
            .heartbeat(Duration::from_secs(5))
            .expires(Duration::from_secs(15))
            .messages()
            .await?;
        let mut held = Held::new(self.config.fetch_messages_max);
        let mut acks = Acks::default();
        let outcome = self.take_batches(&mut messages, &mut held, &mut acks, shutdown).await;
        // What has arrived is given back too; first no more deliveries to us.
        if outcome.is_ok() {
            held.take_ready(&mut messages);
        }
        drop(messages);
        held.give_back().await;
        acks.done().await;
        outcome
    }

    async fn take_batches(
        &self,
        messages: &mut (impl Stream<Item = Delivery> + Unpin),
        held: &mut Held,
        acks: &mut Acks,
        shutdown: &CancellationToken,
    ) -> Result<(), async_nats::Error> {
        let mut pace = Pace::new(Duration::from_millis(self.config.rest_max_ms));
        loop {
            if held.is_empty() {
                tokio::select! {
                    () = shutdown.cancelled() => return Ok(()),
                    next = messages.next() => match next {
                        None => return Ok(()),
                        Some(message) => held.push(message?),
                    },
                }
            }
            let failure = held.gather(messages, &mut pace, self.config.batch_messages_max).await;
            let batch = held.next_batch(self.config.batch_messages_max);
            let round = held.fetching_while(messages, self.room.settle(batch));
            let (settled, failed_since) = pace.during(round).await;
            acks.send(settled).await;
            if shutdown.is_cancelled() {
                return Ok(());
            }
            if let Some(error) = failure.or(failed_since) {
                return Err(error.into());
            }
        }
    }
}

type Delivery = Result<Message, MessagesError>;

fn stream_origin(message: Message) -> Origin {
    Origin::Stream(Arc::new(message))
}

/// What was fetched: the batch in hand and what comes after it.
struct Held {
    in_hand: Vec<Origin>,
    next: VecDeque<Origin>,
    next_max: usize,
    keep_alive: tokio::time::Interval,
}

impl Held {
    fn new(next_max: usize) -> Self {
        // Three times within the broker's patience, so that one late answer does no harm.
        let mut keep_alive = tokio::time::interval(ACK_WAIT / 3);
        keep_alive.reset();
        Self { in_hand: Vec::new(), next: VecDeque::new(), next_max, keep_alive }
    }

    fn is_empty(&self) -> bool {
        self.next.is_empty()
    }

    fn push(&mut self, message: Message) {
        self.next.push_back(stream_origin(message));
    }

    /// Takes what has arrived already, without waiting.
    fn take_ready(&mut self, messages: &mut (impl Stream<Item = Delivery> + Unpin)) -> Option<MessagesError> {
        while self.next.len() < self.next_max {
            match messages.next().now_or_never() {
                Some(Some(Ok(message))) => self.push(message),
                Some(Some(Err(error))) => return Some(error),
                Some(None) | None => break,
            }
        }
        None
    }

    /// Takes what has arrived; less than a full batch gives more of it the time to arrive, if there was one just now.
    async fn gather(
        &mut self,
        messages: &mut (impl Stream<Item = Delivery> + Unpin),
        pace: &mut Pace,
        full: usize,
    ) -> Option<MessagesError> {
        let failure = self.take_ready(messages);
        if failure.is_some() || self.next.len() >= full {
            return failure;
        }
        pace.rest().await;
        self.take_ready(messages)
    }

    fn next_batch(&mut self, bound: usize) -> Vec<Origin> {
        let batch: Vec<_> = self.next.drain(..self.next.len().min(bound)).collect();
        self.in_hand.clone_from(&batch);
        batch
    }

    /// Applies the batch in hand; meanwhile fetches on and tells the broker that work is going on.
    async fn fetching_while(
        &mut self,
        messages: &mut (impl Stream<Item = Delivery> + Unpin),
        applying: impl Future<Output = Settled>,
    ) -> (Settled, Option<MessagesError>) {
        let mut applying = std::pin::pin!(applying);
        let (mut open, mut failure) = (true, None);
        loop {
            tokio::select! {
                settled = &mut applying => {
                    self.in_hand.clear();
                    return (settled, failure);
                }
                message = messages.next(), if open && self.next.len() < self.next_max => match message {
                    Some(Ok(message)) => self.push(message),
                    Some(Err(error)) => (open, failure) = (false, Some(error)),
                    None => open = false,
                },
                _ = self.keep_alive.tick() => self.tell(AckKind::Progress).await,
            }
        }
    }

    async fn tell(&self, kind: AckKind) {
        for origin in self.in_hand.iter().chain(&self.next) {
            if let Origin::Stream(message) = origin {
                settle(message, kind).await;
            }
        }
    }

    /// Another replica may have them at once.
    async fn give_back(&mut self) {
        self.tell(AckKind::Nak(None)).await;
        self.next.clear();
    }
}

/// Acknowledgements on their way, one batch at a time.
#[derive(Default)]
struct Acks(Option<JoinHandle<()>>);

impl Acks {
    async fn send(&mut self, settled: Settled) {
        self.done().await;
        self.0 = Some(tokio::spawn(async move {
            acknowledge(settled.acknowledge).await;
            crash::point("consumer.after_ack");
        }));
    }

    async fn done(&mut self) {
        if let Some(sending) = self.0.take()
            && let Err(error) = sending.await
        {
            tracing::debug!(error = %error, "acknowledgements were not sent; the messages will come again");
        }
    }
}
