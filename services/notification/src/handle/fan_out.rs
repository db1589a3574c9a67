//! An event becomes deliveries: one for each body's endpoint, each once, sent now if its endpoint has a seat.

use bytes::Bytes;
use contract::EventType;
use ids::BodyRef;
use jiff::Timestamp;
use messaging::{ApplyError, NewEvent, Received};
use pg::ScopedTx;
use snapshot::View;
use uuid::Uuid;
use wakeups::Wakeup;

use super::verdict::Verdict;
use super::{Room, hand_over};
use crate::core::notice::Notice;
use crate::store::deliveries::{self, NewDelivery};
use crate::tenants::{EndpointId, Street};

/// Wake-ups of deliveries: the next attempt, or the end of an attempt's lease.
pub const KIND: &str = "delivery";

/// Namespace of delivery ids: a fixed random UUID. An event heard again after a restore gives the same ids, so
/// receivers know them.
const DELIVERIES: Uuid = Uuid::from_u128(0x0d5e_2f7b_9a41_5c38_b6d0_4e17_f2a9_83c5);

/// Tells what a batch says. The same event a second time changes nothing (unique by event, body and endpoint).
pub async fn fan_out(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    upstream: &str,
    fresh: Vec<(Received, Option<Notice>)>,
) -> Result<(), ApplyError> {
    let view = room.house.snapshot.view();
    let mut new = Vec::new();
    for (received, notice) in fresh.iter().filter_map(|(r, notice)| Some((r, notice.as_ref()?))) {
        for body in &notice.bodies {
            new.extend(deliveries_of(&view, received, notice, body)?);
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let ready = hand_over::ready(room, tx, now, &mut new).await?;
    let made = deliveries::insert(tx, now, &new).await?;
    new.retain(|delivery| made.contains(&delivery.key));
    let (suppressed, sent): (Vec<_>, Vec<_>) =
        new.into_iter().partition(|delivery| delivery.suppressed.is_some());
    wakeups::arm(tx, &sent.iter().map(|delivery| first_look(delivery, now)).collect::<Vec<_>>()).await?;
    let events: Vec<NewEvent> =
        suppressed.iter().map(|delivery| event(room, now, upstream, delivery)).collect();
    room.house.outbox.append(tx, &events).await?;
    hand_over::offer(room, now, &sent, ready);
    suppressed.iter().filter(|delivery| !delivery.drill).for_each(|_| room.events.verdict("suppressed"));
    Ok(())
}

fn deliveries_of(
    view: &View<Street>,
    received: &Received,
    notice: &Notice,
    body: &BodyRef,
) -> Result<Vec<NewDelivery>, ApplyError> {
    let envelope = &received.envelope;
    let street = view.street(envelope.tenant);
    let endpoints = street.map_or(&[][..], |street| street.of.of_body(body));
    let suppressed = |endpoint: &EndpointId| {
        let takes = street.is_some_and(|street| street.of.takes_drills(endpoint));
        (envelope.drill && !takes).then_some("suppressed-drill")
    };
    let payload =
        notice.body_bytes(envelope, body).map_err(|error| ApplyError::Refused(error.to_string()))?;
    let payload = Bytes::from(payload);
    let make = |endpoint: Option<&EndpointId>, suppressed| NewDelivery {
        key: (envelope.tenant, delivery_id(envelope.id.as_uuid(), body, endpoint)),
        source_event_id: envelope.id.as_uuid(),
        event_type: envelope.event_type.to_string(),
        lane: envelope.lane,
        drill: envelope.drill,
        case_id: notice.about.id(),
        report_id: notice.about.report_id(),
        order_id: notice.order_id,
        body: body.clone(),
        endpoint: endpoint.cloned(),
        payload: payload.clone(),
        traceparent: envelope.traceparent.clone(),
        suppressed,
        lease_until: None,
    };
    Ok(match endpoints {
        [] => vec![make(None, Some("no-endpoint"))],
        some => some.iter().map(|endpoint| make(Some(endpoint), suppressed(endpoint))).collect(),
    })
}

/// Of an event, a body and an endpoint follows one id.
pub(super) fn delivery_id(event: Uuid, body: &BodyRef, endpoint: Option<&EndpointId>) -> Uuid {
    let endpoint = endpoint.map_or(String::new(), |endpoint| format!("{}/{}", endpoint.tenant, endpoint.key));
    Uuid::new_v5(&DELIVERIES, format!("{event}/{body}/{endpoint}").as_bytes())
}

/// Now, or at the end of the lease it is entered with.
pub(super) fn first_look(delivery: &NewDelivery, now: Timestamp) -> Wakeup {
    let (tenant, subject_id) = delivery.key;
    Wakeup { tenant, kind: KIND, subject_id, due_at: delivery.lease_until.unwrap_or(now) }
}

fn event(room: &Room, now: Timestamp, upstream: &str, delivery: &NewDelivery) -> NewEvent {
    let verdict = Verdict {
        key: delivery.key,
        event_type: EventType::DeliverySuppressed,
        lane: delivery.lane,
        drill: delivery.drill,
        case_id: delivery.case_id,
        report_id: delivery.report_id,
        order_id: delivery.order_id,
        body: delivery.body.to_string(),
        endpoint: delivery.endpoint.as_ref(),
        about: &delivery.event_type,
        attempts: 0,
        reason: delivery.suppressed.unwrap_or_default(),
        traceparent: &delivery.traceparent,
        version: 1,
        actor: format!("notification-{upstream}-{}", delivery.lane),
    };
    verdict.event(&room.house.minter, now)
}
