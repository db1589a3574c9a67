//! A notification service, a sink that knows its secrets, and events as dispatch and triage say them.

use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use contract::document::{Channel, DistrictCore, DocumentBody, Endpoint};
use contract::proto::{dispatch, to_wire, triage};
use contract::{Envelope, EventType};
use ids::{Lane, TenantId};
use notification::Notification;
use prost::Message;
use serde_json::Value;
use tempfile::TempDir;
use testkit::demo;
use testkit::rig::Rig;
use testkit::sink::{Received, Sink};
use uuid::Uuid;

pub const STREET: &str = "990102001000";
pub const OTHER_STREET: &str = "990102002000";
pub const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
/// The five bodies of the bus case, each with one endpoint.
pub const BODIES: [&str; 5] =
    ["transport", "traffic-police", "bus-company", "street-centre@990102001000", "governance-centre"];

pub struct World {
    pub rig: Rig<Notification>,
    pub sink: Sink,
    secrets: TempDir,
}

impl World {
    /// With the demo's documents and every endpoint's secret known to the sink.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub async fn start_with(env: &[(&str, &str)]) -> Self {
        let world = Self::bare(env).await;
        world.rig.documents(&demo::documents_with(1, &world.sink.url(""))).await;
        world.rig.drain().await;
        world.share_secrets();
        world
    }

    /// Without documents.
    pub async fn bare(env: &[(&str, &str)]) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let sink = Sink::start().await.unwrap();
        let secrets = tempfile::tempdir().unwrap();
        let key = secrets.path().join("seal");
        std::fs::write(&key, [7; 32]).unwrap();
        let allow = format!("http://127.0.0.1/127.0.0.1/32:{}", sink.address().port());
        let own = [
            ("STREETWISE_SEAL_KEY_FILE", key.to_str().unwrap()),
            ("STREETWISE_EGRESS_ALLOW", &*allow),
            ("STREETWISE_ENDPOINT_SECRETS_DIR", secrets.path().to_str().unwrap()),
        ];
        let env: Vec<(&str, &str)> = own.into_iter().chain(env.iter().copied()).collect();
        Self { rig: Rig::start(&env).await, sink, secrets }
    }

    /// Reads the dropped demo secrets, as the sink of a demo does.
    pub fn share_secrets(&self) {
        for file in std::fs::read_dir(self.secrets.path()).unwrap().map(Result::unwrap) {
            let name = file.file_name().into_string().unwrap();
            let Some((owner, key)) = name.split_once("__") else { continue };
            let text = std::fs::read_to_string(file.path()).unwrap();
            let secret = STANDARD.decode(text.strip_prefix("whsec_").unwrap()).unwrap();
            assert_eq!(secret.len(), 32);
            let path = if key == "street-centre" {
                format!("/hooks/{key}@{owner}")
            } else {
                format!("/hooks/{key}")
            };
            self.sink.set_secrets(&path, vec![secret]);
        }
    }

    pub fn secrets_folder(&self) -> &std::path::Path {
        self.secrets.path()
    }

    /// The demo's documents as a later generation with another district.
    pub async fn change_district(&self, generation: u64, change: impl Fn(&mut DistrictCore)) {
        let mut documents = demo::documents_with(generation, &self.sink.url(""));
        for document in &mut documents {
            if let DocumentBody::District(core) = &mut document.body {
                change(core);
            }
        }
        self.rig.documents(&documents).await;
    }

    /// An endpoint of a body at a path of the sink.
    pub fn endpoint(&self, body: &str, path: &str) -> Endpoint {
        Endpoint {
            body: body.parse().unwrap(),
            channel: Channel::Webhook,
            url: self.sink.url(path),
            drills: false,
        }
    }

    /// Replays a delivery under a key.
    pub async fn replay(&self, subject: &str, id: &str, key: Uuid) -> (StatusCode, Value) {
        let path = format!("/notification/v1/streets/{STREET}/deliveries/{id}:replay");
        let headers = [("idempotency-key", &*key.to_string())];
        let (status, _, body) =
            self.rig.http("POST", &path, Some(&self.rig.token(subject)), &headers, None).await;
        (status, body)
    }

    /// Publishes and works until nothing is left.
    pub async fn hear(&self, event: &(Envelope, Bytes)) {
        self.rig.publish(&event.0, event.1.clone()).await;
        self.rig.drain().await;
    }

    /// Moves time on, then works until nothing is left.
    pub async fn after(&self, seconds: u64) {
        self.rig.clock.advance(Duration::from_secs(seconds));
        self.rig.drain().await;
    }

    pub fn received_at(&self, path: &str) -> Vec<Received> {
        self.sink.received().into_iter().filter(|received| received.path == path).collect()
    }

    /// The deliveries of the street as somebody sees them.
    pub async fn deliveries(&self, subject: &str) -> Vec<Value> {
        let path = format!("/notification/v1/streets/{STREET}/deliveries");
        let (status, _, list) = self.rig.http("GET", &path, Some(&self.rig.token(subject)), &[], None).await;
        assert_eq!(status, 200, "{list}");
        list["deliveries"].as_array().unwrap().clone()
    }

    /// The only one.
    pub async fn only(&self) -> Value {
        let deliveries = self.deliveries("sre").await;
        assert_eq!(deliveries.len(), 1, "{deliveries:?}");
        deliveries[0].clone()
    }

    /// The types of everything said so far, sorted.
    pub async fn said(&self) -> Vec<String> {
        let mut types: Vec<String> =
            self.rig.said().await.iter().map(|(envelope, _)| envelope.event_type.to_string()).collect();
        types.sort();
        types
    }
}

/// An event of an order of `body`; `n` makes it an event of its own.
pub fn order_event(event_type: EventType, body: &str, n: u128) -> (Envelope, Bytes) {
    let stage = |stage: &str, due: Option<&str>| dispatch::StageState {
        stage: stage.into(),
        due_at: due.map(|due| to_wire(due.parse().unwrap())),
        ..Default::default()
    };
    let event = dispatch::OrderEvent {
        order: Some(dispatch::OrderState {
            order_id: Uuid::from_u128(0x0100 + n).to_string(),
            case_id: Uuid::from_u128(0xca5e).to_string(),
            case_no: "990102001-261123-0001".into(),
            street: STREET.into(),
            round: 1,
            body: body.into(),
            role: "lead".into(),
            phase: "dispatched".into(),
            version: 1,
            item: "TRA-01".into(),
            stages: vec![stage("acknowledge", Some("2026-11-23T02:30:00Z")), stage("resolve", None)],
            ..Default::default()
        }),
        stage: if event_type == EventType::OrderDispatched { String::new() } else { "acknowledge".into() },
        escalated_to: "governance-centre".into(),
        ..Default::default()
    };
    (envelope(event_type, n), Bytes::from(event.encode_to_vec()))
}

/// One more voice, told to some bodies.
pub fn joined(voices: u32, told: &[&str], n: u128) -> (Envelope, Bytes) {
    let event = triage::CaseJoined {
        case: Some(triage::CaseState {
            case_id: Uuid::from_u128(0xca5e).to_string(),
            case_no: "990102001-261123-0001".into(),
            street: STREET.into(),
            voices,
            ..Default::default()
        }),
        told_bodies: told.iter().map(|body| (*body).to_owned()).collect(),
        ..Default::default()
    };
    (envelope(EventType::CaseJoined, n), Bytes::from(event.encode_to_vec()))
}

/// A report that waits for a person, told to some bodies.
pub fn waiting(report_id: Uuid, told: &[&str], n: u128) -> (Envelope, Bytes) {
    let event = triage::ReviewRequested {
        report_id: report_id.to_string(),
        street: STREET.into(),
        reason: "item-unsure".into(),
        tracking_sha256: vec![7; 32].into(),
        desk: "street".into(),
        told_bodies: told.iter().map(|body| (*body).to_owned()).collect(),
        ..Default::default()
    };
    let envelope = Envelope { aggregate_id: report_id, ..envelope(EventType::CaseReviewRequested, n) };
    (envelope, Bytes::from(event.encode_to_vec()))
}

/// An event of the case itself.
pub fn case_event(event_type: EventType, n: u128) -> (Envelope, Bytes) {
    let case = dispatch::CaseState { street: STREET.into(), ..Default::default() };
    let event = dispatch::CaseEvent { case: Some(case), ..Default::default() };
    (envelope(event_type, n), Bytes::from(event.encode_to_vec()))
}

/// A case that is re-routed, told to bodies that keep the order of the same place.
pub fn rerouted(told: &[&str], n: u128) -> (Envelope, Bytes) {
    let event = dispatch::CaseEvent {
        case: Some(dispatch::CaseState {
            case_id: Uuid::from_u128(0xca5e).to_string(),
            case_no: "990102001-261123-0001".into(),
            street: STREET.into(),
            ..Default::default()
        }),
        told_bodies: told.iter().map(|body| (*body).to_owned()).collect(),
        told_orders: (1..).map(|order| Uuid::from_u128(order).to_string()).take(told.len()).collect(),
        ..Default::default()
    };
    (envelope(EventType::DispatchCaseRerouted, n), Bytes::from(event.encode_to_vec()))
}

fn envelope(event_type: EventType, n: u128) -> Envelope {
    Envelope {
        id: Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0000 + n).into(),
        event_type,
        time: "2026-11-23T02:00:00Z".parse().unwrap(),
        tenant: STREET.parse::<TenantId>().unwrap(),
        lane: Lane::Normal,
        aggregate_id: Uuid::from_u128(0x0100 + n),
        version: 1,
        traceparent: format!("00-{TRACE_ID}-b7ad6b7169203331-01"),
        drill: false,
    }
}

pub fn json(received: &Received) -> Value {
    serde_json::from_slice(&received.body).unwrap()
}
