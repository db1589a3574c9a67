//! Orders and their stages as dispatch shows them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::table;

/// A page of orders.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct OrderPage {
    pub orders: Vec<Order>,
}

/// One order.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Order {
    pub order_id: Uuid,
    pub body: String,
    pub role: String,
    pub policy: String,
    #[serde(default)]
    pub acts: BTreeMap<String, Timestamp>,
    pub stages: Vec<Stage>,
}

/// One stage with its clock.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Stage {
    pub stage: String,
    pub due_at: Option<Timestamp>,
    pub awaiting_year: Option<i16>,
    pub verdict: Option<String>,
}

impl Order {
    /// Lead and assistants work; who is informed only sees.
    pub fn works(&self) -> bool {
        self.role == "lead" || self.role == "assist"
    }

    pub fn has_stage(&self, stage: &str) -> bool {
        self.stages.iter().any(|known| known.stage == stage)
    }

    /// Every stage has its due time, or says which year's calendar it waits for.
    pub fn timed(&self) -> bool {
        !self.stages.is_empty() && self.stages.iter().all(|s| s.due_at.is_some() || s.awaiting_year.is_some())
    }
}

/// Every stage of every working order, with its due time and what became of it.
pub(super) fn render(orders: &[Order]) -> String {
    let head = ["单位 body", "角色 role", "阶段 stage", "期限 due", "结论 verdict"];
    let row = |order: &Order, stage: &Stage| {
        let verdict = match stage.verdict.as_deref() {
            Some("met") => "按时 met",
            Some("breached") => "超期 breached",
            Some("cancelled") => "取消 cancelled",
            _ => "",
        };
        let due = due(stage.due_at, stage.awaiting_year);
        vec![order.body.clone(), order.role.clone(), stage.stage.clone(), due, verdict.to_owned()]
    };
    let rows = orders.iter().flat_map(|order| order.stages.iter().map(move |stage| row(order, stage)));
    table::render(&head, &rows.collect::<Vec<_>>())
}

/// The due column: a local time, or the calendar that is awaited (D31).
pub(super) fn due(due_at: Option<Timestamp>, awaiting_year: Option<i16>) -> String {
    match (due_at, awaiting_year) {
        (Some(due_at), _) => local(due_at),
        (None, Some(year)) => format!("等待{year}年日历 / awaiting calendar {year}"),
        (None, None) => String::new(),
    }
}

/// A due time as people of the demonstration read it.
pub(super) fn local(at: Timestamp) -> String {
    in_shanghai(at, "%m-%d %H:%M:%S")
}

/// When something happened: a running system does many things in one second.
pub(super) fn stamp(at: Timestamp) -> String {
    in_shanghai(at, "%m-%d %H:%M:%S%.3f")
}

fn in_shanghai(at: Timestamp, format: &str) -> String {
    match jiff::tz::TimeZone::get("Asia/Shanghai") {
        Ok(zone) => at.to_zoned(zone).strftime(format).to_string(),
        Err(_) => at.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_awaited_calendar_is_a_due_time_too() {
        assert_eq!(due(None, Some(2027)), "等待2027年日历 / awaiting calendar 2027");
        assert_eq!(due(Some("2026-11-23T02:00:00Z".parse().unwrap()), None), "11-23 10:00:00");
        let stage = |due_at: Option<Timestamp>, awaiting_year| Stage {
            stage: "resolve".to_owned(),
            due_at,
            awaiting_year,
            verdict: None,
        };
        let order = |stages| Order {
            order_id: Uuid::nil(),
            body: "transport".to_owned(),
            role: "lead".to_owned(),
            policy: "item".to_owned(),
            acts: BTreeMap::new(),
            stages,
        };
        assert!(order(vec![stage(None, Some(2027))]).timed());
        assert!(!order(vec![stage(None, None)]).timed());
        assert!(!order(Vec::new()).timed());
    }
}
