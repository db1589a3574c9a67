//! A plan as people read it: one sign a change, the place in both languages, then what stands there and what would.

use std::fmt::Write as _;
use std::path::Path;

use super::answers::{Change, Planned, Text, safe};
use crate::rules::told::beside;

/// The whole text, with what to do next.
pub(super) fn told(planned: &Planned, file: &Path) -> String {
    let Planned { tenant, generation, changes, more, .. } = planned;
    let kind = if planned.kind == "district" { "区 district" } else { "街道 street" };
    let now = match generation {
        0 => "尚未登记 not applied yet".to_owned(),
        n => format!("现为第 {n} 代 now generation {n}"),
    };
    let mut text = format!("{kind} {}  {now}\n", safe(tenant));
    for change in changes {
        text.push_str(&line(change));
    }
    if *more > 0 {
        text.push_str(&format!("… 另有 {more} 处 / and {more} more\n"));
    }
    if let Some(streets) = planned.streets {
        text.push_str(&format!(
            "其下 {streets} 个街道均不受损 / {streets} streets stand on it, all stay sound\n"
        ));
    }
    if planned.changes.iter().any(counts_time) {
        text.push_str(UNMOVED);
    }
    text.push_str(&beside(&planned.findings));
    text.push_str(&summary(planned, file));
    text
}

/// What an order counts by is frozen into it as it is issued, and only a year that was awaited is filled in later.
const UNMOVED: &str = "已定的时限不变，新派工单按新规则计时；等待日历的时限随公布的年份确定 / due times that are set stay, new orders \
                       count by the new rules; those that await a calendar get theirs with the year\n";

/// Whether a difference is about limits, chains or calendars.
fn counts_time(change: &Change) -> bool {
    change.pointer.split('/').any(|step| matches!(step, "policies" | "chains" | "calendar" | "calendars"))
}

fn summary(planned: &Planned, file: &Path) -> String {
    if !planned.changed {
        return "✓ 无变化 no changes\n".to_owned();
    }
    let count = |word: &str| planned.changes.iter().filter(|change| change.change == word).count();
    let (added, changed, removed) = (count("added"), count("changed"), count("removed"));
    let total = planned.changes.len() + planned.more;
    let next = planned.generation + 1;
    let mut text = format!("共 {total} 处 / {total} changes: +{added} ~{changed} -{removed}");
    let _infallible = writeln!(text, "；提交后为第 {next} 代 / applying makes generation {next}");
    let _infallible = writeln!(
        text,
        "  → streetwise street apply {} --if-generation {}",
        file.display(),
        planned.generation
    );
    text
}

fn line(change: &Change) -> String {
    let sign = match change.change.as_str() {
        "added" => '+',
        "removed" => '-',
        _ => '~',
    };
    let label = &change.label;
    let mut text = format!("{sign} {} / {}\n", safe(&label.zh), safe(&label.en));
    let chinese = values(change, |text| &text.zh);
    let english = values(change, |text| &text.en);
    text.push_str(&format!("    {chinese}\n"));
    if english != chinese {
        text.push_str(&format!("    {english}\n"));
    }
    text
}

fn values(change: &Change, side: impl Fn(&Text) -> &String) -> String {
    let told = |text: &Option<Text>| text.as_ref().map(|text| safe(side(text)));
    match (told(&change.before_text), told(&change.after_text)) {
        (Some(before), Some(after)) => format!("{before} → {after}"),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn planned(changes: serde_json::Value) -> Planned {
        let answer = json!({
            "tenant": "990102002000", "kind": "street", "generation": 3,
            "changed": changes != json!([]), "changes": changes, "more": 0,
        });
        serde_json::from_value(answer).unwrap()
    }

    #[test]
    fn each_change_is_told_in_both_languages() {
        let changes = json!([
            { "change": "changed", "label": { "zh": "派单方式", "en": "routing mode" },
              "before_text": { "zh": "auto 自动派单", "en": "auto" },
              "after_text": { "zh": "street-review 街道审核", "en": "street-review" } },
            { "change": "added", "label": { "zh": "成员 wang", "en": "members wang" },
              "after_text": { "zh": "x", "en": "x" } },
            { "change": "removed", "label": { "zh": "成员 li\u{1b}[2J\u{202e}", "en": "members li" },
              "before_text": { "zh": "y", "en": "y" } },
        ]);
        let expected = "街道 street 990102002000  现为第 3 代 now generation 3\n\
            ~ 派单方式 / routing mode\n    auto 自动派单 → street-review 街道审核\n    auto → street-review\n\
            + 成员 wang / members wang\n    x\n\
            - 成员 li\u{fffd}[2J\u{fffd} / members li\n    y\n\
            共 3 处 / 3 changes: +1 ~1 -1；提交后为第 4 代 / applying makes generation 4\n  \
            → streetwise street apply s.yaml --if-generation 3\n";
        assert_eq!(told(&planned(changes), Path::new("s.yaml")), expected);
    }

    #[test]
    fn what_is_worth_a_look_in_the_rules_is_told_before_what_to_do() {
        let finding =
            json!({ "kind": "dead", "rules": ["a"], "text": { "zh": "永不成立", "en": "never holds" } });
        let planned =
            Planned { findings: vec![serde_json::from_value(finding).unwrap()], ..planned(json!([])) };
        let said = told(&planned, Path::new("s.yaml"));
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(
            (lines[1], lines.last()),
            ("! dead a: 永不成立 / never holds", Some(&"✓ 无变化 no changes"))
        );
    }

    #[test]
    fn what_becomes_of_due_times_is_said_where_time_is_changed() {
        let change = |pointer: &str| json!([{ "change": "changed", "pointer": pointer, "label": { "zh": "时限", "en": "limit" } }]);
        let told = |pointer| told(&planned(change(pointer)), Path::new("s.yaml"));
        assert!(told("/policies/normal/resolve").contains("due times that are set stay"));
        assert!(told("/calendar/hours").contains("已定的时限不变"));
        assert!(!told("/members/li").contains("due times"));
    }

    #[test]
    fn no_change_and_no_street_is_said() {
        let said = told(&planned(json!([])), Path::new("s.yaml"));
        assert_eq!(said, "街道 street 990102002000  现为第 3 代 now generation 3\n✓ 无变化 no changes\n");
    }
}
