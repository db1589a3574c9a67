//! The directory's answers, as far as people are told of them.

use serde::Deserialize;

pub(super) use crate::apply::Applied;
use crate::rules::Finding;

#[derive(Debug, Deserialize)]
pub(super) struct Planned {
    pub tenant: String,
    pub kind: String,
    pub generation: u64,
    pub changed: bool,
    pub changes: Vec<Change>,
    pub more: usize,
    pub streets: Option<u64>,
    /// Of a street that would be redrawn.
    pub territory_document: Option<String>,
    /// What is worth a look in its rules and list.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// What triage says of a redrawn territory.
#[derive(Debug, Deserialize)]
pub(super) struct Redraw {
    pub open: u64,
    pub moved: u64,
    pub outside: u64,
    pub cases: Vec<Move>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Move {
    pub case_no: String,
    pub from: Placed,
    pub to: Option<Placed>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Placed {
    pub community: Option<String>,
    pub grid: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Change {
    pub change: String,
    /// JSON pointer into the documents.
    #[serde(default)]
    pub pointer: String,
    pub label: Text,
    pub before_text: Option<Text>,
    pub after_text: Option<Text>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Text {
    pub zh: String,
    pub en: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct History {
    pub entries: Vec<Entry>,
    pub next: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    pub generation: u64,
    pub actor: String,
    pub at: String,
    pub sha256: String,
    pub bytes: u64,
    pub of_generation: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OnDuty {
    pub name: Text,
    pub post: Post,
    pub at: String,
    pub turns: Vec<Turn>,
    pub next: Option<Turn>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Post {
    pub name: Text,
    pub body: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Turn {
    pub shift: String,
    pub starts_at: String,
    pub ends_at: String,
    pub crew: Vec<String>,
}

/// A text of somebody else's, safe to print: what would steer the terminal, or turn the line around, is shown as a
/// mark.
pub(crate) fn safe(text: &str) -> String {
    let steers = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}
