//! The timeline of a case as a table.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::stage::{due, local, stamp};
use crate::table;

/// A page of the timeline.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct TimelinePage {
    pub entries: Vec<Entry>,
}

/// One thing that happened, with its name in both languages.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Entry {
    #[serde(rename = "type")]
    pub event_type: String,
    pub at: Timestamp,
    pub zh: String,
    pub en: String,
    pub body: Option<String>,
    pub actor: Option<String>,
    pub detail: Detail,
}

/// What is particular to it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Detail {
    stage: Option<String>,
    due_at: Option<Timestamp>,
    awaiting_year: Option<i16>,
    /// The limits an order was dispatched with; without a time, a stage waits for a calendar.
    due: BTreeMap<String, Option<Timestamp>>,
}

/// Time, event, body, actor, due.
pub(super) fn render(entries: &[Entry]) -> String {
    let head = ["时间 time", "环节 event", "单位 body", "操作人 actor", "期限 due"];
    let row = |entry: &Entry| {
        let words = format!("{} {}", entry.zh, entry.en);
        let (body, actor) = (entry.body.clone(), entry.actor.clone());
        vec![stamp(entry.at), words, body.unwrap_or_default(), actor.unwrap_or_default(), dues(&entry.detail)]
    };
    table::render(&head, &entries.iter().map(row).collect::<Vec<_>>())
}

fn dues(detail: &Detail) -> String {
    if detail.due.is_empty() {
        let due = due(detail.due_at, detail.awaiting_year);
        return detail
            .stage
            .iter()
            .chain(Some(&due).filter(|due| !due.is_empty()))
            .cloned()
            .collect::<Vec<_>>()
            .join(" ");
    }
    let one = |(stage, at): (&String, &Option<Timestamp>)| match at {
        Some(at) => format!("{stage} {}", local(*at)),
        None => format!("{stage} 等待日历 / awaiting calendar"),
    };
    detail.due.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_console_is_a_row() {
        let entry = serde_json::json!({
            "position": 3, "at": "2026-11-23T02:00:00Z", "type": "dispatch.order.dispatched", "zh": "工单已派发",
            "en": "order dispatched", "body": "transport", "actor": null, "stage": null,
            "detail": {"due": {"acknowledge": "2026-11-23T04:00:00Z", "resolve": null}},
        });
        let entry: Entry = serde_json::from_value(entry).unwrap();
        let text = render(&[entry]);
        let row = text.lines().nth(2).unwrap();
        assert!(row.starts_with("11-23 10:00:00.000  工单已派发 order dispatched  transport"), "{row}");
        assert!(row.ends_with("acknowledge 11-23 12:00:00, resolve 等待日历 / awaiting calendar"), "{row}");
        let warned =
            Detail { stage: Some("acknowledge".to_owned()), awaiting_year: Some(2027), ..Detail::default() };
        assert_eq!(dues(&warned), "acknowledge 等待2027年日历 / awaiting calendar 2027");
    }
}
