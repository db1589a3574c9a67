//! What waits and what was done, for people: tables, Chinese first. Words of others are made safe for a terminal.

use ids::TenantId;
use serde_json::Value;

use super::LOOKING;
use super::waiting::{Plan, Queue, Report, Similar};
use crate::failure::Failure;
use crate::street::{read, safe};
use crate::table;

/// Characters of a report's words that a line of the list shows.
const WORDS_MAX: usize = 24;

/// Reports that wait.
pub(super) fn reports(reports: &[Report], more: bool) -> String {
    if reports.is_empty() {
        return "✓ 没有待研判的上报 / no report waits\n".to_owned();
    }
    let head = [
        "上报 report",
        "研判台 desk",
        "车道 lane",
        "原因 why",
        "建议 proposed",
        "时间 since",
        "认领 claimed",
        "原文 words",
    ];
    let rows: Vec<Vec<String>> = reports.iter().map(Report::cells).collect();
    table::render(&head, &rows) + further(more)
}

/// Plans that wait.
pub(super) fn plans(plans: &[Plan], more: bool) -> String {
    if plans.is_empty() {
        return "✓ 没有待审核的方案 / no plan waits\n".to_owned();
    }
    let head = [
        "案件 case",
        "编号 number",
        "研判台 desk",
        "车道 lane",
        "事项 item",
        "主办 lead",
        "协办 assists",
        "到时派出 goes out at",
        "认领 claimed",
        "原文 words",
    ];
    let rows: Vec<Vec<String>> = plans.iter().map(Plan::cells).collect();
    table::render(&head, &rows) + further(more)
}

fn further(more: bool) -> &'static str {
    if more { "  … 可能还有 / there may be more: --limit\n" } else { "" }
}

/// One entry whole, and what may be done about it.
pub(super) fn entry(queue: Queue, entry: &Value, street: TenantId) -> Result<String, Failure> {
    Ok(match queue {
        Queue::Reports => read::<Report>(LOOKING, entry)?.whole(street),
        Queue::Plans => read::<Plan>(LOOKING, entry)?.whole(street),
    })
}

impl Report {
    fn cells(&self) -> Vec<String> {
        vec![
            safe(&self.report_id),
            word(&self.desk),
            safe(&self.lane),
            self.why(),
            self.suggested(),
            safe(&self.requested_at),
            self.claimed_by.as_deref().map(safe).unwrap_or_default(),
            short(&self.text),
        ]
    }

    /// What may be mortal danger is seen before anything else.
    fn why(&self) -> String {
        let danger = self.item_explanation.danger.as_deref();
        let danger = danger.map(|item| format!("⚠ {} ", safe(item))).unwrap_or_default();
        let drill = if self.drill { " 演练 drill" } else { "" };
        format!("{danger}{}{drill}", word(&self.reason))
    }

    /// The first item proposed, or the first case, and how many others.
    fn suggested(&self) -> String {
        let items = self.item_explanation.proposed.iter().map(|one| format!("{} {}", one.item, one.zh));
        let cases = self.similar.iter().map(|one| format!("并入 into {}", one.case_no));
        let all: Vec<String> = items.chain(cases).collect();
        match &all[..] {
            [] => "—".to_owned(),
            [one] => safe(one),
            [first, others @ ..] => format!("{} +{}", safe(first), others.len()),
        }
    }

    fn whole(&self, street: TenantId) -> String {
        let (place, why) = (&self.place, &self.item_explanation);
        let mut rows = vec![
            ("上报 report", safe(&self.report_id)),
            ("研判台 desk", word(&self.desk)),
            ("车道 lane", safe(&self.lane)),
            ("原因 why", self.why()),
            ("说明", safe(&why.zh)),
            ("explained", safe(&why.en)),
            ("原文 words", safe(&self.text)),
            ("指定事项 item named", self.item.as_deref().map_or_else(|| "—".to_owned(), safe)),
            (
                "地点 place",
                safe(&format!("{} ({}, {} {})", place.address, place.lon, place.lat, place.datum)),
            ),
            ("时间 since", safe(&self.requested_at)),
        ];
        rows.extend(self.due_at.as_ref().map(|due_at| ("研判时限 decide by", safe(due_at))));
        rows.extend(claim(self.claimed_by.as_deref(), self.claimed_until.as_deref()));
        rows.extend(noted(&self.note));
        for (n, one) in why.proposed.iter().enumerate() {
            let proposed = safe(&format!("{} {} / {}", one.item, one.zh, one.en));
            rows.push(("建议 proposed", format!("{}. {proposed}", n + 1)));
        }
        rows.extend(self.similar.iter().map(|one| ("相似案件 similar case", one.told())));
        titled(rows) + &self.next(street)
    }

    fn next(&self, street: TenantId) -> String {
        let id = safe(&self.report_id);
        let mut text = String::new();
        if !self.item_explanation.proposed.is_empty() {
            text += &format!("→ 采纳 / take it: streetwise desk accept {id} --street {street} --choice 1\n");
        }
        if let Some(one) = self.similar.first() {
            let case = safe(&one.case_id);
            text += &format!(
                "→ 并入 / same matter: streetwise desk merge {id} --street {street} --into {case}\n"
            );
        }
        text + &format!("→ 受理 / route it: streetwise desk route {id} --street {street} --item ITEM\n")
    }
}

impl Similar {
    fn told(&self) -> String {
        let (percent, metres) = (self.alike_per_mille / 10, self.distance_mm / 1_000);
        safe(&format!(
            "{} {} 相似 alike {percent}% 相距 {metres} m {}",
            self.case_no, self.item, self.case_id
        ))
    }
}

impl Plan {
    fn cells(&self) -> Vec<String> {
        vec![
            safe(&self.case_id),
            safe(&self.case_no),
            word(&self.desk),
            safe(&self.lane),
            safe(&self.item),
            safe(&self.lead),
            safe(&self.assists.join(" ")),
            safe(&self.due_at),
            self.claimed_by.as_deref().map(safe).unwrap_or_default(),
            short(&self.text),
        ]
    }

    fn whole(&self, street: TenantId) -> String {
        let mut rows = vec![
            ("案件 case", safe(&format!("{} {}", self.case_no, self.case_id))),
            ("研判台 desk", word(&self.desk)),
            ("派单方式 routing mode", safe(&self.mode)),
            ("车道 lane", safe(&self.lane)),
            ("事项 item", safe(&self.item)),
            ("原文 words", safe(&self.text)),
            ("地址 address", safe(&self.address)),
            ("声音 voices", self.voices.to_string()),
            ("主办 lead", safe(&self.lead)),
            ("协办 assists", safe(&self.assists.join(" "))),
            ("层级 level", safe(&self.level)),
            ("优先级 priority", safe(&self.priority)),
            ("时限 policy", safe(&self.policy)),
            ("时间 since", safe(&self.requested_at)),
            ("到时派出 goes out at", safe(&self.due_at)),
        ];
        rows.extend(claim(self.claimed_by.as_deref(), self.claimed_until.as_deref()));
        rows.extend(noted(&self.note));
        let steps = self.plan_explanation.steps.iter();
        rows.extend(steps.map(|step| ("说明 explained", safe(&format!("{} / {}", step.zh, step.en)))));
        // Nobody lets a plan go out that was drawn anew since it was read.
        let read = self.version.map(|version| format!(" --if-version {version}")).unwrap_or_default();
        let (id, read) = (safe(&self.case_id), format!("--street {street}{read}"));
        titled(rows)
            + &format!("→ 通过 / let it go out: streetwise desk approve {id} {read}\n")
            + &format!("→ 改派后通过 / with another lead: … approve {id} {read} --lead BODY\n")
    }
}

/// What the door answered to an act: of its fields those that are there.
pub(super) fn answer(answer: &Value) -> String {
    const FIELDS: [(&str, &str); 17] = [
        ("report_id", "上报 report"),
        ("case_no", "案件编号 case number"),
        ("case_id", "案件 case"),
        ("into_case_no", "并入案件 merged into"),
        ("into_case_id", "并入案件 into case"),
        ("merged_at", "并案时间 merged at"),
        ("item", "事项 item"),
        ("bodies", "单位 bodies"),
        ("rerouted_at", "重新派单时间 re-routed at"),
        ("voice", "第几个声音 voice"),
        ("desk", "研判台 desk"),
        ("claimed_by", "认领人 claimed by"),
        ("claimed_until", "认领至 claimed until"),
        ("ground", "理由 ground"),
        ("outcome", "结果 outcome"),
        ("decided_at", "处理时间 decided at"),
        ("due_at", "到时派出 goes out at"),
    ];
    // What has ended goes out no other way any more.
    let over = answer.get("outcome").is_some();
    let there = FIELDS.iter().filter(|(name, _)| !over || *name != "due_at");
    let rows = there.filter_map(|(name, title)| Some((*title, said(answer.get(*name)?))));
    format!("✓ 已处理 / done\n{}", titled(rows.collect()))
}

fn said(value: &Value) -> String {
    if let Some(words) = value.as_array() {
        return words.iter().map(said).collect::<Vec<_>>().join(" ");
    }
    value.as_str().map_or_else(|| value.to_string(), word)
}

fn titled(rows: Vec<(&'static str, String)>) -> String {
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|(title, value)| vec![title.to_owned(), value]).collect();
    table::render(&["项目 what", "内容 content"], &rows)
}

fn claim(by: Option<&str>, until: Option<&str>) -> Option<(&'static str, String)> {
    let until = until.unwrap_or_default();
    by.map(|by| ("认领 claimed", safe(&format!("{by} 至 until {until}"))))
}

fn noted(note: &str) -> Option<(&'static str, String)> {
    (!note.is_empty()).then(|| ("留言 note", safe(note)))
}

/// The beginning of a text, on one line.
fn short(text: &str) -> String {
    let mut short: String = text.chars().take(WORDS_MAX).collect();
    if text.chars().count() > WORDS_MAX {
        short.push('…');
    }
    safe(&short)
}

/// A word of the door with its Chinese before it; any other text as it is.
fn word(word: &str) -> String {
    let zh = match word {
        "street" => "街道",
        "district" => "区",
        "item-unsure" => "事项不明",
        "item-unknown" => "无此事项",
        "danger-feared" => "疑似危及生命",
        "outside-territory" => "不在辖区",
        "approved" => "通过",
        "changed" => "改后通过",
        "lapsed" => "到时派出",
        "pressed" => "危及生命，立即派出",
        "rejected" => "不予受理",
        "merged" => "已并案",
        "not-a-matter" => "无诉求",
        "no-competence" => "区内无此职权",
        "unclear" => "无法判明",
        "test" => "试填",
        "abuse" => "辱骂或刷屏",
        _ => return safe(word),
    };
    format!("{zh} {word}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> Value {
        json!({
            "report_id": "r-1", "reason": "item-unsure", "lane": "urgent", "drill": false,
            "text": "对面楼三层\u{1b}[2J烧起来了，烟往上窜，快来人，孩子还在里面没有出来", "item": null,
            "place": { "lon": 106.5, "lat": 29.5, "datum": "wgs84", "address": "滨江路" },
            "item_explanation": {
                "zh": "未能判定", "en": "nothing decided", "danger": "SAF-01",
                "proposed": [{ "item": "SAF-01", "zh": "火情", "en": "Fire", "score": 9, "words": ["烧"] }],
            },
            "similar": [{
                "case_id": "c-1", "case_no": "990102001-261123-0001", "item": "SAF-01", "alike_per_mille": 431,
                "distance_mm": 120_500,
            }],
            "requested_at": "2026-11-23T02:00:00Z", "due_at": "2026-11-23T02:05:00Z", "desk": "street",
        })
    }

    fn street() -> TenantId {
        "990102001000".parse().unwrap()
    }

    #[test]
    fn a_report_is_a_line_that_shows_danger_first_and_cannot_steer_the_terminal() {
        let one: Report = serde_json::from_value(report()).unwrap();
        let said = reports(&[one], true);
        let line = said.lines().nth(2).unwrap();
        assert!(line.contains("⚠ SAF-01 事项不明 item-unsure"), "{said}");
        assert!(line.contains("SAF-01 火情 +1") && line.contains("街道 street"), "{said}");
        assert!(line.ends_with('…') && !said.contains('\u{1b}'), "{said}");
        assert!(said.ends_with("there may be more: --limit\n"), "{said}");
        assert_eq!(reports(&[], false), "✓ 没有待研判的上报 / no report waits\n");
    }

    #[test]
    fn an_entry_says_what_may_be_done_about_it() {
        let said = entry(Queue::Reports, &report(), street()).unwrap();
        for told in [
            "1. SAF-01 火情 / Fire",
            "2026-11-23T02:05:00Z",
            "990102001-261123-0001 SAF-01 相似 alike 43% 相距 120 m c-1",
            "streetwise desk accept r-1 --street 990102001000 --choice 1",
            "streetwise desk merge r-1 --street 990102001000 --into c-1",
        ] {
            assert!(said.contains(told), "{told}\n{said}");
        }
        let plan = json!({
            "case_id": "c-1", "case_no": "990102001-261123-0001", "item": "TRA-01", "text": "改线", "address": "滨江路",
            "voices": 2, "lane": "normal", "mode": "street-review", "desk": "district", "note": "涉及跨区线路",
            "lead": "transport", "assists": ["traffic-police", "bus-company"], "level": "district", "priority": "P3",
            "policy": "standard", "requested_at": "2026-11-23T02:00:00Z", "due_at": "2026-11-23T02:30:00Z",
            "plan_explanation": { "plan": {}, "steps": [{ "rule": "list.entry", "zh": "甲", "en": "a" }] },
            "claimed_by": "x", "claimed_until": "2026-11-23T02:15:00Z",
        });
        let said = entry(Queue::Plans, &plan, street()).unwrap();
        for told in [
            "traffic-police bus-company",
            "区 district",
            "涉及跨区线路",
            "甲 / a",
            "x 至 until 2026-11-23T02:15:00Z",
        ] {
            assert!(said.contains(told), "{told}\n{said}");
        }
        let line = plans(&[serde_json::from_value(plan).unwrap()], false);
        assert!(line.contains("2026-11-23T02:30:00Z") && line.ends_with("改线\n"), "{line}");
    }

    #[test]
    fn an_answer_tells_what_is_there_and_nothing_else() {
        let done = json!({ "case_id": "c-1", "desk": "street", "due_at": "T", "outcome": "changed", "decided_at": "U" });
        let said = answer(&done);
        assert!(said.contains("改后通过 changed") && !said.contains("到时派出"), "{said}");
        let waits = answer(&json!({ "report_id": "r-1", "desk": "district", "claimed_by": "x" }));
        assert!(waits.contains("区 district") && !waits.contains("案件"), "{waits}");
        let decided = answer(&json!({ "report_id": "r-1", "voice": 2, "case_no": "990102001-261123-0001" }));
        assert!(decided.lines().any(|line| line.ends_with("  2")), "{decided}");
    }
}
