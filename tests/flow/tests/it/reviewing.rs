//! A street whose plans wait for its centre, and what a centre gives from above, through real processes that are killed on the way.

use std::time::Duration;

use harness::cluster::{Cluster, Setup};
use harness::streets;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::wait;

const WITHIN: Duration = Duration::from_secs(60);

fn reviewed_street(n: usize) -> String {
    let street = streets::street(n);
    assert!(street.contains("routing_mode: auto"), "{street}");
    if n == 1 { street.replace("routing_mode: auto", "routing_mode: street-review") } else { street }
}

struct Town {
    cluster: Cluster,
    street: String,
}

impl Town {
    async fn start() -> Self {
        let setup = Setup { street: reviewed_street, ..Setup::of(2) };
        Self { cluster: Cluster::start_as(setup).await.unwrap(), street: streets::code(1) }
    }

    async fn ask(
        &self,
        who: &str,
        method: Method,
        service: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let url = format!("{}/{service}/v1/streets/{}/{path}", self.cluster.url(service), self.street);
        let request = self.cluster.http().request(method, url).bearer_auth(self.cluster.token(who));
        let request = request.header("idempotency-key", streetwise::client::fresh_key().to_string());
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn get(&self, who: &str, service: &str, path: &str) -> Value {
        self.ask(who, Method::GET, service, path, None).await.1
    }

    /// The first entry of a list, as soon as there is one for which something holds.
    async fn first(
        &self,
        who: &str,
        service: &str,
        path: &str,
        list: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Value {
        let found = wait::until(WITHIN, async || {
            let page = self.get(who, service, path).await;
            page[list].as_array()?.iter().find(|entry| holds(entry)).cloned()
        });
        found.await.unwrap_or_else(|| panic!("nothing of {service} {path}"))
    }

    /// Killed without notice, started again.
    async fn kill(&self, service: &'static str) {
        self.cluster.program(service).kill().await;
        self.cluster.start_service(service, &[]).await.unwrap();
        self.cluster.await_ready(&[service], WITHIN).await.unwrap();
    }
}

fn report(item: &str, text: &str) -> Value {
    json!({ "text": text, "item": item, "place": { "lon": 106.5512, "lat": 29.5628, "datum": "wgs84" } })
}

/// The plan waits, is changed by the street's centre, and goes out once; what was given from above does not wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_waits_for_its_street_and_goes_out_once() {
    let town = Town::start().await;
    let (status, receipt) = town
        .ask("resident", Method::POST, "intake", "reports", Some(report("TRA-01", "306路取消了我们的站")))
        .await;
    assert_eq!(status, 201, "{receipt}");
    let entry =
        town.first("street-centre", "triage", "plan-reviews?desk=street", "plan_reviews", |_| true).await;
    let case =
        town.first("street-centre", "console", "cases", "cases", |case| case["phase"] == "reviewing").await;
    assert_eq!(case["case_id"], entry["case_id"]);
    assert!(case["holder"].as_str().unwrap().starts_with("street-centre@"), "{case}");
    let id = entry["case_id"].as_str().unwrap();

    town.kill("triage").await;
    let held = town.get("transport", "dispatch", "orders").await;
    assert_eq!(held["orders"], json!([]), "no order before the centre has said so");
    let changed = json!({ "lead": "bus-company", "note": "运营调整，由公交公司牵头" });
    let approve = format!("plan-reviews/{id}:approve");
    let (status, answer) =
        town.ask("street-centre", Method::POST, "triage", &approve, Some(changed.clone())).await;
    assert_eq!(status, 200, "{answer}");
    town.kill("triage").await;
    town.kill("dispatch").await;
    let lead =
        town.first("bus-company", "dispatch", "orders", "orders", |order| order["role"] == "lead").await;
    assert_eq!((&lead["case_id"], &lead["phase"]), (&entry["case_id"], &json!("dispatched")));
    // Said again, it is the same; nobody has two orders.
    let (status, _) = town.ask("street-centre", Method::POST, "triage", &approve, Some(changed)).await;
    assert_eq!(status, 200);
    let opened = town
        .first("street-centre", "console", "cases", "cases", |case| case["holder"] == "bus-company")
        .await;
    assert_eq!((&opened["case_id"], &opened["phase"]), (&entry["case_id"], &json!("open")));
    let orders = town.get("governance-centre", "dispatch", &format!("orders?case_id={id}")).await;
    let mut bodies: Vec<&str> =
        orders["orders"].as_array().unwrap().iter().map(|o| o["body"].as_str().unwrap()).collect();
    let all = bodies.len();
    bodies.sort_unstable();
    bodies.dedup();
    assert_eq!(bodies.len(), all, "each body once: {bodies:?}");

    given_from_above(&town).await;
    merged(&town, id).await;
}

/// The same stop was reported as another item, and bodies have that, too: one of the two goes on, whoever is killed on the way.
async fn merged(town: &Town, into: &str) {
    let (status, receipt) =
        town.ask("resident", Method::POST, "intake", "reports", Some(report("TRA-03", "站牌也被撤了"))).await;
    assert_eq!(status, 201, "{receipt}");
    let of_sign = |entry: &Value| entry["item"] == "TRA-03";
    let entry = town.first("street-centre", "triage", "plan-reviews", "plan_reviews", of_sign).await;
    let from = entry["case_id"].as_str().unwrap();
    let approve = format!("plan-reviews/{from}:approve");
    let (status, answer) = town.ask("street-centre", Method::POST, "triage", &approve, Some(json!({}))).await;
    assert_eq!(status, 200, "{answer}");
    let orders = format!("orders?case_id={from}");
    town.first("governance-centre", "dispatch", &orders, "orders", |order| order["role"] == "lead").await;

    town.kill("dispatch").await;
    let (merge, body) = (format!("cases/{from}:merge"), json!({ "case_id": into, "note": "同一处站点" }));
    let first = town.ask("street-centre", Method::POST, "triage", &merge, Some(body.clone())).await;
    assert_eq!((first.0, &first.1["into_case_id"]), (200, &json!(into)), "{first:?}");
    town.kill("triage").await;
    assert_eq!(town.ask("street-centre", Method::POST, "triage", &merge, Some(body)).await, first, "again");
    let ended = wait::until(WITHIN, async || {
        let page = town.get("governance-centre", "dispatch", &orders).await;
        let orders = page["orders"].as_array()?;
        let over = orders.iter().all(|order| order["phase"] == "cancelled");
        (over && !orders.is_empty()).then_some(())
    });
    assert!(ended.await.is_some(), "the orders of the one end");
    let stays = |case: &Value| case["case_id"] == into && case["voices"] == 2;
    let stays = town.first("street-centre", "console", "cases", "cases", stays).await;
    assert_eq!(stays["phase"], "open", "the other goes on: {stays}");
}

/// The district gives both streets a matter by the command line; killed on the way and done again, each has it once.
async fn given_from_above(town: &Town) {
    let key = streetwise::client::fresh_key().to_string();
    let give = async || {
        let output = tokio::process::Command::new(testkit::process::binaries().join("streetwise"))
            .args([
                "assign",
                "--item",
                "SAF-10",
                "--text",
                "请开展一次小场所用火用电排查",
                "--lead",
                "street-safety@",
            ])
            .args([
                "--to",
                "990102001000=106.5512,29.5628",
                "--to",
                "990102002000=106.5612,29.5728",
                "--datum",
                "wgs84",
            ])
            .args(["--key", &key, "--json", "--intake-url", town.cluster.url("intake")])
            .args(["--token", town.cluster.token("governance-centre")])
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let first = give().await;
    town.kill("intake").await;
    town.kill("triage").await;
    assert_eq!(give().await, first, "the same answers again");
    for street in [streets::code(1), streets::code(2)] {
        let lead = format!("street-safety@{street}");
        let path = format!("/dispatch/v1/streets/{street}/orders");
        let orders = wait::until(WITHIN, async || {
            let url = format!("{}{path}", town.cluster.url("dispatch"));
            let token = town.cluster.token("governance-centre");
            let page: Value =
                town.cluster.http().get(url).bearer_auth(token).send().await.ok()?.json().await.ok()?;
            let orders = page["orders"].as_array()?;
            let led: Vec<_> =
                orders.iter().filter(|o| o["item"] == "SAF-10" && o["role"] == "lead").cloned().collect();
            (!led.is_empty()).then_some(led)
        });
        let orders = orders.await.unwrap_or_else(|| panic!("{street} has no order"));
        let bodies: Vec<&str> = orders.iter().map(|order| order["body"].as_str().unwrap()).collect();
        assert_eq!(bodies, [lead.as_str()], "once, and no desk kept it waiting");
    }
}
