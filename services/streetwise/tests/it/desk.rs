//! `streetwise desk` as a person runs it, against triage.

use contract::document::{DocumentBody, RoutingMode};
use contract::proto::intake::{Datum, Place, ReportAccepted};
use contract::{Envelope, EventType};
use ids::{EventId, Lane};
use prost::Message;
use serde_json::{Value, json};
use testkit::rig::Rig;
use triage::Triage;
use uuid::Uuid;

use crate::town::Printed;

const STREET: &str = "990102001000";
const CENTRE: &str = "street-centre";
const DISTRICT: &str = "governance-centre";

/// A street whose plans wait for its centre.
struct Office {
    rig: Rig<Triage>,
    url: String,
}

impl Office {
    async fn open() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let rig = Rig::<Triage>::start(&[]).await;
        let mut documents = testkit::demo::documents(1);
        for document in &mut documents {
            if let DocumentBody::Street(core) = &mut document.body {
                core.routing_mode = RoutingMode::StreetReview;
            }
        }
        rig.documents(&documents).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = rig.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { rig, url }
    }

    async fn hears(&self, n: u128, item: &str, text: &str) {
        let time = "2026-11-23T02:00:00Z".parse().unwrap();
        let place =
            Place {
                lon: 106.5512, lat: 29.5628, datum: Datum::Wgs84.into(), address: "滨江路".to_owned()
            };
        let report = ReportAccepted {
            report_id: id(n),
            street: STREET.to_owned(),
            source: "resident".to_owned(),
            item: item.to_owned(),
            text: text.to_owned(),
            place: Some(place),
            accepted_at: Some(contract::proto::to_wire(time)),
            tracking_sha256: vec![7; 32].into(),
            ..ReportAccepted::default()
        };
        let envelope = Envelope {
            id: EventId(Uuid::from_u128(1_000_000 + n)),
            event_type: EventType::ReportAccepted,
            time,
            tenant: STREET.parse().unwrap(),
            lane: Lane::Normal,
            aggregate_id: Uuid::from_u128(n),
            version: 1,
            traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
            drill: false,
        };
        self.rig.publish(&envelope, report.encode_to_vec().into()).await;
        self.rig.drain().await;
    }

    async fn desk(&self, subject: &str, words: &[&str]) -> Printed {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_streetwise"))
            .arg("desk")
            .args(words)
            .args(["--street", STREET])
            .env("STREETWISE_TRIAGE_URL", &self.url)
            .env("STREETWISE_TOKEN", self.rig.token(subject))
            .output()
            .await
            .expect("the command runs");
        Printed::of(&output)
    }

    async fn json(&self, subject: &str, words: &[&str]) -> Value {
        let out = self.desk(subject, &[words, &["--json"]].concat()).await.done();
        serde_json::from_str(&out).expect("JSON alone")
    }

    async fn waiting(&self) -> String {
        let list = self.json(CENTRE, &["list", "--kind", "plans"]).await;
        list["plan_reviews"][0]["case_id"].as_str().expect("a plan waits").to_owned()
    }
}

fn id(n: u128) -> String {
    Uuid::from_u128(n).to_string()
}

#[tokio::test]
async fn a_person_looks_takes_a_suggestion_and_lets_a_plan_go_out() {
    let office = Office::open().await;
    office.hears(1, "", "等车亭的雨棚破了，站点没有遮雨").await;
    office.hears(2, "TRA-01", "改线").await;
    let list = office.desk(CENTRE, &["list"]).await.done();
    assert!(list.contains(&id(1)) && list.contains("TRA-03 公交站台站牌损坏"), "{list}");
    assert!(list.contains("transport") && list.contains("改线"), "{list}");
    let shown = office.desk(CENTRE, &["show", &id(1)]).await.done();
    assert!(shown.contains("等车亭的雨棚破了") && shown.contains("desk accept"), "{shown}");

    let taken = office.json(CENTRE, &["accept", &id(1), "--note", "同意建议"]).await;
    assert_eq!((&taken["item"], &taken["voice"]), (&json!("TRA-03"), &json!(1)));
    let gone = office.desk(CENTRE, &["accept", &id(1)]).await;
    assert!(gone.code == 1 && gone.err.contains("desk list"), "it waits no more: {gone:?}");

    let case = office.waiting().await;
    let number = office.json(CENTRE, &["show", &case]).await["case_no"].as_str().unwrap().to_owned();
    assert_eq!(office.json(CENTRE, &["show", &number]).await["case_id"], json!(case));
    let raised = office.json(CENTRE, &["raise", &case, "--note", "涉及跨区线路"]).await;
    assert_eq!(raised["desk"], "district");
    let refused = office.desk(CENTRE, &["approve", &case]).await;
    assert!(refused.code == 3 && refused.err.contains("409 districts-desk"), "{refused:?}");
    assert_eq!(office.json(DISTRICT, &["hand-down", &case]).await["desk"], "street");
    let words = ["approve", &case, "--lead", "bus-company", "--no-assists"];
    assert_eq!(office.json(CENTRE, &words).await["outcome"], "changed");
    let done = office.desk(CENTRE, &words).await.done();
    assert!(done.contains("改后通过 changed"), "the same again: {done}");
    let nothing = office.desk(CENTRE, &["list"]).await.done();
    assert_eq!(nothing, "✓ 没有待研判的上报 / no report waits\n✓ 没有待审核的方案 / no plan waits\n");
}

#[tokio::test]
async fn reports_and_plans_are_taken_in_hand_merged_rejected_and_split_by_one_word_each() {
    let office = Office::open().await;
    office.hears(1, "TRA-01", "改线").await;
    let into = office.waiting().await;
    office.json(CENTRE, &["approve", &into]).await;
    office.hears(2, "TRA-03", "站牌坏了").await;
    office.hears(3, "", "你好").await;
    office.hears(4, "", "您好").await;
    let from = office.waiting().await;
    let report = id(3);
    for entry in [&from, &report] {
        assert_eq!(office.json(CENTRE, &["claim", entry]).await["claimed_by"], CENTRE);
        let refused = office.desk(DISTRICT, &["merge", entry, "--into", &into]).await;
        assert!(refused.code == 3 && refused.err.contains("claimed-by-another"), "{refused:?}");
        assert_eq!(office.json(CENTRE, &["release", entry]).await.get("claimed_by"), None);
    }
    for _ in 0..2 {
        let merged = office.json(CENTRE, &["merge", &from, "--into", &into]).await;
        assert_eq!(merged["outcome"], "merged", "the same again is answered the same");
    }
    assert_eq!(office.json(CENTRE, &["merge", &report, "--into", &into]).await["case_id"], json!(into));
    let rejected = office.json(CENTRE, &["reject", &id(4), "--ground", "not-a-matter"]).await;
    assert_eq!(rejected["ground"], "not-a-matter");
    let apart = office.json(CENTRE, &["split", &into, "--report", &report, "--item", "TRA-03"]).await;
    assert_ne!(apart["case_id"], json!(into));
    // What bodies have is merged by the same word, and routed again where its item was wrong.
    let apart = apart["case_id"].as_str().unwrap().to_owned();
    let again =
        office.desk(CENTRE, &["reroute", &apart, "--item", "TRA-01", "--note", "其实是改线"]).await.done();
    assert!(
        again.contains("TRA-01") && again.contains("transport") && again.contains("重新派单时间"),
        "{again}"
    );
    office.hears(6, "TRA-03", "站台积水").await;
    let waiting = office.waiting().await;
    let refused = office.desk(CENTRE, &["merge", &apart, "--into", &waiting]).await;
    assert!(refused.code == 3 && refused.err.contains("409 plan-waits"), "the other's plan: {refused:?}");
    office.json(CENTRE, &["approve", &waiting]).await;
    let merged = office.json(CENTRE, &["merge", &apart, "--into", &into]).await;
    assert_eq!((&merged["case_id"], &merged["into_case_id"]), (&json!(apart), &json!(into)));
    let over = office.desk(CENTRE, &["reroute", &apart, "--item", "TRA-03"]).await;
    assert!(over.code == 3 && over.err.contains("409 case-over"), "{over:?}");
    // Routed by hand, where nothing is proposed or something else is meant.
    office.hears(5, "", "早上好").await;
    assert_eq!(office.json(CENTRE, &["route", &id(5), "--item", "TRA-01"]).await["item"], "TRA-01");
}

#[tokio::test]
async fn what_is_not_there_is_looked_for_in_the_list_and_wrong_words_are_no_request() {
    let office = Office::open().await;
    let missing = office.desk(CENTRE, &["claim", &id(9)]).await;
    assert!(missing.code == 3 && missing.err.contains("404 not-found"), "{missing:?}");
    assert!(missing.err.contains(&format!("→ streetwise desk list --street {STREET}")), "{missing:?}");
    assert_eq!(office.desk("resident", &["list"]).await.code, 3);
    assert_eq!(office.desk(CENTRE, &["reject", &id(9), "--ground", "because"]).await.code, 2);
    assert_eq!(office.desk(CENTRE, &["show", "x"]).await.code, 1);
}
