//! `streetwise who-can` on a running system: asked with the number that people know, answered by the console.

use std::process::Output;
use std::time::Duration;

use harness::cluster::Cluster;
use harness::streets;
use serde_json::{Value, json};
use testkit::process::binaries;
use testkit::wait;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_can_see_a_case_is_asked_by_its_number() {
    let cluster = Cluster::start_in_one_process(1).await.unwrap();
    let number = a_case(&cluster).await;

    let told = who_can(&cluster, "auditor", &[&number]).await;
    let (text, said) = printed(&told);
    assert!(told.status.success(), "{text}\n{said}");
    for wanted in
        ["traffic-police", "承办单位人员 user of a body", "区中心 district centre", "仅本单位工单 own orders"]
    {
        assert!(text.contains(wanted), "{wanted} is not in\n{text}");
    }

    let json = who_can(&cluster, "auditor", &[&number, "--json"]).await;
    let answer: Value = serde_json::from_slice(&json.stdout).unwrap();
    let readers = answer["readers"].as_array().unwrap();
    let of = |subject: &str| readers.iter().find(|reader| reader["subject"] == subject);
    assert_eq!(of("transport").unwrap()["scope"]["body"], json!("transport"));
    // In two roles: as the district's centre, and as a body with an order.
    let sees = |what: &str| {
        let there = |reader: &&Value| reader["subject"] == "governance-centre" && reader["sees"] == what;
        readers.iter().filter(there).count()
    };
    assert_eq!((sees("case"), sees("body")), (1, 1), "{answer}");
    // Who administers, audits or is a resident sees no case.
    assert!(["sre", "auditor", "resident"].into_iter().all(|subject| of(subject).is_none()), "{answer}");

    // Whoever reads the case itself may still not ask who else does.
    for subject in ["street-centre", "transport", "sre"] {
        let refused = who_can(&cluster, subject, &[&number]).await;
        let (text, said) = printed(&refused);
        assert_eq!((refused.status.code(), text.as_str()), (Some(3), ""), "{subject}");
        assert!(said.contains("403 forbidden"), "{subject}: {said}");
    }
    let unknown = who_can(&cluster, "auditor", &["990102001-261123-9999"]).await;
    assert!(printed(&unknown).1.contains("404 not-found"), "{}", printed(&unknown).1);
}

/// A report of line 306, and the number of its case once the console shows its orders.
async fn a_case(cluster: &Cluster) -> String {
    let url = format!("{}/intake/v1/streets/{}/reports", cluster.url("intake"), streets::code(1));
    let place = json!({ "lon": 106.5, "lat": 29.5, "datum": "gcj02" });
    let body = json!({ "text": "306", "item": "TRA-01", "place": place });
    let request = cluster.http().post(url).bearer_auth(cluster.token("grid-worker")).json(&body);
    let request = request.header("idempotency-key", Uuid::from_u128(1).to_string());
    request.send().await.unwrap().error_for_status().unwrap();
    let list = format!("{}/console/v1/streets/{}/cases", cluster.url("console"), streets::code(1));
    let shown = wait::until(Duration::from_secs(30), async || {
        let mut number = None;
        // A body's user sees the case once its order is there.
        for body in ["traffic-police", "transport"] {
            let asked = cluster.http().get(&list).bearer_auth(cluster.token(body)).send().await.ok()?;
            let page: Value = asked.json().await.ok()?;
            number = Some(page["cases"][0]["case_no"].as_str()?.to_owned());
        }
        number
    });
    shown.await.expect("the case and its orders")
}

async fn who_can(cluster: &Cluster, subject: &str, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(binaries().join("streetwise"));
    command.arg("who-can").args(arguments).args(["--console-url", cluster.url("console")]);
    command.env("STREETWISE_TOKEN", cluster.token(subject)).output().await.unwrap()
}

fn printed(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
