//! A street is removed while its neighbours live: nothing of it is left in any table, stream, Redis key or file, but the
//! deletion log; the neighbours have what they had. Services are killed in the middle and go on.

mod scan;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use contract::broker_user::PROVISIONER;
use harness::cluster::{Cluster, SERVICES, Setup};
use harness::{invariants, streets};
use serde_json::{Value, json};
use sqlx::PgPool;
use testkit::process::binaries;
use testkit::redis::Redis;
use testkit::wait;
use tokio::process::Command;
use uuid::Uuid;

/// In the words of every report of the street that goes.
pub(super) const WORDS: &str = "金丝雀飞走了";
/// Who reported.
pub(super) const CONTACT: &str = "CANARY13900001111";
/// The street that goes; its neighbours are 1 and 2.
const GONE: usize = 3;
const WITHIN: Duration = Duration::from_secs(60);
/// Where services die while they remove rows.
const DEATHS: [(&str, &str); 3] = [
    ("triage", "removal.after_commit:2"),
    ("dispatch", "removal.before_commit:3"),
    ("intake", "removal.after_commit:1"),
];

fn gone() -> String {
    streets::code(GONE)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_street_leaves_nothing_and_its_neighbours_everything() {
    let redis = Redis::start().await.unwrap();
    let cluster = district_with(&redis).await;
    traffic(&cluster).await;
    poison(&cluster).await;
    let share = format!("intake:quota:{}:ordinary", gone());
    redis_says(&redis, &["SET", &share, "1"]).await;
    let before = scan::tables(&cluster.admin, &gone()).await;
    println!("{} tables know of the street: {before:?}", before.len());
    assert!(
        before.len() > 30 && before.contains_key("dispatch.links"),
        "the scan sees too little: {before:?}"
    );
    let neighbours = counts(&cluster.admin).await;

    let kept = taken_out(&cluster).await;
    let refused = offboard(&cluster, &[]).await;
    assert_eq!(refused.0, 3, "open cases refuse it: {refused:?}");
    assert!(refused.2.contains("cases-open"), "{refused:?}");
    assert!(refused.2.contains("6 cases are open, 2 reports or plans wait for a person"), "{refused:?}");
    for (service, point) in DEATHS {
        cluster.start_service(service, &[("STREETWISE_CRASH_POINT", point)]).await.unwrap();
    }
    cluster.await_ready(&["triage", "dispatch", "intake"], WITHIN).await.unwrap();
    let (done, ()) = tokio::join!(offboard(&cluster, &["--force"]), raise_the_dead(&cluster));
    assert_eq!(done.0, 0, "{done:?}");
    println!("{}", done.1);
    late(&cluster).await;

    let left = scan::tables(&cluster.admin, &gone()).await;
    assert_eq!(left, BTreeMap::new(), "tables");
    assert_eq!(scan::messages(&cluster, &gone()).await, Vec::<String>::new(), "streams");
    assert_eq!(redis_says(&redis, &["KEYS", &format!("*{}*", gone())]).await, "*0\r\n", "Redis");
    let files: Vec<_> = std::fs::read_dir(cluster.folder.path().join("secrets")).unwrap().collect();
    let names = files.into_iter().map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.contains(&gone())).count(), 0, "files");
    assert_eq!(counts(&cluster.admin).await, neighbours, "rows of the neighbours");
    the_log_says_so(&cluster).await;
    the_neighbours_live(&cluster).await;
    onboarded_again(&cluster, &kept).await;
}

/// The scan can fail: were one table left out, it would be named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_left_out_is_found() {
    let redis = Redis::start().await.unwrap();
    let cluster = district_with(&redis).await;
    traffic(&cluster).await;
    cluster.stop_services().await;
    let admin = &cluster.admin;
    let mutant = "DO $$ DECLARE body text := pg_get_functiondef('triage.remove_tenant_rows'::regproc); BEGIN
        body := replace(body, 'AND NOT c.relispartition', 'AND NOT c.relispartition AND c.relname <> ''reviews''');
        EXECUTE body; END $$";
    let sound: String = sqlx::query_scalar("SELECT pg_get_functiondef('triage.remove_tenant_rows'::regproc)")
        .fetch_one(admin)
        .await
        .unwrap();
    assert!(sound.contains("AND NOT c.relispartition"));
    sqlx::raw_sql(mutant).execute(admin).await.unwrap();
    remove_by_hand(admin).await;
    let left = scan::tables(admin, &gone()).await;
    assert_eq!(left.keys().collect::<Vec<_>>(), ["triage.reviews"], "the mutant is flagged");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sound)).execute(admin).await.unwrap();
    remove_by_hand(admin).await;
    assert_eq!(scan::tables(admin, &gone()).await, BTreeMap::new());
}

/// What every service does by itself, without the services.
async fn remove_by_hand(admin: &PgPool) {
    let mut connection = admin.acquire().await.unwrap();
    sqlx::raw_sql("SET app.tenants = '{}'").execute(&mut *connection).await.unwrap();
    for service in SERVICES {
        let street = gone();
        let begin = format!("SELECT {service}.begin_removal({street}, 990102000000, 100)");
        sqlx::raw_sql(sqlx::AssertSqlSafe(begin)).execute(&mut *connection).await.unwrap();
        loop {
            let batch = format!("SELECT {service}.remove_tenant_rows({street}, 50)");
            let rows: Option<i64> =
                sqlx::query_scalar(sqlx::AssertSqlSafe(batch)).fetch_one(&mut *connection).await.unwrap();
            if rows == Some(0) {
                break;
            }
        }
    }
}

async fn district_with(redis: &Redis) -> Cluster {
    let url: &'static str = Box::leak(redis.url().into_boxed_str());
    let knobs: &'static [_] = Box::leak(vec![("STREETWISE_REDIS_URL", url)].into_boxed_slice());
    let cluster = Cluster::start_as(Setup { knobs, ..Setup::of(GONE) }).await.unwrap();
    let known = wait::until(WITHIN, async || {
        let asked = removal(&cluster, json!({ "confirm": "990102001000", "reason": "试 / try" })).await;
        let exports =
            cluster.http().get(format!("{}/dispatch/v1/export/{}/cases", cluster.url("dispatch"), gone()));
        let exports = exports.bearer_auth(cluster.token("sre")).send().await.ok()?;
        (asked == 422 && exports.status() == 200).then_some(())
    });
    known.await.expect("the administrator is known, and a wrong confirmation refused");
    cluster
}

async fn removal(cluster: &Cluster, body: Value) -> u16 {
    let url = format!("{}/directory/v1/streets/{}:offboard", cluster.url("directory"), gone());
    let request = cluster.http().post(url).bearer_auth(cluster.token("sre"));
    let request = request.header("idempotency-key", Uuid::from_u128(rand::random()).to_string());
    request.json(&body).send().await.unwrap().status().as_u16()
}

async fn report(cluster: &Cluster, street: usize, n: u128, item: Option<&str>) -> u16 {
    let place = json!({ "lon": 106.5 + n as f64 / 50.0, "lat": 29.5, "datum": "gcj02" });
    // Canaries of the street that goes only: the neighbours keep theirs.
    let (words, contact) = if street == GONE { (WORDS, CONTACT) } else { ("公交改道", "13800002222") };
    let text = format!("{words}，第{n}号");
    let body = json!({ "text": text, "item": item, "place": place, "reporter": { "contact": contact } });
    let url = format!("{}/intake/v1/streets/{}/reports", cluster.url("intake"), streets::code(street));
    let request = cluster.http().post(url).bearer_auth(cluster.token("grid-worker"));
    let request = request.header("idempotency-key", Uuid::from_u128(rand::random()).to_string());
    request.json(&body).send().await.unwrap().status().as_u16()
}

/// Matters in every street: some with orders and deliveries, some that wait for a person.
async fn traffic(cluster: &Cluster) {
    for n in 0..8 {
        for street in 1..=GONE {
            let item = [Some("TRA-01"), Some("TRA-02"), None][(n % 3) as usize];
            let status = report(cluster, street, n, item).await;
            assert!((200..300).contains(&status), "{status}");
        }
    }
    invariants::quiet(cluster, WITHIN).await.unwrap();
    link(cluster).await;
    reviewed(cluster).await;
    rerouted(cluster).await;
    rotated(cluster).await;
    invariants::quiet(cluster, WITHIN).await.unwrap();
}

/// The street reviewed a plan once.
async fn reviewed(cluster: &Cluster) {
    let insert = format!(
        "INSERT INTO triage.plan_reviews (tenant_id, case_id, lane, mode, desk, plan, traceparent, requested_at, due_at,
             outcome, decided_by, decided_at)
         SELECT tenant_id, case_id, 1, 'street-review', 'street', ''::bytea, '', opened_at, opened_at, 'lapsed', 'clock', opened_at
         FROM triage.cases WHERE tenant_id = {} LIMIT 1",
        gone()
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(insert)).execute(&cluster.admin).await.unwrap();
    assert_eq!(rows.rows_affected(), 1);
}

/// The street's centre found that a case was about something else.
async fn rerouted(cluster: &Cluster) {
    let query =
        format!("SELECT case_id FROM triage.cases WHERE tenant_id = {} AND item = 'TRA-01' LIMIT 1", gone());
    let case: Uuid = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&cluster.admin).await.unwrap();
    let url = format!("{}/triage/v1/streets/{}/cases/{case}:reroute", cluster.url("triage"), gone());
    let request = cluster.http().post(url).bearer_auth(cluster.token("governance-centre"));
    request.json(&json!({ "item": "TRA-03" })).send().await.unwrap().error_for_status().unwrap();
}

/// The street's centre had the secret of its endpoint changed.
async fn rotated(cluster: &Cluster) {
    let insert = format!(
        "INSERT INTO notification.rotated_secrets (tenant_id, endpoint_key, n, sealed, made_at)
         SELECT tenant_id, endpoint_key, 1, sealed, made_at FROM notification.endpoint_secrets WHERE tenant_id = {}",
        gone()
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(insert)).execute(&cluster.admin).await.unwrap();
    assert!(rows.rows_affected() > 0);
}

/// A link to one of the street's orders.
async fn link(cluster: &Cluster) {
    let query = format!("SELECT id FROM dispatch.orders WHERE tenant_id = {} LIMIT 1", gone());
    let order: Uuid = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&cluster.admin).await.unwrap();
    let url = format!("{}/dispatch/v1/streets/{}/orders/{order}/links", cluster.url("dispatch"), gone());
    let request = cluster.http().post(url).bearer_auth(cluster.token("governance-centre"));
    let request = request.header("idempotency-key", Uuid::from_u128(rand::random()).to_string());
    let status = request.json(&json!({ "label": "值班室" })).send().await.unwrap().status();
    assert_eq!(status.as_u16(), 201);
}

/// A message of the street that nobody can apply: triage and the console park it.
async fn poison(cluster: &Cluster) {
    say(cluster, format!("{{\"words\":\"{WORDS}\"}}")).await;
    let parked = wait::until(WITHIN, async || {
        let query = "SELECT (SELECT count(*) FROM triage.parked) + (SELECT count(*) FROM console.parked)";
        let count: i64 = sqlx::query_scalar(query).fetch_one(&cluster.admin).await.ok()?;
        (count == 2).then_some(())
    });
    parked.await.expect("parked twice");
}

/// One more message of the street, which comes when it is gone: dropped, not parked.
async fn late(cluster: &Cluster) {
    say(cluster, WORDS.to_owned()).await;
    let dropped = wait::until(WITHIN, async || {
        let query = "SELECT (SELECT sum(messages_dropped) FROM triage.removals)::bigint
            + (SELECT sum(messages_dropped) FROM console.removals)::bigint";
        let count: i64 = sqlx::query_scalar(query).fetch_one(&cluster.admin).await.ok()?;
        (count >= 2).then_some(())
    });
    dropped.await.expect("dropped by both who hear it");
}

async fn say(cluster: &Cluster, payload: String) {
    let jetstream = async_nats::jetstream::new(cluster.broker_keeper().await.unwrap());
    let subject = format!("intake.report.accepted.normal.{}", gone());
    jetstream.publish(subject, payload.into()).await.unwrap().await.unwrap();
}

/// The whole street as files: what was applied byte for byte, every row, no contact.
async fn taken_out(cluster: &Cluster) -> PathBuf {
    let (out, endpoints) = (cluster.folder.path().join("kept"), cluster.write_endpoints().unwrap());
    let code = gone();
    let arguments = ["export", &code, "--out", path(&out), "--endpoints", path(&endpoints)];
    let (status, _, said) = street(cluster, &arguments).await;
    assert_eq!(status, 0, "{said}");
    let sums = Command::new("sha256sum")
        .args(["--check", "--strict", "SHA256SUMS"])
        .current_dir(&out)
        .output()
        .await;
    assert!(sums.unwrap().status.success(), "sums as everybody reads them");
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    assert_eq!(read("manifest.yaml"), streets::street(GONE));
    let about: Value = serde_json::from_str(&read("export.json")).unwrap();
    for (file, rows) in about["rows"].as_object().unwrap() {
        let text = read(file);
        assert_eq!(Some(text.lines().count() as u64), rows.as_u64(), "{file}");
        assert!(!text.contains(CONTACT) && !text.contains("contact_sealed"), "{file}");
        let Some((service, table)) = file.trim_end_matches(".jsonl").split_once('/') else { continue };
        let query = format!("SELECT count(*) FROM {service}.{table} WHERE tenant_id = {code}");
        let there: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&cluster.admin).await.unwrap();
        assert_eq!(Some(there), rows.as_i64(), "{file}");
        assert!(there > 0, "{file} shows nothing");
    }
    assert!(read("intake/reports.jsonl").contains(WORDS));
    out
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

async fn offboard(cluster: &Cluster, more: &[&str]) -> (i32, String, String) {
    let (code, endpoints, nats) = (gone(), cluster.write_endpoints().unwrap(), cluster.broker.url());
    let arguments = ["offboard", &code, "--confirm", &code, "--reason", "并入邻街 / merged"];
    let key = cluster.broker_key_file(PROVISIONER);
    let places = ["--nats-url", &nats, "--nkey-file", &key, "--endpoints", path(&endpoints)];
    street(cluster, &[&arguments[..], &places[..], more].concat()).await
}

/// The command as an administrator runs it: exit code, what it printed, what it said.
async fn street(cluster: &Cluster, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(binaries().join("streetwise"));
    let output =
        command.arg("street").args(arguments).args(["--token", cluster.token("sre")]).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// Starts again what has died in the middle.
async fn raise_the_dead(cluster: &Cluster) {
    for (service, point) in DEATHS {
        let died = wait::until(WITHIN, async || (!cluster.program(service).alive()).then_some(())).await;
        assert!(died.is_some(), "{service} never reached {point}");
        cluster.start_service(service, &[]).await.unwrap();
        println!("{service} died at {point} and is back");
    }
}

/// Rows of each neighbour in each table.
async fn counts(admin: &PgPool) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for (table, tenant) in scan::tables_of_tenants(admin).await {
        for street in [streets::code(1), streets::code(2)] {
            let query = format!("SELECT count(*) FROM {table} WHERE {tenant} = {street}");
            let count = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(admin).await.unwrap();
            counts.insert(format!("{table} of {street}"), count);
        }
    }
    assert!(counts.values().filter(|count| **count > 0).count() > 40, "{counts:?}");
    counts
}

async fn the_log_says_so(cluster: &Cluster) {
    let url = format!("{}/directory/v1/streets/{}/removals", cluster.url("directory"), streets::DISTRICT);
    let answer = cluster.http().get(url).bearer_auth(cluster.token("sre")).send().await.unwrap();
    let log: Value = answer.error_for_status().unwrap().json().await.unwrap();
    let entry = &log["removals"][0];
    assert_eq!(entry["tenant"], gone().as_str(), "{log:#}");
    assert!(entry["settled_at"].is_string() && entry["actor"] == "sre", "{log:#}");
    let services = entry["report"]["services"].as_array().unwrap();
    assert_eq!(services.len(), SERVICES.len());
    for service in services {
        let keeps_a_key = ["intake", "notification"].contains(&service["service"].as_str().unwrap());
        assert!(service["rows_removed"].as_u64().unwrap() > 0, "{service}");
        assert_eq!(service["key_destroyed_at"].is_string(), keeps_a_key, "{service}");
    }
    println!("{entry:#}");
}

async fn the_neighbours_live(cluster: &Cluster) {
    cluster.await_ready(&SERVICES, WITHIN).await.unwrap();
    assert_eq!(report(cluster, GONE, 90, None).await, 404, "the street is unknown");
    for street in [1, 2] {
        let status = report(cluster, street, 91, Some("TRA-01")).await;
        assert!((200..300).contains(&status), "street {street}: {status}");
    }
    invariants::quiet(cluster, WITHIN).await.unwrap();
}

/// The code is free: whoever takes it begins above the tombstone, with nothing.
async fn onboarded_again(cluster: &Cluster, kept: &Path) {
    let arguments = ["import", path(kept), "--json", "--directory-url", cluster.url("directory")];
    let (code, printed, said) = street(cluster, &arguments).await;
    assert_eq!(code, 0, "{said}");
    let applied: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(applied["generation"], 3, "{applied}");
    assert!(applied["not_imported"]["intake/reports.jsonl"].as_u64() > Some(0), "{applied}");
    let accepts = wait::until(WITHIN, async || {
        (200..300).contains(&report(cluster, GONE, 92, Some("TRA-01")).await).then_some(())
    });
    accepts.await.expect("the new street takes reports");
    let told = wait::until(WITHIN, async || {
        let query = format!("SELECT count(*) FROM notification.deliveries WHERE tenant_id = {}", gone());
        let count: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&cluster.admin).await.ok()?;
        (count > 0).then_some(())
    });
    told.await.expect("and somebody is told of them");
}

/// One command in Redis' own words; what it answered, raw.
async fn redis_says(redis: &Redis, command: &[&str]) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = redis.url().trim_start_matches("redis://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let words = command.iter().map(|word| format!("${}\r\n{word}\r\n", word.len()));
    let request = format!("*{}\r\n{}", command.len(), words.collect::<String>());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}
