//! What may leave a process in logs, spans and labels: an allow-list of keys, and a mask over free text.
//!
//! A key that is not listed keeps its name and loses its value, so a forgotten entry shows itself. A listed key
//! is a *word* (ids, codes, numbers of ours: passed as it is) or a *text* (written by an error or a library:
//! masked). The mask takes what looks like a telephone or identity number or a mail address; it is the second
//! net, not the first: no code of ours logs what a person wrote.

use std::borrow::Cow;

/// What is written where a value is withheld.
pub const WITHHELD: &str = "redacted";

/// How a listed key's value is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Word,
    Text,
}

/// Ids, codes and numbers of ours.
const WORDS: &[&str] = &[
    "acceptance",
    "address",
    "ahead",
    "ahead_us",
    "attempts",
    "calendar",
    "changed",
    "code",
    "consumer",
    "day",
    "delivery",
    "difference",
    "elapsed_ms",
    "endpoint",
    "faults",
    "generation",
    "gone",
    "held_ahead_us",
    "keys",
    "kind",
    "left",
    "level",
    "log.target",
    "messages",
    "method",
    "name",
    "outcome",
    "over",
    "requests",
    "role",
    "root",
    "route",
    "rows",
    "seal",
    "service",
    "stage",
    "status",
    "street",
    "streets",
    "subject_id",
    "table",
    "task",
    "tenant",
    "tried",
    "unacknowledged",
    "version",
    "year",
    // OpenTelemetry's own vocabulary.
    "db.namespace",
    "db.operation.name",
    "db.system.name",
    "http.request.method",
    "http.request.resend_count",
    "http.response.status_code",
    "http.route",
    "messaging.batch.message_count",
    "messaging.consumer.group.name",
    "messaging.destination.name",
    "messaging.destination.template",
    "messaging.message.id",
    "messaging.operation.name",
    "messaging.operation.type",
    "messaging.system",
    "rpc.method",
    "rpc.response.status_code",
    "rpc.system.name",
    "server.address",
    "server.port",
    "url.scheme",
];

/// Free text of errors and libraries.
const TEXTS: &[&str] = &["actor", "entry", "error", "error.type", "message", "reason"];

pub(crate) fn class(key: &str) -> Option<Class> {
    if WORDS.contains(&key) {
        return Some(Class::Word);
    }
    TEXTS.contains(&key).then_some(Class::Text)
}

/// Whether a value under this key is written at all.
pub fn listed(key: &str) -> bool {
    class(key).is_some()
}

/// The text without runs of seven or more digits (up to two blanks or hyphens between digits do not end a run) and
/// without words that hold an `@`.
pub fn mask(text: &str) -> Cow<'_, str> {
    let longest = text.chars().filter(|c| digit(*c)).count();
    if longest < DIGITS_MIN && !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let words = text.split_inclusive(char::is_whitespace).map(without_mail);
    Cow::Owned(without_numbers(&words.collect::<String>()))
}

const DIGITS_MIN: usize = 7;
/// What people put between digits: blanks and hyphens, wide ones too. Dots and colons are in addresses of machines.
const BETWEEN: [char; 7] = [' ', '\u{a0}', '\u{3000}', '-', '－', '‐', '–'];

/// Full-width digits count: people type them.
fn digit(c: char) -> bool {
    c.is_ascii_digit() || ('０'..='９').contains(&c)
}

fn without_mail(word: &str) -> Cow<'_, str> {
    let (bare, space) = word.split_at(word.trim_end().len());
    let inner = bare.split_once('@').is_some_and(|(before, after)| !before.is_empty() && !after.is_empty());
    if inner { Cow::Owned(format!("{WITHHELD}{space}")) } else { Cow::Borrowed(word) }
}

fn without_numbers(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    while at < characters.len() {
        let end = run_end(&characters, at);
        let digits = characters[at..end].iter().filter(|c| digit(**c)).count();
        if digits >= DIGITS_MIN {
            out.push_str(WITHHELD);
        } else {
            out.extend(&characters[at..end.max(at + 1)]);
        }
        at = end.max(at + 1);
    }
    out
}

/// Where the run of digits that begins at `at` ends; `at` itself if none begins there.
fn run_end(characters: &[char], at: usize) -> usize {
    let is_digit = |place: usize| characters.get(place).copied().is_some_and(digit);
    let mut end = at;
    let between = |place: usize| characters.get(place).is_some_and(|c| BETWEEN.contains(c));
    loop {
        if is_digit(end) {
            end += 1;
        } else if end > at && between(end) && is_digit(end + 1) {
            end += 2;
        } else if end > at && between(end) && between(end + 1) && is_digit(end + 2) {
            end += 3;
        } else {
            return end;
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("call 13800138000 back", "call redacted back")]
    #[case("call 138-0013-8000", "call redacted")]
    #[case("138 0013 8000 called", "redacted called")]
    #[case("１３８００１３８０００", "redacted")]
    #[case("１３８－００１３－８０００", "redacted")]
    #[case("138  0013\u{3000}8000", "redacted")]
    #[case("id 11010519491231002X", "id redactedX")]
    #[case("from wang@example.com today", "from redacted today")]
    #[case("key \"wang@example.com\" exists", "key redacted exists")]
    #[case("connection to 127.0.0.1:54321 refused", "connection to 127.0.0.1:54321 refused")]
    #[case("relation \"orders\" at line 42", "relation \"orders\" at line 42")]
    #[case("an @ alone", "an @ alone")]
    #[case("", "")]
    fn what_looks_like_a_person_is_taken_out(#[case] given: &str, #[case] left: &str) {
        assert_eq!(mask(given), left);
    }

    #[test]
    fn no_key_is_listed_twice() {
        let mut keys: Vec<&str> = WORDS.iter().chain(TEXTS).copied().collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
        assert_eq!(class("phone"), None);
    }
}
