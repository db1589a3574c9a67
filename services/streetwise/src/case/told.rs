//! Cases and rulings for people: tables, Chinese first. Words of others are made safe for a terminal.

use ids::TenantId;
use serde::Deserialize;
use serde_json::Value;

use super::LOOKING;
use crate::failure::Failure;
use crate::order::told::{Order, Stage, lines, titled, visit, word};
use crate::street::{read, safe};
use crate::table;

/// A case, as far as people are told of it.
#[derive(Debug, Deserialize)]
struct Case {
    case_id: String,
    case_no: String,
    round: u32,
    phase: String,
    version: u64,
    item: String,
    item_zh: String,
    item_en: String,
    lead: String,
    holder: Option<String>,
    opened_at: String,
    holders: Vec<Holder>,
    verifications: Vec<Stage>,
    adjudication: Option<Stage>,
    #[serde(default)]
    supervised_at: Option<String>,
    #[serde(default)]
    repeated_by: Vec<String>,
    #[serde(default)]
    visits: Vec<Value>,
    orders: Vec<Order>,
}

#[derive(Debug, Deserialize)]
struct Holder {
    holder: String,
    from: String,
    to: Option<String>,
}

/// One case whole, and what may be done about it.
pub(super) fn whole(case: &Value, street: TenantId) -> Result<String, Failure> {
    Ok(read::<Case>(LOOKING, case)?.whole(street))
}

/// What the door answered to an act: a case, or a visit that was recorded.
pub(super) fn done(answer: &Value, street: TenantId) -> Result<String, Failure> {
    let told = if answer.get("visit_id").is_some() { visit(answer) } else { whole(answer, street)? };
    Ok(format!("✓ 已办理 / done\n{told}"))
}

impl Case {
    fn whole(&self, street: TenantId) -> String {
        let holder = self.holder.as_deref().map_or_else(|| "—".to_owned(), word);
        let mut rows = vec![
            ("案件 case", safe(&format!("{} {}", self.case_no, self.case_id))),
            ("状态 phase", format!("{} 第 {1} 轮 / round {1}", word(&self.phase), self.round)),
            ("版本 version", self.version.to_string()),
            ("事项 item", safe(&format!("{} {} / {}", self.item, self.item_zh, self.item_en))),
            ("主办 lead", safe(&self.lead)),
            ("现持有 in hand of", holder),
            ("交办 opened", safe(&self.opened_at)),
        ];
        rows.extend(self.holders.iter().map(|held| ("经手 held by", held.told())));
        rows.extend(self.verifications.iter().map(|stage| ("核查 verification", stage.told())));
        rows.extend(self.adjudication.iter().map(|stage| ("裁定 ruling", stage.told())));
        rows.extend(self.supervised_at.iter().map(|at| ("督办 supervised", safe(at))));
        rows.extend(self.repeated_by.iter().map(|id| ("再次上报 came again as", safe(id))));
        let visits: String = self.visits.iter().map(|of| format!("\n{}", visit(of))).collect();
        format!("{}\n{}{visits}{}", titled(rows), lines(&self.orders), self.next(street))
    }

    /// Commands that are possible as it stands; whose they are, rights say.
    fn next(&self, street: TenantId) -> String {
        let id = safe(&self.case_id);
        let line = |said: &str, words: &str| format!("→ {said}: streetwise case {words} --street {street}\n");
        match self.phase.as_str() {
            "submitted" => line("认领核查 / take its verification", &format!("verify {id}")),
            "verifying" => {
                line("通过，结案 / settled", &format!("close {id} --note TEXT"))
                    + &line("不通过，重新办理 / not settled", &format!("reopen {id} --note TEXT"))
            }
            "open" => line("吹哨 / summon", &format!("whistle {id} --body BODY --within-minutes 30")),
            _ => String::new(),
        }
    }
}

impl Holder {
    fn told(&self) -> String {
        let to = self.to.as_deref().unwrap_or("…");
        format!("{} {}", word(&self.holder), safe(&format!("{} → {to}", self.from)))
    }
}

/// A ruling that waits, or was given.
#[derive(Debug, Deserialize)]
struct Line {
    case_no: String,
    item: String,
    order_id: String,
    role: String,
    from: String,
    to: Option<String>,
    proposed: Option<String>,
    ground: Option<String>,
    decided_by: String,
    clock: Option<Stage>,
    rule: Option<String>,
}

/// Rulings as lines, and under them the rules they would be.
pub(super) fn rulings(page: &Value, waiting: bool, street: TenantId) -> Result<String, Failure> {
    let rulings = page["rulings"].as_array().cloned().unwrap_or_default();
    if rulings.is_empty() {
        return Ok(match waiting {
            true => "✓ 没有待裁定的退单 / no return waits for a ruling\n".to_owned(),
            false => "✓ 尚无裁定 / nothing was ruled yet\n".to_owned(),
        });
    }
    let rulings: Vec<Line> = rulings.iter().map(|line| read(LOOKING, line)).collect::<Result<_, _>>()?;
    let head = [
        "工单 order",
        "案件编号 case",
        "事项 item",
        "角色 role",
        "原单位 from",
        "理由 ground",
        "所提单位 proposed",
        "裁定归属 to",
        "裁定方 by",
        "到期 due",
    ];
    let mut text = table::render(&head, &rulings.iter().map(Line::cells).collect::<Vec<_>>());
    if page["next"].is_string() {
        text += "  … 可能还有 / there may be more: --limit\n";
    }
    if waiting {
        text += &format!("→ 裁定 / rule: streetwise order adjudicate ORDER --to BODY --street {street}\n");
    }
    let rules: String = rulings.iter().filter_map(|line| line.rule.as_deref()).map(block).collect();
    if !rules.is_empty() {
        text += "\n# 可写入街道清单 spec.rules，先以 rules check、rules backtest 查看 / for spec.rules of the street's manifest; look first with\n\
                 # rules check and rules backtest\n";
        text += &rules;
    }
    Ok(text)
}

fn block(rule: &str) -> String {
    rule.lines().map(|line| format!("{}\n", safe(line))).collect()
}

impl Line {
    fn cells(&self) -> Vec<String> {
        let or_none = |text: Option<&str>| text.map_or_else(|| "—".to_owned(), word);
        vec![
            safe(&self.order_id),
            safe(&self.case_no),
            safe(&self.item),
            word(&self.role),
            safe(&self.from),
            or_none(self.ground.as_deref()),
            or_none(self.proposed.as_deref()),
            or_none(self.to.as_deref()),
            word(&self.decided_by),
            self.clock.as_ref().map_or_else(|| "—".to_owned(), Stage::told),
        ]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn case(phase: &str) -> Value {
        json!({
            "case_id": "c-1", "case_no": "990102001-261123-0001", "round": 2, "phase": phase, "version": 9,
            "item": "TRA-01", "item_zh": "公交改线", "item_en": "Bus rerouted", "lead": "transport", "holder": "verifier",
            "opened_at": "2026-11-23T02:00:00Z", "changed_at": "2026-11-23T02:00:00Z",
            "holders": [{ "holder": "transport", "from": "T", "to": "U" }, { "holder": "verifier", "from": "U", "to": null }],
            "verifications": [{ "stage": "verify", "due_at": "V", "awaiting_year": null, "verdict": null }],
            "adjudication": null, "supervised_at": "S", "rulings": [], "repeated_by": ["c-2"],
            "visits": [{ "visit_id": "v-1", "visited_at": "T", "by": "transport", "signatures": [] }], "orders": [],
        })
    }

    #[test]
    fn a_case_tells_who_had_it_and_what_may_be_done_about_it() {
        let street: TenantId = "990102001000".parse().unwrap();
        let said = |phase: &str| whole(&case(phase), street).unwrap();
        let verifying = said("verifying");
        for told in [
            "transport T → U",
            "核查员 verifier U → …",
            "核查 verify V",
            "督办 supervised",
            "c-2",
            "v-1",
            "round 2",
        ] {
            assert!(verifying.contains(told), "{told}\n{verifying}");
        }
        for (phase, told) in [
            ("verifying", "case close c-1 --note TEXT --street 990102001000"),
            ("verifying", "case reopen c-1"),
            ("submitted", "case verify c-1"),
            ("open", "case whistle c-1 --body BODY"),
        ] {
            assert!(said(phase).contains(told), "{told}");
        }
        assert!(!said("closed").contains('→') || !said("closed").contains("streetwise case"));
        assert!(done(&case("closed"), street).unwrap().starts_with("✓ 已办理 / done\n"));
    }

    #[test]
    fn rulings_are_lines_and_rules_under_them() {
        let street: TenantId = "990102001000".parse().unwrap();
        let line = json!({
            "case_id": "c-1", "case_no": "990102001-261123-0001", "item": "TRA-01", "order_id": "o-1", "role": "lead",
            "from": "transport", "to": "traffic-police", "proposed": "traffic-police", "ground": "not_our_duty",
            "decided_by": "centre", "clock": null, "rule": "ruling-1:\n  then: { lead: traffic-police }\n",
        });
        let said = rulings(&json!({ "rulings": [line], "next": null }), false, street).unwrap();
        assert!(said.contains("非本单位职责 not_our_duty") && said.contains("街道中心 centre"), "{said}");
        assert!(said.ends_with("ruling-1:\n  then: { lead: traffic-police }\n"), "{said}");
        let none = |waiting| rulings(&json!({ "rulings": [], "next": null }), waiting, street).unwrap();
        assert_eq!(none(true), "✓ 没有待裁定的退单 / no return waits for a ruling\n");
        assert_eq!(none(false), "✓ 尚无裁定 / nothing was ruled yet\n");
    }
}
