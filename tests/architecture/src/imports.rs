//! Who may import whom (D38): the one table. Arrows point down only.
//!
//! To add an arrow: discuss it first (it is the third size of change in `CONTRIBUTING.md`), then add it here with
//! the change that needs it. An arrow nobody uses is taken away again.

use crate::source::Source;
use crate::text::Keep;

/// What kind of member it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No runtime, no I/O, no clock, no chance.
    Pure,
    /// What crosses a process boundary.
    Wire,
    /// Talks to the world.
    Io,
    /// For tests only.
    Dev,
    /// One of the six.
    Service,
    /// The command line.
    Tool,
    /// Under `tests/`.
    Tests,
}

/// A member and what it may import.
#[derive(Debug)]
pub struct Row {
    /// The crate.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Normal dependencies inside the workspace.
    pub may: &'static [&'static str],
}

const fn row(name: &'static str, kind: Kind, may: &'static [&'static str]) -> Row {
    Row { name, kind, may }
}

/// What every service may use. `seal` is not in it: only intake and notification mount its key (D20).
const HOUSE: &[&str] = &[
    "ids",
    "sla",
    "orders",
    "routing",
    "classify",
    "territory",
    "access",
    "contract",
    "telemetry",
    "pg",
    "messaging",
    "wakeups",
    "snapshot",
    "bootstrap",
    "writer",
];
const HOUSE_AND_SEAL: &[&str] = &[
    "ids",
    "sla",
    "orders",
    "routing",
    "classify",
    "territory",
    "access",
    "contract",
    "telemetry",
    "pg",
    "messaging",
    "wakeups",
    "snapshot",
    "bootstrap",
    "writer",
    "seal",
];
const TOOL: &[&str] = &[
    "ids",
    "sla",
    "orders",
    "routing",
    "classify",
    "territory",
    "access",
    "contract",
    "telemetry",
    "pg",
    "messaging",
    "wakeups",
    "snapshot",
    "bootstrap",
    "writer",
    "intake",
    "triage",
    "dispatch",
    "notification",
    "directory",
    "console",
];
const ANYTHING: &[&str] = &["*"];

/// The table, lowest first.
pub const TABLE: &[Row] = &[
    row("ids", Kind::Pure, &[]),
    row("sla", Kind::Pure, &[]),
    row("orders", Kind::Pure, &["ids", "sla"]),
    row("routing", Kind::Pure, &["ids"]),
    row("classify", Kind::Pure, &[]),
    row("territory", Kind::Pure, &["ids"]),
    row("access", Kind::Pure, &["ids"]),
    row("contract", Kind::Wire, &["ids"]),
    row("telemetry", Kind::Io, &[]),
    row("pg", Kind::Io, &["ids", "telemetry"]),
    row("messaging", Kind::Io, &["ids", "contract", "pg", "telemetry"]),
    row("wakeups", Kind::Io, &["ids", "pg", "telemetry"]),
    row("seal", Kind::Io, &["ids"]),
    row("snapshot", Kind::Io, &["ids", "contract", "access", "pg"]),
    row(
        "bootstrap",
        Kind::Io,
        &["ids", "access", "contract", "telemetry", "pg", "messaging", "wakeups", "snapshot"],
    ),
    row("writer", Kind::Io, &["ids", "pg", "bootstrap"]),
    row("testkit", Kind::Dev, &["ids", "contract", "pg", "messaging", "snapshot", "bootstrap"]),
    row("intake", Kind::Service, HOUSE_AND_SEAL),
    row("triage", Kind::Service, HOUSE),
    row("dispatch", Kind::Service, HOUSE),
    row("notification", Kind::Service, HOUSE_AND_SEAL),
    row("directory", Kind::Service, HOUSE),
    row("console", Kind::Service, HOUSE),
    row("streetwise", Kind::Tool, TOOL),
    row("harness", Kind::Tests, ANYTHING),
    row("flow", Kind::Tests, ANYTHING),
    row("architecture", Kind::Tests, &["contract", "telemetry"]),
    row("chart", Kind::Tests, &["architecture", "contract", "telemetry"]),
];

/// Names that are no job (house style §1).
pub const NO_JOBS: &[&str] =
    &["common", "core", "utils", "util", "types", "helpers", "shared", "lib", "misc"];

/// One declared dependency inside the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Who imports.
    pub from: String,
    /// Whom.
    pub to: String,
    /// For its tests only.
    pub dev: bool,
}

/// The row of a member.
pub fn row_of(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}

/// Members of a kind.
pub fn of_kind(kind: Kind) -> impl Iterator<Item = &'static str> {
    TABLE.iter().filter(move |row| row.kind == kind).map(|row| row.name)
}

/// What is wrong with a dependency.
pub fn offence(edge: &Edge) -> Option<String> {
    let Edge { from, to, dev } = edge;
    let (Some(importer), Some(imported)) = (row_of(from), row_of(to)) else {
        return Some(format!(
            "{from} → {to}: not in the table; a new crate needs a row in architecture::imports"
        ));
    };
    let fine = if *dev { dev_allowed(importer, imported) } else { allowed(importer, imported) };
    let which = if *dev { "dev-dependency" } else { "dependency" };
    (!fine).then(|| format!("{from} → {to} ({which}): not in the import table (D38); arrows point down only"))
}

fn allowed(importer: &Row, imported: &Row) -> bool {
    importer.may.contains(&imported.name) || importer.may == ANYTHING
}

/// Tests of a crate may use the test kit and whatever is pure.
fn dev_allowed(importer: &Row, imported: &Row) -> bool {
    let for_tests = matches!(imported.kind, Kind::Dev | Kind::Pure) || imported.name == "harness";
    for_tests || allowed(importer, imported) || importer.kind == Kind::Tests
}

/// A declared arrow that no line of the member uses.
pub fn unused(edge: &Edge, sources: &[Source]) -> Option<String> {
    let Edge { from, to, dev } = edge;
    let mine = sources.iter().filter(|source| source.path.split('/').nth(1) == Some(from.as_str()));
    let relevant = |source: &Source| if *dev { source.code(Keep::Code) } else { shipped(source) };
    let uses = mine.map(relevant).any(|code| names(&code, to));
    (!uses).then(|| format!("{from} → {to}: declared and not used; take it out of {from}'s Cargo.toml"))
}

fn shipped(source: &Source) -> String {
    let kit = source.path.starts_with("crates/testkit/src") || source.path.starts_with("tests/");
    if kit { source.code(Keep::Code) } else { source.production(Keep::Code) }
}

/// `to::…`, or `use to;` / `use to as …`.
fn names(code: &str, to: &str) -> bool {
    let whole = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let path = format!("{to}::");
    let direct = [format!("use {to};"), format!("use {to} "), format!("use {to}::")];
    code.match_indices(&path).any(|(at, _)| whole(at)) || direct.iter().any(|import| code.contains(import))
}
