//! What is written of accepted reports: rows, tracking codes, events.

use bytes::Bytes;
use contract::EventType;
use contract::proto::{intake as wire, to_wire};
use ids::{EventId, Lane};
use jiff::Timestamp;
use messaging::NewEvent;
use pg::ScopedTx;
use prost::Message;

use super::{Room, Sealable};
use crate::core::lane::lane_of;
use crate::core::tracking;
use crate::store::reports::{self, NewReport};
use crate::store::tracking_codes::{self, NewCode};
use crate::tenants::Street;

/// Writes all there is to write of `kept`, and says it. Returns the lane of each.
pub(super) async fn write(
    room: &Room,
    tx: &mut ScopedTx,
    kept: &[(&Sealable, Street)],
    now: Timestamp,
) -> Result<Vec<Lane>, pg::Error> {
    let lanes: Vec<Lane> = kept.iter().map(|(request, street)| request.lane(street)).collect();
    let codes: Vec<NewCode> = kept.iter().map(|(request, _)| request.code(room)).collect();
    let rows: Vec<NewReport<'_>> = kept.iter().zip(&lanes).map(|((r, _), lane)| r.row(*lane)).collect();
    reports::insert(tx, &rows, now).await?;
    tracking_codes::insert(tx, &codes).await?;
    let said = kept.iter().zip(&lanes).zip(&codes);
    let events: Vec<NewEvent> = said.map(|(((r, _), lane), code)| r.event(room, *lane, code, now)).collect();
    room.house.outbox.append(tx, &events).await?;
    Ok(lanes)
}

impl Sealable {
    fn lane(&self, street: &Street) -> Lane {
        lane_of(street, self.command.text.as_str(), self.command.item.as_deref())
    }

    fn code(&self, room: &Room) -> NewCode {
        let code = tracking::code_of(&room.tracking_key, self.report_id);
        let code_sha256 = tracking::sha256_of(&code);
        NewCode { code_sha256, tenant: self.command.street, report_id: self.report_id }
    }

    fn row(&self, lane: Lane) -> NewReport<'_> {
        let command = &self.command;
        NewReport {
            tenant: command.street,
            report_id: self.report_id,
            source: command.source,
            item: command.item.as_deref(),
            text: command.text.as_str(),
            lon: command.place.lon,
            lat: command.place.lat,
            datum: command.place.datum.as_str(),
            address: command.place.address.as_ref().map(|address| address.as_str()),
            contact_sealed: self.contact_sealed.as_ref().map(|sealed| sealed.as_bytes()),
            lane,
        }
    }

    fn event(&self, room: &Room, lane: Lane, code: &NewCode, now: Timestamp) -> NewEvent {
        NewEvent {
            id: EventId(room.house.minter.mint(now)),
            event_type: EventType::ReportAccepted,
            tenant: self.command.street,
            lane,
            aggregate_id: self.report_id.as_uuid(),
            version: 1,
            at: now,
            actor: self.command.subject.clone(),
            purpose: None,
            traceparent: self.command.traceparent.clone(),
            drill: false,
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
        }
    }
}
