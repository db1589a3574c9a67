use architecture::source::Source;
use architecture::text::Keep;
use chart::manifests::{BASE, EVALUATION, Workload, list, object, objects, word, workloads};
use serde_json::Value;

use crate::none;

fn code(path: &str) -> String {
    Source::made_up(path, &chart::text(path)).production(Keep::CodeAndStrings)
}

fn probes(container: &Value) -> Vec<(&str, &str)> {
    let kinds = ["startupProbe", "livenessProbe", "readinessProbe"];
    let get = kinds.map(|kind| &container[kind]);
    get.iter().map(|probe| (word(probe, "/httpGet/path"), word(probe, "/httpGet/port"))).collect()
}

#[test]
fn probes_ask_doors_that_are_there() {
    let health = code("crates/bootstrap/src/health.rs");
    for deployment in workloads(BASE, "Deployment") {
        let probes = probes(deployment.container());
        assert_eq!(probes.len(), 3);
        for (path, port) in probes {
            assert!(health.contains(&format!(".route(\"{path}\"")), "{}: no door {path}", deployment.name);
            assert_eq!(port, "http", "health is on the HTTP door");
        }
    }
    let monitor =
        objects(BASE).into_iter().find(|object| object["kind"] == "ServiceMonitor").expect("a monitor");
    for endpoint in list(&monitor, "/spec/endpoints") {
        assert!(health.contains(&format!(".route(\"{}\"", word(endpoint, "/path"))));
        assert_eq!(word(endpoint, "/port"), "http");
    }
}

/// A restart heals no dependency, so what restarts must not look at one.
#[test]
fn only_livez_restarts() {
    for deployment in workloads(BASE, "Deployment") {
        let container = deployment.container();
        assert_eq!(word(container, "/livenessProbe/httpGet/path"), "/livez");
        assert_eq!(word(container, "/startupProbe/httpGet/path"), "/livez");
        assert_eq!(word(container, "/readinessProbe/httpGet/path"), "/readyz");
    }
}

#[test]
fn a_process_listens_where_its_ports_are() {
    for deployment in workloads(BASE, "Deployment") {
        let variables = deployment.variables();
        for (name, variable) in [("http", "STREETWISE_HTTP_LISTEN"), ("grpc", "STREETWISE_GRPC_LISTEN")] {
            let ports = list(deployment.container(), "/ports");
            let port = ports.iter().find(|port| port["name"] == name).expect("the port is named");
            assert_eq!(
                variables[variable],
                format!("0.0.0.0:{}", port["containerPort"]),
                "{}",
                deployment.name
            );
        }
    }
    for service in objects(BASE).iter().filter(|object| object["kind"] == "Service") {
        let targets: Vec<&str> =
            list(service, "/spec/ports").iter().map(|port| word(port, "/targetPort")).collect();
        assert_eq!(targets, ["http", "grpc"], "{}", word(service, "/metadata/name"));
    }
}

/// A variable that names a file, and a mount that puts it there.
fn unmounted(workload: &Workload) -> Vec<String> {
    let mounts: Vec<&str> =
        list(workload.container(), "/volumeMounts").iter().map(|mount| word(mount, "/mountPath")).collect();
    let variables = workload.variables();
    let files = variables.iter().filter(|(name, _)| name.ends_with("_FILE"));
    let lost = files.filter(|(_, path)| {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        !mounts.contains(&folder)
    });
    lost.map(|(name, path)| format!("{}: nothing is mounted for {name}={path}", workload.name)).collect()
}

#[test]
fn every_file_is_mounted_read_only() {
    let mut seen = 0;
    for path in [BASE, EVALUATION] {
        for workload in workloads(path, "Deployment").iter().chain(&workloads(path, "Job")) {
            none(unmounted(workload));
            for mount in list(workload.container(), "/volumeMounts") {
                assert_eq!(mount["readOnly"], true, "{}: {mount}", workload.name);
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "mounts were not read");
}

/// Only intake and notification hold the key of sealed fields (D20), only intake that of tracking codes.
#[test]
fn keys_are_with_those_who_may_have_them() {
    let with = |key: &str| -> Vec<String> {
        let volume = format!("key-{key}");
        let mounts =
            |deployment: &Workload| list(&deployment.pod, "/volumes").iter().any(|v| v["name"] == *volume);
        let mut names: Vec<String> = workloads(BASE, "Deployment")
            .into_iter()
            .filter(mounts)
            .map(|deployment| deployment.name)
            .collect();
        names.sort();
        names
    };
    assert_eq!(with("seal"), ["intake", "notification"]);
    assert_eq!(with("intake"), ["intake"]);
}

fn seconds(path: &str, before: &str) -> f64 {
    let code = code(path);
    let after = code.split_once(before).unwrap_or_else(|| panic!("{path} has no `{before}` any more")).1;
    let digits = |text: &str| {
        text.split(')').next().map(|text| text.replace('_', "")).and_then(|text| text.parse().ok())
    };
    match (after.strip_prefix("secs("), after.strip_prefix("millis(")) {
        (Some(rest), _) => digits(rest).expect("a number of seconds"),
        (_, Some(rest)) => {
            digits(rest).map(|millis: f64| millis / 1_000.0).expect("a number of milliseconds")
        }
        _ => panic!("{path}: `{before}` is neither seconds nor milliseconds"),
    }
}

/// Nothing is killed that would have ended by itself: the phases of a shutdown fit into the grace, the sleep before them
/// included.
#[test]
fn the_grace_is_longer_than_the_shutdown() {
    const SHUTDOWN: &str = "crates/bootstrap/src/shutdown.rs";
    const PROCESS: &str = "crates/bootstrap/src/process.rs";
    let phases = [
        (SHUTDOWN, "leave_for: Duration::from_"),
        (SHUTDOWN, "drain_within: Duration::from_"),
        (SHUTDOWN, "const CUT_WITHIN: Duration = Duration::from_"),
        (PROCESS, "const CLOSE_WITHIN: Duration = Duration::from_"),
        (PROCESS, "const FLUSH_WITHIN: Duration = Duration::from_"),
        (PROCESS, "const LEAVE_WITHIN: Duration = Duration::from_"),
    ];
    let exit: f64 = phases.iter().map(|(path, before)| seconds(path, before)).sum();
    let promised =
        object("charts/streetwise/values.yaml")["shutdown"]["exitSeconds"].as_f64().expect("a number");
    assert!(exit <= promised, "a process takes up to {exit} s, the chart counts on {promised}");
    for deployment in workloads(BASE, "Deployment") {
        let grace = deployment.pod["terminationGracePeriodSeconds"].as_f64().expect("a number");
        let sleep =
            deployment.container().pointer("/lifecycle/preStop/sleep/seconds").and_then(Value::as_f64);
        let sleep = sleep.expect("a sleep before SIGTERM");
        assert!(sleep + exit <= grace, "{}: {sleep} + {exit} s do not fit into {grace}", deployment.name);
    }
}

/// The budget counts what one process opens; these are the places that decide it.
#[test]
fn a_process_opens_what_the_budget_counts() {
    let values = object("charts/streetwise/values.yaml");
    let counted = |what: &str| values["defaults"]["connections"][what].as_u64().expect("a number");
    let pool = code("crates/pg/src/pool.rs");
    let assemble = code("crates/bootstrap/src/assemble.rs");
    assert!(pool.contains(&format!("connections_max: {},", counted("pool"))));
    assert!(
        assemble.contains(&format!("connections_max: {}, ..PoolConfig::default()", counted("relayPool")))
    );
    assert!(
        code("crates/messaging/src/relay.rs")
            .contains(&format!("const LOOPS: usize = {};", counted("relaySessions")))
    );
    // One session a loop, and no other that leaves its pool; one pulse a process.
    let sources = architecture::source::read(&["rs"]);
    let production = sources.iter().map(|source| (source, source.production(Keep::Code)));
    let calls = |what: &str| -> Vec<&str> {
        let hits = production.clone().filter(|(_, code)| code.contains(what));
        hits.map(|(source, _)| source.path.as_str()).collect()
    };
    assert_eq!(calls(".dedicated()"), ["crates/messaging/src/relay/shards.rs"]);
    assert_eq!(calls(".pulse()"), ["crates/bootstrap/src/process.rs"]);
    assert_eq!(counted("pulse"), 1);
    assert_eq!(calls("PgPoolOptions::new()"), ["crates/pg/src/pool.rs"]);
    // Who publishes has a relay, and only they.
    for (service, own) in values["services"].as_object().expect("a map") {
        let without = own.pointer("/connections/relaySessions").and_then(Value::as_u64) == Some(0);
        assert_eq!(without, !contract::topology::PUBLISHERS.contains(&service.as_str()), "{service}");
    }
}

/// A pod is what an admission controller lets into a restricted namespace, and cannot be looked into by another.
#[test]
fn pods_are_restricted() {
    for path in [BASE, EVALUATION] {
        for workload in workloads(path, "Deployment").iter().chain(&workloads(path, "Job")) {
            let (name, container) = (&workload.name, workload.container());
            assert_eq!(workload.pod["automountServiceAccountToken"], false, "{name}");
            assert_eq!(
                workload.pod.pointer("/securityContext/seccompProfile/type"),
                Some(&"RuntimeDefault".into())
            );
            for (pointer, wanted) in [
                ("/securityContext/readOnlyRootFilesystem", Value::from(true)),
                ("/securityContext/allowPrivilegeEscalation", false.into()),
                ("/securityContext/runAsNonRoot", true.into()),
                ("/securityContext/capabilities/drop", vec!["ALL"].into()),
            ] {
                assert_eq!(container.pointer(pointer), Some(&wanted), "{name}: {pointer}");
            }
            assert!(container.pointer("/resources/limits/memory").is_some(), "{name}: memory has no limit");
        }
    }
}
