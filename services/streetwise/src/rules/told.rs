//! Findings and past cases as people and spreadsheets read them.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Backtested, Differing, Finding, Plan, Planned};
use crate::failure::Failure;
use crate::street::safe;
use crate::table;

/// Differing cases a table shows; JSON and CSV have all.
const ROWS_MAX: usize = 50;
/// Findings shown beside an apply.
const BESIDE_MAX: usize = 10;

pub(super) fn findings(planned: &Planned) -> String {
    let mut text = format!("规则检查 rules of {}\n", safe(&planned.tenant));
    for finding in &planned.findings {
        let _infallible = writeln!(text, "! {} {}", safe(&finding.kind), safe(&finding.rules.join(" < ")));
        let _infallible = writeln!(text, "    {}\n    {}", safe(&finding.text.zh), safe(&finding.text.en));
        if let Some(example) = &finding.example {
            let _infallible = writeln!(text, "    例 e.g. {}", safe(&event(example)));
        }
    }
    match planned.findings.len() {
        0 => text.push_str("✓ 未见问题 nothing to look at\n"),
        count => {
            let _infallible = writeln!(
                text,
                "共 {count} 处值得一看，均不妨碍提交 / {count} to look at; none keeps it from being applied"
            );
        }
    }
    text
}

/// What was found, shorter, beside what was done or would be; nothing where there is nothing to look at.
pub(crate) fn beside(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings.iter().take(BESIDE_MAX) {
        let keys = finding.rules.iter().map(|key| format!(" {}", safe(key))).collect::<String>();
        let (kind, words) = (safe(&finding.kind), &finding.text);
        let _infallible = writeln!(text, "! {kind}{keys}: {} / {}", safe(&words.zh), safe(&words.en));
    }
    if !findings.is_empty() {
        let (all, more) = (findings.len(), findings.len().saturating_sub(BESIDE_MAX));
        let more = if more > 0 {
            format!("，其中 {more} 处未列 / {more} of them not shown")
        } else {
            String::new()
        };
        let _infallible = writeln!(
            text,
            "规则与清单共 {all} 处值得一看 / {all} to look at in rules and list{more}; 例证 examples: streetwise rules check"
        );
    }
    text
}

/// A made-up event on one line, what says nothing left out.
fn event(example: &Value) -> String {
    let field = |name: &str| example.get(name).filter(|value| !value.is_null()).cloned();
    let mut parts: Vec<String> = Vec::new();
    let names = [
        "item",
        "street",
        "community",
        "reporter",
        "lane",
        "households",
        "reading_milli",
        "repeats",
        "voices",
        "text",
    ];
    for name in names {
        match field(name) {
            Some(Value::String(text)) if !text.is_empty() => parts.push(format!("{name}={text}")),
            Some(Value::Number(number)) if number.as_i64() != Some(0) => {
                parts.push(format!("{name}={number}"))
            }
            _ => {}
        }
    }
    if let Some(Value::Array(layers)) = field("layers") {
        let layers: Vec<&str> = layers.iter().filter_map(Value::as_str).collect();
        parts.push(format!("layers={}", layers.join("+")));
    }
    if let Some(moment) = field("moment") {
        let minute = moment["minute"].as_u64().unwrap_or_default();
        parts.push(format!("{:02}:{:02}", minute / 60, minute % 60));
        parts.push(format!(
            "month={} weekday={} workday={}",
            moment["month"], moment["weekday"], moment["workday"]
        ));
    }
    parts.join(" ")
}

pub(super) fn table(tested: &[Backtested]) -> String {
    let mut text = String::new();
    for street in tested {
        let _infallible = writeln!(
            text,
            "{}  自 {} 起 {} 件 / {} cases since then: {} 件不同 differ, 超期 late {} → {}",
            street.street,
            street.since,
            street.looked_at,
            street.looked_at,
            street.cases.len(),
            street.late_before,
            street.late_after
        );
        if street.unreadable > 0 {
            let _infallible = writeln!(
                text,
                "  ! {} 件的原判定无法读取，未计入 / the decisions of {} cannot be read: they are in no count",
                street.unreadable, street.unreadable
            );
        }
        if street.cases.is_empty() {
            continue;
        }
        let rows: Vec<Vec<String>> = street.cases.iter().take(ROWS_MAX).map(row).collect();
        text.push_str(&table::render(
            &["案件 case", "事项 item", "规则 rules", "变化 what changes", "超期 late"],
            &rows,
        ));
        if street.cases.len() > ROWS_MAX {
            let _infallible = writeln!(
                text,
                "… 另有 {} 件，见 --format csv / and {} more",
                street.cases.len() - ROWS_MAX,
                street.cases.len() - ROWS_MAX
            );
        }
    }
    text
}

fn row(case: &Differing) -> Vec<String> {
    let before = word(case.late_before, case.late_minutes_before);
    let late = format!("{before} → {}", word(case.late_after, case.late_minutes_after));
    vec![
        safe(&case.case_no),
        safe(&case.item),
        safe(&case.rules.join(" ")),
        safe(&changes(&case.before, &case.after)),
        late,
    ]
}

/// Whether, and by how long.
fn word(late: Option<bool>, minutes: Option<u64>) -> String {
    let long = minutes.map(|minutes| format!(" {}h{:02}m", minutes / 60, minutes % 60)).unwrap_or_default();
    match late {
        Some(true) => format!("是yes{long}"),
        Some(false) => "否no".to_owned(),
        None => "?".to_owned(),
    }
}

fn changes(before: &Plan, after: &Plan) -> String {
    let list = |bodies: &[String]| if bodies.is_empty() { "-".to_owned() } else { bodies.join("+") };
    let fields = [
        ("lead", before.lead.clone(), after.lead.clone()),
        ("assists", list(&before.assists), list(&after.assists)),
        ("informs", list(&before.informs), list(&after.informs)),
        ("policy", before.policy.clone(), after.policy.clone()),
        ("priority", before.priority.clone(), after.priority.clone()),
        ("level", before.level.clone(), after.level.clone()),
    ];
    let changed = fields.into_iter().filter(|(_, before, after)| before != after);
    let changed = changed.map(|(name, before, after)| format!("{name} {before} → {after}"));
    changed.collect::<Vec<_>>().join("; ")
}

/// One line a case, with a head; cells that a spreadsheet would take for a formula are quoted as text.
pub(super) fn csv(tested: &[Backtested]) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Failure::world("写 CSV / writing CSV", "", error);
    writer
        .write_record([
            "street",
            "case_no",
            "item",
            "opened_at",
            "rules",
            "lead_before",
            "lead_after",
            "assists_before",
            "assists_after",
            "informs_before",
            "informs_after",
            "policy_before",
            "policy_after",
            "priority_before",
            "priority_after",
            "level_before",
            "level_after",
            "late_before",
            "late_after",
            "late_minutes_before",
            "late_minutes_after",
        ])
        .map_err(failed)?;
    for street in tested {
        for case in &street.cases {
            writer.write_record(record(street, case)).map_err(failed)?;
        }
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Failure::world("写 CSV / writing CSV", "", error.into_error()))?;
    String::from_utf8(bytes).map_err(|error| Failure::world("写 CSV / writing CSV", "", error))
}

fn record(street: &Backtested, case: &Differing) -> Vec<String> {
    let Differing { case_no, item, opened_at, before, after, rules, late_before, late_after, .. } = case;
    let minutes = |late: Option<u64>| late.map_or(String::new(), |late| late.to_string());
    let told = |late: &Option<bool>| late.map_or(String::new(), |late| late.to_string());
    let cells = [
        street.street.clone(),
        case_no.clone(),
        item.clone(),
        opened_at.clone(),
        rules.join(" "),
        before.lead.clone(),
        after.lead.clone(),
        before.assists.join(" "),
        after.assists.join(" "),
        before.informs.join(" "),
        after.informs.join(" "),
        before.policy.clone(),
        after.policy.clone(),
        before.priority.clone(),
        after.priority.clone(),
        before.level.clone(),
        after.level.clone(),
        told(late_before),
        told(late_after),
        minutes(case.late_minutes_before),
        minutes(case.late_minutes_after),
    ];
    let plain = |cell: String| if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell };
    cells.into_iter().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tested() -> Vec<Backtested> {
        let plan = |lead: &str, priority: &str| json!({ "lead": lead, "assists": ["=cmd"], "informs": [], "policy": "item", "priority": priority, "level": "district" });
        let case = json!({
            "case_no": "990102001-261123-0042", "item": "TRA-01", "opened_at": "2026-11-23T02:00:00Z",
            "before": plan("transport", "P3"), "after": plan("urban-mgmt", "P1"), "rules": ["crowd"],
            "late_before": true, "late_after": null, "late_minutes_before": 135,
        });
        let cases = vec![serde_json::from_value(case).unwrap()];
        let since = "2026-11-01T00:00:00Z".parse().unwrap();
        vec![Backtested {
            street: "990102001000".to_owned(),
            since,
            looked_at: 7,
            unreadable: 2,
            cases,
            ..Backtested::default()
        }]
    }

    #[test]
    fn what_changes_is_told_and_nothing_else() {
        let text = table(&tested());
        assert!(text.contains("lead transport → urban-mgmt; priority P3 → P1"), "{text}");
        assert!(
            text.contains("7 cases")
                && text.contains("2 件的原判定无法读取")
                && text.contains("是yes 2h15m → ?")
                && !text.contains("policy item"),
            "{text}"
        );
    }

    #[test]
    fn findings_beside_an_apply_are_short_and_end_with_where_to_read_on() {
        assert_eq!(beside(&[]), "");
        let finding = || {
            let text = json!({ "zh": "规则甲的条件永不成立", "en": "never holds" });
            let finding = json!({ "kind": "dead", "rules": ["a"], "text": text });
            serde_json::from_value::<Finding>(finding).unwrap()
        };
        let text = beside(&[finding()]);
        assert_eq!(text.lines().next(), Some("! dead a: 规则甲的条件永不成立 / never holds"));
        assert!(text.ends_with("streetwise rules check\n") && !text.contains("not shown"), "{text}");
        let many: Vec<Finding> = (0..13).map(|_| finding()).collect();
        let text = beside(&many);
        assert_eq!(text.lines().count(), 11);
        assert!(text.contains("13 to look at") && text.contains("3 of them not shown"), "{text}");
    }

    #[test]
    fn a_spreadsheet_gets_text_and_no_formulas() {
        let text = csv(&tested()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[1].starts_with("990102001000,990102001-261123-0042,TRA-01,2026-11-23T02:00:00Z,crowd,transport,urban-mgmt,'=cmd,"), "{}", lines[1]);
        assert!(lines[1].ends_with(",true,,135,"), "{}", lines[1]);
    }
}
