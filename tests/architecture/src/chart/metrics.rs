//! Metrics: what the instruments are called when scraped, and what alerts ask for.

use std::collections::BTreeSet;

use crate::source::Source;
use crate::text::Keep;

/// Makers of instruments and what the scrape adds to their names.
const MAKERS: [(&str, &[&str]); 4] = [
    ("counter(", &["_total"]),
    ("gauge(", &[""]),
    ("observed(", &[""]),
    ("histogram(", &["_bucket", "_count", "_sum"]),
];
/// Labels that the scrape itself brings.
const OF_PROMETHEUS: [&str; 3] = ["job", "instance", "le"];

/// Every series name the sources export.
pub fn exported(sources: &[Source]) -> BTreeSet<String> {
    let codes = sources.iter().map(|source| source.production(Keep::CodeAndStrings));
    codes.flat_map(|code| MAKERS.iter().flat_map(|maker| made(&code, maker)).collect::<Vec<_>>()).collect()
}

fn made(code: &str, (maker, endings): &(&str, &[&str])) -> Vec<String> {
    let calls = code.match_indices(maker).map(|(at, _)| &code[at + maker.len()..]);
    let series = calls.filter_map(|call| {
        let name = dotted(code, call.trim_start())?.replace('.', "_");
        let unit = if whole(call).contains("\"s\"") { "_seconds" } else { "" };
        Some(endings.iter().map(move |ending| format!("{name}{unit}{ending}")))
    });
    series.flatten().collect()
}

/// The arguments of a call, up to its own closing parenthesis.
fn whole(call: &str) -> &str {
    let mut depth = 1_usize;
    let end = call.find(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    &call[..end.unwrap_or(call.len())]
}

/// The name a call begins with: a string, a constant of the file or of the conventions, or a variable bound to one.
fn dotted(code: &str, call: &str) -> Option<String> {
    if let Some(text) = call.strip_prefix('"') {
        return text.split('"').next().map(str::to_owned);
    }
    let word: String = call.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    if let Some(text) = code.split(&format!("const {word}: &str = \"")).nth(1) {
        return text.split('"').next().map(str::to_owned);
    }
    if convention(code, &word) {
        return Some(word.to_ascii_lowercase());
    }
    let binding = code.split(&format!("let ({word}, ")).nth(1)?;
    binding.split(") = (\"").nth(1)?.split('"').next().map(str::to_owned)
}

/// Their constants are named like what they hold, dots as underscores.
fn convention(code: &str, word: &str) -> bool {
    !word.is_empty() && code.contains(&format!("opentelemetry_semantic_conventions::metric::{word};"))
}

/// Every label the sources put on something, as scraped.
pub fn labels(sources: &[Source]) -> BTreeSet<String> {
    let codes = sources.iter().map(|source| source.production(Keep::CodeAndStrings));
    let own = codes.flat_map(|code| {
        let keys = ["label(", "KeyValue::new("].map(|call| keys(&code, call));
        keys.concat()
    });
    own.chain(OF_PROMETHEUS.map(str::to_owned)).collect()
}

fn keys(code: &str, call: &str) -> Vec<String> {
    let calls = code.split(call).skip(1).map(str::trim_start);
    let words = calls.map(|rest| rest.trim_start_matches('"').split(['"', ',']).next().unwrap_or_default());
    words.map(|word| word.replace('.', "_").to_ascii_lowercase()).collect()
}

/// What the expressions of a rule file ask for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Names of series.
    pub series: BTreeSet<String>,
    /// Names of labels.
    pub labels: BTreeSet<String>,
}

/// Reads the blocks `expr: |` of a rule file.
pub fn asked(rules: &str) -> Asked {
    let blocks = rules.split("expr: |\n").skip(1);
    let expressions = blocks.map(|block| {
        let indent = block.len() - block.trim_start_matches(' ').len();
        let inside = |line: &&str| line.len() - line.trim_start().len() >= indent;
        block.lines().take_while(inside).collect::<Vec<_>>().join("\n")
    });
    expressions.fold(Asked::default(), |asked, expression| asked.with(&expression))
}

impl Asked {
    fn with(mut self, expression: &str) -> Self {
        let plain = without_strings(expression);
        let (outside, matchers) = apart(&plain, '{', '}');
        let (outside, _ranges) = apart(&outside, '[', ']');
        let mut rest = outside.as_str();
        let mut text = String::new();
        while let Some((before, after)) = rest.split_once("by (") {
            let (labels, behind) = after.split_once(')').unwrap_or((after, ""));
            self.labels.extend(names(labels));
            text.push_str(before);
            rest = behind;
        }
        text.push_str(rest);
        self.labels.extend(names(&matchers));
        let called = |name: &String| text.contains(&format!("{name}("));
        // What is left without an underscore is PromQL's own: `sum`, `and`, `up`.
        let of_ours = |name: &String| name.contains(['_', ':']) && !called(name);
        self.series.extend(names(&text).into_iter().filter(of_ours));
        self
    }
}

fn without_strings(text: &str) -> String {
    text.split('"').step_by(2).collect::<Vec<_>>().join("")
}

/// What stands outside of a pair of brackets, and what inside.
fn apart(text: &str, open: char, close: char) -> (String, String) {
    let (mut outside, mut inside, mut depth) = (String::new(), String::new(), 0_usize);
    for c in text.chars() {
        match c {
            c if c == open => depth += 1,
            c if c == close => depth = depth.saturating_sub(1),
            c if depth == 0 => outside.push(c),
            c => inside.push(c),
        }
        if c == open || c == close {
            outside.push(' ');
            inside.push(' ');
        }
    }
    (outside, inside)
}

fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    let name = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
    words.filter(name).map(str::to_owned).collect()
}
