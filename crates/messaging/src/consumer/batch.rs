//! One batch: apply whole, or halve until the culprit is alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::AckKind;
use ids::TenantId;
use pg::{DbClock, Kind, Pool, crash};
use telemetry::messaging::{Processing, batch_span, process_span};
use telemetry::{Span, Stopwatch};
use uuid::Uuid;

use super::origin::{Origin, settle};
use super::trouble::{Troubles, Verdict, growing};
use super::{Apply, ApplyError, Received, Refused, Removals};
use crate::journal::Outbox;
use crate::parking::{self, Again};
use crate::store;

/// How long a batch stays away after the database was.
const UNAVAILABLE_DELAY: Duration = Duration::from_secs(1);
/// How long one transaction may take, its statements have limits of their own: a connection that the server has given
/// up without our hearing of it would be waited on for ever.
const APPLY_WITHIN: Duration = Duration::from_secs(30);
/// A batch that runs into other transactions is tried this often at once.
const COLLISIONS_MAX: u32 = 5;

/// A message with its decoded item.
pub(super) struct Entry<I> {
    origin: Origin,
    id: Uuid,
    tenant: TenantId,
    /// Taken by the first attempt; decoded again for another one, which is rare, so that the usual one copies
    /// nothing.
    ready: Option<(Received, I)>,
    /// Ends when it is known what became of the message.
    span: Option<Span>,
}

/// A message that was read, its item, and the span of its processing.
type Read<I> = (Received, I, Option<Span>);

/// What became of a batch.
#[derive(Default)]
pub(super) struct Settled {
    /// How many were applied.
    pub applied: usize,
    /// What the broker still has to be told.
    pub acknowledge: Vec<Origin>,
}

/// All a batch needs.
pub(super) struct Room<A> {
    pub consumer: String,
    pub pool: Pool,
    pub clock: Arc<dyn DbClock>,
    pub outbox: Outbox,
    pub apply: Arc<A>,
    pub troubles: Mutex<Troubles>,
    pub measured: Option<Processing>,
    pub removals: Option<Arc<dyn Removals>>,
}

impl<A: Apply> Room<A> {
    /// Takes messages to their end: applied (the caller acknowledges), parked, or sent back for later.
    pub(super) async fn settle(&self, origins: Vec<Origin>) -> Settled {
        let started = Stopwatch::start();
        let (origins, dropped) = self.without_removed(origins).await;
        let mut entries = Vec::with_capacity(origins.len());
        let mut early: BTreeMap<&'static str, Vec<(TenantId, Origin)>> = BTreeMap::new();
        for origin in origins {
            match self.read(&origin, None) {
                Ok((received, item, span)) => entries.push(self.entry(origin, (received, item), span)),
                Err((_, Refused::Poison(reason))) => self.park(&origin, &reason).await,
                Err((tenant, Refused::NotYet(reason))) => match tenant {
                    Some(tenant) => early.entry(reason).or_default().push((tenant, origin)),
                    None => self.park(&origin, reason).await,
                },
            }
        }
        for (reason, waiting) in early {
            self.wait_for_documents(reason, waiting).await;
        }
        let spans = entries.iter().filter_map(|entry| entry.span.as_ref());
        let batch = batch_span(&self.consumer, entries.len(), spans);
        let mut settled = telemetry::around(batch.as_ref(), self.apply_halving(entries)).await;
        settled.acknowledge.extend(dropped);
        if let Some(measured) = &self.measured {
            measured.batch(&self.consumer, started.elapsed());
        }
        settled
    }

    fn entry(&self, origin: Origin, ready: (Received, A::Item), span: Option<Span>) -> Entry<A::Item> {
        let (id, tenant) = (ready.0.envelope.id.as_uuid(), ready.0.envelope.tenant);
        Entry { origin, id, tenant, ready: Some(ready), span }
    }

    /// What the message causes belongs to the span of its processing, if that is recorded: `span` where it was read
    /// before, else a new one.
    fn read(
        &self,
        origin: &Origin,
        span: Option<Span>,
    ) -> Result<Read<A::Item>, (Option<TenantId>, Refused)> {
        let envelope = contract::Envelope::read(origin.subject(), |name| origin.header(name));
        let mut envelope = envelope.map_err(|error| (None, Refused::Poison(error.to_string())))?;
        let span = span.or_else(|| {
            let event_type = envelope.event_type.as_str();
            process_span(&self.consumer, event_type, envelope.id, &envelope.traceparent)
        });
        if let Some(span) = &span {
            envelope.traceparent = span.traceparent();
        }
        let received = Received { envelope, payload: origin.payload() };
        let item = self.apply.decode(&received);
        let item = item.map_err(|refused| (Some(received.envelope.tenant), refused))?;
        Ok((received, item, span))
    }

    pub(super) fn count(&self, outcome: &'static str, messages: usize) {
        if let Some(measured) = &self.measured {
            measured.settled(&self.consumer, outcome, messages);
        }
    }

    async fn apply_halving(&self, entries: Vec<Entry<A::Item>>) -> Settled {
        let mut settled = Settled::default();
        let mut left = vec![entries];
        let mut everything_fails = None;
        while let Some(mut chunk) = left.pop().filter(|chunk| !chunk.is_empty()) {
            match self.apply_retrying(&mut chunk).await {
                Ok(()) => {
                    crash::point("consumer.after_commit");
                    self.went_through(&chunk);
                    everything_fails = None;
                    self.count("applied", chunk.len());
                    settled.applied += chunk.len();
                    settled.acknowledge.extend(chunk.into_iter().map(|entry| entry.origin));
                }
                Err(error) if gone(&error) => {
                    tracing::warn!(consumer = self.consumer, error = %error, "batch comes back later");
                    chunk.extend(left.drain(..).flatten());
                    self.come_back(&chunk, UNAVAILABLE_DELAY).await;
                    tokio::time::sleep(UNAVAILABLE_DELAY).await;
                }
                Err(ApplyError::NotYet(reason)) if chunk.len() == 1 => {
                    let alone = chunk.into_iter().map(|entry| (entry.tenant, entry.origin)).collect();
                    self.wait_for_documents(reason, alone).await;
                }
                Err(error) if chunk.len() == 1 => everything_fails = self.blame(&chunk[0], &error).await,
                // Halving a whole backlog into single failures would only keep the database busy.
                Err(_) if everything_fails.is_some() => {
                    self.come_back(&chunk, everything_fails.unwrap_or_default()).await;
                }
                Err(_) => {
                    let second = chunk.split_off(chunk.len() / 2);
                    left.extend([second, chunk]);
                }
            }
        }
        settled
    }

    fn went_through(&self, chunk: &[Entry<A::Item>]) {
        let mut troubles = self.troubles();
        troubles.applied();
        for entry in chunk {
            troubles.done(entry.tenant, || entry.origin.key(&self.consumer));
        }
    }

    async fn apply_retrying(&self, entries: &mut [Entry<A::Item>]) -> Result<(), ApplyError> {
        let mut collisions = 0;
        loop {
            match pg::within(APPLY_WITHIN, self.apply_once(entries)).await {
                Err(ApplyError::Database(error))
                    if error.ran_into_another() && collisions < COLLISIONS_MAX =>
                {
                    collisions += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn apply_once(&self, entries: &mut [Entry<A::Item>]) -> Result<(), ApplyError> {
        let tenants: BTreeSet<_> = entries.iter().map(|entry| entry.tenant).collect();
        let mut tx = self.pool.begin(self.apply.scope(tenants)).await?;
        let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
        let entered = store::enter(&mut tx, &self.consumer, &ids).await?;
        let now = self.clock.now(&mut tx).await?;
        let mut unseen: BTreeSet<_> = entered.into_iter().collect();
        // Taking an id out of the set also folds the same message delivered twice in one batch.
        let fresh = entries.iter_mut().filter(|entry| unseen.remove(&entry.id));
        let fresh = fresh.map(|entry| self.take(entry)).collect::<Result<Vec<_>, _>>()?;
        if !fresh.is_empty() {
            self.apply.apply(&mut tx, now, fresh).await?;
        }
        self.settle_shelved(&mut tx, entries).await?;
        crash::point("consumer.before_commit");
        tx.commit().await?;
        self.outbox.wake();
        Ok(())
    }

    fn take(&self, entry: &mut Entry<A::Item>) -> Result<(Received, A::Item), ApplyError> {
        if let Some(ready) = entry.ready.take() {
            return Ok(ready);
        }
        match self.read(&entry.origin, entry.span.clone()) {
            Ok((received, item, _)) => Ok((received, item)),
            Err(_) => {
                let cause = "what was accepted once is refused now";
                Err(pg::Error::broken("decoding a message again", cause).into())
            }
        }
    }

    async fn settle_shelved(
        &self,
        tx: &mut pg::ScopedTx,
        entries: &[Entry<A::Item>],
    ) -> Result<(), pg::Error> {
        let shelved = entries.iter().filter_map(|entry| match &entry.origin {
            Origin::Shelf(row) => Some(row.id),
            Origin::Stream(_) => None,
        });
        let shelved: Vec<_> = shelved.collect();
        if shelved.is_empty() {
            return Ok(());
        }
        store::parked::applied(tx, &shelved).await
    }

    /// The culprit is alone: what the input violates is parked at once, other failures after some attempts. Answers
    /// a pause if it is not this message's fault.
    async fn blame(&self, entry: &Entry<A::Item>, error: &ApplyError) -> Option<Duration> {
        let of_input = match error {
            ApplyError::Database(error) => error.kind() == Kind::Data,
            ApplyError::Refused(_) => true,
            // It never comes here: `apply_halving` sends it back.
            ApplyError::NotYet(_) => false,
        };
        if of_input {
            self.park(&entry.origin, &error.to_string()).await;
            return None;
        }
        let verdict = self.troubles().failed(entry.origin.key(&self.consumer));
        match verdict {
            Verdict::Park => {
                self.park(&entry.origin, &error.to_string()).await;
                None
            }
            Verdict::Again(pause) => {
                tracing::error!(consumer = self.consumer, error = %error, "message failed");
                self.send_back(&entry.origin, pause).await;
                None
            }
            Verdict::EverythingFails(pause) => {
                tracing::error!(
                    consumer = self.consumer,
                    error = %error,
                    "consumer fails on everything"
                );
                self.send_back(&entry.origin, pause).await;
                Some(pause)
            }
        }
    }

    /// Messages whose tenant's documents, or what they follow from, are missing: a few go back to the broker, which sends them again
    /// after a growing pause; the rest are parked and tried again from there.
    async fn wait_for_documents(&self, reason: &'static str, waiting: Vec<(TenantId, Origin)>) {
        let mut beyond = Vec::new();
        for (tenant, origin) in waiting {
            if self.troubles().note(tenant) {
                tracing::info!(consumer = self.consumer, %tenant, reason, "messages of a tenant come back later");
            }
            let Origin::Stream(message) = &origin else {
                self.send_back(&origin, growing(origin.attempts())).await;
                continue;
            };
            if self.troubles().may_wait(tenant, origin.key(&self.consumer)) {
                self.send_back(&origin, growing(origin.attempts())).await;
            } else {
                beyond.push(message.clone());
            }
        }
        if beyond.is_empty() {
            return;
        }
        let messages: Vec<_> = beyond.iter().map(AsRef::as_ref).collect();
        let again = Again::InMs(growing(0).as_millis() as u64);
        let parked = parking::park(&self.pool, &self.consumer, &messages, reason, again).await;
        if let Err(error) = &parked {
            tracing::warn!(consumer = self.consumer, error = %error, "could not park waiting messages yet");
        }
        let (kind, outcome) = match parked {
            Ok(()) => (AckKind::Ack, "parked"),
            Err(_) => (AckKind::Nak(Some(UNAVAILABLE_DELAY)), "later"),
        };
        self.count(outcome, beyond.len());
        for message in beyond {
            settle(&message, kind).await;
        }
    }

    async fn park(&self, origin: &Origin, reason: &str) {
        let parked = match origin {
            Origin::Stream(message) => {
                parking::park(&self.pool, &self.consumer, &[message], reason, Again::Never).await
            }
            Origin::Shelf(row) => parking::put_back(&self.pool, row.id, Some(reason), Again::Never).await,
        };
        match (parked, origin) {
            (Ok(()), Origin::Stream(message)) => {
                tracing::error!(consumer = self.consumer, reason, "message is parked");
                self.count("parked", 1);
                settle(message, AckKind::Term).await;
            }
            (Ok(()), Origin::Shelf(_)) => {
                tracing::error!(consumer = self.consumer, reason, "message is parked");
                self.count("parked", 1);
            }
            (Err(error), _) => {
                tracing::warn!(consumer = self.consumer, error = %error, "could not park a message yet");
                self.send_back(origin, UNAVAILABLE_DELAY).await;
            }
        }
    }

    async fn come_back(&self, entries: &[Entry<A::Item>], pause: Duration) {
        for entry in entries {
            self.send_back(&entry.origin, pause).await;
        }
    }

    pub(super) async fn send_back(&self, origin: &Origin, pause: Duration) {
        self.count("later", 1);
        match origin {
            Origin::Stream(message) => settle(message, AckKind::Nak(Some(pause))).await,
            Origin::Shelf(row) => {
                let again = Again::InMs(pause.as_millis() as u64);
                // A row that is not put back is due still and is tried in the next round.
                if let Err(error) = parking::put_back(&self.pool, row.id, None, again).await {
                    tracing::debug!(error = %error, "a parked message was not put back");
                }
            }
        }
    }

    pub(super) fn troubles(&self) -> std::sync::MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The database is away: nothing is wrong with the batch. One that is only too slow is there: half the batch may fit.
fn gone(error: &ApplyError) -> bool {
    matches!(error, ApplyError::Database(error) if !error.too_slow()
        && matches!(error.kind(), Kind::Unavailable | Kind::RanIntoAnother))
}
