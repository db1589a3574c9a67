//! Cases near by, receipts and what became of a report, for people: tables, Chinese first. Words of others are made
//! safe for a terminal.

use serde::Deserialize;

use super::near::Case;
use super::send::Receipt;
use crate::failure::Failure;
use crate::order::told::{titled, word};
use crate::street::safe;
use crate::table;

/// Open cases near by, as the door orders them: what the words suggest first, then the nearest.
pub(super) fn near(cases: &[Case]) -> String {
    if cases.is_empty() {
        return "✓ 附近没有未结案件 / no open case near by\n".to_owned();
    }
    let head =
        ["案件编号 case", "事项 item", "距离 distance", "上报数 voices", "立案时间 since", "状态 phase"];
    table::render(&head, &cases.iter().map(Case::cells).collect::<Vec<_>>())
}

impl Case {
    fn cells(&self) -> Vec<String> {
        vec![
            safe(&self.case_no),
            safe(&format!("{} {} / {}", self.item, self.item_zh, self.item_en)),
            format!("{} m", self.distance_m),
            self.voices.to_string(),
            safe(&self.opened_at),
            phase(&self.phase),
        ]
    }
}

/// What kept the hint away. The report goes out all the same.
pub(super) fn unseen(failure: &Failure) -> String {
    format!(
        "! 未能查看附近案件，照常上报 / what is near by could not be looked at; it is reported all the same\n{failure}"
    )
}

/// Where the report is on the record, and how to follow it.
pub(super) fn receipt(receipt: &Receipt, drill: bool) -> String {
    let head = if drill { "✓ 演练已上报 / drill reported" } else { "✓ 已上报 / reported" };
    let code = safe(&receipt.tracking_code);
    let rows = vec![
        ("上报 report", safe(&receipt.report_id)),
        ("查询码 tracking code", code.clone()),
        ("受理时间 accepted at", safe(&receipt.accepted_at)),
    ];
    format!("{head}\n{}→ 查询进度 / follow it: streetwise report follow {code}\n", titled(rows))
}

/// What the console tells who has the code.
#[derive(Debug, Deserialize)]
pub(super) struct Followed {
    case_no: Option<String>,
    item_zh: Option<String>,
    item_en: Option<String>,
    phase: String,
    received_at: Option<String>,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct Step {
    at: String,
    zh: String,
    en: String,
    note: Option<String>,
}

/// Where a report stands, and the steps so far.
pub(super) fn followed(followed: &Followed) -> String {
    let or_none = |text: &Option<String>| text.as_deref().map_or_else(|| "—".to_owned(), safe);
    let item = match (&followed.item_zh, &followed.item_en) {
        (Some(zh), Some(en)) => safe(&format!("{zh} / {en}")),
        (zh, en) => or_none(if zh.is_some() { zh } else { en }),
    };
    let mut rows = vec![
        ("案件编号 case", or_none(&followed.case_no)),
        ("事项 item", item),
        ("状态 phase", phase(&followed.phase)),
        ("受理时间 received at", or_none(&followed.received_at)),
    ];
    rows.extend(followed.steps.iter().map(|step| ("经过 step", step.told())));
    titled(rows)
}

impl Step {
    fn told(&self) -> String {
        let note = self.note.as_deref().map(|note| format!(" {note}")).unwrap_or_default();
        safe(&format!("{} {} / {}{note}", self.at, self.zh, self.en))
    }
}

/// Words that reporters see before there is an order; the others are those of orders and cases.
fn phase(told: &str) -> String {
    let zh = match told {
        "received" => "已受理",
        "review" => "待研判",
        "reviewing" => "审核中",
        "rejected" => "不予受理",
        _ => return word(told),
    };
    format!("{zh} {told}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cases() -> Vec<Case> {
        let case = json!({
            "case_no": "990102001-261123-0042", "item": "TRA-01", "item_zh": "公交改线\u{1b}[2J", "item_en": "Bus rerouted",
            "distance_m": 112, "voices": 3, "opened_at": "2026-11-23T02:00:00Z", "phase": "reviewing",
        });
        vec![serde_json::from_value(case).unwrap()]
    }

    #[test]
    fn a_case_near_by_is_a_line_in_both_languages_that_cannot_steer_the_terminal() {
        let said = near(&cases());
        let line = said.lines().nth(2).unwrap();
        for told in
            ["990102001-261123-0042", "Bus rerouted", "112 m", "2026-11-23T02:00:00Z", "审核中 reviewing"]
        {
            assert!(line.contains(told), "{told}: {said}");
        }
        assert!(!said.contains('\u{1b}'), "{said}");
        assert_eq!(near(&[]), "✓ 附近没有未结案件 / no open case near by\n");
    }

    #[test]
    fn a_receipt_says_how_to_follow_the_report() {
        let of = Receipt {
            report_id: "r-1".to_owned(),
            tracking_code: "7ZJ3K-9QH2M-4T8VX-R6WPN".to_owned(),
            accepted_at: "T".to_owned(),
        };
        let said = receipt(&of, false);
        assert!(said.starts_with("✓ 已上报 / reported\n") && said.contains("r-1"), "{said}");
        assert!(said.ends_with("streetwise report follow 7ZJ3K-9QH2M-4T8VX-R6WPN\n"), "{said}");
        assert!(receipt(&of, true).starts_with("✓ 演练已上报"));
    }

    #[test]
    fn what_became_of_a_report_is_told_with_its_steps() {
        let told = |answer| followed(&serde_json::from_value(answer).unwrap());
        let new = told(json!({
            "case_no": null, "item_zh": null, "item_en": null, "phase": "received", "received_at": "T", "steps": [],
        }));
        assert!(new.contains("已受理 received") && new.contains('—'), "{new}");
        let over = told(json!({
            "case_no": "990102001-261123-0042", "item_zh": "公交改线", "item_en": "Bus rerouted", "phase": "rejected",
            "received_at": "T", "steps": [{ "at": "U", "zh": "不予受理", "en": "rejected", "note": "已恢复" }],
        }));
        assert!(over.contains("不予受理 rejected") && over.contains("公交改线 / Bus rerouted"), "{over}");
        assert!(over.contains("U 不予受理 / rejected 已恢复"), "{over}");
    }

    #[test]
    fn what_keeps_a_hint_away_is_said_with_what_follows() {
        let said = unseen(&Failure::Usage("缺少 --triage-url".to_owned()));
        assert!(said.starts_with("! 未能查看附近案件") && said.ends_with("✗ 缺少 --triage-url"), "{said}");
    }
}
