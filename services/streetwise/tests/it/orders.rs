//! `streetwise order` and `streetwise case` as people run them, against dispatch.

use std::sync::atomic::Ordering;

use contract::document::{Clock, DistrictCore, DocumentBody, Limit, Stage, StreetCore, Unit, merge};
use contract::proto::{to_wire, triage};
use contract::{Envelope, EventType};
use dispatch::Dispatch;
use ids::{EventId, Lane};
use prost::Message;
use serde_json::{Value, json};
use testkit::rig::Rig;
use uuid::Uuid;

use crate::door::{self, Losing};
use crate::town::Printed;

const STREET: &str = "990102001000";
const CENTRE: &str = "street-centre";
const VERIFIER: &str = "verifier";

/// Dispatch with one case of a rerouted bus line.
struct Yard {
    rig: Rig<Dispatch>,
    url: String,
    case: String,
    losing: Losing,
    _folder: tempfile::TempDir,
}

impl Yard {
    async fn open() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("link");
        std::fs::write(&key, [7; 32]).unwrap();
        let env = [
            ("STREETWISE_LINK_KEY_FILE", key.to_str().unwrap()),
            ("STREETWISE_PUBLIC_URL", "https://streetwise.example.gov.cn"),
        ];
        let rig = Rig::<Dispatch>::start(&env).await;
        let documents = testkit::demo::documents(1);
        rig.documents(&documents).await;
        let (mut district, mut street) = (None, None);
        for document in documents {
            match document.body {
                DocumentBody::District(core) => district = Some(*core),
                DocumentBody::Street(core) if core.code.to_string() == STREET => street = Some(*core),
                _ => {}
            }
        }
        let losing = Losing::default();
        let url = door::opened(rig.router(), losing.clone()).await;
        let case = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
        let (envelope, routed) = routed(&rig, case, &district.unwrap(), &street.unwrap());
        rig.publish(&envelope, routed.encode_to_vec().into()).await;
        rig.drain().await;
        Self { rig, url, case: case.to_string(), losing, _folder: folder }
    }

    async fn runs(&self, subject: &str, words: &[&str]) -> Printed {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_streetwise"))
            .args(words)
            .args(["--street", STREET])
            .env("STREETWISE_DISPATCH_URL", &self.url)
            .env("STREETWISE_TOKEN", self.rig.token(subject))
            .output()
            .await
            .expect("the command runs");
        Printed::of(&output)
    }

    async fn order(&self, subject: &str, words: &[&str]) -> Printed {
        self.runs(subject, &[&["order"], words].concat()).await
    }

    async fn case(&self, subject: &str, words: &[&str]) -> Printed {
        self.runs(subject, &[&["case"], words].concat()).await
    }

    async fn json(&self, subject: &str, words: &[&str]) -> Value {
        let out = self.runs(subject, &[words, &["--json"]].concat()).await.done();
        serde_json::from_str(&out).expect("JSON alone")
    }

    async fn said(&self, kind: EventType) -> usize {
        self.rig.said().await.iter().filter(|(of, _)| of.event_type == kind).count()
    }

    /// The order that a body holds.
    async fn of(&self, body: &str) -> String {
        let list = self.json(CENTRE, &["order", "list"]).await;
        let orders = list["orders"].as_array().unwrap();
        let held = |order: &&Value| order["body"] == body && order["phase"] != "returned";
        orders.iter().find(held).expect("its order")["order_id"].as_str().unwrap().to_owned()
    }
}

/// What triage says of a new case of the item.
fn routed(
    rig: &Rig<Dispatch>,
    case: Uuid,
    district: &DistrictCore,
    street: &StreetCore,
) -> (Envelope, triage::CaseRouted) {
    let pack = merge(district, street);
    let item = pack.resolve("TRA-01", None).unwrap();
    let limit = |stage: &str, limit: &Limit| triage::StageLimit {
        stage: stage.to_owned(),
        clock: match limit.clock {
            Clock::Clock => triage::Clock::Clock,
            Clock::Work => triage::Clock::Work,
        }
        .into(),
        amount: limit.amount,
        unit: match limit.unit {
            Unit::Second => triage::LimitUnit::Second,
            Unit::Minute => triage::LimitUnit::Minute,
            Unit::Hour => triage::LimitUnit::Hour,
            Unit::Workday => triage::LimitUnit::Workday,
        }
        .into(),
        warn_per_mille: item.policy.warn_per_mille.clone(),
    };
    let stages = item.policy.limits.iter().map(|(stage, of)| limit(stage.as_str(), of));
    let policy = triage::SlaPolicy {
        key: item.policy.key.clone(),
        stages: stages.collect(),
        chain: Vec::new(),
        calendar: item.policy.calendar.clone(),
        pairs: Vec::new(),
    };
    let planned = |body: String, role: triage::Role| triage::PlannedOrder { body, role: role.into() };
    let lead = planned(item.lead.to_string(), triage::Role::Lead);
    let assists = item.assists.iter().map(|body| planned(body.to_string(), triage::Role::Assist));
    let informs = pack.informs().into_iter().map(|body| planned(body.to_string(), triage::Role::Inform));
    let plan = triage::CasePlan {
        orders: std::iter::once(lead).chain(assists).chain(informs).collect(),
        verify: item.policy.limits.get(&Stage::Verify).map(|of| limit("verify", of)),
        policy: Some(policy),
        pack_generation: 1,
        street_generation: 1,
        ..Default::default()
    };
    let state = triage::CaseState {
        case_id: case.to_string(),
        case_no: "990102001-261123-0001".to_owned(),
        street: STREET.to_owned(),
        item: "TRA-01".to_owned(),
        item_zh: item.name.zh.clone(),
        item_en: item.name.en.clone(),
        text: "306路改线".to_owned(),
        voices: 1,
        ..Default::default()
    };
    let now = rig.clock.now();
    let envelope = Envelope {
        id: EventId(Uuid::from_u128(1_000_001)),
        event_type: EventType::CaseRouted,
        time: now,
        tenant: street.code,
        lane: Lane::Normal,
        aggregate_id: case,
        version: 2,
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        drill: false,
    };
    let accepted_at = Some(to_wire(now));
    let routed =
        triage::CaseRouted { case: Some(state), plan: Some(plan), accepted_at, ..Default::default() };
    (envelope, routed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_works_its_order_off_and_a_verifier_closes_the_case() {
    let yard = Yard::open().await;
    let list = yard.order(CENTRE, &["list"]).await.done();
    assert!(
        list.contains("transport") && list.contains("主办 lead") && list.contains("已派发 dispatched"),
        "{list}"
    );
    let lead = yard.of("transport").await;
    let shown = yard.order("transport", &["show", &lead]).await.done();
    assert!(shown.contains(&format!("streetwise order acknowledge {lead} --street {STREET}")), "{shown}");
    let clocks = yard.order("transport", &["clocks", &lead]).await.done();
    assert!(!clocks.is_empty() && !clocks.contains('{'), "{clocks}");

    for verb in ["see", "acknowledge", "arrive"] {
        yard.order("transport", &[verb, &lead]).await.done();
    }
    let police = yard.of("traffic-police").await;
    yard.order("traffic-police", &["acknowledge", &police]).await.done();
    // A joint visit: the lead records it, the others sign.
    let at = yard.rig.clock.now().to_string();
    let visit = ["case", "visit", &yard.case, "--at", &at, "--order", &police, "--note", "两家到场"];
    let visit = yard.json("transport", &visit).await["visit_id"].as_str().unwrap().to_owned();
    let signed = yard.order("traffic-police", &["sign", &police, "--visit", &visit]).await.done();
    assert!(signed.contains("traffic-police 已签字 signed"), "{signed}");
    let shown = yard.case(CENTRE, &["show", "990102001-261123-0001"]).await.done();
    assert!(shown.contains(&visit) && shown.contains(&yard.case), "{shown}");
    yard.order("traffic-police", &["submit", &police]).await.done();
    let bus = yard.of("bus-company").await;
    for verb in ["acknowledge", "arrive", "submit"] {
        yard.order("bus-company", &[verb, &bus]).await.done();
    }
    let done = yard.order("transport", &["submit", &lead, "--note", "线路已调整"]).await.done();
    assert!(done.contains("申请办结 submitted"), "{done}");

    let handler = yard.case("transport", &["verify", &yard.case]).await;
    assert!(handler.code == 3 && handler.err.contains("403"), "{handler:?}");
    let taken = yard.case(VERIFIER, &["verify", &yard.case]).await.done();
    assert!(taken.contains("核查中 verifying") && taken.contains("case close"), "{taken}");
    yard.case(VERIFIER, &["reopen", &yard.case, "--note", "站牌未更新"]).await.done();
    let again = yard.json(CENTRE, &["case", "show", &yard.case]).await;
    assert_eq!((&again["round"], &again["phase"]), (&json!(2), &json!("open")));
    let clocks = yard.case(CENTRE, &["clocks", &yard.case]).await.done();
    assert!(clocks.lines().count() > 1, "{clocks}");
    yard.case(CENTRE, &["cancel", &yard.case, "--note", "并入别案"]).await.done();
    let over = yard.case(VERIFIER, &["close", &yard.case]).await;
    assert!(over.code == 3 && over.err.contains("409 invalid-transition"), "{over:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn returns_and_questions_for_time_are_asked_and_ruled_on() {
    let yard = Yard::open().await;
    let lead = yard.of("transport").await;
    let words = ["return", &lead, "--ground", "not-our-duty", "--to", "traffic-police", "--note", "属交警"];
    yard.order("transport", &words).await.done();
    let waiting = yard.case(CENTRE, &["rulings", "--waiting"]).await.done();
    assert!(
        waiting.contains("非本单位职责 not_our_duty") && waiting.contains("order adjudicate"),
        "{waiting}"
    );
    let shown = yard.order(CENTRE, &["show", &lead]).await.done();
    assert!(shown.contains(&format!("adjudicate {lead} --to BODY")), "{shown}");
    yard.order(CENTRE, &["adjudicate", &lead, "--to", "traffic-police"]).await.done();
    let ruled = yard.case(CENTRE, &["rulings"]).await.done();
    assert!(ruled.contains("then: { lead: traffic-police }"), "{ruled}");

    let bus = yard.of("bus-company").await;
    yard.order("bus-company", &["acknowledge", &bus]).await.done();
    let until = (yard.rig.clock.now() + jiff::SignedDuration::from_hours(24 * 7)).to_string();
    let held =
        yard.order("bus-company", &["suspend", &bus, "--until", &until, "--reason", "materials"]).await;
    assert!(held.clone().done().contains("申请待批 time asked"), "{held:?}");
    let granted = yard.order(CENTRE, &["grant", &bus]).await.done();
    assert!(granted.contains("挂起 suspended"), "{granted}");
    yard.order("bus-company", &["resume", &bus]).await.done();
    let none = yard.order(CENTRE, &["deny", &bus]).await;
    assert!(none.code == 3 && none.err.contains("409 nothing-asked") && none.err.contains('→'), "{none:?}");
    let urged = yard.order(CENTRE, &["urge", &bus]).await.done();
    assert!(urged.contains("催办 urged ×1"), "{urged}");
    let words = ["whistle", &yard.case, "--body", "police", "--within-minutes", "30"];
    let whistled = yard.case(CENTRE, &words).await.done();
    assert!(whistled.contains("police"), "{whistled}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_where_to_look_and_wrong_words_are_no_request() {
    let yard = Yard::open().await;
    let nobody = Uuid::from_u128(9).to_string();
    let missing = yard.order("transport", &["see", &nobody]).await;
    assert!(missing.code == 3 && missing.err.contains("404 not-found"), "{missing:?}");
    assert!(missing.err.contains(&format!("→ streetwise order list --street {STREET}")), "{missing:?}");
    let lead = yard.of("transport").await;
    let stale = yard.order("transport", &["see", &lead, "--if-version", "7"]).await;
    assert!(stale.code == 3 && stale.err.contains("412"), "{stale:?}");
    assert!(stale.err.contains(&format!("→ streetwise order show {lead} --street {STREET}")), "{stale:?}");
    yard.order("transport", &["see", &lead, "--if-version", "1"]).await.done();
    let stale = yard.case(VERIFIER, &["verify", &yard.case, "--if-version", "99"]).await;
    assert!(stale.code == 3 && stale.err.contains(&format!("case show {}", yard.case)), "{stale:?}");
    let early = yard.order("transport", &["submit", &lead]).await;
    assert!(early.code == 3 && early.err.contains("→"), "{early:?}");
    let unknown = yard.case(CENTRE, &["show", "990102001-261123-9999"]).await;
    assert!(unknown.code == 1 && unknown.err.contains("order list"), "{unknown:?}");
    assert_eq!(yard.order("transport", &["list", "--phase", "nap"]).await.code, 3);
    assert_eq!(
        yard.order("transport", &["list", "--phase", "submitted"]).await.done(),
        "✓ 没有工单 / no order\n"
    );
    assert_eq!(yard.order("transport", &["return", &lead, "--ground", "because"]).await.code, 2);
    assert_eq!(yard.case(CENTRE, &["close", "x"]).await.code, 2);
}

/// An act whose answer is lost is done once, however often it is asked for again.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_knows_the_outcome_of_is_asked_for_again() {
    let yard = Yard::open().await;
    let lead = yard.of("transport").await;
    yard.losing.store(1, Ordering::SeqCst);
    yard.order("transport", &["acknowledge", &lead]).await.done();
    let words = ["progress", &lead, "--note", "已派员"];
    yard.losing.store(1, Ordering::SeqCst);
    yard.order("transport", &words).await.done();
    assert_eq!(yard.said(EventType::OrderProgressed).await, 1);

    // Lost twice: the key says how to go on.
    yard.losing.store(2, Ordering::SeqCst);
    let unknown = yard.order("transport", &words).await;
    assert!(unknown.code == 3 && unknown.err.contains("503"), "{unknown:?}");
    let (_, key) = unknown.err.split_once("--key ").expect("the key");
    let again = [&words[..], &["--key", &key[..36]]].concat();
    yard.order("transport", &again).await.done();
    yard.order("transport", &again).await.done();
    assert_eq!(yard.said(EventType::OrderProgressed).await, 2);
    // A service that is not there, of a case; and a refusal is no unknown outcome.
    let closed = "http://127.0.0.1:9";
    let away = yard.case(CENTRE, &["cancel", &yard.case, "--dispatch-url", closed]).await;
    assert!(away.code == 1 && away.err.contains("--key "), "{away:?}");
    let refused = yard.case("transport", &["verify", &yard.case]).await;
    assert!(refused.code == 3 && !refused.err.contains("--key"), "{refused:?}");
}
