//! A merged case (并案) as dispatch takes it: read from the wire and checked, and what it does to a matter that bodies have.

use contract::proto::triage;
use contract::{Envelope, EventType};
use ids::{CaseId, TenantId};
use jiff::Timestamp;
use orders::{Actor, Refusal};
use prost::Message;
use uuid::Uuid;

use super::clocks::Clocks;
use super::matter::Matter;
use super::routed::NotRouted::{self, Field};

/// A case whose voices went to another one.
#[derive(Debug, Clone)]
pub(crate) struct MergedCase {
    pub case_id: CaseId,
    pub tenant: TenantId,
    /// Whether bodies had it. If not, there is nothing to end here.
    pub routed: bool,
    /// Trace of the person's request.
    pub traceparent: String,
    into: CaseId,
    into_case_no: String,
    /// Subject of the person.
    by: String,
    /// The person's words.
    note: String,
}

impl MergedCase {
    /// Reads and checks a `triage.case.merged`.
    pub fn read(envelope: &Envelope, payload: &[u8]) -> Result<Self, NotRouted> {
        if envelope.event_type != EventType::CaseMerged {
            return Err(NotRouted::OtherEvent);
        }
        let merged = triage::CaseMerged::decode(payload).map_err(|_| NotRouted::Undecodable)?;
        let case = merged.case.ok_or(Field("case"))?;
        if case.street != envelope.tenant.to_string() {
            return Err(NotRouted::OtherTenant);
        }
        if merged.into_case_no.is_empty() {
            return Err(Field("into_case_no"));
        }
        // Orders that end are ended by somebody.
        if merged.routed && merged.by.is_empty() {
            return Err(Field("by"));
        }
        Ok(Self {
            case_id: case.case_id.parse().map_err(|_| Field("case.case_id"))?,
            tenant: envelope.tenant,
            routed: merged.routed,
            traceparent: envelope.traceparent.clone(),
            into: merged.into_case_id.parse().map_err(|_| Field("into_case_id"))?,
            into_case_no: merged.into_case_no,
            by: merged.by,
            note: merged.note,
        })
    }

    /// As rows are locked.
    pub fn key(&self) -> (TenantId, Uuid) {
        (self.tenant, self.case_id.as_uuid())
    }

    /// The case that stays.
    pub fn other(&self) -> (TenantId, Uuid) {
        (self.tenant, self.into.as_uuid())
    }

    /// Why orders end, for who held them: the matter goes on, and where.
    fn reason(&self) -> String {
        let into = format!("并入案件{no} / merged into case {no}", no = self.into_case_no);
        if self.note.is_empty() { into } else { format!("{into}：{}", self.note) }
    }
}

impl Matter {
    /// Its voices are another case's: it is called off with all its orders, by whoever said so. A case that is over stays as it
    /// ended. All orders of it must be loaded.
    pub fn merged(&mut self, merged: &MergedCase, clocks: Clocks<'_>, now: Timestamp) -> Result<(), Refusal> {
        if self.case.phase.ended() {
            return Ok(());
        }
        self.end_suspensions(clocks, now)?;
        let actor = Actor { principal: merged.by.clone(), body: None };
        self.call_off(&actor, true, &merged.reason(), now)
    }
}
