//! Every code a door may answer stands on the page of error codes, and nothing else does.

use std::collections::BTreeSet;

use crate::source::Source;
use crate::text::Keep;

/// The page.
pub const PAGE: &str = "docs/errors.md";

/// Codes of refusals in the sources: rows of a `kinds!` table, and statics of their own beside a status.
pub fn codes(sources: &[Source]) -> BTreeSet<String> {
    sources.iter().flat_map(codes_of).collect()
}

fn codes_of(source: &Source) -> Vec<String> {
    let text = source.production(Keep::CodeAndStrings);
    let rows = text.split("\nkinds! {").nth(1).and_then(|rest| rest.split("\n}").next()).unwrap_or_default();
    let rows = rows.lines().filter(|line| {
        let name = line.split_whitespace().next().unwrap_or_default();
        name.len() > 1 && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
    });
    let statics = text.split("ProblemKind = ProblemKind {").skip(1);
    rows.chain(statics.filter_map(|rest| rest.split("code:").nth(1))).filter_map(quoted).collect()
}

fn quoted(text: &str) -> Option<String> {
    text.split('"').nth(1).map(str::to_owned)
}

/// Codes the page has a row for.
pub fn told(page: &str) -> BTreeSet<String> {
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| ") && line[2..].starts_with(|c: char| c.is_ascii_digit()));
    rows.filter_map(|row| row.split('`').nth(1)).map(str::to_owned).collect()
}
