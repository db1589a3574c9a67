//! A log line's keys are on the list of what may leave: any other key would show `redacted` where somebody looks for
//! a value.

use crate::source::Source;
use crate::text::Keep;

const CALLS: [&str; 5] =
    ["tracing::error!(", "tracing::warn!(", "tracing::info!(", "tracing::debug!(", "tracing::trace!("];

/// Keys of a file's log lines that are not `listed`.
pub fn withheld(source: &Source, listed: impl Fn(&str) -> bool) -> Vec<String> {
    let code = source.production(Keep::CodeAndStrings);
    let calls = CALLS.iter().flat_map(|call| code.split(call).skip(1));
    let unknown = calls.flat_map(keys).filter(|key| !listed(key));
    unknown
        .map(|key| format!("{}: the log key `{key}` would show `redacted`: list it in telemetry::redact, or leave it out", source.path))
        .collect()
}

/// The keys of a call, from the text after its opening parenthesis: all arguments before the message.
fn keys(rest: &str) -> impl Iterator<Item = &str> {
    let arguments = arguments(rest).into_iter().map(str::trim);
    let fields = arguments.take_while(|argument| !argument.starts_with('"') && !argument.is_empty());
    let fields =
        fields.filter(|argument| !argument.starts_with("target:") && !argument.starts_with("parent:"));
    fields
        .map(|argument| argument.split('=').next().unwrap_or(argument).trim().trim_start_matches(['%', '?']))
}

/// Split at the commas that belong to the call itself.
fn arguments(rest: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut from, mut found) = (0_usize, false, 0, Vec::new());
    for (at, c) in rest.char_indices() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            ')' | ',' if depth == 0 => {
                found.push(&rest[from..at]);
                from = at + 1;
                if c == ')' {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}
