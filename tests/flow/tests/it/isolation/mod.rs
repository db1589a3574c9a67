//! Nobody sees, moves or even recognises what belongs to another street: every operation, every parameter that names
//! something, with what is a foreign street's. The operations come from the descriptions the services serve and
//! from the protos' descriptors, so a new one is tried without being named here.
//!
//! Promises shown: what is foreign looks exactly like what does not exist; nothing of it occurs in any answer; nothing
//! of it moves. The same operations are then tried by its own people, so that a wrong path cannot pass for a refusal.

mod operation;
mod rpc;
mod sample;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use harness::cluster::{Cluster, SERVICES, Setup};
use harness::streets;
use serde_json::{Value, json};
use testkit::wait;
use uuid::Uuid;

use operation::Operation;

/// In the words of the foreign street's reports.
const CANARY: &str = "金丝雀不得外泄";
/// Of the other street, in every role a street has.
const NEIGHBOUR: &str = "resident";
/// Tables with something to name, and the column that names it.
const NAMED: [(&str, &str); 6] = [
    ("intake.reports", "report_id"),
    ("triage.cases", "case_id"),
    ("triage.reviews", "report_id"),
    ("dispatch.orders", "id"),
    ("dispatch.links", "id"),
    ("notification.deliveries", "id"),
];

/// A running district with a matter in street 1.
struct World {
    cluster: Cluster,
    operations: Vec<Operation>,
    /// What street 1 has.
    theirs: Vec<Uuid>,
    /// What nobody has, one for each of them.
    nobodys: Vec<Uuid>,
}

/// An answer as the caller sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    status: u16,
    body: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_foreign_looks_like_what_does_not_exist() {
    let world = World::start().await;
    let before = world.moved().await;
    let tried = world.a_foreign_street().await + world.foreign_things_in_the_own_street().await;
    let called = rpc::foreign(&world).await;
    println!("{tried} requests of {} operations, {called} gRPC calls", world.operations.len());
    assert_eq!(world.moved().await, before, "something of the foreign street moved");
    world.its_own_people_get_through().await;
}

/// Somebody is always on duty in street 1.
const DUTY: &str = "  posts:
    duty-desk: { name: { zh: 值班室, en: Duty desk }, body: street-centre, people: [{ subject: wang }] }
  rotas:
    duty:
      name: { zh: 值班, en: Duty }
      post: duty-desk
      starts: 2026-01-01
      handover: \"08:30\"
      period_days: 1
      shifts: { day: { start: \"08:30\", end: \"08:30\", crews: [[wang]] } }
";

/// Street 1 has no `resident`; in street 2 that is everybody, but for the grid worker by whom the harness sees that the
/// street is there.
fn street(n: usize) -> String {
    let own = "    resident: [{ role: resident }]\n";
    let text = streets::street(n);
    if n == 1 {
        return format!("{}{DUTY}", text.replace(own, ""));
    }
    let (head, _) = text.split_once("  members:\n").expect("members at the end");
    format!(
        "{head}  members:\n    grid-worker: [{{ role: grid-worker }}]\n    {NEIGHBOUR}: [{{ role: resident }}, {{ role: grid-worker }}, \
         {{ role: street-centre, body: street-centre }}, {{ role: body-user, body: street-centre }}, \
         {{ role: verifier }}, {{ role: directory-admin }}]\n"
    )
}

impl World {
    async fn start() -> Self {
        let setup = Setup { street, ..Setup::of(2) };
        let cluster = Cluster::start_in_one_process_as(setup).await.unwrap();
        let mut operations = Vec::new();
        for service in SERVICES {
            let url = format!("{}/openapi.json", cluster.url(service));
            let text = cluster.http().get(url).send().await.unwrap().text().await.unwrap();
            operations.extend(Operation::of_description(service, &serde_json::from_str(&text).unwrap()));
        }
        let mut world = Self { cluster, operations, theirs: Vec::new(), nobodys: Vec::new() };
        world.theirs = world.a_matter().await;
        world.nobodys = world.theirs.iter().map(|_| Uuid::from_u128(rand::random())).collect();
        world
    }

    /// Two reports of street 1, one of which waits for a person; returns what there is to name then.
    async fn a_matter(&self) -> Vec<Uuid> {
        let place = json!({ "lon": 106.5, "lat": 29.5, "datum": "gcj02" });
        for (n, item) in [(1, Some("TRA-01")), (2, None)] {
            // So unlike that it joins nothing by its words.
            let words = if item.is_some() { "" } else { "，鼜鼝鼞鼟鼡鼣鼤鼥鼦鼧鼨鼩鼪鼫" };
            let body = json!({ "text": format!("{CANARY}{n}{words}"), "item": item, "place": place });
            let url =
                format!("{}/intake/v1/streets/{}/reports", self.cluster.url("intake"), streets::code(1));
            let request = self.cluster.http().post(url).bearer_auth(self.cluster.token("grid-worker"));
            let request = request.header("idempotency-key", Uuid::from_u128(n).to_string());
            request.json(&body).send().await.unwrap().error_for_status().unwrap();
        }
        // Only a drill is shown to who holds drills.
        let body = json!({ "text": format!("{CANARY}3"), "item": "TRA-01", "place": place });
        let url =
            format!("{}/intake/v1/streets/{}/reports:drill", self.cluster.url("intake"), streets::code(1));
        let request = self.cluster.http().post(url).bearer_auth(self.cluster.token("sre"));
        let request = request.header("idempotency-key", Uuid::from_u128(3).to_string());
        request.json(&body).send().await.unwrap().error_for_status().unwrap();
        self.a_link().await;
        let all = wait::until(Duration::from_secs(30), async || {
            let mut named = BTreeMap::new();
            for (table, column) in NAMED {
                let statement = format!("SELECT {column} FROM {table} WHERE tenant_id = 990102001000");
                let ids: Vec<Uuid> = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
                    .fetch_all(&self.cluster.admin)
                    .await
                    .ok()?;
                named.insert(table, ids);
            }
            let least = [("notification.deliveries", 10), ("dispatch.orders", 10)];
            let here = named.values().all(|ids| !ids.is_empty())
                && least.iter().all(|(table, count)| named[table].len() >= *count);
            let undecided = "SELECT count(*) FROM notification.deliveries WHERE decided_at IS NULL";
            let undecided: i64 = sqlx::query_scalar(undecided).fetch_one(&self.cluster.admin).await.ok()?;
            (here && undecided == 0).then(|| named.into_values().flatten().collect::<BTreeSet<Uuid>>())
        });
        all.await
            .expect("a case, its orders and their deliveries, each with its verdict")
            .into_iter()
            .collect()
    }

    /// A link to an order of street 1.
    async fn a_link(&self) {
        let order = wait::until(Duration::from_secs(30), async || {
            let statement = "SELECT id FROM dispatch.orders WHERE tenant_id = 990102001000 LIMIT 1";
            sqlx::query_scalar::<_, Uuid>(statement).fetch_one(&self.cluster.admin).await.ok()
        });
        let order = order.await.expect("an order");
        let street = streets::code(1);
        let url =
            format!("{}/dispatch/v1/streets/{street}/orders/{order}/links", self.cluster.url("dispatch"));
        let request = self.cluster.http().post(url).bearer_auth(self.cluster.token("governance-centre"));
        let request = request.header("idempotency-key", Uuid::from_u128(4).to_string());
        request.json(&json!({ "label": "值班室" })).send().await.unwrap().error_for_status().unwrap();
    }

    /// A street that is not the caller's, with its own things: as a street that is nobody's.
    async fn a_foreign_street(&self) -> usize {
        let mut tried = 0;
        for operation in self.operations.iter().filter(|operation| operation.names_a_street()) {
            let unknown = operation.requests("990102999000", &self.nobodys);
            let foreign = operation.requests(&streets::code(1), &self.theirs);
            for (foreign, unknown) in foreign.iter().zip(&unknown) {
                let (there, nowhere) =
                    (self.ask(NEIGHBOUR, foreign).await, self.ask(NEIGHBOUR, unknown).await);
                assert_eq!(there, nowhere, "{foreign:?} is told apart from {unknown:?}");
                assert_eq!(there.status, 404, "{foreign:?}: {}", there.body);
                tried += 1;
            }
        }
        tried
    }

    /// The caller's own street with what is another's: as with what is nobody's.
    async fn foreign_things_in_the_own_street(&self) -> usize {
        let mut tried = 0;
        for operation in self.operations.iter().filter(|operation| operation.names_a_thing()) {
            let unknown = operation.requests(&streets::code(2), &self.nobodys);
            let foreign = operation.requests(&streets::code(2), &self.theirs);
            for (foreign, unknown) in foreign.iter().zip(&unknown) {
                let (there, nowhere) =
                    (self.ask(NEIGHBOUR, foreign).await, self.ask(NEIGHBOUR, unknown).await);
                assert_eq!(there, nowhere, "{foreign:?} is told apart from {unknown:?}");
                tried += 1;
            }
        }
        tried
    }

    /// Each operation answers somebody of the district in another way than an unknown thing.
    async fn its_own_people_get_through(&self) {
        let people =
            ["street-centre", "transport", "verifier", "governance-centre", "grid-worker", "sre", "auditor"];
        for operation in self.operations.iter().filter(|operation| operation.names_a_street()) {
            let mut through = false;
            'tries: for request in operation.requests(&streets::code(1), &self.theirs) {
                for person in people {
                    // 403 is for whoever sees the street and may not do this: the path is right, the role is not.
                    if !matches!(self.ask(person, &request).await.status, 403 | 404) {
                        through = true;
                        break 'tries;
                    }
                }
            }
            assert!(through, "nobody gets through to {operation:?}: are its parameters filled in rightly?");
        }
    }

    async fn ask(&self, person: &str, request: &operation::Request) -> Answer {
        let url = format!("{}{}", self.cluster.url(request.service), request.path);
        let sent = self.cluster.http().request(request.method.parse().unwrap(), url);
        let mut sent = sent.bearer_auth(self.cluster.token(person));
        sent = sent.header("idempotency-key", Uuid::from_u128(rand::random()).to_string());
        if let Some((content_type, body)) = &request.body {
            sent = sent.header("content-type", *content_type).body(body.clone());
        }
        let answer = sent.send().await.unwrap();
        let status = answer.status().as_u16();
        // A live stream that opens has no end.
        let live = answer.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let body = if live { String::new() } else { answer.text().await.unwrap() };
        if person == NEIGHBOUR {
            assert!(!body.contains(CANARY), "{request:?} answers with the foreign street's words");
        }
        Answer { status, body }
    }

    /// How much each service has said of street 1.
    async fn moved(&self) -> Vec<i64> {
        let mut counts = Vec::new();
        for service in SERVICES.iter().filter(|service| **service != "console") {
            let statement = format!("SELECT count(*) FROM {service}.journal WHERE tenant_id = 990102001000");
            let count = sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&self.cluster.admin);
            counts.push(count.await.unwrap());
        }
        counts
    }
}

/// A member of an object, or nothing.
fn of<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}
