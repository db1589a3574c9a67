//! A history as a table. A rollback says which generation it is of.

use super::answers::{Entry, History, safe};
use crate::table;

/// Digits of a hash that are enough to compare by eye.
const HASH_DIGITS: usize = 12;

/// The table, and how to read on.
pub(super) fn told(code: &str, history: &History) -> String {
    let head = ["代次 generation", "时间 time", "操作人 actor", "字节 bytes", "sha256", "说明 note"];
    let rows: Vec<Vec<String>> = history.entries.iter().map(cells).collect();
    let mut text = table::render(&head, &rows);
    if let Some(next) = history.next {
        text.push_str(&format!(
            "  → 更早的 / earlier ones: streetwise street history {code} --before {next}\n"
        ));
    }
    text
}

fn cells(entry: &Entry) -> Vec<String> {
    let note = entry.of_generation.map(|of| format!("回退到第 {of} 代 rollback to {of}"));
    vec![
        entry.generation.to_string(),
        safe(&entry.at),
        safe(&entry.actor),
        entry.bytes.to_string(),
        entry.sha256.chars().take(HASH_DIGITS).collect(),
        note.unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollback_is_visible_as_such() {
        let entry = |generation, of_generation| Entry {
            generation,
            actor: "sre".to_owned(),
            at: "2026-11-23T02:00:00Z".to_owned(),
            sha256: "0123456789abcdef".to_owned(),
            bytes: 900,
            of_generation,
        };
        let history = History { entries: vec![entry(3, Some(1)), entry(2, None)], next: Some(2) };
        let said = told("990102001000", &history);
        assert!(said.contains("回退到第 1 代 rollback to 1\n"), "{said}");
        assert!(said.contains("0123456789ab\n"), "{said}");
        assert!(said.ends_with("streetwise street history 990102001000 --before 2\n"), "{said}");
    }
}
