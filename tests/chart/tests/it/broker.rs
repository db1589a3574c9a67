use std::collections::BTreeSet;

use chart::SERVICES;
use chart::manifests::{list, object, word};
use contract::topology;
use serde_json::Value;

const NATS: &str = "k8s/infrastructure/nats/values.yaml";

fn users() -> Vec<Value> {
    list(&object(NATS), "/config/merge/authorization/users").to_vec()
}

fn subjects(user: &Value, operation: &str) -> BTreeSet<String> {
    let allowed = list(user, &format!("/permissions/{operation}/allow")).iter();
    allowed.map(|subject| subject.as_str().expect("a subject is text").to_owned()).collect()
}

/// What a service has to say to the broker, out of the table of who hears what.
fn needed(service: &str) -> BTreeSet<String> {
    let mut needed = BTreeSet::new();
    if topology::PUBLISHERS.contains(&service) {
        needed.insert(format!("{service}.>"));
    }
    // Live hints are the console's (D25).
    if service == "console" {
        needed.insert("live.*".to_owned());
    }
    let own = format!("{service}-");
    for spec in topology::consumers().into_iter().filter(|spec| spec.name.starts_with(&own)) {
        let (stream, consumer) = (spec.stream, spec.name);
        needed.insert(format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}"));
        needed.insert(format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"));
        needed.insert(format!("$JS.ACK.{stream}.{consumer}.>"));
    }
    needed
}

#[test]
fn a_user_may_say_what_its_service_says() {
    let users = users();
    for service in SERVICES {
        let user = users.iter().find(|user| word(user, "/user") == service).expect("each service has a user");
        assert_eq!(subjects(user, "publish"), needed(service), "{service}");
    }
    assert_eq!(users.len(), SERVICES.len() + 1, "the services and the administrator");
}

#[test]
fn a_user_hears_its_own_inbox() {
    let process = chart::text("crates/bootstrap/src/process.rs");
    assert!(process.contains("custom_inbox_prefix(format!(\"_INBOX_{service}\"))"));
    for user in users().iter().filter(|user| user["user"] != "admin") {
        let name = word(user, "/user");
        let mut heard = BTreeSet::from([format!("_INBOX_{name}.>")]);
        // Hints on core NATS: the console's own, and dispatch's for watched orders (`services/dispatch/src/hints.rs`).
        match name {
            "console" => heard.insert("live.*".to_owned()),
            "dispatch" => heard.insert("dispatch.>".to_owned()),
            _ => false,
        };
        assert_eq!(subjects(user, "subscribe"), heard, "{name}");
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
