//! Every query of rules and dashboards, and where it stands.

use serde_json::Value;

use crate::manifests::{list, object, word};

/// One query.
#[derive(Debug)]
pub struct Query {
    /// File and alert, record or panel.
    pub place: String,
    /// The text.
    pub text: String,
}

/// Rule files.
pub fn rule_files() -> Vec<String> {
    crate::files("charts/streetwise/rules", "yaml")
}

/// All rules, alerts and records.
pub fn rules() -> Vec<Value> {
    let groups = rule_files().into_iter().flat_map(|file| list(&object(&file), "/groups").to_vec());
    groups.flat_map(|group| list(&group, "/rules").to_vec()).collect()
}

/// The alerts.
pub fn alerts() -> Vec<Value> {
    rules().into_iter().filter(|rule| rule.get("alert").is_some()).collect()
}

/// What the rules record.
pub fn records() -> Vec<String> {
    rules().iter().filter_map(|rule| rule.get("record")?.as_str().map(str::to_owned)).collect()
}

/// Queries of all rules.
pub fn of_rules() -> Vec<Query> {
    let query = |rule: &Value| Query {
        place: format!("rule {}{}", word(rule, "/alert"), word(rule, "/record")),
        text: word(rule, "/expr").to_owned(),
    };
    rules().iter().map(query).collect()
}

/// Queries of all panels, with Grafana's variables filled in.
pub fn of_dashboards() -> Vec<Query> {
    let mut found = Vec::new();
    for file in crate::files("charts/streetwise/dashboards", "json") {
        let dashboard: Value =
            serde_json::from_str(&crate::text(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        for panel in list(&dashboard, "/panels") {
            for target in list(panel, "/targets") {
                let text = word(target, "/expr")
                    .replace("$__rate_interval", "5m")
                    .replace("$job", "intake")
                    .replace("$tenant", "other");
                found.push(Query { place: format!("{file}: {}", word(panel, "/title")), text });
            }
        }
    }
    found
}
