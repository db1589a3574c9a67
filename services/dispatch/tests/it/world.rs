//! The demo district with dispatch in it: routed cases as triage would write them, and short ways to ask.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use contract::document::{
    Clock, DistrictCore, Document, DocumentBody, Grant, Limit, ResolvedItem, Stage, StreetCore, Unit, merge,
};
use contract::proto::{dispatch as said, to_wire, triage};
use contract::{Envelope, EventType};
use dispatch::Dispatch;
use ids::{EventId, Lane, TenantId};
use jiff::{SignedDuration, Timestamp};
use prost::Message;
use serde_json::{Value, json};
use testkit::rig::Rig;
use uuid::Uuid;

pub const STREET: &str = "990102001000";
/// A community of the street.
pub const COMMUNITY: &str = "community@990102001001";
/// An enterprise in it.
pub const PROPERTY: &str = "property@990102001001";
pub const FAST_STREET: &str = "990102002000";
pub const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A firing runner holds on a jump of the clock over 2 s, so time passes in steps.
const STEP: Duration = Duration::from_secs(2);

pub struct World {
    pub rig: Rig<Dispatch>,
    pub district: DistrictCore,
    streets: Vec<StreetCore>,
    ids: AtomicU64,
    _folder: tempfile::TempDir,
}

impl World {
    /// Documents kept, clock at Monday 2026-11-23 10:00 in Shanghai.
    pub async fn start() -> Self {
        let world = Self::without_documents().await;
        world.keep_documents().await;
        world
    }

    pub async fn without_documents() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let link_key = folder.path().join("link");
        std::fs::write(&link_key, [7; 32]).unwrap();
        let env = [
            ("STREETWISE_LINK_KEY_FILE", link_key.to_str().unwrap()),
            ("STREETWISE_PUBLIC_URL", "https://streetwise.example.gov.cn"),
        ];
        let rig = Rig::<Dispatch>::start(&env).await;
        let mut district = None;
        let mut streets = Vec::new();
        for document in testkit::demo::documents(1) {
            match document.body {
                DocumentBody::District(core) => district = Some(*core),
                DocumentBody::Street(core) => streets.push(*core),
                DocumentBody::Territory(_) | DocumentBody::People(_) | DocumentBody::Classifier(_) => {}
            }
        }
        Self { rig, district: district.unwrap(), streets, ids: AtomicU64::new(1), _folder: folder }
    }

    /// The demo's, and more members: `both` works for transport and is a verifier, `community` and `property` in one of the street's communities.
    pub async fn keep_documents(&self) {
        let mut documents = testkit::demo::documents(1);
        for document in &mut documents {
            let scope = document.header.tenant;
            let DocumentBody::People(people) = &mut document.body else { continue };
            let grant = |role: &str, body: Option<&str>| Grant {
                role: role.to_owned(),
                scope,
                body: body.map(|body| body.parse().unwrap()),
            };
            if scope == self.district.code {
                let both = vec![grant("body-user", Some("transport")), grant("verifier", None)];
                people.members.insert("both".to_owned(), both);
            }
            if scope.to_string() == STREET {
                people.members.insert("community".to_owned(), vec![grant("body-user", Some(COMMUNITY))]);
                people.members.insert("property".to_owned(), vec![grant("body-user", Some(PROPERTY))]);
            }
        }
        self.rig.documents(&documents).await;
    }

    /// The district's calendar with one more published year, as its next generation.
    pub async fn publish_year(&self, generation: u64, year: i16) {
        let mut core = self.district.clone();
        let calendar = core.calendars.get_mut(&core.default_calendar).unwrap();
        calendar.years.push(year);
        calendar.version += 1;
        let day = format!("{year}-01-01").parse().unwrap();
        let kind = contract::document::DayKind::Holiday;
        calendar.days.push(contract::document::DayException { date: day, kind });
        self.rig.documents(&[Document::district(generation, core)]).await;
    }

    /// A street's own document, to be changed by a test and kept again.
    pub fn street(&self, code: &str) -> StreetCore {
        self.streets.iter().find(|core| core.code.to_string() == code).unwrap().clone()
    }

    pub fn next_id(&self) -> Uuid {
        Uuid::from_u128(
            0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(self.ids.fetch_add(1, Ordering::Relaxed)),
        )
    }

    /// What triage says of a new case of an item.
    pub fn routed(&self, street: &str, item: &str) -> Routed {
        let street: TenantId = street.parse().unwrap();
        let core = self.streets.iter().find(|core| core.code == street).unwrap();
        let pack = merge(&self.district, core);
        let resolved = pack.resolve(item, None).unwrap();
        let case_id = self.next_id();
        let informs = pack.informs().into_iter().map(|body| (body.to_string(), triage::Role::Inform));
        let assists = resolved.assists.iter().map(|body| (body.to_string(), triage::Role::Assist));
        let lead = (resolved.lead.to_string(), triage::Role::Lead);
        let orders = std::iter::once(lead).chain(assists).chain(informs);
        let orders = orders.map(|(body, role)| triage::PlannedOrder { body, role: role.into() }).collect();
        let payload = triage::CaseRouted {
            case: Some(triage::CaseState {
                case_id: case_id.to_string(),
                case_no: format!("{}-261123-{:04}", &street.to_string()[..9], case_id.as_u128() & 0xffff),
                street: street.to_string(),
                item: item.to_owned(),
                item_zh: resolved.name.zh.clone(),
                item_en: resolved.name.en.clone(),
                text: "306路改线".to_owned(),
                voices: 1,
                ..Default::default()
            }),
            plan: Some(triage::CasePlan {
                orders,
                verify: of_case(Stage::Verify, &resolved),
                adjudicate: of_case(Stage::Adjudicate, &resolved),
                policy: Some(policy(&resolved)),
                pack_generation: 1,
                street_generation: 1,
                ..Default::default()
            }),
            accepted_at: Some(to_wire(self.rig.clock.now() - SignedDuration::from_secs(4))),
            repeats: None,
        };
        let envelope = Envelope {
            id: EventId(self.next_id()),
            event_type: EventType::CaseRouted,
            time: self.rig.clock.now(),
            tenant: street,
            lane: Lane::Normal,
            aggregate_id: case_id,
            version: 2,
            traceparent: TRACE.to_owned(),
            drill: false,
        };
        Routed { envelope, payload }
    }

    /// Routes a case, works it off and returns its id.
    pub async fn opened(&self, routed: &Routed) -> Uuid {
        self.publish(routed).await;
        self.rig.drain().await;
        routed.envelope.aggregate_id
    }

    pub async fn publish(&self, routed: &Routed) {
        self.rig.publish(&routed.envelope, routed.payload.encode_to_vec().into()).await;
    }

    /// Lets time pass, firing what falls due on the way.
    pub async fn pass(&self, time: Duration) {
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(STEP);
            self.rig.clock.advance(step);
            self.rig.drain().await;
            left -= step;
        }
    }

    pub async fn get(&self, subject: &str, path: &str) -> (StatusCode, Value) {
        let token = self.rig.token(subject);
        let (status, _, body) = self.rig.http("GET", path, Some(&token), &[], None).await;
        (status, body)
    }

    pub async fn post(
        &self,
        subject: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> (StatusCode, HeaderMap, Value) {
        let token = self.rig.token(subject);
        let key = self.next_id().to_string();
        let mut all = vec![("idempotency-key", key.as_str())];
        // A key of the caller's own takes the place of the fresh one.
        if headers.iter().any(|(name, _)| *name == "idempotency-key") {
            all.clear();
        }
        all.extend_from_slice(headers);
        self.rig.http("POST", path, Some(&token), &all, Some(body)).await
    }

    /// An act on an order of a street; returns the status, and the phase or the problem's code.
    pub async fn act(&self, subject: &str, order: &Value, verb: &str) -> (StatusCode, String) {
        let (status, _, body) =
            self.post(subject, &format!("{}:{verb}", path_of(order)), &[], json!({})).await;
        let word = if status.is_success() { &body["phase"] } else { &body["code"] };
        (status, word.as_str().unwrap_or_default().to_owned())
    }

    pub async fn verify(&self, subject: &str, case_id: Uuid, result: &str) -> (StatusCode, Value) {
        let path = format!("/dispatch/v1/streets/{STREET}/cases/{case_id}:verify");
        let (status, _, body) =
            self.post(subject, &path, &[], json!({ "result": result, "note": "电话回访" })).await;
        (status, body)
    }

    pub async fn case(&self, case_id: Uuid) -> Value {
        let (status, case) =
            self.get("street-centre", &format!("/dispatch/v1/streets/{STREET}/cases/{case_id}")).await;
        assert_eq!(status, StatusCode::OK);
        case
    }

    /// The orders of a round, by body and role.
    pub async fn order(&self, case_id: Uuid, round: u64, body: &str, role: &str) -> Value {
        let case = self.case(case_id).await;
        let orders = case["orders"].as_array().unwrap();
        let found = orders.iter().find(|o| o["round"] == round && o["body"] == body && o["role"] == role);
        found.unwrap_or_else(|| panic!("no {role} of {body} in round {round}")).clone()
    }

    /// Types of everything said, with the aggregate and its version.
    pub async fn said(&self) -> Vec<(EventType, Uuid, u64)> {
        let said = self.rig.said().await;
        said.into_iter()
            .map(|(envelope, _)| (envelope.event_type, envelope.aggregate_id, envelope.version))
            .collect()
    }

    pub async fn count_said(&self, kind: EventType) -> usize {
        self.said().await.iter().filter(|(said, _, _)| *said == kind).count()
    }

    /// The last event of a type about an order.
    pub async fn order_event(&self, kind: EventType) -> said::OrderEvent {
        let said = self.rig.said().await;
        let (_, payload) = said.iter().rev().find(|(envelope, _)| envelope.event_type == kind).unwrap();
        said::OrderEvent::decode(payload.clone()).unwrap()
    }

    pub async fn scalar<T>(&self, sql: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        sqlx::query_scalar(sql).fetch_one(self.rig.admin()).await.unwrap()
    }
}

/// A routed event, to be changed by a test before it is published.
pub struct Routed {
    pub envelope: Envelope,
    pub payload: triage::CaseRouted,
}

impl Routed {
    pub fn plan(&mut self) -> &mut triage::CasePlan {
        self.payload.plan.as_mut().unwrap()
    }
}

pub fn path_of(order: &Value) -> String {
    let text = |field: &str| order[field].as_str().unwrap().to_owned();
    format!("/dispatch/v1/streets/{}/orders/{}", text("street"), text("order_id"))
}

pub fn stage<'a>(view: &'a Value, stage: &str) -> &'a Value {
    view["stages"].as_array().unwrap().iter().find(|s| s["stage"] == stage).unwrap_or(&Value::Null)
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A limit in seconds on the 24-hour clock, warned at 0.8.
pub fn seconds(stage: &str, amount: u32) -> triage::StageLimit {
    triage::StageLimit {
        stage: stage.to_owned(),
        clock: triage::Clock::Clock.into(),
        amount,
        unit: triage::LimitUnit::Second.into(),
        warn_per_mille: vec![800],
    }
}

fn of_case(stage: Stage, item: &ResolvedItem) -> Option<triage::StageLimit> {
    item.policy.limits.get(&stage).map(|limit| stage_limit(stage.as_str(), limit, item))
}

fn policy(item: &ResolvedItem) -> triage::SlaPolicy {
    let stages = item.policy.limits.iter().map(|(stage, limit)| stage_limit(stage.as_str(), limit, item));
    let chain = item.policy.chain.iter();
    triage::SlaPolicy {
        key: item.policy.key.clone(),
        stages: stages.collect(),
        chain: chain
            .map(|step| triage::ChainStep {
                after_s: step.after_s,
                notify_body: step.body.as_ref().unwrap().to_string(),
                action: "notify".to_owned(),
            })
            .collect(),
        calendar: item.policy.calendar.clone(),
        pairs: Vec::new(),
    }
}

fn stage_limit(stage: &str, limit: &Limit, item: &ResolvedItem) -> triage::StageLimit {
    let clock = match limit.clock {
        Clock::Clock => triage::Clock::Clock,
        Clock::Work => triage::Clock::Work,
    };
    let unit = match limit.unit {
        Unit::Second => triage::LimitUnit::Second,
        Unit::Minute => triage::LimitUnit::Minute,
        Unit::Hour => triage::LimitUnit::Hour,
        Unit::Workday => triage::LimitUnit::Workday,
    };
    triage::StageLimit {
        stage: stage.to_owned(),
        clock: clock.into(),
        amount: limit.amount,
        unit: unit.into(),
        warn_per_mille: item.policy.warn_per_mille.clone(),
    }
}
