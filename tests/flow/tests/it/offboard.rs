//! A street leaves, whole: no row, no subject, no key of it is left, its neighbour does not notice, and it may come back.
//!
//! Looked for in the catalogue, not in a list: every table of every schema, every message of every stream. The scan is
//! proved by a mutant: one row put back is found.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use harness::cluster::{Cluster, SERVICES};
use harness::streets;
use serde_json::{Value, json};
use streetwise::cli::{Arguments, Command};
use testkit::wait;
use uuid::Uuid;

/// In the words, and in the contact, of everybody who reports in the street that leaves.
const CANARY: &str = "金丝雀应随街道删除";
const WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_street_leaves_whole_and_its_neighbour_stays() {
    let cluster = Cluster::start(2).await.unwrap();
    for n in [1, 2] {
        for k in 1..=5 {
            report(&cluster, n, k).await;
        }
    }
    quiet(&cluster).await;
    let neighbour = rows(&cluster, &streets::code(2)).await;
    let before = rows(&cluster, &streets::code(1)).await;
    assert!(before.values().sum::<i64>() > 100, "there is something to remove: {before:?}");

    refused(&cluster).await;
    // Triage dies in the middle of it, and goes on when it is back.
    let armed = [("STREETWISE_CRASH_POINT", "removal.before_commit")];
    cluster.start_service("triage", &armed).await.unwrap();
    cluster.await_ready(&["triage"], WITHIN).await.unwrap();
    let (ended, ()) = tokio::join!(offboard(&cluster), async {
        let died = wait::until(WITHIN, async || (!cluster.program("triage").alive()).then_some(())).await;
        assert!(died.is_some(), "triage never reached its crash point");
        cluster.start_service("triage", &[]).await.unwrap();
        cluster.await_ready(&["triage"], WITHIN).await.unwrap();
    });
    ended.unwrap();

    assert_eq!(rows(&cluster, &streets::code(1)).await, BTreeMap::new());
    assert_eq!(canaries(&cluster).await, Vec::<String>::new());
    assert_eq!(messages(&cluster, &streets::code(1)).await, 0);
    assert_eq!(rows(&cluster, &streets::code(2)).await, neighbour, "the neighbour");
    gone_from_the_doors(&cluster).await;
    // Asked again: the same answer, nothing more to do.
    offboard(&cluster).await.unwrap();
    a_row_put_back_is_found(&cluster).await;
    it_comes_back_above_its_last_generation(&cluster).await;
}

/// Without the right, without the code once more, without a reason.
async fn refused(cluster: &Cluster) {
    let body = json!({ "confirm": streets::code(1), "reason": "撤并" });
    for person in ["sre", "street-centre", "governance-centre"] {
        assert_eq!(post(cluster, person, &body).await, 403, "{person}");
    }
    let slip = json!({ "confirm": streets::code(2), "reason": "撤并" });
    assert_eq!(post(cluster, "system-admin", &slip).await, 422);
    assert_eq!(
        post(cluster, "system-admin", &json!({ "confirm": streets::code(1), "reason": " " })).await,
        422
    );
}

async fn post(cluster: &Cluster, person: &str, body: &Value) -> u16 {
    let url = format!("{}/directory/v1/streets/{}:offboard", cluster.url("directory"), streets::code(1));
    let request = cluster.http().post(url).bearer_auth(cluster.token(person)).json(body);
    request.send().await.unwrap().status().as_u16()
}

async fn report(cluster: &Cluster, n: usize, k: u128) {
    let text = if n == 1 { format!("{CANARY}{k}") } else { format!("公交站牌损坏{k}") };
    let place = json!({ "lon": 106.5 + k as f64 * 0.02, "lat": 29.5, "datum": "wgs84" });
    let item = if k == 5 { Value::Null } else { json!("TRA-01") };
    let contact = json!({ "contact": format!("{CANARY}{k}") });
    let body = json!({ "text": text, "item": item, "place": place, "reporter": contact });
    let url = format!("{}/intake/v1/streets/{}/reports", cluster.url("intake"), streets::code(n));
    let request = cluster.http().post(url).bearer_auth(cluster.token("grid-worker"));
    let request = request.header("idempotency-key", Uuid::from_u128(1_000 * n as u128 + k).to_string());
    request.json(&body).send().await.unwrap().error_for_status().unwrap();
}

/// Until everything said was heard and every delivery has its verdict.
async fn quiet(cluster: &Cluster) {
    let still = wait::until(WITHIN, async || {
        let busy: i64 = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM intake.outbox_pending) + (SELECT count(*) FROM triage.outbox_pending)
                 + (SELECT count(*) FROM dispatch.outbox_pending) + (SELECT count(*) FROM notification.outbox_pending)
                 + (SELECT count(*) FROM console.unsequenced)
                 + (SELECT count(*) FROM notification.deliveries WHERE decided_at IS NULL)",
        )
        .fetch_one(&cluster.admin)
        .await
        .unwrap();
        let orders: i64 = sqlx::query_scalar("SELECT count(*) FROM notification.deliveries")
            .fetch_one(&cluster.admin)
            .await
            .unwrap();
        (busy == 0 && orders >= 40).then_some(())
    });
    assert!(still.await.is_some(), "the flow did not come to rest");
}

async fn offboard(cluster: &Cluster) -> Result<(), String> {
    let street = streets::code(1);
    let mut arguments: Vec<String> =
        ["streetwise", "street", "offboard", &street, "--confirm", &street, "--json"]
            .map(str::to_owned)
            .to_vec();
    let (broker, key) = (cluster.broker.url(), cluster.broker_key_file("provisioner"));
    let named = [
        ("--reason", "撤并入邻近街道"),
        ("--token", cluster.token("system-admin")),
        ("--directory-url", cluster.url("directory")),
        ("--nats-url", broker.as_str()),
        ("--nkey-file", key.as_str()),
        ("--within-s", "60"),
    ];
    arguments.extend(named.iter().flat_map(|(name, value)| [(*name).to_owned(), (*value).to_owned()]));
    for service in SERVICES {
        arguments.extend(["--service".to_owned(), format!("{service}={}", cluster.url(service))]);
    }
    let arguments: Arguments = clap::Parser::try_parse_from(arguments).map_err(|error| error.to_string())?;
    let Command::Street(command) = arguments.command else { panic!("another command") };
    streetwise::street::run(&command).await.map(|_| ()).map_err(|failure| failure.to_string())
}

/// Rows with a tenant's code in a column `tenant_id`, by table, from the catalogue. The removals are the log itself.
async fn rows(cluster: &Cluster, code: &str) -> BTreeMap<String, i64> {
    let tables: Vec<(String, String)> = sqlx::query_as(
        "SELECT n.nspname::text, c.relname::text
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
         WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'removals'",
    )
    .bind(SERVICES.map(str::to_owned).to_vec())
    .fetch_all(&cluster.admin)
    .await
    .unwrap();
    assert!(tables.len() > 40, "the catalogue: {}", tables.len());
    let mut found = BTreeMap::new();
    for (schema, table) in tables {
        let statement = format!("SELECT count(*) FROM {schema}.{table} WHERE tenant_id = $1");
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).bind(code.parse::<i64>().unwrap());
        let count: i64 = count.fetch_one(&cluster.admin).await.unwrap();
        if count > 0 {
            found.insert(format!("{schema}.{table}"), count);
        }
    }
    found
}

/// Tables of all schemas with the canary, or the code as a text, in any row; the log of the district names the code.
async fn canaries(cluster: &Cluster) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND c.relname NOT IN ('removals', 'offboardings')",
    )
    .bind(SERVICES.map(str::to_owned).to_vec())
    .fetch_all(&cluster.admin)
    .await
    .unwrap();
    let mut found = Vec::new();
    for table in tables {
        // Bytes are shown in hex: the canary and the code are looked for as that, too.
        let statement = format!(
            "SELECT count(*) FROM {table} t WHERE t::text LIKE '%' || $1 || '%' OR t::text LIKE '%' || $2 || '%'
                 OR t::text LIKE '%' || encode(convert_to($1, 'UTF8'), 'hex') || '%'
                 OR t::text LIKE '%' || encode(convert_to($2, 'UTF8'), 'hex') || '%'"
        );
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).bind(CANARY).bind(streets::code(1));
        let count: i64 = count.fetch_one(&cluster.admin).await.unwrap();
        if count > 0 {
            found.push(format!("{table}: {count}"));
        }
    }
    found
}

/// Messages on subjects that end in the code, of every stream.
async fn messages(cluster: &Cluster, code: &str) -> usize {
    let jetstream = async_nats::jetstream::new(cluster.broker_keeper().await.unwrap());
    let mut found = 0;
    let mut names = jetstream.stream_names();
    while let Some(name) = names.next().await {
        let stream = jetstream.get_stream(name.unwrap()).await.unwrap();
        let mut subjects = stream.info_with_subjects(">").await.unwrap();
        while let Some(subject) = subjects.next().await {
            let (subject, count) = subject.unwrap();
            if subject.ends_with(code) {
                found += count;
            }
        }
    }
    found
}

async fn gone_from_the_doors(cluster: &Cluster) {
    let code = streets::code(1);
    let url = format!("{}/intake/v1/streets/{code}/reports", cluster.url("intake"));
    let request = cluster.http().post(url).bearer_auth(cluster.token("grid-worker"));
    let request = request.header("idempotency-key", Uuid::from_u128(77).to_string());
    let body = json!({ "text": "a", "place": { "lon": 106.5, "lat": 29.5, "datum": "wgs84" } });
    assert_eq!(request.json(&body).send().await.unwrap().status().as_u16(), 404);
    let log = format!("{}/directory/v1/streets/990102000000/offboardings", cluster.url("directory"));
    let answer = cluster.http().get(log).bearer_auth(cluster.token("system-admin")).send().await.unwrap();
    let log: Value = answer.error_for_status().unwrap().json().await.unwrap();
    let entry = &log["offboarded"][0];
    assert_eq!((&entry["street"], &entry["actor"]), (&json!(code), &json!("system-admin")), "{log:#}");
}

/// The scan can fail.
async fn a_row_put_back_is_found(cluster: &Cluster) {
    let code: i64 = streets::code(1).parse().unwrap();
    let put = "INSERT INTO triage.desks (tenant_id) VALUES ($1)";
    sqlx::query(put).bind(code).execute(&cluster.admin).await.unwrap();
    assert_eq!(rows(cluster, &streets::code(1)).await.len(), 1);
    assert_eq!(canaries(cluster).await, ["triage.desks: 1"]);
    sqlx::query("DELETE FROM triage.desks WHERE tenant_id = $1")
        .bind(code)
        .execute(&cluster.admin)
        .await
        .unwrap();
}

async fn it_comes_back_above_its_last_generation(cluster: &Cluster) {
    let url = format!("{}/directory/v1/manifests:apply", cluster.url("directory"));
    let request = cluster.http().post(url).bearer_auth(cluster.token("sre"));
    let request = request.header("content-type", "application/yaml");
    let answer = request.body(streets::street(1)).send().await.unwrap();
    let applied: Value = answer.error_for_status().unwrap().json().await.unwrap();
    assert_eq!((&applied["generation"], &applied["changed"]), (&json!(3), &json!(true)), "1, removed by 2");
    let taken = wait::until(WITHIN, async || {
        let url = format!("{}/intake/v1/streets/{}/reports", cluster.url("intake"), streets::code(1));
        let request = cluster.http().post(url).bearer_auth(cluster.token("grid-worker"));
        let request = request.header("idempotency-key", Uuid::from_u128(78).to_string());
        let body = json!({ "text": "a", "item": "TRA-01", "place": { "lon": 106.5, "lat": 29.5, "datum": "wgs84" } });
        (request.json(&body).send().await.ok()?.status().as_u16() == 201).then_some(())
    });
    assert!(taken.await.is_some(), "the street takes reports again");
}
