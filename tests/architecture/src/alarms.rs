//! An alarm is a log line of level error; each one stands in a runbook with its very message.

use crate::source::Source;
use crate::text::Keep;

const CALL: &str = "tracing::error!(";

/// Alarms of a file that no runbook names. `runbooks` is the text of all of them.
pub fn unanswered(source: &Source, runbooks: &str) -> Vec<String> {
    let code = source.production(Keep::CodeAndStrings);
    let messages = code.split(CALL).skip(1).filter_map(message);
    // A message that is only a placeholder is its caller's.
    let own = messages.filter(|message| !message.starts_with('{'));
    let unknown = own.filter(|message| !runbooks.contains(message));
    unknown
        .map(|message| format!("{}: \"{message}\" is in no runbook: add it to docs/runbooks", source.path))
        .collect()
}

/// The last string before the call ends.
fn message(rest: &str) -> Option<&str> {
    let mut depth = 1_usize;
    let end = rest.find(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    let mut strings = rest[..end].rsplit('"');
    strings.nth(1)
}
