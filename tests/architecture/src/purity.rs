//! Purity (D39): what the closure of a pure crate may not hold.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata};

/// Runtimes, databases, brokers, HTTP, chance. A trailing `*` is any rest.
pub const DENIED: &[&str] = &[
    "tokio*",
    "async-*",
    "smol",
    "mio",
    "socket2",
    "sqlx*",
    "tokio-postgres",
    "redis",
    "axum*",
    "hyper*",
    "http*",
    "reqwest",
    "tonic*",
    "tower*",
    "rustls*",
    "ring",
    "rand",
    "rand_*",
    "getrandom",
    "fastrand",
    "chrono",
    "time",
    "tracing-subscriber",
    "prometheus",
];

/// Who brings whom, by normal dependencies.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

/// The resolved graph of the whole workspace, as `name version`.
pub fn graph(metadata: &Metadata) -> Graph {
    let resolve = metadata.resolve.as_ref().expect("cargo metadata resolves");
    let name = |id: &cargo_metadata::PackageId| {
        let package = &metadata[id];
        if metadata.workspace_members.contains(id) {
            return package.name.to_string();
        }
        format!("{} {}", package.name, package.version)
    };
    let mut graph = Graph::new();
    for node in &resolve.nodes {
        let normal = node
            .deps
            .iter()
            .filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
        graph.entry(name(&node.id)).or_default().extend(normal.map(|dependency| name(&dependency.pkg)));
    }
    graph
}

/// Every denied crate in the closure of `pure`, with the crate that brings it.
pub fn offences(pure: &str, graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for from in closure(pure, graph) {
        for to in graph.get(&from).into_iter().flatten().filter(|to| denied(to)) {
            found.push(format!(
                "{pure} is pure, but {from} brings {to}: move what needs it into a crate with I/O"
            ));
        }
    }
    found
}

/// The resolved graph holds the features of the whole workspace: a pure crate is judged by the widest of them.
fn closure(start: &str, graph: &Graph) -> BTreeSet<String> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![start.to_owned()]);
    while let Some(next) = open.pop() {
        if seen.insert(next.clone()) {
            open.extend(graph.get(&next).into_iter().flatten().cloned());
        }
    }
    seen
}

/// Without the version.
fn bare(name: &str) -> &str {
    name.split(' ').next().unwrap_or_default()
}

fn denied(name: &str) -> bool {
    let name = bare(name);
    DENIED.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *pattern,
    })
}
