use std::collections::BTreeMap;

use chart::manifests::{list, object, word};
use chart::queries::{alerts, rules};

use crate::none;

/// (alert, severity) that a test expects to fire, and alerts that one expects not to.
fn tried() -> (Vec<(String, String)>, Vec<String>) {
    let (mut fires, mut rests) = (Vec::new(), Vec::new());
    for file in chart::files("charts/streetwise/rules/tests", "yaml") {
        for test in list(&object(&file), "/tests") {
            for case in list(test, "/alert_rule_test") {
                let (alert, expected) = (word(case, "/alertname").to_owned(), list(case, "/exp_alerts"));
                let severities = expected.iter().map(|alert| word(alert, "/exp_labels/severity").to_owned());
                fires.extend(severities.map(|severity| (alert.clone(), severity)));
                if expected.is_empty() {
                    rests.push(alert);
                }
            }
        }
    }
    (fires, rests)
}

#[test]
fn every_alert_is_tested_both_ways() {
    let (fires, rests) = tried();
    let mut offences = Vec::new();
    for alert in alerts() {
        let (name, severity) =
            (word(&alert, "/alert").to_owned(), word(&alert, "/labels/severity").to_owned());
        if !rests.contains(&name) {
            offences.push(format!("no test shows {name} at rest"));
        }
        if !fires.contains(&(name.clone(), severity.clone())) {
            offences.push(format!("no test lets {name} fire as a {severity}"));
        }
    }
    none(offences);
}

#[test]
fn every_alert_has_a_page_and_the_index_names_it() {
    let index = chart::text("docs/runbooks/README.md");
    for alert in alerts() {
        let name = word(&alert, "/alert");
        assert!(["page", "ticket"].contains(&word(&alert, "/labels/severity")), "{name}");
        assert!(word(&alert, "/annotations/summary").contains(" / "), "{name}: in both languages");
        let page = word(&alert, "/annotations/runbook");
        let file = page.strip_prefix("docs/runbooks/").unwrap_or_else(|| panic!("{name}: {page}"));
        assert!(chart::text(page).contains("**Look**"), "{name}: {page} has no steps");
        let row = index.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{name}`")));
        assert!(
            row.is_some_and(|row| row.contains(&format!("({file})"))),
            "{name} is not in the index with {file}"
        );
    }
}

/// `slo.toml`: objective to the text of its table.
fn objectives() -> BTreeMap<String, String> {
    let text = chart::text("docs/slo.toml");
    let tables = text.split("[[objective]]").skip(1);
    let named = tables.map(|table| {
        let name = chart::strings(table).next().expect("an objective has a name");
        (name.to_owned(), table.to_owned())
    });
    named.collect()
}

/// Each objective is watched by an alert or stands in the table of those that have no instrument; none is invented.
#[test]
fn objectives_are_watched_or_said_not_to_be() {
    let (objectives, page) = (objectives(), chart::text("docs/operations/alerts.md"));
    let watched: Vec<String> = alerts()
        .iter()
        .map(|alert| word(alert, "/labels/objective").to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    none(watched.iter().filter(|name| !objectives.contains_key(*name)).cloned().collect());
    let unheard = objectives.keys().filter(|name| !page.contains(&format!("`{name}`")));
    none(unheard.map(|name| format!("docs/operations/alerts.md says nothing of {name}")).collect());
    let (_, without) =
        page.split_once("## Objectives without an instrument").expect("the page has that table");
    let lost =
        objectives.keys().filter(|name| !watched.contains(name) && !without.contains(&format!("`{name}`")));
    none(lost.map(|name| format!("{name} is neither watched nor said not to be")).collect());
}

/// The bounds in the rules are the promised ones, or on the bucket just below.
#[test]
fn bounds_are_those_of_the_objectives() {
    let objectives = objectives();
    let promised =
        |objective: &str, what: &str| assert!(objectives[objective].contains(what), "{objective}: {what}");
    let expression = |name: &str| -> String {
        let named = |rule: &&serde_json::Value| word(rule, "/alert") == name || word(rule, "/record") == name;
        rules().iter().filter(named).map(|rule| word(rule, "/expr").to_owned()).collect()
    };
    promised("report-accepted", "p99_ms = 300, availability = 0.999");
    assert!(expression("ReportsFailing").contains("> (14.4 * 0.001)"));
    assert!(expression("ReportsSlow").contains("> (14.4 * 0.01)"));
    let slow = expression("streetwise:report_accepted_slow:ratio_rate1h");
    assert!(slow.contains("le=\"0.25\"") && !slow.contains("le=\"0.5\""));
    promised("wake-up-lateness", "p99_ms = 1_000, max_ms = 5_000");
    assert!(expression("WakeUpsLate").contains("> (14.4 * 0.01)"));
    assert!(expression("streetwise:wakeup_late:ratio_rate1h").contains("le=~\"1([.]0)?\""));
    assert!(expression("WakeUpsOverdue").contains("le=~\"5([.]0)?\""));
    promised("report-to-order", "p99_ms = 5_000");
    assert!(expression("streetwise:order_late:ratio_rate1h").contains("le=~\"5([.]0)?\""));
    promised("order-to-first-attempt", "p99_ms = 2_000");
    assert!(expression("streetwise:first_attempt_late:ratio_rate1h").contains("le=~\"2([.]0)?\""));
    promised("outbox-age", "max_ms = 60_000");
    assert!(expression("OutboxOld").contains("> 60"));
    promised("refused-while-the-database-is-away", "max_ms = 2_000");
    assert!(expression("RefusalsSlow").contains("le=~\"2([.]0)?\""));
}
