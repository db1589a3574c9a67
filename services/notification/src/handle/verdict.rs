//! The event of a verdict: one a delivery, and one more after each replay, which is an event itself.

use bytes::Bytes;
use contract::EventType;
use contract::proto::{notification::DeliveryEvent, to_wire};
use ids::Lane;
use jiff::Timestamp;
use messaging::NewEvent;
use pg::Minter;
use prost::Message;
use uuid::Uuid;

use crate::store::Key;
use crate::tenants::EndpointId;

/// All that a verdict's event says.
pub(super) struct Verdict<'a> {
    pub key: Key,
    pub event_type: EventType,
    pub lane: Lane,
    pub drill: bool,
    pub case_id: Uuid,
    pub report_id: Option<Uuid>,
    pub order_id: Option<Uuid>,
    pub body: String,
    pub endpoint: Option<&'a EndpointId>,
    pub about: &'a str,
    pub attempts: i32,
    pub reason: &'a str,
    pub traceparent: &'a str,
    pub version: i32,
    pub actor: String,
}

impl Verdict<'_> {
    pub(super) fn event(self, minter: &Minter, now: Timestamp) -> NewEvent {
        let (street, delivery_id) = self.key;
        let payload = DeliveryEvent {
            delivery_id: delivery_id.to_string(),
            street: street.to_string(),
            case_id: self.case_id.to_string(),
            order_id: self.order_id.map(|id| id.to_string()).unwrap_or_default(),
            body: self.body,
            endpoint_tenant: self.endpoint.map(|endpoint| endpoint.tenant.to_string()).unwrap_or_default(),
            endpoint_key: self.endpoint.map(|endpoint| endpoint.key.clone()).unwrap_or_default(),
            channel: "webhook".to_owned(),
            about: self.about.to_owned(),
            attempts: u32::try_from(self.attempts).unwrap_or(0),
            reason: self.reason.to_owned(),
            at: Some(to_wire(now)),
            report_id: self.report_id.map(|id| id.to_string()).unwrap_or_default(),
        };
        NewEvent {
            id: minter.mint(now).into(),
            event_type: self.event_type,
            tenant: street,
            lane: self.lane,
            aggregate_id: delivery_id,
            version: u64::try_from(self.version).unwrap_or(1),
            at: now,
            actor: self.actor,
            purpose: None,
            traceparent: self.traceparent.to_owned(),
            drill: self.drill,
            payload: Bytes::from(payload.encode_to_vec()),
        }
    }
}
