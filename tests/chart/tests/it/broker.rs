use std::collections::BTreeSet;

use chart::SERVICES;
use chart::manifests::{list, object, word};
use contract::topology;

const NATS: &str = "k8s/infrastructure/nats/values.yaml";

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
