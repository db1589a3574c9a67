//! Reading a reporter's contact (D20): nobody does without saying what for, and that is on the record before the
//! contact leaves.

use bytes::Bytes;
use contract::EventType;
use contract::proto::intake as wire;
use contract::proto::to_wire;
use ids::{EventId, Lane, ReportId, TenantId};
use jiff::Timestamp;
use messaging::NewEvent;
use pg::TenantScope;
use prost::Message;
use seal::{Sealed, Sensitive};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Room;
use crate::contacts::ContactError;
use crate::store::contact_reads::{self, NewRead};

/// What a contact is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// 回访 / to ask whether it is done, and done well
    CallBack,
    /// 核实情况 / to ask what is meant, or where
    Clarify,
    /// 紧急救助 / somebody may be in danger
    Emergency,
    /// 投诉调查 / the reporter complains about how it was handled
    Complaint,
}

impl Purpose {
    /// The word on the record.
    pub const fn as_str(self) -> &'static str {
        match self {
            Purpose::CallBack => "call-back",
            Purpose::Clarify => "clarify",
            Purpose::Emergency => "emergency",
            Purpose::Complaint => "complaint",
        }
    }
}

/// Who reads which contact, and what for.
#[derive(Debug)]
pub struct Reveal {
    /// The street of the report.
    pub street: TenantId,
    /// The report.
    pub report_id: ReportId,
    /// Who reads.
    pub subject: String,
    /// What for.
    pub purpose: Purpose,
    /// Of the request.
    pub traceparent: String,
}

/// Why nothing was revealed. Nothing is on the record then.
#[derive(Debug, thiserror::Error)]
pub enum Unrevealed {
    /// No such report in this street.
    #[error("no such report")]
    UnknownReport,
    /// The report came without a contact.
    #[error("the report has no contact")]
    NoContact,
    /// The tenant's key was destroyed, and with it what it sealed.
    #[error("the contact was erased")]
    Erased,
    /// The database failed.
    #[error("recording a reading: {0}")]
    Database(#[from] pg::Error),
    /// It does not open: the stored key was made under another master key, or the sealed bytes are broken. Never told as
    /// erased: somebody has to look.
    #[error("opening a contact: {0}")]
    Key(#[source] ContactError),
}

/// Opens the contact, records who reads it and why, and only then gives it.
pub async fn reveal(room: &Room, command: &Reveal) -> Result<Sensitive<String>, Unrevealed> {
    let Reveal { street, report_id, .. } = *command;
    let mut tx = room.house.pool.begin(TenantScope::of_principal([street])).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let sealed = contact_reads::sealed(&mut tx, street, report_id).await?.ok_or(Unrevealed::UnknownReport)?;
    let sealed = Sealed::from_bytes(sealed.ok_or(Unrevealed::NoContact)?);
    let sealed = sealed.map_err(|error| Unrevealed::Key(error.into()))?;
    let opened = room.contacts.open(&mut tx, street, report_id, &sealed).await;
    let contact = opened.map_err(|error| match error {
        ContactError::Gone => Unrevealed::Erased,
        ContactError::Database(error) => Unrevealed::Database(error),
        other => Unrevealed::Key(other),
    })?;
    let read_id = room.house.minter.mint(now);
    let (actor, purpose) = (command.subject.as_str(), command.purpose.as_str());
    let read = NewRead { read_id, tenant: street, report_id, actor, purpose, at: now };
    contact_reads::keep(&mut tx, &read).await?;
    room.house.outbox.append(&mut tx, &[event(room, command, &read, now)]).await?;
    tx.commit().await?;
    room.house.committed();
    Ok(contact)
}

fn event(room: &Room, command: &Reveal, read: &NewRead<'_>, now: Timestamp) -> NewEvent {
    let payload = wire::ContactRevealed {
        report_id: command.report_id.to_string(),
        street: command.street.to_string(),
        purpose: read.purpose.to_owned(),
        revealed_at: Some(to_wire(now)),
    };
    NewEvent {
        id: EventId(room.house.minter.mint(now)),
        event_type: EventType::ContactRevealed,
        tenant: command.street,
        lane: Lane::Normal,
        // Each reading is a matter of its own.
        aggregate_id: read.read_id,
        version: 1,
        at: now,
        actor: command.subject.clone(),
        purpose: Some(read.purpose.to_owned()),
        traceparent: command.traceparent.clone(),
        drill: false,
        payload: Bytes::from(payload.encode_to_vec()),
    }
}
