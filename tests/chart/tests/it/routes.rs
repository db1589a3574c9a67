use std::collections::BTreeSet;

use chart::SERVICES;
use chart::manifests::{BASE, list, object, objects, word};
use serde_json::Value;

/// The first words of the paths that a service serves.
fn served(service: &str) -> BTreeSet<String> {
    let openapi: Value =
        serde_json::from_str(&chart::text(&format!("docs/openapi/{service}.json"))).expect("JSON");
    let paths = openapi["paths"].as_object().expect("a description has paths");
    paths.keys().filter_map(|path| path.split('/').nth(1)).map(|word| format!("/{word}")).collect()
}

#[test]
fn a_prefix_leads_to_whom_it_belongs() {
    let route = objects(BASE).into_iter().find(|object| object["kind"] == "HTTPRoute").expect("a route");
    let rules = list(&route, "/spec/rules");
    assert_eq!(rules.len(), SERVICES.len());
    for service in SERVICES {
        let rule = rules
            .iter()
            .find(|rule| word(rule, "/backendRefs/0/name") == format!("streetwise-{service}"))
            .expect("each service has a route");
        let prefix = word(rule, "/matches/0/path/value").trim_end_matches('/');
        assert_eq!(served(service), BTreeSet::from([prefix.to_owned()]), "{service}");
    }
}

#[test]
fn a_grpc_service_leads_to_whom_it_belongs() {
    let methods = contract::proto::METHODS.iter().filter_map(|method| method.split_once('/'));
    let wanted: BTreeSet<(String, String)> = methods
        .map(|(service, _)| {
            let owner = service.split('.').nth(1).expect("streetwise.<service>.v1");
            (service.to_owned(), format!("streetwise-{owner}"))
        })
        .collect();
    let route = objects(BASE).into_iter().find(|object| object["kind"] == "GRPCRoute").expect("a route");
    let rules = list(&route, "/spec/rules").iter();
    let led = rules.map(|rule| {
        let service = word(rule, "/matches/0/method/service").to_owned();
        (service, word(rule, "/backendRefs/0/name").to_owned())
    });
    assert_eq!(led.collect::<BTreeSet<_>>(), wanted);
}

/// Health and metrics stay inside: no prefix reaches them.
#[test]
fn nothing_leads_to_health_or_metrics() {
    let values = object("charts/streetwise/values.yaml");
    for service in SERVICES {
        let prefix = word(&values["services"][service], "/prefix");
        assert_eq!(prefix, format!("/{service}"));
        assert!(["/livez", "/readyz", "/metrics"].iter().all(|door| !door.starts_with(prefix)));
    }
}
