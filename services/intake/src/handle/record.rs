//! What is written of accepted reports: rows, tracking codes, events.

use std::collections::BTreeSet;

use bytes::Bytes;
use contract::EventType;
use contract::proto::{intake as wire, to_wire};
use ids::{EventId, ReportId};
use jiff::Timestamp;
use messaging::NewEvent;
use pg::ScopedTx;
use prost::Message;

use super::Room;
use super::prepare::Prepared;
use crate::core::tracking;
use crate::store::reports::{self, NewReport};
use crate::store::tracking_codes::{self, NewCode};

/// Writes all there is to write of those `requests` that nobody kept before, and says it. Returns their ids.
pub(super) async fn write(
    room: &Room,
    tx: &mut ScopedTx,
    requests: &[&Prepared],
    now: Timestamp,
) -> Result<BTreeSet<ReportId>, pg::Error> {
    if requests.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows: Vec<NewReport<'_>> = requests.iter().map(|request| request.row()).collect();
    let kept: BTreeSet<ReportId> = reports::insert(tx, &rows, now).await?.into_iter().collect();
    let fresh: Vec<_> = requests.iter().filter(|request| kept.contains(&request.report_id)).collect();
    if fresh.is_empty() {
        return Ok(kept);
    }
    let codes: Vec<NewCode> = fresh.iter().map(|request| request.code(room)).collect();
    tracking_codes::insert(tx, &codes).await?;
    let events: Vec<NewEvent> =
        fresh.iter().zip(&codes).map(|(request, code)| request.event(room, code, now)).collect();
    room.house.outbox.append(tx, &events).await?;
    Ok(kept)
}

impl Prepared {
    fn code(&self, room: &Room) -> NewCode {
        let code = tracking::code_of(&room.tracking_key, self.report_id);
        let code_sha256 = tracking::sha256_of(&code);
        NewCode { code_sha256, tenant: self.command.street, report_id: self.report_id }
    }

    fn row(&self) -> NewReport<'_> {
        let command = &self.command;
        NewReport {
            tenant: command.street,
            report_id: self.report_id,
            body_sha256: &command.body_sha256,
            source: command.source,
            item: command.item.as_deref(),
            text: command.text.as_str(),
            lon: command.place.lon,
            lat: command.place.lat,
            datum: command.place.datum.as_str(),
            address: command.place.address.as_ref().map(|address| address.as_str()),
            contact_sealed: self.contact_sealed.as_ref().map(|sealed| sealed.as_bytes()),
            lane: self.lane,
            drill: command.drill,
        }
    }

    fn event(&self, room: &Room, code: &NewCode, now: Timestamp) -> NewEvent {
        NewEvent {
            id: EventId(room.house.minter.mint(now)),
            event_type: EventType::ReportAccepted,
            tenant: self.command.street,
            lane: self.lane,
            aggregate_id: self.report_id.as_uuid(),
            version: 1,
            at: now,
            actor: self.command.subject.clone(),
            purpose: None,
            traceparent: self.command.traceparent.clone(),
            drill: self.command.drill,
            payload: Bytes::from(self.payload(code, now).encode_to_vec()),
        }
    }

    fn payload(&self, code: &NewCode, now: Timestamp) -> wire::ReportAccepted {
        let command = &self.command;
        let place = wire::Place {
            lon: command.place.lon,
            lat: command.place.lat,
            datum: command.place.datum.to_wire().into(),
            address: command.place.address.as_ref().map_or_else(String::new, |a| a.as_str().to_owned()),
        };
        wire::ReportAccepted {
            report_id: self.report_id.to_string(),
            street: command.street.to_string(),
            source: command.source.to_owned(),
            item: command.item.clone().unwrap_or_default(),
            text: command.text.as_str().to_owned(),
            place: Some(place),
            accepted_at: Some(to_wire(now)),
            tracking_sha256: Bytes::copy_from_slice(&code.code_sha256),
            contact_sealed: self
                .contact_sealed
                .as_ref()
                .map_or_else(Bytes::new, |s| Bytes::copy_from_slice(s.as_bytes())),
            households: command.households,
            reading_milli: command.reading_milli,
            assigned: command.assigned.as_ref().map(|assigned| wire::Assignment {
                by: assigned.by.as_str().to_owned(),
                lead: assigned.lead.to_string(),
                assists: assigned.assists.iter().map(ToString::to_string).collect(),
            }),
        }
    }
}
