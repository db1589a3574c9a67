//! Which series a query asks for. Not a parser of PromQL (promtool is one): a reader of names, label matchers and groupings,
//! strict enough that what it does not understand is taken for a series, and then missed.

/// A label matcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// The label.
    pub label: String,
    /// `=`, `!=`, `=~`, `!~`.
    pub operator: String,
    /// What with.
    pub value: String,
}

/// What a query asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Series with their matchers.
    pub series: Vec<(String, Vec<Matcher>)>,
    /// Labels it groups, matches or keeps by.
    pub grouped: Vec<String>,
}

const WORDS: [&str; 8] = ["and", "or", "unless", "bool", "offset", "inf", "Inf", "NaN"];
const GROUPINGS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// Reads a query.
pub fn asked(query: &str) -> Asked {
    let mut asked = Asked::default();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            rest = after_string(rest).1;
        } else if first == '[' {
            rest = rest.split_once(']').map_or("", |(_, rest)| rest);
        } else if first.is_ascii_digit() {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '.');
        } else if starts_name(first) {
            rest = named(rest, &mut asked);
        } else {
            rest = &rest[first.len_utf8()..];
        }
        rest = rest.trim_start();
    }
    asked
}

fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':'
}

/// A word: part of the language, a grouping, a function, or a series.
fn named<'a>(text: &'a str, asked: &mut Asked) -> &'a str {
    let end = text.find(|c: char| !(starts_name(c) || c.is_ascii_digit())).unwrap_or(text.len());
    let (name, rest) = (&text[..end], text[end..].trim_start());
    if WORDS.contains(&name) {
        return rest;
    }
    if GROUPINGS.contains(&name) {
        let Some(list) = rest.strip_prefix('(') else { return rest };
        let (labels, rest) = list.split_once(')').unwrap_or((list, ""));
        let labels = labels.split(',').map(str::trim).filter(|label| !label.is_empty());
        asked.grouped.extend(labels.map(str::to_owned));
        return rest;
    }
    if rest.starts_with('(') || GROUPINGS.iter().any(|word| is_word(rest, word)) {
        return rest;
    }
    let (matchers, rest) = match rest.strip_prefix('{') {
        Some(list) => matchers(list),
        None => (Vec::new(), rest),
    };
    asked.series.push((name.to_owned(), matchers));
    rest
}

/// Whether a text begins with this word and an opening bracket, as in `sum by (job) (…)`.
fn is_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| rest.trim_start().starts_with('('))
}

/// Up to and with the closing brace.
fn matchers(mut text: &str) -> (Vec<Matcher>, &str) {
    let mut found = Vec::new();
    loop {
        text = text.trim_start_matches([',', ' ', '\n']);
        if let Some(rest) = text.strip_prefix('}') {
            return (found, rest);
        }
        let Some(quote) = text.find('"') else { return (found, "") };
        let head = text[..quote].trim();
        let label = head.trim_end_matches(['=', '~', '!']).trim();
        let (value, rest) = after_string(&text[quote..]);
        let operator = head[label.len()..].trim().to_owned();
        found.push(Matcher { label: label.to_owned(), operator, value });
        text = rest;
    }
}

/// A string and what follows; a backslash keeps the next character.
fn after_string(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, kept)| kept)),
            _ => value.push(c),
        }
    }
    (value, "")
}
