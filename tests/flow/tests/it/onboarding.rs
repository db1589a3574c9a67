//! The directory is killed at every point of an apply: the street is the old one or the new one, never a half, and the
//! same manifest again ends in the same place.

use std::time::Duration;

use harness::cluster::{Cluster, SERVICES};
use harness::streets;
use reqwest::StatusCode;
use serde_json::Value;
use testkit::wait;

const STREET: i64 = 990_102_001_000;
const WITHIN: Duration = Duration::from_secs(30);
/// Where it dies, and whether the new generation is on the record by then.
const POINTS: [(&str, bool); 5] = [
    ("directory.apply.before_commit", false),
    ("directory.apply.after_commit", true),
    ("relay.after_seal", true),
    ("relay.after_puback", true),
    ("relay.after_delete", true),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_apply_leaves_the_old_street_or_the_new_one() {
    assert_eq!(streets::code(1), STREET.to_string());
    let cluster = Cluster::start(1).await.unwrap();
    for (seed, (point, kept)) in (1..).zip(POINTS) {
        // Of another seed everything differs: names, borders, grids.
        let manifest = streetwise::simulate::street(seed, 1, None);
        let before = generation(&cluster).await;
        cluster.start_service("directory", &[("STREETWISE_CRASH_POINT", point)]).await.unwrap();
        cluster.await_ready(&["directory"], WITHIN).await.unwrap();
        let answer = apply(&cluster, &manifest).await;
        let died = wait::until(WITHIN, async || (!cluster.program("directory").alive()).then_some(())).await;
        assert!(died.is_some(), "the directory never reached {point}; the apply was answered {answer:?}");
        let there = generation(&cluster).await;
        assert_eq!(there, if kept { before + 1 } else { before }, "killed at {point}");
        whole(&cluster, "directory", there).await;

        cluster.start_service("directory", &[]).await.unwrap();
        cluster.await_ready(&["directory"], WITHIN).await.unwrap();
        let (status, again) = apply(&cluster, &manifest).await.expect("an answer");
        assert_eq!(status, StatusCode::OK, "{again:#}");
        let told = (again["generation"].as_i64(), again["changed"].as_bool());
        assert_eq!(told, (Some(before + 1), Some(!kept)), "{point}: applied again");
        for service in SERVICES {
            let newest = wait::until(WITHIN, async || {
                (parts(&cluster, service).await.iter().all(|(_, held)| *held == before + 1)).then_some(())
            });
            assert!(newest.await.is_some(), "{point}: {service} holds {:?}", parts(&cluster, service).await);
        }
        drained(&cluster).await;
        println!("{point}: generation {before} → {there}, after the repetition {}", before + 1);
    }
}

/// Nothing waits to be published: the next one to be killed must meet its point with the next apply, not with a rest of this.
async fn drained(cluster: &Cluster) {
    let empty = wait::until(WITHIN, async || {
        let waiting =
            sqlx::query_scalar("SELECT count(*) FROM directory.outbox_pending").fetch_one(&cluster.admin);
        let waiting: i64 = waiting.await.unwrap();
        (waiting == 0).then_some(())
    });
    assert!(empty.await.is_some(), "the directory's outbox does not drain");
}

/// All parts of one generation, in the schema that the directory writes in the apply's own transaction.
async fn whole(cluster: &Cluster, service: &str, generation: i64) {
    let parts = parts(cluster, service).await;
    assert!(parts.len() >= 2 && parts.iter().all(|(_, held)| *held == generation), "{service}: {parts:?}");
    let statement = "SELECT count(*) FROM directory.manifests WHERE tenant_id = $1";
    let kept: i64 = sqlx::query_scalar(statement).bind(STREET).fetch_one(&cluster.admin).await.unwrap();
    assert_eq!(kept, generation, "a manifest for each generation");
}

async fn generation(cluster: &Cluster) -> i64 {
    let statement = "SELECT generation FROM directory.tenants WHERE tenant_id = $1";
    sqlx::query_scalar(statement).bind(STREET).fetch_one(&cluster.admin).await.unwrap()
}

async fn parts(cluster: &Cluster, service: &str) -> Vec<(String, i64)> {
    let statement =
        format!("SELECT part, generation FROM {service}.tenant_documents WHERE tenant_id = $1 ORDER BY 1");
    let parts = sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(STREET).fetch_all(&cluster.admin);
    parts.await.unwrap()
}

/// Nothing where the connection ended without an answer.
async fn apply(cluster: &Cluster, manifest: &str) -> Option<(StatusCode, Value)> {
    let url = format!("{}/directory/v1/manifests:apply", cluster.url("directory"));
    let request = cluster.http().post(url).bearer_auth(cluster.token("sre"));
    let request = request.header("content-type", "application/yaml").body(manifest.to_owned());
    let answer = request.send().await.ok()?;
    Some((answer.status(), answer.json().await.ok()?))
}
