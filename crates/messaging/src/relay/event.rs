//! One event as the relay handles it: what stands in the journal, unread. A relay of the previous version publishes
//! what the next one writes, so nothing here depends on a type, lane or payload being known.

use async_nats::HeaderMap;
use async_nats::header::HeaderName;
use bytes::Bytes;
use ids::Lane;
use jiff::Timestamp;
use telemetry::Span;
use uuid::Uuid;

use super::shards::Pending;
use super::sql::JournalRow;

/// A sealed event.
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    pub pending: Pending,
    pub payload: Bytes,
    event_type: String,
    at: Timestamp,
    lane: &'static str,
    aggregate_id: Uuid,
    version: i64,
    traceparent: String,
    drill: bool,
    once_more: bool,
}

/// Types of this group carry documents: their subject has no lane and their payload is JSON (D13).
const DOCUMENTS: &str = "directory.document.";

impl Sealed {
    pub(crate) fn of(pending: Pending, row: JournalRow) -> Self {
        Self {
            pending,
            payload: row.payload.into(),
            event_type: row.event_type,
            at: row.at.to_jiff(),
            // A lane of a newer version has no consumer of ours; the ordinary one does.
            lane: Lane::from_rank(row.lane).unwrap_or(Lane::Normal).as_str(),
            aggregate_id: row.aggregate_id,
            version: row.version,
            traceparent: row.traceparent,
            drill: row.drill,
            once_more: false,
        }
    }

    /// One that was published before: the broker must not take it for a double.
    pub(crate) fn once_more(pending: Pending, row: JournalRow) -> Self {
        Self { once_more: true, ..Self::of(pending, row) }
    }

    pub(crate) fn document(&self) -> bool {
        self.event_type.starts_with(DOCUMENTS)
    }

    /// As `contract::Envelope::subject` makes it of what it knows.
    pub(crate) fn subject(&self) -> String {
        let (event_type, tenant) = (&self.event_type, self.pending.tenant_id);
        if self.document() {
            format!("{event_type}.{tenant:012}")
        } else {
            format!("{event_type}.{}.{tenant:012}", self.lane)
        }
    }

    /// The span of its publishing, if its trace is recorded.
    pub(crate) fn publish_span(&self) -> Option<Span> {
        telemetry::messaging::publish_span(&self.event_type, self.pending.journal_id, &self.traceparent)
    }

    /// As `contract::Envelope::headers` makes them.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut header =
            |name: &'static str, value: &str| headers.insert(HeaderName::from_static(name), value);
        let mut id = Uuid::encode_buffer();
        let id = &*self.pending.journal_id.as_hyphenated().encode_lower(&mut id);
        let service = self.event_type.split('.').next().unwrap_or_default();
        if !self.once_more {
            header("Nats-Msg-Id", id);
        }
        header("ce-specversion", "1.0");
        header("ce-id", id);
        header("ce-source", &format!("/streetwise/{service}"));
        header("ce-type", &self.event_type);
        header("ce-time", &self.at.to_string());
        header("ce-subject", self.aggregate_id.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        header("ce-tenant", &format!("{:012}", self.pending.tenant_id));
        header("ce-aggregateversion", &self.version.to_string());
        header("ce-schemaversion", &contract::SCHEMA_VERSION.to_string());
        header("content-type", if self.document() { "application/json" } else { "application/protobuf" });
        header(telemetry::traceparent::HEADER, &self.traceparent);
        if self.drill {
            header("ce-drill", "true");
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use contract::{Envelope, EventType};

    use super::*;

    fn sealed(event_type: &str, lane: i16) -> Sealed {
        let journal_id = Uuid::from_u128(7);
        let row = JournalRow {
            tenant_id: 990_102_001_000,
            id: journal_id,
            at: "2026-11-23T01:02:03.000004Z".parse::<Timestamp>().unwrap().into(),
            event_type: event_type.to_owned(),
            lane,
            aggregate_id: Uuid::from_u128(9),
            version: 3,
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
            drill: true,
            payload: Vec::new(),
            content_sha256: Vec::new(),
        };
        Sealed::of(Pending { journal_id, tenant_id: row.tenant_id, shard: 0, lane }, row)
    }

    /// What the contract reads and writes and what the relay writes are the same, for every type there is.
    #[test]
    fn the_wire_is_the_contracts() {
        for event_type in EventType::ALL {
            for lane in Lane::ALL {
                let sealed = sealed(event_type.as_str(), lane.rank());
                let headers = sealed.headers();
                let read = Envelope::read(&sealed.subject(), |name| headers.get(name).map(|v| v.as_str()));
                let read = read.unwrap();
                assert_eq!(read.subject(), sealed.subject());
                assert_eq!(read.headers().len(), headers.len());
                for (name, value) in read.headers() {
                    assert_eq!(headers.get(name).map(|v| v.as_str()), Some(value.as_str()), "{name}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_known_yet_has_a_subject() {
        assert_eq!(
            sealed("triage.case.unheard_of", 9).subject(),
            "triage.case.unheard_of.normal.990102001000"
        );
    }
}
