//! Events of triage and dispatch, decoded and checked.

use std::collections::BTreeSet;
use std::sync::Arc;

use contract::proto::{dispatch, triage};
use contract::{Envelope, EventType};
use ids::TenantId;
use jiff::Timestamp;
use messaging::{Apply, ApplyError, Received, Refused};
use pg::{ScopedTx, TenantScope};
use prost::Message;

use crate::core::notice::{BadField, Notice};
use crate::handle::{Room, fan_out};

/// Hears one upstream.
pub struct Hear {
    /// The room.
    pub room: Arc<Room>,
    /// Who is heard.
    pub upstream: &'static str,
}

impl Apply for Hear {
    /// `None`: heard, and nobody is told.
    type Item = Option<Notice>;

    fn decode(&self, received: &Received) -> Result<Option<Notice>, Refused> {
        let envelope = &received.envelope;
        // Who is told stands in the documents: without them the message comes again (D53).
        if self.room.house.snapshot.view().street(envelope.tenant).is_none() {
            return Err(Refused::NotYet("the street's documents are not here yet"));
        }
        read(envelope, &received.payload)
    }

    /// A district's endpoints keep their secrets and health with the district.
    fn scope(&self, tenants: BTreeSet<TenantId>) -> TenantScope {
        let view = self.room.house.snapshot.view();
        let districts: Vec<TenantId> =
            tenants.iter().filter_map(|tenant| view.district_of(*tenant)).collect();
        TenantScope::of_subjects(tenants).with_district(districts)
    }

    async fn apply(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        fresh: Vec<(Received, Option<Notice>)>,
    ) -> Result<(), ApplyError> {
        fan_out::fan_out(&self.room, tx, now, self.upstream, fresh).await
    }
}

fn read(envelope: &Envelope, payload: &[u8]) -> Result<Option<Notice>, Refused> {
    let bad = |BadField(name)| Refused::Poison(format!("missing or malformed field {name}"));
    let undecodable = |error| Refused::undecodable(&error);
    match envelope.event_type {
        EventType::CaseJoined => {
            let event = triage::CaseJoined::decode(payload).map_err(undecodable)?;
            same_street(envelope, event.case.as_ref().map(|case| &*case.street))?;
            Notice::of_joined(&event).map_err(bad)
        }
        EventType::CasePlanReviewRequested => {
            let event = triage::PlanReviewRequested::decode(payload).map_err(undecodable)?;
            same_street(envelope, event.case.as_ref().map(|case| &*case.street))?;
            Notice::of_plan_review(&event).map_err(bad)
        }
        EventType::CaseReviewRequested => {
            let event = triage::ReviewRequested::decode(payload).map_err(undecodable)?;
            same_street(envelope, Some(&*event.street))?;
            Notice::of_review(&event).map_err(bad)
        }
        kind if kind.entity() == "order" => {
            let event = dispatch::OrderEvent::decode(payload).map_err(undecodable)?;
            same_street(envelope, event.order.as_ref().map(|order| &*order.street))?;
            Notice::of_order(kind, &event).map_err(bad)
        }
        kind => {
            let event = dispatch::CaseEvent::decode(payload).map_err(undecodable)?;
            same_street(envelope, event.case.as_ref().map(|case| &*case.street))?;
            Notice::of_case(kind, &event).map_err(bad)
        }
    }
}

/// The payload's tenant is the subject's, or the message is poison (D3).
fn same_street(envelope: &Envelope, street: Option<&str>) -> Result<(), Refused> {
    if street == Some(&*envelope.tenant.to_string()) {
        return Ok(());
    }
    Err(Refused::Poison("street of the payload differs from the subject".to_owned()))
}
