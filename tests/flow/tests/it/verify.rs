//! `street verify` on a simulated street: a fresh one conforms; one whose documents say something else than what runs
//! does not, and is told where.

use std::time::Duration;

use harness::cluster::{Cluster, Setup};
use harness::streets;
use serde_json::Value;
use streetwise::cli::{Arguments, Command};
use streetwise::street::verify::{self, Documents, Doors, Report};

const WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_simulated_street_conforms_and_a_tampered_expectation_is_told() {
    let setup = Setup { street: |n| streetwise::simulate::street(7, n as u16, None), ..Setup::of(1) };
    let cluster = Cluster::start_in_one_process_as(setup).await.unwrap();
    let mut documents = documents(&cluster).await;
    let report = verified(&cluster, &documents, 1).await;
    println!("{}", report.told());
    assert!(report.conforms, "{}", report.told());
    let layer = |name: &str| report.layers.iter().find(|layer| layer.name == name).map(|layer| layer.held);
    assert_eq!((layer("grid"), layer("community"), layer("street")), (Some(106), Some(17), Some(1)));
    assert!(report.drills >= 132, "every item of the list: {}", report.drills);
    no_drill_among_the_cases(&cluster).await;

    // As if the documents said that somebody else leads, and that the street were of another generation's names.
    let item = documents.district.items.get_mut("TRA-01").unwrap();
    std::mem::swap(&mut item.lead, &mut item.assists[0]);
    let report = verified(&cluster, &documents, 2).await;
    assert!(!report.conforms);
    let told: Vec<(&str, &str)> =
        report.failures.iter().map(|fault| (fault.item.as_str(), fault.what)).collect();
    assert!(told.contains(&("TRA-01", "lead")), "{told:?}");
    assert!(report.failures.iter().all(|fault| fault.item == "TRA-01"), "{told:?}");
}

/// The command itself, as a person runs it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_verifies_a_street_that_was_applied_a_moment_ago() {
    let setup = Setup { street: |n| streetwise::simulate::street(7, n as u16, None), ..Setup::of(1) };
    let cluster = Cluster::start_in_one_process_as(setup).await.unwrap();
    // A second street, and a district whose centre has no endpoint any more: not every service has heard of the one and
    // the other when the first drill is filed.
    let (endpoint, without) = ("    governance-centre: { body: governance-centre,", "    # {");
    assert!(streets::district().contains(endpoint));
    let district = streets::district().replace(endpoint, without);
    for manifest in [district, streetwise::simulate::street(7, 2, None)] {
        let url = format!("{}/directory/v1/manifests:apply", cluster.url("directory"));
        let request = cluster.http().post(url).bearer_auth(cluster.token("sre"));
        let request = request.header("content-type", "application/yaml");
        let answer = request.body(manifest).send().await.unwrap();
        assert!(answer.status().is_success());
    }
    let street = streets::code(2);
    let arguments = [
        "streetwise",
        "street",
        "verify",
        &street,
        "--json",
        "--token",
        cluster.token("sre"),
        "--directory-url",
        cluster.url("directory"),
        "--intake-url",
        cluster.url("intake"),
        "--console-url",
        cluster.url("console"),
        "--dispatch-url",
        cluster.url("dispatch"),
    ];
    let arguments: Arguments = clap::Parser::try_parse_from(arguments).unwrap();
    let Command::Street(command) = arguments.command else { panic!("another command") };
    let ended = streetwise::street::run(&command).await;
    assert!(ended.is_ok(), "{}", ended.err().map(|failure| failure.to_string()).unwrap_or_default());
}

async fn verified(cluster: &Cluster, documents: &Documents, seed: u64) -> Report {
    let began = std::time::Instant::now();
    let drills = verify::drills(documents, seed);
    let outcomes = verify::follow(&doors(cluster), documents, &drills, WITHIN, false).await.unwrap();
    Report::of(documents, seed, &drills, &outcomes, began.elapsed())
}

fn doors(cluster: &Cluster) -> Doors {
    let intake = streetwise::client::Client::new(cluster.url("intake"), cluster.token("sre")).unwrap();
    let at = |service: &str| intake.with(cluster.url(service), cluster.token("sre"));
    Doors { console: at("console"), dispatch: Some(at("dispatch")), intake }
}

async fn documents(cluster: &Cluster) -> Documents {
    let directory = streetwise::client::Client::new(cluster.url("directory"), cluster.token("sre")).unwrap();
    verify::documents(&directory, &streets::code(1)).await.unwrap()
}

async fn no_drill_among_the_cases(cluster: &Cluster) {
    let ask = async |service: &str, path: &str, person: &str| -> Value {
        let url = format!("{}{path}", cluster.url(service));
        let answer = cluster.http().get(url).bearer_auth(cluster.token(person)).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    };
    let street = streets::code(1);
    let cases = ask("console", &format!("/console/v1/streets/{street}/cases"), "street-centre").await;
    assert_eq!(cases["cases"], serde_json::json!([]));
    let orders = ask("dispatch", "/dispatch/v1/orders", "transport").await;
    assert_eq!(orders["orders"], serde_json::json!([]), "a body's inbox has no drills in it");
    let drills = ask("dispatch", "/dispatch/v1/orders?drills=true", "transport").await;
    let drills = drills["orders"].as_array().unwrap();
    assert!(!drills.is_empty() && drills.iter().all(|order| order["drill"] == true), "{drills:?}");
    assert!(drills.iter().all(|order| order["phase"] == "cancelled"), "a drill's order is open: {drills:?}");
}
