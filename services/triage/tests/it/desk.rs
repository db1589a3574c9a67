//! The service under test, and reports to send it.

use std::sync::Arc;

use bytes::Bytes;
use contract::document::{DocumentBody, RoutingMode};
use contract::proto::intake::{Assignment, Datum, Place, ReportAccepted};
use contract::proto::triage::{
    CaseJoined, CaseMerged, CaseOpened, CaseRehomed, CaseRejected, CaseRerouted, CaseRouted, CaseSplit,
    PlanReviewRequested, ReviewRejected, ReviewRequested,
};
use contract::{Envelope, EventType};
use ids::{EventId, Lane, TenantId};
use prost::Message;
use testkit::rig::Rig;
use triage::Triage;
use triage::core::report::Report;
use triage::handle::{Room, Submission};
use uuid::Uuid;

pub const STREET: &str = "990102001000";
pub const OTHER_STREET: &str = "990102002000";
pub const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// A second reporter's words on the bus line (D51).
pub const SECOND_VOICE: &str = "公交306路改道绕行，取消站点，出行不便";

pub struct Desk {
    pub rig: Rig<Triage>,
}

/// One report on its way in.
#[derive(Clone)]
pub struct Sent {
    pub n: u128,
    pub street: &'static str,
    pub item: &'static str,
    pub text: String,
    pub lon: f64,
    pub lat: f64,
    pub datum: Datum,
    pub lane: Lane,
    pub drill: bool,
    pub households: u32,
    pub assigned: Option<Assignment>,
    pub source: &'static str,
}

/// A report with its number, of an item, at the bus stop.
pub fn report(n: u128, item: &'static str, text: &str) -> Sent {
    Sent {
        n,
        street: STREET,
        item,
        text: text.to_owned(),
        lon: 106.5512,
        lat: 29.5628,
        datum: Datum::Wgs84,
        lane: Lane::Normal,
        drill: false,
        households: 0,
        assigned: None,
        source: "resident",
    }
}

impl Sent {
    pub fn tenant(&self) -> TenantId {
        self.street.parse().unwrap()
    }

    pub fn report_id(&self) -> Uuid {
        Uuid::from_u128(self.n)
    }

    pub fn payload(&self) -> ReportAccepted {
        let place =
            Place { lon: self.lon, lat: self.lat, datum: self.datum.into(), address: "滨江路".to_owned() };
        ReportAccepted {
            report_id: self.report_id().to_string(),
            street: self.street.to_owned(),
            source: if self.assigned.is_some() { "assignment" } else { self.source }.to_owned(),
            item: self.item.to_owned(),
            text: self.text.clone(),
            place: Some(place),
            accepted_at: Some(contract::proto::to_wire(self.envelope().time)),
            tracking_sha256: vec![self.n as u8; 32].into(),
            contact_sealed: Bytes::new(),
            households: self.households,
            reading_milli: None,
            assigned: self.assigned.clone(),
        }
    }

    pub fn envelope(&self) -> Envelope {
        Envelope {
            id: EventId(Uuid::from_u128(1_000_000 + self.n)),
            event_type: EventType::ReportAccepted,
            time: "2026-11-23T02:00:00Z".parse().unwrap(),
            tenant: self.tenant(),
            lane: self.lane,
            aggregate_id: self.report_id(),
            version: 1,
            traceparent: TRACE.to_owned(),
            drill: self.drill,
        }
    }

    pub fn bytes(&self) -> Bytes {
        self.payload().encode_to_vec().into()
    }

    /// As the room takes it.
    pub fn submission(&self) -> Submission {
        Submission {
            report: Report::read(&self.bytes(), self.tenant()).unwrap(),
            decided: None,
            lane: self.lane,
            drill: self.drill,
            actor: "test".to_owned(),
            traceparent: TRACE.to_owned(),
        }
    }
}

/// What triage said, decoded.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a few of them, in a test")]
pub enum Said {
    Opened(CaseOpened),
    Joined(CaseJoined),
    Routed(CaseRouted),
    Rerouted(CaseRerouted),
    Rehomed(CaseRehomed),
    Review(ReviewRequested),
    ReviewRejected(ReviewRejected),
    PlanReview(PlanReviewRequested),
    Rejected(CaseRejected),
    Merged(CaseMerged),
    Split(CaseSplit),
}

impl Desk {
    pub async fn open() -> Self {
        let rig = Rig::start(&[]).await;
        rig.demo_documents().await;
        Self { rig }
    }

    /// One whose first street has its plans reviewed.
    pub async fn reviewing(mode: RoutingMode) -> Self {
        let desk = Self::open().await;
        let mut documents = testkit::demo::documents(2);
        for document in &mut documents {
            if let DocumentBody::Street(core) = &mut document.body
                && core.code.to_string() == STREET
            {
                core.routing_mode = mode;
            }
        }
        desk.rig.documents(&documents).await;
        desk
    }

    /// An act at a door of the review desk: `reviews/{id}:decide`, `plan-reviews/{id}:approve`, `cases/{id}:split` ….
    pub async fn acts(
        &self,
        subject: &str,
        target: &str,
        body: serde_json::Value,
    ) -> (u16, serde_json::Value) {
        let path = format!("/triage/v1/streets/{STREET}/{target}");
        let token = self.rig.token(subject);
        let (status, _, body) = self.rig.http("POST", &path, Some(&token), &[], Some(body)).await;
        (status.as_u16(), body)
    }

    /// A list of the review desk: `plan-reviews?desk=street`.
    pub async fn reads(&self, subject: &str, what: &str) -> serde_json::Value {
        let path = format!("/triage/v1/streets/{STREET}/{what}");
        let (status, _, body) = self.rig.http("GET", &path, Some(&self.rig.token(subject)), &[], None).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Publishes and drains.
    pub async fn hear(&self, reports: &[Sent]) {
        for report in reports {
            self.rig.publish(&report.envelope(), report.bytes()).await;
        }
        self.rig.drain().await;
    }

    pub async fn said(&self) -> Vec<(Envelope, Said)> {
        let decode = |(envelope, payload): (Envelope, Bytes)| {
            let said = match envelope.event_type {
                EventType::CaseOpened => Said::Opened(CaseOpened::decode(payload).unwrap()),
                EventType::CaseJoined => Said::Joined(CaseJoined::decode(payload).unwrap()),
                EventType::CaseRouted => Said::Routed(CaseRouted::decode(payload).unwrap()),
                EventType::CaseRerouted => Said::Rerouted(CaseRerouted::decode(payload).unwrap()),
                EventType::CaseRehomed => Said::Rehomed(CaseRehomed::decode(payload).unwrap()),
                EventType::CaseReviewRequested => Said::Review(ReviewRequested::decode(payload).unwrap()),
                EventType::CaseReviewRejected => {
                    Said::ReviewRejected(ReviewRejected::decode(payload).unwrap())
                }
                EventType::CasePlanReviewRequested => {
                    Said::PlanReview(PlanReviewRequested::decode(payload).unwrap())
                }
                EventType::CaseRejected => Said::Rejected(CaseRejected::decode(payload).unwrap()),
                EventType::CaseMerged => Said::Merged(CaseMerged::decode(payload).unwrap()),
                EventType::CaseSplit => Said::Split(CaseSplit::decode(payload).unwrap()),
                other => panic!("triage says no {other}"),
            };
            (envelope, said)
        };
        let mut said: Vec<_> = self.rig.said().await.into_iter().map(decode).collect();
        // Ids of one millisecond are in no order; aggregates and versions are.
        said.sort_by_key(|(envelope, _)| {
            (envelope.time, envelope.tenant, envelope.aggregate_id, envelope.version)
        });
        said
    }

    pub async fn opened(&self) -> Vec<CaseOpened> {
        let said = self.said().await.into_iter();
        said.filter_map(|(_, said)| if let Said::Opened(opened) = said { Some(opened) } else { None })
            .collect()
    }

    pub async fn joined(&self) -> Vec<CaseJoined> {
        let said = self.said().await.into_iter();
        said.filter_map(|(_, said)| if let Said::Joined(joined) = said { Some(joined) } else { None })
            .collect()
    }

    pub async fn routed(&self) -> Vec<(Envelope, CaseRouted)> {
        let said = self.said().await.into_iter();
        said.filter_map(
            |(envelope, said)| if let Said::Routed(routed) = said { Some((envelope, routed)) } else { None },
        )
        .collect()
    }

    /// The cases of a street: the reports of each, all sorted. Checks on the way that versions have no gap and that
    /// rows and events agree.
    pub async fn cases(&self, street: &str) -> Vec<Vec<u128>> {
        let tenant: i64 = street.parse().unwrap();
        let rows: Vec<(Vec<Uuid>, i32, i64, i64)> = sqlx::query_as(
            "SELECT array_agg(v.report_id ORDER BY v.report_id), c.voices - c.voices_left, c.version,
                 (SELECT count(DISTINCT j.version) FROM triage.journal j
                  WHERE j.tenant_id = c.tenant_id AND j.aggregate_id = c.case_id AND j.version <= c.version)
             FROM triage.cases c JOIN triage.voices v USING (tenant_id, case_id)
             WHERE c.tenant_id = $1 GROUP BY c.tenant_id, c.case_id",
        )
        .bind(tenant)
        .fetch_all(self.rig.admin())
        .await
        .unwrap();
        let mut cases = Vec::new();
        for (reports, voices, version, said) in rows {
            assert_eq!((reports.len() as i32, said), (voices, version), "voices and versions without a gap");
            cases.push(reports.iter().map(|report| report.as_u128()).collect());
        }
        cases.sort();
        cases
    }

    pub async fn count(&self, table: &'static str) -> i64 {
        let statement = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM triage.{table}"));
        sqlx::query_scalar(statement).fetch_one(self.rig.admin()).await.unwrap()
    }

    /// Another replica of the same service: its own room on the same database.
    pub fn replica(&self) -> Arc<Room> {
        let metrics = telemetry::Metrics::default();
        Arc::new(Room::new(bootstrap::House { metrics, ..self.rig.house.clone() }))
    }
}
