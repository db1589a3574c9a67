use std::collections::BTreeSet;

use chart::SERVICES;
use chart::manifests::{BASE, Workload, list, object, word, workloads};
use contract::broker_user::{PROVISIONER, broker_users};
use contract::topology;

const NATS: &str = "k8s/infrastructure/nats/values.yaml";

/// The users are made from the topology by `streetwise broker-users` (ADR 037), and let in by the file that is included. No second list
/// of them stands anywhere.
#[test]
fn the_broker_lets_in_who_the_command_line_says() {
    let nats = object(NATS);
    assert_eq!(nats.pointer("/config/merge/zz$include"), Some(&"./users.conf".into()));
    assert!(nats.pointer("/config/merge/authorization").is_none());
    let cli = chart::text("services/streetwise/src/cli/broker_users.rs");
    let (usage, script) = (chart::text(NATS), chart::text("k8s/secrets.sh"));
    for option in ["keys", "out"] {
        assert!(cli.contains(&format!("pub {option}: PathBuf")), "broker-users takes no --{option}");
        assert!(usage.contains(&format!("--{option} ")), "{NATS} does not say --{option}");
    }
    let names = chart::text("services/streetwise/src/broker_users.rs");
    assert!(names.contains("format!(\"{user}.nk\")") && script.contains("\"$keys/$1.nk\""));
}

/// Every user's key is with its process, and with no other.
#[test]
fn each_process_shows_its_own_key() {
    let users: BTreeSet<&str> = broker_users().iter().map(|user| user.name).collect();
    assert_eq!(users, SERVICES.into_iter().chain([PROVISIONER]).collect());
    let script = chart::text("k8s/secrets.sh");
    assert!(script.contains(&format!("key=$(nats_key {PROVISIONER})\nsecret streetwise-admin")));
    let secret_of = |workload: &Workload| {
        let volume = list(&workload.pod, "/volumes").iter().find(|volume| volume["name"] == "nats-key");
        volume.map(|volume| word(volume, "/secret/secretName").to_owned())
    };
    for deployment in workloads(BASE, "Deployment") {
        assert_eq!(secret_of(&deployment), Some(format!("streetwise-{}", deployment.name)));
    }
    for job in workloads(BASE, "Job") {
        assert_eq!(secret_of(&job).is_some(), job.name == "provision", "{}", job.name);
    }
}

#[test]
fn the_broker_keeps_what_it_acknowledged() {
    let nats = object(NATS);
    assert_eq!(nats.pointer("/config/jetstream/merge/sync_interval"), Some(&"always".into()));
    assert_eq!(nats.pointer("/config/cluster/replicas"), Some(&3.into()));
    let room = word(&nats, "/config/jetstream/fileStore/maxSize");
    let room: i64 = room.strip_suffix("Gi").and_then(|gibibytes| gibibytes.parse().ok()).expect("gibibytes");
    let reserved: i64 = topology::streams().iter().map(|stream| stream.bytes_max).sum();
    assert!(reserved < room << 30, "streams reserve {reserved} bytes of {room} GiB");
}

/// What scales a service is its own consumers.
#[test]
fn a_service_scales_by_what_it_hears() {
    let values = object("charts/streetwise/values.yaml");
    for service in SERVICES {
        let told = list(&values["services"][service], "/hears").iter();
        let told: BTreeSet<&str> = told.map(|upstream| upstream.as_str().expect("text")).collect();
        let heard = topology::HEARS.iter().filter(|edge| edge.service == service);
        assert_eq!(told, heard.map(|edge| edge.upstream).collect(), "{service}");
    }
    let template = chart::text("charts/streetwise/templates/_around.tpl");
    let lanes: Vec<String> = topology::consumers_of("dispatch")
        .iter()
        .map(|spec| spec.lane.expect("events have a lane").to_string())
        .collect();
    let listed: Vec<String> = lanes.iter().map(|lane| format!("\"{lane}\"")).collect();
    assert!(
        template.contains(&format!("list {}", listed.join(" "))),
        "the template lists other lanes: {lanes:?}"
    );
}
