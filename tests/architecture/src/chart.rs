//! The chart speaks of the binaries, so each of its words is a word of theirs: variables, paths, flags, times, metrics.
//!
//! Read from the sources, so a variable that is renamed or a new one that must be set fails here and not in a cluster.
//! Deliberately not here: what the rendered objects look like, which `scripts/dev/chart.py` checks.

pub mod metrics;

use std::collections::BTreeSet;

use crate::source::Source;
use crate::text::Keep;

/// What every service reads besides its own.
const SHARED: [&str; 2] = ["crates/bootstrap/src/", "crates/telemetry/src/"];

/// Words of a text that begin with `prefix`, to the end of what a variable's name may hold.
pub fn words(text: &str, prefix: &str) -> BTreeSet<String> {
    let starts = text.match_indices(prefix).map(|(at, _)| at);
    let own = starts.filter(|at| !text[..*at].ends_with(in_name));
    own.map(|at| text[at..].chars().take_while(|c| in_name(*c)).collect()).collect()
}

fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The sources a service is made of, where variables are read.
pub fn of_service<'a>(sources: &'a [Source], service: &str) -> Vec<&'a Source> {
    let own = format!("services/{service}/src/");
    let read = |source: &&Source| {
        source.path.starts_with(&own) || SHARED.iter().any(|shared| source.path.starts_with(shared))
    };
    sources.iter().filter(read).collect()
}

/// Variables that occur as strings of the production code.
pub fn known(sources: &[&Source], prefix: &str) -> BTreeSet<String> {
    let codes = sources.iter().map(|source| source.production(Keep::CodeAndStrings));
    codes.flat_map(|code| words(&code.replace(['"', '`'], "\n"), prefix)).collect()
}

/// Variables without which a process does not start: arguments of `required`, of a function of the same file that hands
/// its own argument to it, or what is said to be `Missing`.
pub fn required(sources: &[&Source]) -> BTreeSet<String> {
    sources.iter().flat_map(|source| required_of(&source.production(Keep::CodeAndStrings))).collect()
}

fn required_of(code: &str) -> BTreeSet<String> {
    let asks = |function: &&str| function.contains("required(name)");
    let askers = code.split("fn ").skip(1).filter(asks);
    let names = askers.filter_map(|function| function.split(['(', '<']).next());
    let calls = names.map(|name| format!("{name}(")).chain(["required(", "Missing("].map(str::to_owned));
    calls.flat_map(|call| arguments(code, &call)).collect()
}

fn arguments(code: &str, call: &str) -> Vec<String> {
    let lists = code.split(call).skip(1).filter_map(|rest| rest.split(')').next());
    let last = lists.filter_map(|list| list.trim().trim_end_matches(',').rsplit(',').next().map(str::trim));
    last.filter_map(|argument| resolved(code, argument))
        .filter(|name| name.starts_with("STREETWISE_"))
        .collect()
}

/// A string, or the string a constant of the file stands for.
fn resolved(code: &str, argument: &str) -> Option<String> {
    if let Some(text) = argument.strip_prefix('"') {
        return text.split('"').next().map(str::to_owned);
    }
    let constant = format!("const {argument}: &str = \"");
    code.split(&constant).nth(1)?.split('"').next().map(str::to_owned)
}

/// The part of `values.yaml` under `services:` that belongs to one service.
pub fn section(values: &str, service: &str) -> String {
    let services = values.split("\nservices:\n").nth(1).unwrap_or_default();
    let head = format!("  {service}:");
    let mut lines = services.lines().skip_while(|line| !line.starts_with(&head));
    let first = lines.next();
    let own = lines.take_while(|line| line.starts_with("   ") || line.trim().is_empty());
    first.into_iter().chain(own).map(|line| format!("{line}\n")).collect()
}

/// The part of `values.yaml` that holds for every service.
pub fn of_all(values: &str) -> &str {
    let from = values.split("\ndefaults:\n").nth(1).unwrap_or_default();
    from.split("\nservices:\n").next().unwrap_or_default()
}

/// What stands after `key` on a line, without quotes and brackets: `path: /livez, port: http` gives `/livez`.
pub fn values_of<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    let key = format!("{key}: ");
    let rests = text.split(&key).skip(1);
    rests.filter_map(|rest| rest.split([',', ' ', '\n', '}']).next()).collect()
}

/// Seconds that `name` is set to in Rust: `name: Duration::from_secs(5)` or a constant.
pub fn seconds(code: &str, name: &str) -> Option<u64> {
    let name = format!("{name}: ");
    let set = code.split(&name).skip(1);
    let mut values = set.filter_map(|rest| {
        let rest = rest.strip_prefix("Duration = ").unwrap_or(rest);
        rest.strip_prefix("Duration::from_secs(")?.split(')').next()?.parse().ok()
    });
    values.next()
}

/// Long flags of the command line's arguments in a text, e.g. `--directory-url`.
pub fn flags(text: &str) -> BTreeSet<String> {
    let starts = text.split("\"--").skip(1);
    starts.map(|rest| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect()).collect()
}
