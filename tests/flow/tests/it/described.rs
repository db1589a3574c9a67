//! Every HTTP door against its own description: schemathesis makes requests from `/openapi.json`, sound and broken
//! ones. No 5xx, only declared statuses and types, broken data refused, no door open without a token.
//!
//! `./dev test` takes a few examples per operation, `./dev fuzz` many; the seed is printed.

use std::fmt::Write as _;
use std::time::Duration;

use harness::cluster::Cluster;
use harness::streets;
use serde_json::{Value, json};
use testkit::wait;
use tokio::process::Command;

/// Each service with somebody who may use most of its doors.
const DOORS: [(&str, &str); 6] = [
    ("intake", "grid-worker"),
    ("triage", "street-centre"),
    ("dispatch", "transport"),
    ("notification", "street-centre"),
    ("directory", "sre"),
    ("console", "street-centre"),
];
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,negative_data_rejection,unsupported_method,ignored_auth";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_door_keeps_to_its_description_fuzz() {
    let modules = std::env::var("STREETWISE_SCHEMATHESIS")
        .expect("STREETWISE_SCHEMATHESIS is not set: run it by ./dev test -p flow");
    let examples = std::env::var("STREETWISE_CONTRACT_EXAMPLES").unwrap_or_else(|_| "10".to_owned());
    let seed = rand::random::<u32>().to_string();
    println!("seed {seed}");
    let cluster = Cluster::start_in_one_process(1).await.unwrap();
    let rows = a_case(&cluster).await;
    let mut broken = String::new();
    for (service, persona) in DOORS {
        let config = cluster.folder.path().join(format!("{service}.toml"));
        std::fs::write(&config, configuration(&rows)).unwrap();
        let output = Command::new("python3")
            .env("PYTHONPATH", &modules)
            .args(["-m", "schemathesis.cli", "--config-file"])
            .arg(config)
            .args(["run", &format!("{}/openapi.json", cluster.url(service))])
            .args(["-H", &format!("Authorization: Bearer {}", cluster.token(persona))])
            .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"])
            .args(["--max-examples", &examples, "--seed", &seed, "--request-timeout", "10", "--no-color"])
            .current_dir(cluster.folder.path())
            .output()
            .await
            .expect("python3 runs");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        println!(
            "{service}: {}",
            printed.lines().find(|line| line.contains("generated")).unwrap_or(&printed)
        );
        if !output.status.success() {
            writeln!(broken, "{service}:\n{printed}\n{}", String::from_utf8_lossy(&output.stderr)).unwrap();
        }
    }
    assert!(broken.is_empty(), "{broken}");
}

/// What the doors need to get beyond 404: path parameters by operation.
fn configuration(rows: &Rows) -> String {
    let Rows { case_id, order_id } = rows;
    let street = streets::code(1);
    let mut text = format!("[parameters]\n\"path.street\" = \"{street}\"\n\"path.code\" = \"{street}\"\n");
    text.push_str("\"path.generation\" = 1\n");
    let named = [
        ("/dispatch/v1/streets/{street}/cases/{id}", "id", case_id),
        ("/dispatch/v1/streets/{street}/cases/{id}:verify", "id", case_id),
        ("/dispatch/v1/streets/{street}/orders/{id}", "id", order_id),
        ("/dispatch/v1/streets/{street}/orders/{id}:{verb}", "id", order_id),
        ("/dispatch/v1/streets/{street}/orders/{order}/links", "order", order_id),
        ("/dispatch/v1/streets/{street}/cases/{case}/visits", "case", case_id),
        ("/dispatch/v1/streets/{street}/orders/{order}/visits/{visit}:sign", "order", order_id),
        ("/console/v1/streets/{street}/cases/{id}", "id", case_id),
        ("/console/v1/streets/{street}/cases/{id}/timeline", "id", case_id),
        ("/triage/v1/streets/{street}/cases/{case_id}/explanation", "case_id", case_id),
    ];
    for (path, name, id) in named {
        write!(
            text,
            "\n[[operations]]\ninclude-path = \"{path}\"\nparameters = {{ \"path.{name}\" = \"{id}\" }}\n"
        )
        .unwrap();
    }
    text
}

struct Rows {
    case_id: String,
    order_id: String,
}

/// One case with its orders, so that the doors have something to show.
async fn a_case(cluster: &Cluster) -> Rows {
    let street = streets::code(1);
    let place = json!({ "lon": 106.5, "lat": 29.5, "datum": "gcj02" });
    let body = json!({ "text": "公交306路改道", "item": "TRA-01", "place": place });
    let url = format!("{}/intake/v1/streets/{street}/reports", cluster.url("intake"));
    let request = cluster.http().post(url).bearer_auth(cluster.token("grid-worker"));
    let key = "5f3c6c1e-0000-4000-8000-00000000000a";
    request.header("idempotency-key", key).json(&body).send().await.unwrap().error_for_status().unwrap();
    let found = wait::until(Duration::from_secs(20), async || {
        let url = format!("{}/dispatch/v1/streets/{street}/orders", cluster.url("dispatch"));
        let answer = cluster.http().get(url).bearer_auth(cluster.token("transport")).send().await.ok()?;
        let page: Value = serde_json::from_str(&answer.text().await.ok()?).ok()?;
        let order = page["orders"].get(0)?;
        let text = |name: &str| order[name].as_str().map(str::to_owned);
        Some(Rows { case_id: text("case_id")?, order_id: text("order_id")? })
    });
    found.await.expect("the case's order")
}
