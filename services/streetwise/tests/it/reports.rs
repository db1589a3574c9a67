//! `streetwise report` as people run it, against intake, triage and console.

use std::sync::atomic::Ordering;

use console::Console;
use intake::Intake;
use serde_json::{Value, json};
use testkit::identity::Identity;
use testkit::rig::Rig;
use triage::Triage;

use crate::door::{self, Losing};
use crate::town::Printed;

const STREET: &str = "990102001000";
const PLACE: [&str; 6] = ["--lon", "106.5512", "--lat", "29.5628", "--datum", "wgs84"];
const REROUTED: [&str; 4] = ["--item", "TRA-01", "--text", "306路改线，取消了站点"];
/// Nobody listens there.
const CLOSED: &str = "http://127.0.0.1:9";

/// Where people report, and where it is a case a moment later. Both believe the same issuer.
struct Quarter {
    intake: Rig<Intake>,
    triage: Rig<Triage>,
    identity: Identity,
    intake_url: String,
    triage_url: String,
    /// Answers of intake.
    losing: Losing,
    _folder: tempfile::TempDir,
}

impl Quarter {
    async fn open() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let identity = Identity::generate();
        let (jwks, secret, seal) = (path("jwks.json"), path("secret"), path("seal"));
        std::fs::write(&jwks, identity.jwks().to_string()).unwrap();
        std::fs::write(&secret, [3; 32]).unwrap();
        std::fs::write(&seal, [7; 32]).unwrap();
        let issuer = ("STREETWISE_JWKS_FILE", jwks.as_str());
        let keys = [("STREETWISE_INTAKE_SECRET_FILE", &*secret), ("STREETWISE_SEAL_KEY_FILE", &*seal)];
        let intake = Rig::<Intake>::start(&[issuer, keys[0], keys[1]]).await;
        intake.demo_documents().await;
        let triage = Rig::<Triage>::start(&[issuer]).await;
        triage.demo_documents().await;
        let losing = Losing::default();
        let intake_url = door::opened(intake.router(), losing.clone()).await;
        let triage_url = door::opened(triage.router(), Losing::default()).await;
        Self { intake, triage, identity, intake_url, triage_url, losing, _folder: folder }
    }

    async fn runs(&self, subject: &str, words: &[&str]) -> Printed {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_streetwise"))
            .arg("report")
            .args(words)
            .args(["--street", STREET])
            .args(PLACE)
            .env("STREETWISE_INTAKE_URL", &self.intake_url)
            .env("STREETWISE_TRIAGE_URL", &self.triage_url)
            .env("STREETWISE_TOKEN", self.identity.token(subject))
            .output()
            .await
            .expect("the command runs");
        Printed::of(&output)
    }

    async fn send(&self, subject: &str, more: &[&str]) -> Printed {
        self.runs(subject, &[&["send"], &REROUTED[..], more].concat()).await
    }

    async fn near(&self) -> Vec<Value> {
        let out = self.runs("resident", &["near", "--json"]).await.done();
        let near: Value = serde_json::from_str(&out).expect("JSON alone");
        near["cases"].as_array().expect("a list").clone()
    }

    /// What was accepted so far, at triage; what it has heard before it knows.
    async fn heard(&self) {
        for (envelope, payload) in self.intake.said().await {
            self.triage.publish(&envelope, payload).await;
        }
        self.triage.drain().await;
    }

    async fn accepted(&self) -> usize {
        self.intake.said().await.len()
    }
}

fn read(out: &str) -> Value {
    serde_json::from_str(out).expect("JSON alone")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_near_by_is_shown_and_holds_a_report_back_until_it_is_sent_anyway() {
    let quarter = Quarter::open().await;
    let nothing = quarter.runs("grid-worker", &["near"]).await.done();
    assert_eq!(nothing, "✓ 附近没有未结案件 / no open case near by\n");
    let first = quarter.send("grid-worker", &["--address", "滨江路"]).await;
    assert!(first.err.is_empty() && first.out.starts_with("✓ 已上报 / reported\n"), "{first:?}");
    assert!(first.done().contains("→ 查询进度 / follow it: streetwise report follow "));
    quarter.heard().await;

    let case = quarter.near().await.remove(0);
    let number = case["case_no"].as_str().unwrap();
    let near = quarter.runs("grid-worker", &["near", "--text", "公交改线"]).await.done();
    for told in [number, "TRA-01", case["item_en"].as_str().unwrap(), "0 m", "2026-11-23T02:00:00Z", " open"]
    {
        assert!(near.contains(told), "{told}: {near}");
    }
    let held = quarter.send("resident", &[]).await;
    assert!(held.code == 4 && held.out.contains(number), "{held:?}");
    assert!(held.err.contains("未上报") && held.err.contains("run it again with --anyway"), "{held:?}");
    let held = quarter.send("resident", &["--json"]).await;
    let answer = read(&held.out);
    assert_eq!(
        (held.code, &answer["sent"], &answer["near"][0]["case_no"]),
        (4, &json!(false), &case["case_no"])
    );
    assert_eq!(quarter.accepted().await, 1, "nothing was sent");

    // Of another matter, or where somebody is in danger, it goes out with what is near beside it.
    for words in ["路灯不亮", "公交站煤气泄漏，306路改线"] {
        let sent = quarter.runs("resident", &["send", "--text", words]).await.done();
        assert!(sent.contains(number) && sent.contains("✓ 已上报"), "{words}: {sent}");
    }

    let anyway = quarter.send("resident", &["--anyway"]).await.done();
    assert!(anyway.contains(number) && anyway.contains("✓ 已上报"), "{anyway}");
    quarter.heard().await;
    assert_eq!(quarter.accepted().await, 4);
    let near = quarter.near().await;
    let joined = near.iter().find(|near| near["case_no"] == case["case_no"]).expect("it is open");
    assert_eq!(joined["voices"], 2);
}

/// A report whose answer is lost is on the record once, however often it is sent again, a case near by as it is then.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_unknown_outcome_is_sent_again_by_its_key_and_is_one() {
    let quarter = Quarter::open().await;
    quarter.losing.store(2, Ordering::SeqCst);
    let unknown = quarter.send("resident", &[]).await;
    assert!(unknown.code == 3 && unknown.err.contains("503"), "{unknown:?}");
    let (_, key) = unknown.err.split_once("--key ").expect("the key");
    let again = ["--key", &key[..36], "--anyway"];
    assert!(key[36..].starts_with(" --anyway"), "{unknown:?}");
    quarter.heard().await;
    assert_eq!(quarter.send("resident", &again[..2]).await.code, 4, "it is near itself");
    let mut receipts = Vec::new();
    for lost in [0, 1] {
        quarter.losing.store(lost, Ordering::SeqCst);
        let out = quarter.send("resident", &[&again[..], &["--json"]].concat()).await.done();
        receipts.push(read(&out));
    }
    assert!(
        receipts[0]["sent"] == true && receipts[0]["near"].as_array().is_some_and(|near| near.len() == 1)
    );
    assert_eq!(receipts[0], receipts[1]);
    assert_eq!(quarter.accepted().await, 1);
    // The first answer is lost, the second says no: the first may have been kept all the same.
    quarter.losing.store(1, Ordering::SeqCst);
    let unsure = quarter.send("transport", &again[2..]).await;
    assert!(unsure.code == 3 && unsure.err.contains("403") && unsure.err.contains("--key "), "{unsure:?}");
    // Other words by the same key are another report, and refused.
    let other = ["send", "--text", "路灯坏了", "--key", &key[..36], "--anyway"];
    let refused = quarter.runs("resident", &other).await;
    assert!(refused.code == 3 && !refused.err.contains("结果未知"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_not_lost_with_its_hint_and_a_drill_needs_none() {
    let quarter = Quarter::open().await;
    // Away, and one that is no triage.
    for triage in [CLOSED, &quarter.intake_url] {
        let sent = quarter.send("grid-worker", &["--triage-url", triage]).await;
        assert!(sent.err.starts_with("! 未能查看附近案件"), "{sent:?}");
        assert!(sent.done().contains("✓ 已上报"));
    }
    let sent = quarter.send("grid-worker", &["--triage-url", CLOSED, "--json"]).await;
    assert_eq!(read(&sent.out)["near"], Value::Null, "nobody knows: {sent:?}");
    let drill = quarter.send("sre", &["--drill"]).await;
    assert!(drill.err.is_empty() && drill.out.starts_with("✓ 演练已上报"), "{drill:?}");
    let marks: Vec<bool> = quarter.intake.said().await.iter().map(|(envelope, _)| envelope.drill).collect();
    assert_eq!(marks.iter().filter(|drill| **drill).count(), 1, "{marks:?}");

    // Who may not report is refused by intake, whatever triage said before.
    let refused = quarter.send("transport", &[]).await;
    assert!(refused.code == 3 && refused.err.contains("上报 / reporting: 403"), "{refused:?}");
    assert_eq!(quarter.runs("transport", &["near"]).await.code, 3);
    let away = quarter.runs("resident", &["near", "--triage-url", CLOSED]).await;
    assert!(away.code == 1 && away.err.contains(CLOSED), "{away:?}");
    let blank = quarter.runs("resident", &["send", "--text", " "]).await;
    assert!(blank.code == 2 && blank.err.contains("内容不能为空"), "{blank:?}");
    assert_eq!(marks.len(), quarter.accepted().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_followed_by_its_code_alone() {
    let quarter = Quarter::open().await;
    let receipt = read(&quarter.send("resident", &["--json"]).await.done());
    let code = receipt["tracking_code"].as_str().unwrap();
    let console = Rig::<Console>::start(&[]).await;
    console.demo_documents().await;
    let url = door::opened(console.router(), Losing::default()).await;
    let follow = async |code: &str, more: &[&str]| {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_streetwise"))
            .args(["report", "follow", code, "--console-url", &url])
            .args(more)
            .env_remove("STREETWISE_TOKEN")
            .output()
            .await
            .expect("the command runs");
        Printed::of(&output)
    };
    let early = follow(code, &[]).await;
    assert!(early.code == 3 && early.err.contains("404") && early.err.contains("核对查询码"), "{early:?}");
    assert!(!early.err.contains(code), "a code is a secret: {early:?}");
    for (envelope, payload) in quarter.intake.said().await {
        console.publish(&envelope, payload).await;
    }
    console.drain().await;
    let told = follow(&code.to_lowercase().replace('-', " "), &[]).await.done();
    assert!(told.contains("已受理 received") && told.contains("上报已受理"), "{told}");
    assert_eq!(read(&follow(code, &["--json"]).await.done())["phase"], "received");
    assert_eq!(follow("990102001-261123-0001", &[]).await.code, 2);
}
