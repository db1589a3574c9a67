//! CloudEvents 1.0 in NATS binary mode: attributes are `ce-*` headers, the payload is the data (design §3).
//! Source: CloudEvents NATS protocol binding 1.0.

use ids::{EventId, Lane, TenantId};
use jiff::Timestamp;
use uuid::Uuid;

use crate::event::EventType;
use crate::subject;

/// The only schema version this code writes and reads; another one is parked by its consumer.
pub const SCHEMA_VERSION: u32 = 1;

/// Attributes of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Also `Nats-Msg-Id`.
    pub id: EventId,
    /// What happened.
    pub event_type: EventType,
    /// When, by the publisher's database.
    pub time: Timestamp,
    /// Whose; equals the tenant of the subject.
    pub tenant: TenantId,
    /// `Normal` for documents.
    pub lane: Lane,
    /// The aggregate that changed: report, case, order, delivery or document.
    pub aggregate_id: Uuid,
    /// The aggregate's version after the change, 1..n.
    pub version: u64,
    /// W3C trace context of the request that caused it.
    pub traceparent: String,
    /// A rehearsal (D26).
    pub drill: bool,
}

/// Why a message is not an event of ours. Such a message is parked, never retried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEnvelope {
    /// The subject is outside the grammar.
    #[error("bad subject")]
    Subject,
    /// A required attribute is missing or malformed.
    #[error("missing or malformed attribute {0}")]
    Attribute(&'static str),
    /// Written by a newer publisher than this consumer understands.
    #[error("unknown schema version")]
    SchemaVersion,
    /// An attribute contradicts the subject.
    #[error("attribute {0} differs from the subject")]
    Mismatch(&'static str),
}

impl Envelope {
    /// The subject it is published on.
    pub fn subject(&self) -> String {
        subject::of(self.event_type, self.lane, self.tenant)
    }

    /// The headers it is published with, `Nats-Msg-Id` included.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let content_type =
            if self.event_type.document() { "application/json" } else { "application/protobuf" };
        let mut headers = vec![
            ("Nats-Msg-Id", self.id.to_string()),
            ("ce-specversion", "1.0".to_owned()),
            ("ce-id", self.id.to_string()),
            ("ce-source", format!("/streetwise/{}", self.event_type.service())),
            ("ce-type", self.event_type.to_string()),
            ("ce-time", self.time.to_string()),
            ("ce-subject", self.aggregate_id.to_string()),
            ("ce-tenant", self.tenant.to_string()),
            ("ce-aggregateversion", self.version.to_string()),
            ("ce-schemaversion", SCHEMA_VERSION.to_string()),
            ("content-type", content_type.to_owned()),
            ("traceparent", self.traceparent.clone()),
        ];
        if self.drill {
            headers.push(("ce-drill", "true".to_owned()));
        }
        headers
    }

    /// Reads a message's subject and headers. The subject rules: an attribute that differs from it is refused.
    pub fn read<'a>(subject: &str, header: impl Fn(&str) -> Option<&'a str>) -> Result<Self, BadEnvelope> {
        let subject = subject::parse(subject).map_err(|_| BadEnvelope::Subject)?;
        let required = |name: &'static str| header(name).ok_or(BadEnvelope::Attribute(name));
        if required("ce-specversion")? != "1.0" || required("ce-schemaversion")? != SCHEMA_VERSION.to_string()
        {
            return Err(BadEnvelope::SchemaVersion);
        }
        if required("ce-type")? != subject.event_type.as_str() {
            return Err(BadEnvelope::Mismatch("ce-type"));
        }
        if required("ce-tenant")? != subject.tenant.to_string() {
            return Err(BadEnvelope::Mismatch("ce-tenant"));
        }
        Ok(Self {
            id: parsed("ce-id", required("ce-id")?)?,
            event_type: subject.event_type,
            time: parsed("ce-time", required("ce-time")?)?,
            tenant: subject.tenant,
            lane: subject.lane.unwrap_or(Lane::Normal),
            aggregate_id: parsed("ce-subject", required("ce-subject")?)?,
            version: parsed("ce-aggregateversion", required("ce-aggregateversion")?)?,
            traceparent: header("traceparent").unwrap_or_default().to_owned(),
            drill: header("ce-drill") == Some("true"),
        })
    }
}

fn parsed<T: std::str::FromStr>(name: &'static str, text: &str) -> Result<T, BadEnvelope> {
    text.parse().map_err(|_| BadEnvelope::Attribute(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Envelope {
        Envelope {
            id: EventId(Uuid::from_u128(7)),
            event_type: EventType::OrderSeen,
            time: "2026-11-23T01:02:03.000004Z".parse().unwrap(),
            tenant: "990102001000".parse().unwrap(),
            lane: Lane::Urgent,
            aggregate_id: Uuid::from_u128(9),
            version: 3,
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
            drill: true,
        }
    }

    fn read(envelope: &Envelope, change: (&str, Option<&str>)) -> Result<Envelope, BadEnvelope> {
        let headers = envelope.headers();
        Envelope::read(&envelope.subject(), |name| {
            if name == change.0 {
                return change.1;
            }
            headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
        })
    }

    #[test]
    fn survives_the_wire() {
        assert_eq!(read(&sample(), ("", None)), Ok(sample()));
    }

    #[test]
    fn refuses_what_is_not_ours() {
        for name in [
            "ce-id",
            "ce-type",
            "ce-time",
            "ce-subject",
            "ce-tenant",
            "ce-aggregateversion",
            "ce-schemaversion",
        ] {
            assert!(read(&sample(), (name, None)).is_err(), "{name} missing");
            assert!(read(&sample(), (name, Some("nonsense"))).is_err(), "{name} nonsense");
        }
        assert_eq!(read(&sample(), ("ce-schemaversion", Some("2"))), Err(BadEnvelope::SchemaVersion));
        assert_eq!(
            read(&sample(), ("ce-tenant", Some("990102002000"))),
            Err(BadEnvelope::Mismatch("ce-tenant"))
        );
    }
}
