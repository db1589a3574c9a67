//! A person replays a delivery: journaled with its actor, once per idempotency key (D11, D19, I11).
//!
//! A dead letter starts its schedule anew, with the same id and bytes. One that was suppressed because its body had
//! no endpoint stays what it is; each endpoint the body has by now gets a delivery of its own, with the same bytes.

use bootstrap::Admitted;
use contract::EventType;
use ids::{BodyRef, IdempotencyKey};
use jiff::Timestamp;
use messaging::NewEvent;
use pg::ScopedTx;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wakeups::Wakeup;

use super::Room;
use super::fan_out::{KIND, delivery_id, first_look};
use super::verdict::Verdict;
use crate::store::answers::{self, Scope};
use crate::store::deliveries::{self, Delivery, NewDelivery, Settled};
use crate::store::health;
use crate::tenants::EndpointId;

/// Who asks for what.
#[derive(Debug, Clone)]
pub struct Command {
    /// The caller, admitted to the street.
    pub admitted: Admitted,
    /// The delivery.
    pub id: Uuid,
    /// The same key gets the same answer.
    pub key: IdempotencyKey,
    /// Trace of the request.
    pub traceparent: String,
}

/// What a replay has set going.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replayed {
    /// The deliveries that are tried now: the same, or those to the endpoints its body has by now.
    pub deliveries: Vec<Uuid>,
}

/// Why nothing was replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// No such delivery in this street.
    Unknown,
    /// It is delivered, still being tried, suppressed as a drill, or every endpoint of its body was told already.
    Nothing,
}

/// Replays, and keeps the answer with the effect.
pub async fn replay(room: &Room, command: &Command) -> Result<Result<Vec<u8>, Denied>, pg::Error> {
    let Command { admitted, id, key, .. } = command;
    let scope = admitted.scope().with_district([admitted.district]);
    let mut tx = room.house.pool.begin(scope).await?;
    let now = room.house.clock.now(&mut tx).await?;
    // The lock comes first: of two equal requests the second finds the first one's answer.
    let found = deliveries::lock(&mut tx, &[(admitted.tenant, *id)]).await?;
    let Some(delivery) = found.into_iter().next() else { return Ok(Err(Denied::Unknown)) };
    let (principal, route) = (admitted.principal.subject(), format!("deliveries/{id}:replay"));
    let answer = Scope { tenant: admitted.tenant, principal, route: &route, key: *key };
    if let Some(given) = answers::find(&mut tx, &answer).await? {
        return Ok(Ok(given));
    }
    let Some(deliveries) = again(room, &mut tx, now, &delivery).await? else {
        return Ok(Err(Denied::Nothing));
    };
    room.house.outbox.append(&mut tx, &[event(room, now, &delivery, command)]).await?;
    let body = serde_json::to_vec(&Replayed { deliveries })
        .map_err(|error| pg::Error::broken("encoding an answer", error))?;
    answers::keep(&mut tx, &answer, &body, now).await?;
    answers::forget_old(&mut tx, &answer, now).await?;
    tx.commit().await?;
    room.house.committed();
    Ok(Ok(body))
}

/// The deliveries that are due now because of it.
async fn again(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    delivery: &Delivery,
) -> Result<Option<Vec<Uuid>>, pg::Error> {
    match (&*delivery.state, &delivery.endpoint) {
        ("dead_lettered", Some(endpoint)) => anew(tx, now, delivery, endpoint).await.map(Some),
        ("suppressed", None) => to_endpoints_of_now(room, tx, now, delivery).await,
        _ => Ok(None),
    }
}

/// Back to pending. The endpoint counts as working again: a person has looked.
async fn anew(
    tx: &mut ScopedTx,
    now: Timestamp,
    delivery: &Delivery,
    endpoint: &EndpointId,
) -> Result<Vec<Uuid>, pg::Error> {
    let (tenant, subject_id) = delivery.key;
    let pending = Settled {
        key: delivery.key,
        state: "pending",
        reason: None,
        uncounted: delivery.attempts,
        verdicts: delivery.verdicts + 1,
        next_attempt_at: Some(now),
        decided_at: None,
    };
    deliveries::settle(tx, &[pending]).await?;
    health::forget(tx, std::slice::from_ref(endpoint)).await?;
    wakeups::arm(tx, &[Wakeup { tenant, kind: KIND, subject_id, due_at: now }]).await?;
    Ok(vec![subject_id])
}

/// Nothing when the body still has no endpoint, or each was told already.
async fn to_endpoints_of_now(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    delivery: &Delivery,
) -> Result<Option<Vec<Uuid>>, pg::Error> {
    let body: BodyRef = delivery.body.parse().map_err(|_| pg::Error::impossible_row("deliveries.body"))?;
    let view = room.house.snapshot.view();
    let endpoints = view.street(delivery.key.0).map_or(&[][..], |street| street.of.of_body(&body));
    if endpoints.is_empty() {
        return Ok(None);
    }
    let (source_event_id, payload) = deliveries::told(tx, delivery.key).await?;
    let make = |endpoint: &EndpointId| NewDelivery {
        key: (delivery.key.0, delivery_id(source_event_id, &body, Some(endpoint))),
        source_event_id,
        event_type: delivery.event_type.clone(),
        lane: delivery.lane,
        drill: delivery.drill,
        case_id: delivery.case_id,
        report_id: delivery.report_id,
        order_id: delivery.order_id,
        body: body.clone(),
        endpoint: Some(endpoint.clone()),
        payload: payload.clone(),
        traceparent: delivery.traceparent.clone(),
        suppressed: None,
        lease_until: None,
    };
    let mut new: Vec<NewDelivery> = endpoints.iter().map(make).collect();
    let made = deliveries::insert(tx, now, &new).await?;
    new.retain(|delivery| made.contains(&delivery.key));
    if new.is_empty() {
        return Ok(None);
    }
    deliveries::count_event(tx, delivery.key).await?;
    wakeups::arm(tx, &new.iter().map(|delivery| first_look(delivery, now)).collect::<Vec<_>>()).await?;
    Ok(Some(new.iter().map(|delivery| delivery.key.1).collect()))
}

fn event(room: &Room, now: Timestamp, delivery: &Delivery, command: &Command) -> NewEvent {
    let verdict = Verdict {
        key: delivery.key,
        event_type: EventType::DeliveryReplayed,
        lane: delivery.lane,
        drill: delivery.drill,
        case_id: delivery.case_id,
        report_id: delivery.report_id,
        order_id: delivery.order_id,
        body: delivery.body.clone(),
        endpoint: delivery.endpoint.as_ref(),
        about: &delivery.event_type,
        attempts: delivery.attempts - delivery.uncounted,
        reason: "",
        traceparent: &command.traceparent,
        version: delivery.verdicts + 1,
        actor: command.admitted.principal.subject().to_owned(),
    };
    verdict.event(&room.house.minter, now)
}
