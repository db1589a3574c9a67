//! Events of one matter as their publishers would write them.

use bytes::Bytes;
use contract::proto::dispatch::{Actor, CaseEvent, CaseState, OrderEvent, OrderState, StageState};
use contract::proto::notification::DeliveryEvent;
use contract::proto::{intake, to_wire, triage};
use contract::{Envelope, EventType};
use ids::{EventId, Lane, TenantId, TrackingCode};
use jiff::{SignedDuration, Timestamp};
use prost::Message;
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use crate::world::TRACE;

/// An event, ready to be published.
pub type Said = (Envelope, Bytes);

/// A tracking code.
pub fn code(n: u8) -> TrackingCode {
    TrackingCode::from_mac(&[n; 32])
}

/// Writes the events of one matter; every event comes a second after the one before.
pub struct Story {
    pub street: TenantId,
    pub case_id: Uuid,
    n: u128,
    at: Timestamp,
    case_version: u64,
    phase: &'static str,
    orders: Vec<OrderState>,
}

impl Story {
    /// The matter number `number` of a street; different numbers share no id.
    pub fn new(street: &str, number: u128) -> Self {
        let street: TenantId = street.parse().unwrap();
        let base = 0x0190_0000_0000_7000_8000_0000_0000_0000 + (number << 16);
        Self {
            street,
            case_id: Uuid::from_u128(base),
            n: base,
            at: "2026-11-23T02:00:00Z".parse().unwrap(),
            case_version: 0,
            phase: "open",
            orders: Vec::new(),
        }
    }

    fn id(&mut self) -> Uuid {
        self.n += 1;
        Uuid::from_u128(self.n)
    }

    fn say(
        &mut self,
        event_type: EventType,
        aggregate_id: Uuid,
        version: u64,
        message: &impl Message,
    ) -> Said {
        let envelope = Envelope {
            id: EventId(self.id()),
            event_type,
            time: self.at,
            tenant: self.street,
            lane: Lane::Normal,
            aggregate_id,
            version,
            traceparent: TRACE.to_owned(),
            drill: false,
        };
        self.at += SignedDuration::from_secs(1);
        (envelope, message.encode_to_vec().into())
    }

    /// A report with the tracking code of a number, which is also its id.
    pub fn accepted(&mut self, report: u8) -> Said {
        let message = intake::ReportAccepted {
            report_id: report_id(report).to_string(),
            street: self.street.to_string(),
            source: "resident".to_owned(),
            text: "306路改线后不停黄葛树站".to_owned(),
            accepted_at: Some(to_wire(self.at)),
            tracking_sha256: sha256(report),
            ..Default::default()
        };
        self.say(EventType::ReportAccepted, report_id(report), 1, &message)
    }

    /// The same, given from above by a centre to a body.
    pub fn given(&mut self, report: u8, by: &str, lead: &str) -> Said {
        let assigned = intake::Assignment { by: by.to_owned(), lead: lead.to_owned(), assists: Vec::new() };
        let message = intake::ReportAccepted {
            report_id: report_id(report).to_string(),
            street: self.street.to_string(),
            source: "assignment".to_owned(),
            accepted_at: Some(to_wire(self.at)),
            tracking_sha256: sha256(report),
            assigned: Some(assigned),
            ..Default::default()
        };
        self.say(EventType::ReportAccepted, report_id(report), 1, &message)
    }

    pub fn review_requested(&mut self, report: u8) -> Said {
        let message = triage::ReviewRequested {
            report_id: report_id(report).to_string(),
            street: self.street.to_string(),
            reason: "item-unsure".to_owned(),
            tracking_sha256: sha256(report),
            ..Default::default()
        };
        self.say(EventType::CaseReviewRequested, report_id(report), 1, &message)
    }

    fn case(&self, voices: u32) -> Option<triage::CaseState> {
        Some(triage::CaseState {
            case_id: self.case_id.to_string(),
            case_no: case_no(self.case_id),
            street: self.street.to_string(),
            item: "TRA-01".to_owned(),
            item_zh: "公交线路调整".to_owned(),
            item_en: "Bus line changes".to_owned(),
            text: "306路改线后不停黄葛树站".to_owned(),
            voices,
            opened_at: Some(to_wire("2026-11-23T02:00:00Z".parse().unwrap())),
            ..Default::default()
        })
    }

    pub fn opened(&mut self, report: u8) -> Said {
        let message = triage::CaseOpened {
            case: self.case(1),
            report_id: report_id(report).to_string(),
            tracking_sha256: sha256(report),
            ..Default::default()
        };
        self.say(EventType::CaseOpened, self.case_id, 1, &message)
    }

    pub fn routed(&mut self) -> Said {
        let message = triage::CaseRouted { case: self.case(1), ..Default::default() };
        self.say(EventType::CaseRouted, self.case_id, 2, &message)
    }

    /// Routed by a plan for which a rule could not be told.
    pub fn routed_without(&mut self, failed: triage::FailedRule) -> Said {
        let plan = triage::CasePlan { failed_rules: vec![failed], ..Default::default() };
        let message = triage::CaseRouted { case: self.case(1), plan: Some(plan), ..Default::default() };
        self.say(EventType::CaseRouted, self.case_id, 2, &message)
    }

    fn waiting(&self, voices: u32) -> Option<triage::CaseState> {
        let held_by = format!("street-centre@{}", self.street);
        let standing = "reviewing".to_owned();
        self.case(voices).map(|case| triage::CaseState { standing, held_by, ..case })
    }

    /// Opened with a plan that waits for a person of the street centre.
    pub fn opened_waiting(&mut self, report: u8) -> [Said; 2] {
        let opened = triage::CaseOpened {
            case: self.waiting(1),
            report_id: report_id(report).to_string(),
            tracking_sha256: sha256(report),
            ..Default::default()
        };
        let opened = self.say(EventType::CaseOpened, self.case_id, 1, &opened);
        let asked = triage::PlanReviewRequested {
            case: self.waiting(1),
            desk: "street".to_owned(),
            due_at: Some(to_wire("2026-11-23T02:30:00Z".parse().unwrap())),
            told_bodies: vec![format!("street-centre@{}", self.street)],
            ..Default::default()
        };
        [opened, self.say(EventType::CasePlanReviewRequested, self.case_id, 2, &asked)]
    }

    /// Its plan waits and is drawn anew: the item was wrong.
    pub fn drawn_anew(&mut self, item: &str, version: u64) -> Said {
        let known = self.waiting(1).unwrap();
        let message = triage::PlanReviewRequested {
            item_before: known.item.clone(),
            case: Some(triage::CaseState { item: item.to_owned(), ..known }),
            desk: "street".to_owned(),
            note: "其实是站台损坏".to_owned(),
            by: "zhou-lan".to_owned(),
            ..Default::default()
        };
        self.say(EventType::CasePlanReviewRequested, self.case_id, version, &message)
    }

    /// A voice of a case whose plan waits.
    pub fn joined_waiting(&mut self, report: u8, voices: u32, version: u64) -> Said {
        let message = triage::CaseJoined {
            case: self.waiting(voices),
            placement: 1,
            report_id: report_id(report).to_string(),
            tracking_sha256: sha256(report),
            ..Default::default()
        };
        self.say(EventType::CaseJoined, self.case_id, version, &message)
    }

    /// The plan went out after all.
    pub fn routed_at(&mut self, version: u64, voices: u32) -> Said {
        let message = triage::CaseRouted { case: self.case(voices), ..Default::default() };
        self.say(EventType::CaseRouted, self.case_id, version, &message)
    }

    /// Nobody has to act on the case.
    pub fn rejected(&mut self, version: u64) -> Said {
        let message = triage::CaseRejected {
            case: self.case(1).map(|case| triage::CaseState {
                standing: "rejected".to_owned(),
                ended_at: Some(to_wire(self.at)),
                ..case
            }),
            ground: "no-competence".to_owned(),
            note: "请向法院起诉".to_owned(),
        };
        self.say(EventType::CaseRejected, self.case_id, version, &message)
    }

    /// All its reports went into the case of another story; bodies had it.
    pub fn merged(&mut self, into: &Story, version: u64) -> Said {
        let message = triage::CaseMerged {
            case: self.case(1).map(|case| triage::CaseState {
                standing: "merged".to_owned(),
                ended_at: Some(to_wire(self.at)),
                ..case
            }),
            into_case_id: into.case_id.to_string(),
            into_case_no: case_no(into.case_id),
            note: "同一处井盖".to_owned(),
            by: "desk".to_owned(),
            routed: true,
        };
        self.say(EventType::CaseMerged, self.case_id, version, &message)
    }

    /// A voice that came from another case.
    pub fn took_over(&mut self, report: u8, voices: u32, version: u64) -> Said {
        let message = triage::CaseJoined {
            case: self.case(voices),
            placement: 2,
            report_id: report_id(report).to_string(),
            tracking_sha256: sha256(report),
            ..Default::default()
        };
        self.say(EventType::CaseJoined, self.case_id, version, &message)
    }

    /// Nobody has to act on a report.
    pub fn review_rejected(&mut self, report: u8) -> Said {
        let message = triage::ReviewRejected {
            report_id: report_id(report).to_string(),
            street: self.street.to_string(),
            ground: "not-a-matter".to_owned(),
            note: "感谢问候".to_owned(),
            tracking_sha256: sha256(report),
        };
        self.say(EventType::CaseReviewRejected, report_id(report), 2, &message)
    }

    /// A report leaves for the case of another story.
    pub fn split(&mut self, report: u8, to: &Story, version: u64) -> Said {
        let message = triage::CaseSplit {
            case: self.case(1),
            report_id: report_id(report).to_string(),
            tracking_sha256: sha256(report),
            to_case_id: to.case_id.to_string(),
            to_case_no: case_no(to.case_id),
            placement: 2,
            ..Default::default()
        };
        self.say(EventType::CaseSplit, self.case_id, version, &message)
    }

    /// It is of another item after all.
    pub fn rerouted(&mut self, item: &str, version: u64) -> Said {
        let known = self.case(1).unwrap();
        let message = triage::CaseRerouted {
            item_before: known.item.clone(),
            case: Some(triage::CaseState { item: item.to_owned(), ..known }),
            by: "zhou-lan".to_owned(),
            desk: "street".to_owned(),
            note: "其实是站台损坏".to_owned(),
            ..Default::default()
        };
        self.say(EventType::CaseRerouted, self.case_id, version, &message)
    }

    /// Opened by a report that came out of another case.
    pub fn opened_by_split(&mut self, report: u8) -> Said {
        let message = triage::CaseOpened {
            case: self.case(1),
            report_id: report_id(report).to_string(),
            tracking_sha256: sha256(report),
            placement: 2,
            ..Default::default()
        };
        self.say(EventType::CaseOpened, self.case_id, 1, &message)
    }

    pub fn joined(&mut self, report: u8, voices: u32) -> Said {
        let message = triage::CaseJoined {
            case: self.case(voices),
            report_id: report_id(report).to_string(),
            tracking_sha256: sha256(report),
            ..Default::default()
        };
        self.say(EventType::CaseJoined, self.case_id, 1 + u64::from(voices), &message)
    }

    /// An order to a body; `order` calls it by its number afterwards, from 0.
    pub fn dispatched(&mut self, body: &str, role: &str) -> Said {
        let stage = |stage: &str, due_at: Option<&str>, awaiting_year| StageState {
            stage: stage.to_owned(),
            due_at: due_at.map(|at| to_wire(at.parse().unwrap())),
            awaiting_year,
            ..Default::default()
        };
        self.orders.push(OrderState {
            order_id: Uuid::from_u128(self.case_id.as_u128() + 0x8000 + self.orders.len() as u128)
                .to_string(),
            case_id: self.case_id.to_string(),
            case_no: case_no(self.case_id),
            street: self.street.to_string(),
            round: 1,
            body: body.to_owned(),
            role: role.to_owned(),
            item: "TRA-01".to_owned(),
            dispatched_at: Some(to_wire(self.at)),
            stages: vec![stage("acknowledge", Some("2026-11-23T04:00:00Z"), 0), stage("resolve", None, 2027)],
            ..Default::default()
        });
        self.order(self.orders.len() - 1, EventType::OrderDispatched, "dispatched")
    }

    /// Something happens to an order, by a person of its body.
    pub fn order(&mut self, n: usize, kind: EventType, phase: &str) -> Said {
        self.orders[n].version += 1;
        self.orders[n].phase = phase.to_owned();
        let state = self.orders[n].clone();
        let (order_id, version) = (state.order_id.parse().unwrap(), state.version);
        let subject = if kind == EventType::OrderDispatched { "" } else { "wang-wei" };
        let message = OrderEvent {
            actor: Some(Actor { subject: subject.to_owned(), body: state.body.clone() }),
            order: Some(state),
            at: Some(to_wire(self.at)),
            note: "已联系公交公司".to_owned(),
            ..Default::default()
        };
        self.say(kind, order_id, version, &message)
    }

    /// Dispatch says something of the case.
    pub fn progress(&mut self, kind: EventType, phase: &'static str, holder: &str) -> Said {
        self.answers(kind, phase, holder, 0)
    }

    /// The same about a plan: the one that triage said at its version `plan` of the case.
    pub fn answers(&mut self, kind: EventType, phase: &'static str, holder: &str, plan: u64) -> Said {
        self.case_version += 1;
        self.phase = phase;
        let message = CaseEvent {
            case: Some(CaseState {
                case_id: self.case_id.to_string(),
                case_no: case_no(self.case_id),
                street: self.street.to_string(),
                round: 1,
                phase: self.phase.to_owned(),
                version: self.case_version,
                item: "TRA-01".to_owned(),
                holder: holder.to_owned(),
                ..Default::default()
            }),
            actor: Some(Actor { subject: "zhao-min".to_owned(), body: String::new() }),
            at: Some(to_wire(self.at)),
            plan_version: plan,
            ..Default::default()
        };
        self.say(kind, self.case_id, self.case_version, &message)
    }

    pub fn delivered(&mut self, body: &str) -> Said {
        let delivery_id = self.id();
        let message = DeliveryEvent {
            delivery_id: delivery_id.to_string(),
            street: self.street.to_string(),
            case_id: self.case_id.to_string(),
            order_id: self.orders.first().map(|order| order.order_id.clone()).unwrap_or_default(),
            body: body.to_owned(),
            endpoint_tenant: "990102000000".to_owned(),
            endpoint_key: body.to_owned(),
            channel: "webhook".to_owned(),
            about: "dispatch.order.dispatched".to_owned(),
            attempts: 1,
            at: Some(to_wire(self.at)),
            ..Default::default()
        };
        self.say(EventType::DeliveryDelivered, delivery_id, 1, &message)
    }

    /// A centre was told of a report that waits.
    pub fn told_of_report(&mut self, report: u8, body: &str) -> Said {
        let delivery_id = self.id();
        let message = DeliveryEvent {
            delivery_id: delivery_id.to_string(),
            street: self.street.to_string(),
            case_id: report_id(report).to_string(),
            report_id: report_id(report).to_string(),
            body: body.to_owned(),
            endpoint_tenant: self.street.to_string(),
            endpoint_key: "street-centre".to_owned(),
            channel: "webhook".to_owned(),
            about: "triage.case.review_requested".to_owned(),
            attempts: 1,
            at: Some(to_wire(self.at)),
            ..Default::default()
        };
        self.say(EventType::DeliveryDelivered, delivery_id, 1, &message)
    }

    /// The whole of it, from two reports to closure, in order.
    pub fn whole(&mut self) -> Vec<Said> {
        let (first, second) = (self.report(1), self.report(2));
        vec![
            self.accepted(first),
            self.opened(first),
            self.routed(),
            self.progress(EventType::DispatchCaseOpened, "open", "transport"),
            self.dispatched("transport", "lead"),
            self.dispatched("traffic-police", "assist"),
            self.delivered("transport"),
            self.accepted(second),
            self.joined(second, 2),
            self.order(0, EventType::OrderSeen, "seen"),
            self.order(0, EventType::OrderAcknowledged, "acknowledged"),
            self.order(1, EventType::OrderSeen, "seen"),
            self.order(0, EventType::OrderSubmitted, "submitted"),
            self.progress(EventType::CaseSubmitted, "submitted", "transport"),
            self.progress(EventType::CaseVerifying, "verifying", "verifier"),
            self.order(0, EventType::OrderDone, "done"),
            self.order(1, EventType::OrderDone, "done"),
            self.progress(EventType::CaseClosed, "closed", ""),
        ]
    }

    /// The number of the n-th report of this matter.
    pub fn report(&self, n: u8) -> u8 {
        (self.case_id.as_u128() >> 16) as u8 * 8 + n
    }
}

fn case_no(case_id: Uuid) -> String {
    format!("990102001-261123-{:04}", (case_id.as_u128() >> 16) & 0xff)
}

pub fn report_id(n: u8) -> Uuid {
    Uuid::from_u128(0x1000_0000_0000_5000_8000_0000_0000_0000 + u128::from(n))
}

fn sha256(report: u8) -> Bytes {
    Bytes::copy_from_slice(digest(&SHA256, code(report).as_bytes()).as_ref())
}
