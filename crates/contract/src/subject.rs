//! The grammar of subjects (D13), in one place.
//!
//! Events are `<service>.<entity>.<event>.<lane>.<tenant>`: five tokens, always. Documents are
//! `directory.document.<part>.<tenant>`. Live hints on core NATS are `live.<tenant>`.

use ids::{Lane, TenantId};

use crate::event::EventType;

/// What a subject says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The type of the event.
    pub event_type: EventType,
    /// `None` for documents.
    pub lane: Option<Lane>,
    /// Whose it is.
    pub tenant: TenantId,
}

/// A subject outside the grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("subject is outside the grammar")]
pub struct BadSubject;

/// The subject an event is published on; `lane` is ignored for documents.
pub fn of(event_type: EventType, lane: Lane, tenant: TenantId) -> String {
    if event_type.document() {
        format!("{event_type}.{tenant}")
    } else {
        format!("{event_type}.{lane}.{tenant}")
    }
}

/// The subject of core-NATS hints that something of a tenant has moved (D25).
pub fn live(tenant: TenantId) -> String {
    format!("live.{tenant}")
}

/// The filter for all events of a tenant that a service publishes.
pub fn all_of(service: &str, tenant: TenantId) -> String {
    format!("{service}.*.*.*.{tenant}")
}

/// Reads a subject; anything outside the grammar is refused.
pub fn parse(subject: &str) -> Result<Subject, BadSubject> {
    let tokens: Vec<&str> = subject.split('.').collect();
    let (lane, tenant) = match tokens.as_slice() {
        [_, _, _, lane, tenant] => (Some(lane.parse().map_err(|_| BadSubject)?), tenant),
        ["directory", "document", _, tenant] => (None, tenant),
        _ => return Err(BadSubject),
    };
    let event_type: EventType = tokens[..3].join(".").parse().map_err(|_| BadSubject)?;
    if event_type.document() != lane.is_none() {
        return Err(BadSubject);
    }
    Ok(Subject { event_type, lane, tenant: tenant.parse().map_err(|_| BadSubject)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_event_reads_back() {
        let tenant: TenantId = "990102001000".parse().unwrap();
        for kind in EventType::ALL {
            for lane in Lane::ALL {
                let read = parse(&of(*kind, lane, tenant)).unwrap();
                assert_eq!((read.event_type, read.tenant), (*kind, tenant));
                assert_eq!(read.lane, (!kind.document()).then_some(lane));
            }
        }
        assert_eq!(parse("directory.document.core.urgent.990102001000"), Err(BadSubject));
        assert_eq!(parse("dispatch.order.seen.990102001000"), Err(BadSubject));
    }

    proptest! {
        #[test]
        fn other_texts_are_refused_without_panic(text in "\\PC{0,60}") {
            prop_assert_eq!(parse(&text), Err(BadSubject));
        }
    }
}
