//! The committed renderings, as objects.

use std::collections::BTreeMap;

use serde_json::Value;

/// The outside-servers rendering.
pub const BASE: &str = "k8s/base/streetwise.yaml";
/// The single-servers rendering.
pub const EVALUATION: &str = "k8s/evaluation/streetwise.yaml";

/// Every object of a file.
pub fn objects(path: &str) -> Vec<Value> {
    let parsed = serde_saphyr::from_multiple::<Value>(&crate::text(path));
    parsed.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The one object of a file.
pub fn object(path: &str) -> Value {
    serde_saphyr::from_str(&crate::text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What a pointer leads to, as a list; empty where it leads nowhere.
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What a pointer leads to, as text; empty where it leads nowhere.
pub fn word<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A Deployment or a Job of ours, with its one container.
#[derive(Debug)]
pub struct Workload {
    /// The service or the job: its component.
    pub name: String,
    /// Its pod.
    pub pod: Value,
    /// All of it.
    pub whole: Value,
}

impl Workload {
    /// Its only container.
    pub fn container(&self) -> &Value {
        let containers = list(&self.pod, "/containers");
        assert_eq!(containers.len(), 1, "{}: one process a pod", self.name);
        &containers[0]
    }

    /// Its variables; a value out of a Secret is empty.
    pub fn variables(&self) -> BTreeMap<&str, &str> {
        let env = list(self.container(), "/env").iter();
        env.map(|variable| (word(variable, "/name"), word(variable, "/value"))).collect()
    }
}

/// The workloads of a kind in a rendering.
pub fn workloads(path: &str, kind: &str) -> Vec<Workload> {
    let found = objects(path).into_iter().filter(|object| object["kind"] == kind);
    let found = found.map(|whole| Workload {
        name: word(&whole, "/metadata/labels/app.kubernetes.io~1component").to_owned(),
        pod: whole.pointer("/spec/template/spec").cloned().expect("a workload has a pod"),
        whole,
    });
    let found: Vec<Workload> = found.collect();
    assert!(!found.is_empty(), "no {kind} in {path}: the check looks at nothing");
    found
}
