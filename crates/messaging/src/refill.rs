//! Refilling the streams after a restore: events of a publisher's journal that a reader has not applied are put where
//! the relay publishes them once more (`outbox_again`).
//!
//! The broker is not of the restored instant: what a reader had acknowledged after it is gone from the streams, while its
//! effect is gone from the record; and what nobody had applied may be lost with the broker. The journal has both.
//! Promises: an event that every reader has applied is not touched; doing it twice puts nothing twice. Readers that have
//! applied an event already fold it by their inbox. What waits in an outbox is put as well: the broker may have had it
//! from the life that is over, after the restored instant, and drops the double of a message id for two minutes although
//! the message itself is gone (found by the restore drill).
//! Not here: emptying the streams first (`streetwise refill --purge`), and publishing, which the relays do once they run.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use contract::topology::{self, ConsumerSpec};
use ids::{Lane, TenantId};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::relay::shard_of;
use crate::store::refill::{self, Again, Said};

/// A stream's backstop: what is older has left it by itself (D14), and inboxes are kept for longer (30 days), so that a
/// missing row means not applied.
pub const LOOK_BACK_MAX: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// Events looked at together.
const PAGE: i64 = 10_000;

/// What is done with what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Count only.
    Plan,
    /// Put it where the relays find it.
    Refill,
}

/// What one consumer lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// The durable consumer.
    pub consumer: String,
    /// The publisher.
    pub stream: &'static str,
    /// Events it has not applied; of documents, all that are the newest of their subject.
    pub events: usize,
}

/// What was found, and what was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refilled {
    /// Every consumer, those that lack nothing too.
    pub lacking: Vec<Lacking>,
    /// Events that are published once more, each once however many lack it; 0 for a plan.
    pub put: u64,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum RefillError {
    /// The database failed.
    #[error("reading and filling outboxes")]
    Database(#[from] pg::Error),
    /// Further back, inboxes may have forgotten what they applied.
    #[error("at most 14 days back: older events have left the streams by themselves")]
    TooFarBack,
}

impl From<sqlx::Error> for RefillError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Looks at every publisher's journal since `since` ago, by the database's clock.
pub async fn refill(admin_url: &str, since: Duration, purpose: Purpose) -> Result<Refilled, RefillError> {
    let mut done = Refilled::default();
    for stream in topology::PUBLISHERS {
        let one = refill_stream(admin_url, stream, since, purpose).await?;
        done.put += one.put;
        done.lacking.extend(one.lacking);
    }
    Ok(done)
}

/// The same for what one publisher said.
pub async fn refill_stream(
    admin_url: &str,
    stream: &'static str,
    since: Duration,
    purpose: Purpose,
) -> Result<Refilled, RefillError> {
    if since > LOOK_BACK_MAX {
        return Err(RefillError::TooFarBack);
    }
    let mut publisher = pg::migrate::as_owner(admin_url, stream).await?;
    let mut readers = Readers::of(admin_url, stream).await?;
    let since_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let mut after = refill::id_before(&mut publisher, since_ms).await?;
    let mut put = 0;
    loop {
        let page = refill::said_after(&mut publisher, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        let events: Vec<Said> = page.into_iter().filter(|said| !document(said)).collect();
        let missing = readers.missing(&events).await?;
        put += put_again(&mut publisher, &events, &missing, purpose).await?;
    }
    if stream == "directory" {
        let documents = refill::newest_documents(&mut publisher).await?;
        let all = readers.all_of(&documents);
        put += put_again(&mut publisher, &documents, &all, purpose).await?;
    }
    publisher.close().await?;
    Ok(Refilled { lacking: readers.close().await?, put })
}

async fn put_again(
    publisher: &mut PgConnection,
    events: &[Said],
    wanted: &BTreeSet<Uuid>,
    purpose: Purpose,
) -> Result<u64, RefillError> {
    if purpose == Purpose::Plan || wanted.is_empty() {
        return Ok(0);
    }
    let mut rows = Again::default();
    for said in events.iter().filter(|said| wanted.contains(&said.id)) {
        let Ok(tenant) = TenantId::from_i64(said.tenant_id) else { continue };
        rows.shards.push(shard_of(tenant));
        rows.lanes.push(said.lane);
        rows.ids.push(said.id);
        rows.tenants.push(said.tenant_id);
    }
    Ok(refill::put_again(publisher, &rows).await?)
}

/// Whoever hears one publisher, each with a connection to its own schema.
struct Readers {
    consumers: Vec<(ConsumerSpec, usize)>,
    connections: HashMap<String, PgConnection>,
}

impl Readers {
    async fn of(admin_url: &str, stream: &'static str) -> Result<Self, RefillError> {
        let heard = topology::consumers().into_iter().filter(|consumer| consumer.stream == stream);
        let consumers: Vec<(ConsumerSpec, usize)> = heard.map(|consumer| (consumer, 0)).collect();
        let mut connections = HashMap::new();
        for service in topology::hearers(stream) {
            connections.insert(service.to_owned(), pg::migrate::as_owner(admin_url, service).await?);
        }
        Ok(Self { consumers, connections })
    }

    /// The events that somebody hears and has not applied.
    async fn missing(&mut self, events: &[Said]) -> Result<BTreeSet<Uuid>, RefillError> {
        let mut missing = BTreeSet::new();
        for (consumer, count) in &mut self.consumers {
            let heard: Vec<Uuid> =
                events.iter().filter(|said| hears(consumer, said)).map(|said| said.id).collect();
            let Some(connection) = self.connections.get_mut(service_of(consumer)) else { continue };
            if heard.is_empty() {
                continue;
            }
            let lacking = refill::lacking(connection, &consumer.name, &heard).await?;
            *count += lacking.len();
            missing.extend(lacking);
        }
        Ok(missing)
    }

    /// Every document that somebody hears: their stream holds the newest of each subject for ever, also for a service
    /// that is still to come.
    fn all_of(&mut self, documents: &[Said]) -> BTreeSet<Uuid> {
        for (consumer, count) in &mut self.consumers {
            *count += documents.iter().filter(|said| hears(consumer, said)).count();
        }
        documents.iter().map(|said| said.id).collect()
    }

    async fn close(self) -> Result<Vec<Lacking>, RefillError> {
        for connection in self.connections.into_values() {
            connection.close().await?;
        }
        let lacking = |(consumer, events): (ConsumerSpec, usize)| Lacking {
            consumer: consumer.name,
            stream: consumer.stream,
            events,
        };
        Ok(self.consumers.into_iter().map(lacking).collect())
    }
}

/// `triage-intake-normal` is triage's.
fn service_of(consumer: &ConsumerSpec) -> &str {
    consumer.name.split('-').next().unwrap_or_default()
}

fn document(said: &Said) -> bool {
    said.event_type.starts_with("directory.document.")
}

/// Whether one of a consumer's filters takes the event's subject: equal token by token, or `*`.
fn hears(consumer: &ConsumerSpec, said: &Said) -> bool {
    let lane = Lane::from_rank(said.lane).unwrap_or(Lane::Normal);
    let subject = if document(said) {
        format!("{}.tenant", said.event_type)
    } else {
        format!("{}.{lane}.tenant", said.event_type)
    };
    consumer.filters.iter().any(|filter| {
        let (filter, subject) = (filter.split('.'), subject.split('.'));
        filter.clone().count() == subject.clone().count()
            && filter.zip(subject).all(|(wanted, token)| wanted == "*" || wanted == token)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hearers(event_type: &str, lane: Lane) -> Vec<String> {
        let said =
            Said { tenant_id: 1, id: Uuid::nil(), event_type: event_type.to_owned(), lane: lane.rank() };
        let all = topology::consumers().into_iter().filter(|consumer| hears(consumer, &said));
        all.map(|consumer| consumer.name).collect()
    }

    #[test]
    fn an_event_is_heard_by_those_whose_filter_takes_it() {
        assert_eq!(
            hearers("intake.report.accepted", Lane::Urgent),
            ["triage-intake-urgent", "console-intake-urgent"]
        );
        assert_eq!(
            hearers("triage.case.routed", Lane::Normal),
            ["dispatch-triage-normal", "console-triage-normal"]
        );
        assert_eq!(hearers("directory.document.territory", Lane::Normal), ["triage-directory"]);
        assert_eq!(hearers("intake.parked.replayed", Lane::Normal), [""; 0]);
    }
}
