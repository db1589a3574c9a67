//! Chart, manifests, rules and dashboards held against the sources, in both directions: nothing is named there that is
//! not here, and nothing a process needs is missing there.
//!
//! - [`variables`]: which environment variables the code reads, and which it cannot start without.
//! - [`manifests`]: the committed renderings, as objects.
//! - [`instruments`]: what a scrape shows, made by the very crate that makes it in a process.
//! - [`promql`] and [`queries`]: which series rules and dashboards ask for.
//!
//! Deliberately not here: whether the chart renders, and its schemas: that is `./dev chart`.

pub mod instruments;
pub mod manifests;
pub mod promql;
pub mod queries;
pub mod variables;

/// The services, as folders, images, users and jobs of the scrape.
pub const SERVICES: [&str; 6] = ["intake", "triage", "dispatch", "notification", "directory", "console"];

/// A file below the repository.
pub fn text(path: &str) -> String {
    let file = architecture::source::root().join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Files of a folder below the repository with an extension, by path; never none.
pub fn files(folder: &str, extension: &str) -> Vec<String> {
    let entries = std::fs::read_dir(architecture::source::root().join(folder));
    let names = entries.unwrap_or_else(|error| panic!("{folder}: {error}")).flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let wanted = names.filter(|name| name.rsplit_once('.').is_some_and(|(_, end)| end == extension));
    let mut paths: Vec<String> = wanted.map(|name| format!("{folder}/{name}")).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no {extension} in {folder}: the check looks at nothing");
    paths
}

/// What stands between quotes in a text.
pub fn strings(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}
