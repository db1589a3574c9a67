//! Orders for people: tables, Chinese first. Words of others are made safe for a terminal.

use std::collections::BTreeMap;

use ids::TenantId;
use serde::Deserialize;
use serde_json::Value;

use super::LOOKING;
use crate::failure::Failure;
use crate::street::{read, safe};
use crate::table;

/// An order, as far as people are told of it.
#[derive(Debug, Deserialize)]
pub(crate) struct Order {
    pub order_id: String,
    pub case_id: String,
    pub case_no: String,
    pub round: u32,
    pub body: String,
    pub role: String,
    pub phase: String,
    pub version: u64,
    pub item: String,
    #[serde(default)]
    pub item_zh: String,
    #[serde(default)]
    pub item_en: String,
    #[serde(default)]
    pub address: String,
    #[serde(default)]
    pub policy: String,
    #[serde(default)]
    pub drill: bool,
    pub dispatched_at: String,
    #[serde(default)]
    pub acts: BTreeMap<String, String>,
    #[serde(default)]
    pub stages: Vec<Stage>,
    pub returning: Option<Returning>,
    pub supervised_at: Option<String>,
    #[serde(default)]
    pub urged: u32,
    pub time_asked: Option<TimeAsked>,
    pub suspended_until: Option<String>,
}

/// A stage with its clock.
#[derive(Debug, Deserialize)]
pub(crate) struct Stage {
    pub stage: String,
    pub due_at: Option<String>,
    pub awaiting_year: Option<i16>,
    pub verdict: Option<String>,
    #[serde(default)]
    pub held: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Returning {
    pub ground: String,
    pub proposed: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TimeAsked {
    pub amount: Option<u32>,
    pub unit: Option<String>,
    pub until: Option<String>,
    pub reason: Option<String>,
}

/// Orders as lines.
pub(super) fn orders(orders: &[Value], more: bool) -> Result<String, Failure> {
    if orders.is_empty() {
        return Ok("✓ 没有工单 / no order\n".to_owned());
    }
    let orders: Vec<Order> = orders.iter().map(|order| read(LOOKING, order)).collect::<Result<_, _>>()?;
    Ok(lines(&orders) + if more { "  … 可能还有 / there may be more: --limit\n" } else { "" })
}

/// The same without what comes behind.
pub(crate) fn lines(orders: &[Order]) -> String {
    let head = [
        "工单 order",
        "案件编号 case",
        "轮 round",
        "单位 body",
        "角色 role",
        "状态 phase",
        "事项 item",
        "最近到期 due next",
        "附注 marks",
    ];
    table::render(&head, &orders.iter().map(Order::cells).collect::<Vec<_>>())
}

/// One order whole, and what may be done about it.
pub(super) fn whole(order: &Value, street: TenantId) -> Result<String, Failure> {
    Ok(read::<Order>(LOOKING, order)?.whole(street))
}

impl Order {
    fn cells(&self) -> Vec<String> {
        let due =
            self.stages.iter().filter(|stage| stage.verdict.is_none()).filter_map(|s| s.due_at.as_deref());
        vec![
            safe(&self.order_id),
            safe(&self.case_no),
            self.round.to_string(),
            safe(&self.body),
            word(&self.role),
            word(&self.phase),
            safe(&self.item),
            due.min().map_or_else(|| "—".to_owned(), safe),
            self.marks(),
        ]
    }

    /// What is seen before anything else.
    fn marks(&self) -> String {
        let late = self.stages.iter().any(|stage| stage.verdict.as_deref() == Some("breached"));
        let marks = [
            (self.drill, "演练 drill"),
            (late, "超期 breached"),
            (self.returning.is_some(), "退单待裁定 return asked"),
            (self.time_asked.is_some(), "申请待批 time asked"),
            (self.suspended_until.is_some(), "挂起 suspended"),
            (self.supervised_at.is_some(), "督办 supervised"),
        ];
        let marks = marks.iter().filter(|(so, _)| *so).map(|(_, mark)| (*mark).to_owned());
        let urged = (self.urged > 0).then(|| format!("催办 urged ×{}", self.urged));
        marks.chain(urged).collect::<Vec<_>>().join("，")
    }

    fn whole(&self, street: TenantId) -> String {
        let mut rows = vec![
            ("工单 order", safe(&self.order_id)),
            ("案件 case", safe(&format!("{} {}", self.case_no, self.case_id))),
            ("单位 body", safe(&self.body)),
            ("角色 role", format!("{} 第 {1} 轮 / round {1}", word(&self.role), self.round)),
            ("状态 phase", word(&self.phase)),
            ("版本 version", self.version.to_string()),
            ("事项 item", safe(&format!("{} {} / {}", self.item, self.item_zh, self.item_en))),
            ("地址 address", safe(&self.address)),
            ("时限方案 policy", safe(&self.policy)),
            ("派发 dispatched", safe(&self.dispatched_at)),
        ];
        rows.extend(self.stages.iter().map(|stage| ("时限 due", stage.told())));
        rows.extend(self.acts.iter().map(|(act, at)| ("已办 done", format!("{} {}", word(act), safe(at)))));
        if let Some(asked) = &self.returning {
            let whose = format!("{} → {}", word(&asked.ground), safe(&asked.proposed));
            rows.push(("申请退单 return asked", whose));
        }
        rows.extend(self.time_asked.as_ref().map(|asked| ("申请 time asked", asked.told())));
        rows.extend(self.suspended_until.as_ref().map(|until| ("挂起至 suspended until", safe(until))));
        let marks = self.marks();
        if !marks.is_empty() {
            rows.push(("附注 marks", marks));
        }
        titled(rows) + &self.next(street)
    }

    /// Commands that are possible as it stands; whose they are, rights say.
    fn next(&self, street: TenantId) -> String {
        let id = safe(&self.order_id);
        let line =
            |said: &str, words: &str| format!("→ {said}: streetwise order {words} --street {street}\n");
        if self.returning.is_some() {
            return line("裁定 / rule on it", &format!("adjudicate {id} --to BODY"));
        }
        let mut text = String::new();
        if self.time_asked.is_some() {
            text += &line("批准 / grant it", &format!("grant {id}"));
        }
        let body = match (self.role.as_str(), self.phase.as_str()) {
            ("inform", "dispatched") => Some(("阅看 / seen", "see")),
            ("inform", _) => None,
            (_, "dispatched" | "seen") => Some(("签收 / take it", "acknowledge")),
            (_, "acknowledged") => Some(("到场 / on site", "arrive")),
            (_, "on_site" | "in_progress") => Some(("申请办结 / say it is done", "submit")),
            _ => None,
        };
        if let Some((said, verb)) = body {
            text += &line(said, &format!("{verb} {id}"));
            if self.role != "inform" && verb != "submit" {
                text += &line("退单 / not theirs", &format!("return {id} --ground GROUND --to BODY"));
            }
        }
        text + &line("时限说明 / why it is due then", &format!("clocks {id}"))
    }
}

impl Stage {
    pub(crate) fn told(&self) -> String {
        let due = match (&self.due_at, self.awaiting_year) {
            (Some(due), _) => safe(due),
            (None, Some(year)) => format!("等待 {year} 年日历 / awaiting calendar {year}"),
            (None, None) => "—".to_owned(),
        };
        let held = if self.held { " 挂起 held" } else { "" };
        let verdict =
            self.verdict.as_deref().map(|verdict| format!(" {}", word(verdict))).unwrap_or_default();
        format!("{} {due}{verdict}{held}", word(&self.stage))
    }
}

impl TimeAsked {
    fn told(&self) -> String {
        let more =
            self.amount.map(|amount| format!("延期 {amount} {}", self.unit.as_deref().unwrap_or_default()));
        let held = self.until.as_deref().map(|until| {
            format!("挂起至 suspended until {until} {}", word(self.reason.as_deref().unwrap_or_default()))
        });
        safe(&more.or(held).unwrap_or_default())
    }
}

/// What the door answered to an act: an order, or a visit that was signed.
pub(super) fn done(answer: &Value) -> String {
    let told = match read::<Order>(LOOKING, answer) {
        Ok(order) => lines(&[order]),
        Err(_) => visit(answer),
    };
    format!("✓ 已办理 / done\n{told}")
}

/// A joint visit, with who is still to sign.
pub(crate) fn visit(visit: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| "—".to_owned(), safe);
    let mut rows = vec![
        ("走访 visit", text(&visit["visit_id"])),
        ("走访时间 visited at", text(&visit["visited_at"])),
        ("登记单位 recorded by", text(&visit["by"])),
    ];
    for signature in visit["signatures"].as_array().into_iter().flatten() {
        let signed = match signature["signed_at"].as_str() {
            Some(at) => format!("已签字 signed {}", safe(at)),
            None => "待签字 to sign".to_owned(),
        };
        rows.push((
            "到场单位 was there",
            format!("{} {signed} {}", text(&signature["body"]), text(&signature["order_id"])),
        ));
    }
    titled(rows)
}

/// Clocks in the words of the door.
pub(crate) fn clocks(list: &Value) -> String {
    let clocks = list["clocks"].as_array().cloned().unwrap_or_default();
    if clocks.is_empty() {
        return "✓ 没有计时 / no clock\n".to_owned();
    }
    let told = |clock: &Value| {
        let lines = ["zh", "en"].map(|language| {
            clock[language]
                .as_str()
                .unwrap_or_default()
                .lines()
                .map(|line| format!("{}\n", safe(line)))
                .collect::<String>()
        });
        lines.concat()
    };
    clocks.iter().map(told).collect::<Vec<_>>().join("\n")
}

pub(crate) fn titled(rows: Vec<(&'static str, String)>) -> String {
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|(title, value)| vec![title.to_owned(), value]).collect();
    table::render(&["项目 what", "内容 content"], &rows)
}

/// A word of the door with its Chinese before it; any other text as it is.
pub(crate) fn word(word: &str) -> String {
    let zh = match word {
        "lead" => "主办",
        "assist" => "协办",
        "inform" => "抄送",
        "dispatched" => "已派发",
        "seen" | "see" => "已阅",
        "acknowledged" | "acknowledge" => "签收",
        "on_site" | "arrive" => "到场",
        "in_progress" | "progress" => "办理中",
        "submitted" | "submit" => "申请办结",
        "done" => "已办结",
        "cancelled" => "已取消",
        "returned" => "已退单",
        "transferred" => "已改派",
        "waived" => "已免除",
        "resolve" => "办结",
        "verify" => "核查",
        "adjudicate" => "裁定",
        "met" => "按时",
        "breached" => "超期",
        "open" => "办理中",
        "verifying" => "核查中",
        "closed" => "已结案",
        "verifier" => "核查员",
        "centre" => "街道中心",
        "district" => "区中心",
        "not_our_duty" => "非本单位职责",
        "not_our_area" => "非本单位辖区",
        "wrong_item" => "事项有误",
        "beyond_powers" => "超出职权",
        "reporter" => "等待上报人",
        "materials" => "等待材料",
        "approval" => "等待审批",
        "weather" => "天气",
        "proceedings" => "诉讼或其他程序",
        _ => return safe(word),
    };
    format!("{zh} {word}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order() -> Value {
        json!({
            "order_id": "o-1", "case_id": "c-1", "case_no": "990102001-261123-0001", "round": 1, "body": "transport",
            "role": "lead", "phase": "acknowledged", "version": 3, "item": "TRA-01", "item_zh": "公交改线\u{1b}[2J",
            "item_en": "Bus rerouted", "address": "滨江路", "policy": "standard", "drill": false,
            "dispatched_at": "2026-11-23T02:00:00Z", "acts": { "see": "2026-11-23T02:05:00Z" },
            "stages": [
                { "stage": "acknowledge", "due_at": "2026-11-23T04:00:00Z", "awaiting_year": null, "verdict": "breached" },
                { "stage": "resolve", "due_at": "2026-12-07T10:00:00Z", "awaiting_year": null, "verdict": null },
            ],
            "returning": null, "supervised_at": null, "urged": 2, "time_asked": null, "suspended_until": null,
        })
    }

    fn street() -> TenantId {
        "990102001000".parse().unwrap()
    }

    #[test]
    fn an_order_is_a_line_that_shows_what_is_late_and_cannot_steer_the_terminal() {
        let said = orders(&[order()], true).unwrap();
        let line = said.lines().nth(2).unwrap();
        assert!(line.contains("签收 acknowledged") && line.contains("2026-12-07T10:00:00Z"), "{said}");
        assert!(line.ends_with("超期 breached，催办 urged ×2"), "{said}");
        assert!(said.ends_with("there may be more: --limit\n"), "{said}");
        let said = whole(&order(), street()).unwrap();
        assert!(!said.contains('\u{1b}') && said.contains("已阅 see 2026-11-23T02:05:00Z"), "{said}");
        assert_eq!(orders(&[], false).unwrap(), "✓ 没有工单 / no order\n");
    }

    #[test]
    fn an_order_says_what_may_be_done_about_it() {
        let said = |change: Value| {
            let mut order = order();
            for (name, value) in change.as_object().unwrap() {
                order[name] = value.clone();
            }
            whole(&order, street()).unwrap()
        };
        for (change, told) in [
            (json!({}), "streetwise order arrive o-1 --street 990102001000"),
            (json!({}), "streetwise order return o-1 --ground GROUND --to BODY"),
            (json!({ "phase": "seen" }), "streetwise order acknowledge o-1"),
            (json!({ "phase": "on_site" }), "streetwise order submit o-1"),
            (json!({ "role": "inform", "phase": "dispatched" }), "streetwise order see o-1"),
            (
                json!({ "returning": { "ground": "wrong_item", "proposed": "police" } }),
                "adjudicate o-1 --to BODY",
            ),
            (json!({ "time_asked": { "amount": 2, "unit": "hour" } }), "streetwise order grant o-1"),
        ] {
            let said = said(change);
            assert!(said.contains(told), "{told}\n{said}");
        }
        let ended = said(json!({ "phase": "done" }));
        assert!(!ended.contains("submit o-1") && ended.contains("clocks o-1"), "{ended}");
        let waits = said(
            json!({ "stages": [{ "stage": "resolve", "due_at": null, "awaiting_year": 2027, "verdict": null }] }),
        );
        assert!(waits.contains("awaiting calendar 2027"), "{waits}");
    }

    #[test]
    fn an_answer_is_an_order_or_a_visit() {
        assert!(done(&order()).starts_with("✓ 已办理 / done\n工单 order"));
        let signed = done(&json!({
            "visit_id": "v-1", "visited_at": "T", "by": "transport",
            "signatures": [{ "order_id": "o-2", "body": "police", "signed_at": null }],
        }));
        assert!(signed.contains("v-1") && signed.contains("police 待签字 to sign o-2"), "{signed}");
        assert_eq!(clocks(&json!({ "clocks": [{ "zh": "甲", "en": "a" }] })), "甲\na\n");
    }
}
