//! The timeline of a case as a table.

use jiff::Timestamp;
use serde::Deserialize;

use super::stage::{due, local};
use crate::table;

/// A page of the timeline.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct TimelinePage {
    pub entries: Vec<Entry>,
}

/// One thing that happened.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Entry {
    pub event_type: String,
    pub at: Timestamp,
    #[serde(default)]
    pub body: Option<String>,
    #[serde(default)]
    pub actor: Option<String>,
    #[serde(default)]
    pub due_at: Option<Timestamp>,
    #[serde(default)]
    pub awaiting_year: Option<i16>,
}

/// Time, event, body, actor, due.
pub(super) fn render(entries: &[Entry]) -> String {
    let head = ["时间 time", "事件 event", "单位 body", "经办 actor", "期限 due"];
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let row = |entry: &Entry| {
        let words = words(&entry.event_type);
        vec![
            local(entry.at),
            words,
            text(&entry.body),
            text(&entry.actor),
            due(entry.due_at, entry.awaiting_year),
        ]
    };
    table::render(&head, &entries.iter().map(row).collect::<Vec<_>>())
}

/// The event's name, Chinese first; an event this tool does not know is shown as it is called.
fn words(event_type: &str) -> String {
    let known = [
        ("intake.report.accepted", "上报受理 report accepted"),
        ("triage.case.opened", "立案 case opened"),
        ("triage.case.joined", "并案 voice joined"),
        ("triage.case.review_requested", "待人工研判 review requested"),
        ("triage.case.routed", "派单方案 routed"),
        ("dispatch.order.dispatched", "派单 dispatched"),
        ("dispatch.order.seen", "已阅 seen"),
        ("dispatch.order.acknowledged", "签收 acknowledged"),
        ("dispatch.order.arrived", "到场 on site"),
        ("dispatch.order.progressed", "反馈 progress"),
        ("dispatch.order.submitted", "办结申请 submitted"),
        ("dispatch.order.done", "办结 done"),
        ("dispatch.order.warned", "预警 warned"),
        ("dispatch.order.breached", "超期 breached"),
        ("dispatch.order.escalated", "升级 escalated"),
        ("dispatch.order.calendar_awaited", "等待日历 calendar awaited"),
        ("dispatch.case.submitted", "待核查 submitted for verification"),
        ("dispatch.case.verifying", "核查中 verifying"),
        ("dispatch.case.closed", "结案 closed"),
        ("dispatch.case.reopened", "返工 reopened"),
        ("dispatch.case.warned", "核查预警 verification warned"),
        ("dispatch.case.breached", "核查超期 verification breached"),
        ("notification.delivery.delivered", "通知送达 delivered"),
        ("notification.delivery.dead_lettered", "通知失败 dead-lettered"),
        ("notification.delivery.suppressed", "通知未发 suppressed"),
    ];
    known.iter().find(|(name, _)| *name == event_type).map_or(event_type, |(_, words)| words).to_owned()
}
