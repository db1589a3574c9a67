//! The workspace as `cargo metadata` tells it.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use crate::imports::Edge;
use crate::source;

/// Reads the workspace and all it depends on, for the platform that is deployed. Changes nothing: a lock file
/// that is out of date is an error.
pub fn read() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(source::root().join("Cargo.toml"));
    command.other_options(["--locked", "--filter-platform", "x86_64-unknown-linux-gnu"].map(str::to_owned));
    command.exec().unwrap_or_else(|error| panic!("cargo metadata: {error}"))
}

/// Every declared dependency of a member on a member.
pub fn edges(metadata: &Metadata) -> Vec<Edge> {
    let members = metadata.workspace_packages();
    let names: Vec<&str> = members.iter().map(|package| package.name.as_str()).collect();
    let of = |package: &cargo_metadata::Package| {
        let inside =
            package.dependencies.iter().filter(|dependency| names.contains(&dependency.name.as_str()));
        let edge = |dependency: &cargo_metadata::Dependency| Edge {
            from: package.name.to_string(),
            to: dependency.name.clone(),
            dev: dependency.kind == DependencyKind::Development,
        };
        inside.map(edge).collect::<Vec<_>>()
    };
    members.into_iter().flat_map(of).collect()
}
