//! The record of a running system, held against the heads its relays have logged.

use std::sync::Arc;
use std::time::Duration;

use harness::cluster::{Cluster, SERVICES};
use harness::invariants;
use harness::load::{self, Plan};
use streetwise::audit::{Looked, look};
use streetwise::cli::{AuditVerify, Doctor};
use streetwise::doctor::examine;
use streetwise::doctor::finding::State;
use testkit::wait;

/// Services end and log their heads; then somebody with the database's password cuts off the end of a chain, so that what
/// is left holds together. The logs tell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_that_was_cut_off_is_missed_by_the_logs() {
    let cluster = Arc::new(Cluster::start(2).await.unwrap());
    let plan = Plan { per_s: 20, lasting: Duration::from_secs(2), seed: 3, in_flight_max: 64 };
    load::run(&cluster, &plan).await;
    invariants::quiet(&cluster, Duration::from_secs(60)).await.unwrap();
    assert_eq!(doors(&cluster).await, [State::Well; 6], "every service answers with this version");
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
