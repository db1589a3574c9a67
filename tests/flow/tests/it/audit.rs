//! The record of a running system, held against the heads its relays have logged.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use harness::cluster::{Cluster, SERVICES};
use harness::invariants;
use harness::load::{self, Plan};
use streetwise::audit::{Looked, look};
use streetwise::cli::{AuditExport, AuditVerify, Doctor};
use streetwise::doctor::examine;
use streetwise::doctor::finding::State;
use testkit::wait;
use uuid::Uuid;

/// Services end and log their heads; then somebody with the database's password cuts off the end of a chain, so that what
/// is left holds together. The logs tell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_that_was_cut_off_is_missed_by_the_logs() {
    let cluster = Arc::new(Cluster::start(2).await.unwrap());
    let plan = Plan { per_s: 20, lasting: Duration::from_secs(2), seed: 3, in_flight_max: 64 };
    load::run(&cluster, &plan).await;
    invariants::quiet(&cluster, Duration::from_secs(60)).await.unwrap();
    assert_eq!(doors(&cluster).await, [State::Well; 6], "every service answers with this version");
    let order = acknowledged(&cluster).await;
    SERVICES.iter().for_each(|name| cluster.program(name).terminate());
    let gone = wait::until(Duration::from_secs(30), async || {
        SERVICES.iter().all(|name| !cluster.program(name).alive()).then_some(())
    });
    assert!(gone.await.is_some(), "every service ends when it is asked to");
    let folder = tempfile::tempdir().unwrap();
    cluster.keep_logs(folder.path()).unwrap();
    let logs = SERVICES
        .iter()
        .filter(|name| **name != "console")
        .map(|name| folder.path().join(format!("{name}.log")));
    let arguments = AuditVerify {
        admin_url: cluster.admin_url(),
        services: Vec::new(),
        street: None,
        since: None,
        checkpoints: logs.collect(),
        json: false,
    };
    let whole = look(&arguments).await.unwrap();
    assert_eq!(faults(&whole), [""; 0]);
    let rows: u64 = whole.iter().map(|looked| looked.seen.rows).sum();
    assert!(rows > 40 * 4, "every report has several rows: {rows}");

    a_case_is_exported_and_checked_by_others(&cluster, folder.path(), order).await;

    let cut = "WITH last AS (SELECT * FROM dispatch.seals ORDER BY tenant_id, n DESC LIMIT 1),
                    rows AS (DELETE FROM dispatch.journal WHERE id IN (SELECT UNNEST(event_ids) FROM last))
               DELETE FROM dispatch.seals s USING last WHERE (s.tenant_id, s.n) = (last.tenant_id, last.n)";
    assert_eq!(sqlx::query(cut).execute(&cluster.admin).await.unwrap().rows_affected(), 1);
    let [found] = &faults(&look(&arguments).await.unwrap())[..] else { panic!("one chain was cut") };
    assert!(found.starts_with("dispatch 990102001000: the chain ends at seal"), "{found}");
    let alone = AuditVerify { checkpoints: Vec::new(), ..arguments };
    assert_eq!(faults(&look(&alone).await.unwrap()), [""; 0], "the database alone does not tell");
    assert!(streetwise::audit::verify(&alone).await.is_ok());
}

/// The export of a case holds for a program that knows nothing of us; with one byte of it changed, or one event left out,
/// it does not.
async fn a_case_is_exported_and_checked_by_others(cluster: &Cluster, folder: &Path, order: Uuid) {
    let case = "SELECT c.tenant_id, c.case_no FROM dispatch.cases c JOIN dispatch.orders o ON o.case_id = c.id WHERE o.id = $1";
    let (tenant, case_no): (i64, String) =
        sqlx::query_as(case).bind(order).fetch_one(&cluster.admin).await.unwrap();
    let file = folder.join("case.json");
    let arguments = AuditExport {
        admin_url: cluster.admin_url(),
        street: tenant.to_string().parse().unwrap(),
        case: case_no.clone(),
        out: file.clone(),
    };
    streetwise::audit::export(&arguments).await.unwrap();
    let log = folder.join("dispatch.log");
    let (code, said) = check(&file, &[&log]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("{case_no}: ")), "{said}");
    assert!(said.contains("dispatch: ") && said.contains("kept outside"), "{said}");

    // What stands in a log beside its heads hides none of them.
    let noisy = folder.join("noisy.log");
    let logged = std::fs::read(&log).unwrap();
    let noise = b"relay: seal checkpoint\n{\"message\":\"seal checkpoint\",\"seal\":\n[\"seal checkpoint\"]\n\xff\xfe seal checkpoint\n";
    std::fs::write(&noisy, [&noise[..], &logged].concat()).unwrap();
    let (code, told) = check(&file, &[&noisy]);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(told, format!("4 lines speak of a seal checkpoint and are none: skipped\n{said}"));

    let whole = std::fs::read_to_string(&file).unwrap();
    let export: serde_json::Value = serde_json::from_str(&whole).unwrap();
    let of_dispatch = |export: &serde_json::Value| {
        export["proofs"].as_array().unwrap().iter().position(|proof| proof["service"] == "dispatch").unwrap()
    };
    let place = of_dispatch(&export);
    type Change = fn(&mut serde_json::Value);
    let changes: [(Change, &str); 4] = [
        (|proof| proof["rows"][0]["actor"] = "somebody".into(), "it was changed"),
        // The first event of something that went on.
        (without_the_first_of_two, "are missing"),
        (|proof| proof["seals"][0]["contents"][0] = "00".repeat(32).into(), "is not made of its rows"),
        (|proof| proof["seals"][0]["root"] = "00".repeat(32).into(), "is not made of its rows"),
    ];
    for (change, told) in changes {
        let mut forged = export.clone();
        change(&mut forged["proofs"][place]);
        std::fs::write(&file, forged.to_string()).unwrap();
        let (code, said) = check(&file, &[]);
        assert!(code == Some(1) && said.contains(told), "{told}: {code:?} {said}");
    }
    let unknown = AuditExport { case: "nothing".to_owned(), ..arguments };
    assert!(streetwise::audit::export(&unknown).await.is_err());
}

fn without_the_first_of_two(proof: &mut serde_json::Value) {
    let rows = proof["rows"].as_array_mut().unwrap();
    let second = rows.iter().find(|row| row["version"] == 2).unwrap()["aggregate_id"].clone();
    rows.retain(|row| row["aggregate_id"] != second || row["version"] != 1);
}

/// A body acknowledges one of its orders; returns which.
async fn acknowledged(cluster: &Cluster) -> Uuid {
    let (tenant, order): (i64, Uuid) =
        sqlx::query_as("SELECT tenant_id, id FROM dispatch.orders WHERE body = 'transport' LIMIT 1")
            .fetch_one(&cluster.admin)
            .await
            .unwrap();
    let url = format!("{}/dispatch/v1/streets/{tenant}/orders/{order}:acknowledge", cluster.url("dispatch"));
    let request = cluster.http().post(url).bearer_auth(cluster.token("transport"));
    let request = request.header("idempotency-key", order.to_string()).json(&serde_json::json!({}));
    assert_eq!(request.send().await.unwrap().status(), 200);
    invariants::quiet(cluster, Duration::from_secs(60)).await.unwrap();
    order
}

/// Exit code and everything said.
fn check(export: &Path, checkpoints: &[&Path]) -> (Option<i32>, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/check_case_export.py");
    let output = Command::new("python3").arg(script).arg(export).args(checkpoints).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

/// What `doctor` says of the services' doors.
async fn doors(cluster: &Cluster) -> Vec<State> {
    let doctor = Doctor {
        admin_url: cluster.admin_url(),
        nats_url: cluster.broker.url(),
        nkey_file: Some(cluster.broker_key_file("provisioner").into()),
        replicas: 1,
        monitoring_url: None,
        certificates: Vec::new(),
        services: SERVICES.iter().map(|name| cluster.url(name).parse().unwrap()).collect(),
        json: false,
    };
    let findings = examine(&doctor).await;
    findings.into_iter().filter(|finding| finding.check == "service").map(|finding| finding.state).collect()
}

fn faults(looked: &[Looked]) -> Vec<String> {
    let faulty = looked.iter().filter_map(|looked| Some((looked, looked.seen.fault.as_ref()?)));
    faulty.map(|(looked, fault)| format!("{} {}: {fault}", looked.service, looked.tenant)).collect()
}
