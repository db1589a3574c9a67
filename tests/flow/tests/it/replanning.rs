//! Dispatch is killed between two batches of a replan (重排), and behind the commit of one whose answer nobody got: the same
//! requests again finish it, each order has moved once, and its clocks are those of a street where nobody was killed.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::cluster::Cluster;
use harness::{invariants, streets};
use serde_json::{Value, json};
use testkit::process::binaries;
use testkit::wait;
use tokio::process::Command;
use uuid::Uuid;

const WITHIN: Duration = Duration::from_secs(60);
/// The street whose replan is killed, and the one whose is not.
const KILLED: usize = 1;
const CONTROL: usize = 2;
/// Four batches of two, the last of one.
const CASES: usize = 7;
const LIMIT: usize = 2;
/// A lead and two assistants each, who have a clock that the day off moves.
const ORDERS: usize = 3 * CASES;
/// Where dispatch dies: in its second batch, which is lost, and in its first after that, which is kept.
const POINTS: [&str; 2] = ["dispatch.replan.before_commit:2", "dispatch.replan.after_commit"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_replan_is_finished_by_the_same_requests_and_moves_each_order_once() {
    let cluster = Cluster::start(CONTROL).await.unwrap();
    for street in [KILLED, CONTROL] {
        for n in 0..CASES {
            report(&cluster, street, n).await;
        }
    }
    invariants::quiet(&cluster, WITHIN).await.unwrap();
    let Some(day) = last_day(&cluster).await else { return };
    for street in [KILLED, CONTROL] {
        publish_day_off(&cluster, street, &day).await;
    }

    let listed = looked_at(&cluster, KILLED).await;
    let version = listed["version"].as_u64().unwrap();
    let mut going = Replan { cluster: &cluster, street: KILLED, version, after: Value::Null, moves: vec![] };
    for point in POINTS {
        cluster.start_service("dispatch", &[("STREETWISE_CRASH_POINT", point)]).await.unwrap();
        cluster.await_ready(&["dispatch"], WITHIN).await.unwrap();
        going.until_it_dies(point).await;
    }
    going.go_to_its_end().await;
    assert_eq!(json!(going.moves), listed["moves"], "what was looked at is what was moved");

    let undisturbed = looked_at(&cluster, CONTROL).await;
    let version = undisturbed["version"].as_u64().unwrap();
    let mut control =
        Replan { cluster: &cluster, street: CONTROL, version, after: Value::Null, moves: vec![] };
    control.go_to_its_end().await;
    assert_eq!(due_times(&cluster, KILLED).await, due_times(&cluster, CONTROL).await);
    for street in [KILLED, CONTROL] {
        let moved = times_moved(&cluster, street).await;
        assert!(moved.len() == ORDERS && moved.values().all(|times| *times == 1), "{street}: {moved:?}");
    }
    the_command_finds_nothing_more(&cluster, &going).await;
    invariants::quiet(&cluster, WITHIN).await.unwrap();
}

/// The batches of one street's replan, as a caller goes through them.
struct Replan<'a> {
    cluster: &'a Cluster,
    street: usize,
    version: u64,
    /// Where the next batch begins.
    after: Value,
    moves: Vec<Value>,
}

impl Replan<'_> {
    /// Goes on until dispatch dies, starts it again and repeats the request that was not answered.
    async fn until_it_dies(&mut self, point: &str) {
        let unanswered = loop {
            let key = Uuid::from_u128(rand::random());
            match self.asked(key).await {
                None => break key,
                Some(page) => self.take(&page),
            }
            assert!(!self.after.is_null(), "dispatch never reached {point}");
        };
        self.cluster.start_service("dispatch", &[]).await.unwrap();
        self.cluster.await_ready(&["dispatch"], WITHIN).await.unwrap();
        let page = self.asked(unanswered).await.expect("an answer");
        println!("{point}: {} cases left after the repetition", page["cases_left"]);
        self.take(&page);
    }

    async fn go_to_its_end(&mut self) {
        loop {
            let page = self.asked(Uuid::from_u128(rand::random())).await.expect("an answer");
            self.take(&page);
            if self.after.is_null() {
                return;
            }
        }
    }

    fn take(&mut self, page: &Value) {
        let moves = page["moves"].as_array().unwrap();
        assert!(!moves.is_empty() && moves.len() <= 3 * LIMIT, "{page:#}");
        assert_eq!(page["refused"], json!([]));
        self.moves.extend(moves.clone());
        self.after = page["next"].clone();
    }

    /// One batch under this key; nothing when dispatch died of it.
    async fn asked(&self, key: Uuid) -> Option<Value> {
        let url = format!("{}{}", self.cluster.url("dispatch"), path(self.street));
        let body = json!({ "calendar": calendar(self.street), "version": self.version, "after": self.after,
            "limit": LIMIT, "note": "调休" });
        let answered = wait::until(WITHIN, async || {
            let request = self.cluster.http().post(&url).bearer_auth(self.cluster.token("governance-centre"));
            let request = request.header("idempotency-key", key.to_string()).json(&body);
            match request.send().await {
                // It has just been started: its documents are still coming.
                Ok(answer) if answer.status() == 503 => None,
                Ok(answer) => {
                    let status = answer.status();
                    let page: Value = answer.json().await.ok()?;
                    assert_eq!(status, 200, "{page:#}");
                    Some(Some(page))
                }
                Err(_) => (!self.cluster.program("dispatch").alive()).then_some(None),
            }
        });
        answered.await.expect("an answer, or none for ever")
    }
}

fn calendar(street: usize) -> String {
    format!("street-{}", streets::code(street))
}

fn path(street: usize) -> String {
    format!("/dispatch/v1/streets/{}/calendars:replan", streets::code(street))
}

/// A matter of its own, far from the others.
async fn report(cluster: &Cluster, street: usize, n: usize) {
    let place = json!({ "lon": 106.5 + n as f64 * 0.06, "lat": 29.5, "datum": "gcj02" });
    let body = json!({ "text": format!("公交改道，第{n}号"), "item": "TRA-01", "place": place });
    let url = format!("{}/intake/v1/streets/{}/reports", cluster.url("intake"), streets::code(street));
    let request = cluster.http().post(url).bearer_auth(cluster.token("grid-worker"));
    let request = request.header("idempotency-key", Uuid::from_u128(rand::random()).to_string());
    request.json(&body).send().await.unwrap().error_for_status().unwrap();
}

/// The day on which everything is due: a working day that is still to come. Nothing, and a line that says so, in the last weeks
/// of the last published year: then orders wait for a calendar (D31), and no day off moves them.
pub(crate) async fn last_day(cluster: &Cluster) -> Option<String> {
    let statement = "SELECT d::text FROM (
            SELECT max(due_at AT TIME ZONE 'Asia/Shanghai')::date AS d FROM dispatch.stages
            WHERE stage = 'resolve' AND subject_kind = 'order'
        ) due WHERE extract(year FROM d + 7) = extract(year FROM d)";
    let day: Option<String> = sqlx::query_scalar(statement).fetch_optional(&cluster.admin).await.unwrap();
    if day.is_none() {
        println!("left out: what is due lies at the end of the last year of packs/default/calendar.yaml");
    }
    day
}

/// The street takes one more day off: a publication of its own calendar.
pub(crate) async fn publish_day_off(cluster: &Cluster, street: usize, day: &str) {
    let own = format!("  calendar:\n    days: [{{ date: {day}, kind: holiday }}]\n");
    let url = format!("{}/directory/v1/manifests:apply", cluster.url("directory"));
    let request = cluster.http().post(url).bearer_auth(cluster.token("sre"));
    let request = request.header("content-type", "application/yaml");
    let manifest = format!("{}{own}", streets::street(street));
    request.body(manifest).send().await.unwrap().error_for_status().unwrap();
}

/// What the day off would move, once dispatch has heard of it.
async fn looked_at(cluster: &Cluster, street: usize) -> Value {
    let url = format!("{}{}?calendar={}&limit=100", cluster.url("dispatch"), path(street), calendar(street));
    wait::eventually(WITHIN, "the publication", async || {
        let request = cluster.http().get(&url).bearer_auth(cluster.token("governance-centre"));
        let page: Value = request.send().await.ok()?.error_for_status().ok()?.json().await.ok()?;
        (page["moves"].as_array()?.len() == ORDERS).then_some(page)
    })
    .await
}

/// Who has to resolve by when.
async fn due_times(cluster: &Cluster, street: usize) -> Vec<(String, String, String)> {
    let statement = "SELECT o.body, o.role, s.due_at::text FROM dispatch.stages s
        JOIN dispatch.orders o ON o.tenant_id = s.tenant_id AND o.id = s.subject_id
        WHERE s.tenant_id = $1 AND s.subject_kind = 'order' AND s.stage = 'resolve' ORDER BY 1, 2, 3";
    let code: i64 = streets::code(street).parse().unwrap();
    sqlx::query_as(statement).bind(code).fetch_all(&cluster.admin).await.unwrap()
}

/// How often each order was moved, as the record says.
async fn times_moved(cluster: &Cluster, street: usize) -> BTreeMap<Uuid, i64> {
    let statement = "SELECT aggregate_id, count(*) FROM dispatch.journal
        WHERE tenant_id = $1 AND event_type = 'dispatch.order.replanned' GROUP BY 1";
    let code: i64 = streets::code(street).parse().unwrap();
    let rows: Vec<(Uuid, i64)> =
        sqlx::query_as(statement).bind(code).fetch_all(&cluster.admin).await.unwrap();
    rows.into_iter().collect()
}

/// Whoever runs the command again moves nothing twice.
async fn the_command_finds_nothing_more(cluster: &Cluster, done: &Replan<'_>) {
    let (street, version) = (streets::code(done.street), done.version.to_string());
    let output = Command::new(binaries().join("streetwise"))
        .args(["calendar", "replan", "--street", &street, "--calendar", &calendar(done.street)])
        .args(["--apply", "--version", &version, "--json"])
        .args(["--dispatch-url", cluster.url("dispatch"), "--token", cluster.token("governance-centre")])
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["calendars"][0]["moves"], json!([]), "{told:#}");
    assert_eq!(times_moved(cluster, done.street).await.len(), ORDERS);
}
