//! A person has a new secret made for an endpoint (D20, ADR 070): journaled with its actor, shown once, never kept readable.
//!
//! No answer is kept for a repetition, since it would hold the secret. Whoever lost the answer asks again and gets another secret;
//! all that a receiver may have meanwhile sign for a day.

use access::BodyScope;
use bootstrap::Admitted;
use bytes::Bytes;
use contract::EventType;
use contract::proto::{notification::EndpointSecretRotated, to_wire};
use ids::{BodyRef, Lane};
use jiff::Timestamp;
use messaging::NewEvent;
use prost::Message;
use uuid::Uuid;

use super::Room;
use super::secrets::{Rotated, SecretError};
use crate::core::signature::Secret;
use crate::tenants::{EndpointId, owned};

/// Endpoints have no id of their own; their events have one that follows from owner and key.
const ENDPOINTS: Uuid = Uuid::from_u128(0x6f1d_8f0a_3c52_4b7e_9a44_70c1_5d2e_8b63);

/// Who asks for what.
#[derive(Debug, Clone)]
pub struct Command {
    /// The caller, admitted to the tenant that owns the endpoint.
    pub admitted: Admitted,
    /// Its key in the owner's document.
    pub key: String,
    /// Trace of the request.
    pub traceparent: String,
}

/// The new secret.
pub struct Shown {
    /// Goes to who asked, and nowhere else.
    pub secret: Secret,
    /// Until when every secret that signed before signs beside it.
    pub others_sign_until: Timestamp,
}

/// Why none was made.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// No such endpoint of this owner, or none of the caller's bodies.
    #[error("no such endpoint")]
    Unknown,
    /// As many as may sign at one time do so already.
    #[error("no further secret can be made now")]
    Enough,
    /// Database or seal failed.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl From<pg::Error> for Denied {
    fn from(error: pg::Error) -> Self {
        Self::Secret(error.into())
    }
}

/// Makes the secret that follows, and says so.
pub async fn rotate(room: &Room, command: &Command) -> Result<Shown, Denied> {
    let Command { admitted, key, .. } = command;
    let view = room.house.snapshot.view();
    let endpoint = EndpointId { tenant: admitted.tenant, key: key.clone() };
    let body = owned(&view, admitted.tenant).get(key.as_str()).map(|endpoint| endpoint.body.clone());
    let body = body.filter(|body| admitted.bodies.contains(body)).ok_or(Denied::Unknown)?;
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let now = room.house.clock.now(&mut tx).await?;
    // Whoever answers for the whole installation must get through also where somebody asks again and again.
    let by_force = admitted.bodies == BodyScope::All;
    let rotated = room.secrets.rotate(&mut tx, now, &endpoint, by_force).await?;
    let Rotated { n, secret, others_sign_until } = rotated.ok_or(Denied::Enough)?;
    let said = event(room, command, (&endpoint, &body), n, now);
    room.house.outbox.append(&mut tx, &[said]).await?;
    tx.commit().await?;
    room.secrets.rotated(&endpoint);
    room.house.committed();
    Ok(Shown { secret, others_sign_until })
}

fn event(
    room: &Room,
    command: &Command,
    (endpoint, body): (&EndpointId, &BodyRef),
    n: i32,
    now: Timestamp,
) -> NewEvent {
    let number = u32::try_from(n).unwrap_or_default();
    let payload = EndpointSecretRotated {
        endpoint_key: endpoint.key.clone(),
        body: body.to_string(),
        number,
        at: Some(to_wire(now)),
    };
    NewEvent {
        id: room.house.minter.mint(now).into(),
        event_type: EventType::EndpointSecretRotated,
        tenant: endpoint.tenant,
        lane: Lane::Normal,
        aggregate_id: Uuid::new_v5(&ENDPOINTS, format!("{}/{}", endpoint.tenant, endpoint.key).as_bytes()),
        version: number.into(),
        at: now,
        actor: command.admitted.principal.subject().to_owned(),
        purpose: None,
        traceparent: command.traceparent.clone(),
        drill: false,
        payload: Bytes::from(payload.encode_to_vec()),
    }
}
