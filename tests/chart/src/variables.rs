//! Which variables the code reads: every name of ours that stands as a string in it, and those it asks for with `required`.

use std::collections::BTreeSet;

use architecture::source::{self, Source};
use architecture::text::Keep;

/// Set in a chart by nobody: they are for development, tests and crash points, and refused or without effect elsewhere.
pub const DEVELOPMENT: [&str; 4] = [
    "STREETWISE_MANIFEST_VARIABLES",
    "STREETWISE_ENDPOINT_SECRETS_DIR",
    "STREETWISE_RETRY_DIVISOR",
    "STREETWISE_CRASH_POINT",
];

/// Read by libraries, not by us, and why we set it.
pub const OF_LIBRARIES: [(&str, &str); 1] = [(
    "SSL_CERT_FILE",
    "where rustls-native-certs finds authorities; the clients of NATS, Redis and webhooks ask it",
)];

/// What one service reads.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// All names.
    pub known: BTreeSet<String>,
    /// Without these it does not start.
    pub required: BTreeSet<String>,
    /// Without these it does not start outside development.
    pub in_production: BTreeSet<String>,
}

/// Of a service: what every process reads, and its own.
pub fn of_service(service: &str) -> Variables {
    let sources = source::read(&["rs"]);
    let own = format!("services/{service}/src/");
    let read = |source: &&Source| {
        ["crates/bootstrap/src/", "crates/telemetry/src/"].iter().any(|place| source.path.starts_with(place))
            || source.path.starts_with(&own)
    };
    of_sources(sources.iter().filter(read))
}

/// Of the command line: names its arguments take.
pub fn of_tool() -> BTreeSet<String> {
    let sources = source::read(&["rs"]);
    of_sources(sources.iter().filter(|source| source.path.starts_with("services/streetwise/src/"))).known
}

/// Of some files.
pub fn of_sources<'a>(sources: impl Iterator<Item = &'a Source>) -> Variables {
    let mut variables = Variables::default();
    for source in sources {
        let code = source.production(Keep::CodeAndStrings);
        variables.known.extend(names(&code));
        variables.required.extend(asked(&code));
        variables.in_production.extend(missed(&code));
    }
    variables
}

fn ours(text: &str) -> bool {
    let prefix = text.starts_with("STREETWISE_") || text.starts_with("OTEL_");
    prefix && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn names(code: &str) -> impl Iterator<Item = String> {
    crate::strings(code).filter(|text| ours(text)).map(str::to_owned)
}

/// `required("NAME")`, and `key_file(env, NAME)`, whose argument is a constant of the file.
fn asked(code: &str) -> Vec<String> {
    let literal = code.split("required(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let constants = code.split("key_file(env, ").skip(1).filter_map(|rest| rest.split(')').next());
    let constant = constants.filter_map(|name| value_of(code, name));
    literal.chain(constant).filter(|name| ours(name)).map(str::to_owned).collect()
}

/// `ConfigError::Missing(NAME)` of a constant: asked for under a condition, of which there is one, development.
fn missed(code: &str) -> Vec<String> {
    let constants = code.split("Missing(").skip(1).filter_map(|rest| rest.split(')').next());
    let names = constants.filter_map(|name| value_of(code, name));
    names.filter(|name| ours(name)).map(str::to_owned).collect()
}

fn value_of<'a>(code: &'a str, constant: &str) -> Option<&'a str> {
    let declaration = format!("const {constant}: &str = \"");
    code.split_once(&declaration)?.1.split('"').next()
}
