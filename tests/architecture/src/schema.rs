//! Tables and schemas, as far as their text tells: the catalogue test in `tests/flow` looks at the real thing.

use crate::source::Source;
use crate::text::Keep;

/// Tables that hold ids only and are seen whole by their service (D4): the reviewed exceptions.
pub const INFRASTRUCTURE: &[&str] = &[
    "outbox_pending",
    "outbox_quarantined",
    "outbox_again",
    "inbox",
    "parked",
    "wakeups",
    "clock_acceptances",
    "document_heads",
    "document_revision",
    "removals",
    "tracking_codes",
    "tracking",
    "unsequenced",
];

/// The schemas.
pub const SERVICES: [&str; 6] = ["intake", "triage", "dispatch", "notification", "directory", "console"];

/// Tables of a migration file without row security, or with a laxer one than was reviewed.
pub fn unguarded(migration: &Source) -> Vec<String> {
    let text = migration.code(Keep::CodeAndStrings);
    let path = &migration.path;
    let mut found = Vec::new();
    for table in made(&text) {
        let of_tenant = text.contains(&format!("tenant_table('{table}'"));
        let infrastructure = text.contains(&format!("infrastructure_table('{table}'"));
        if infrastructure && !INFRASTRUCTURE.contains(&table.as_str()) {
            found.push(format!(
                "{path}: {table} is no reviewed infrastructure table (D4): use tenant_table('{table}')"
            ));
        } else if !of_tenant && !infrastructure {
            found.push(format!(
                "{path}: {table} has no row security: SELECT tenant_table('{table}') in the same file"
            ));
        }
    }
    found
}

/// Names after `CREATE TABLE`, partitions excepted.
fn made(text: &str) -> Vec<String> {
    let statements = text.split("CREATE TABLE ").skip(1);
    let named = statements.filter_map(|rest| {
        let rest = rest.strip_prefix("IF NOT EXISTS ").unwrap_or(rest);
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
        let (name, rest) = rest.split_at(end);
        let partition = rest.trim_start().starts_with("PARTITION OF");
        (!name.is_empty() && !partition).then(|| name.to_owned())
    });
    named.collect()
}

/// A service's SQL that names another service's schema.
pub fn foreign_schema(source: &Source) -> Vec<String> {
    let service = source.path.split('/').nth(1).unwrap_or_default();
    let text = source.production(Keep::CodeAndStrings);
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found = Vec::new();
    for pair in words.windows(2).filter(|pair| ["FROM", "JOIN", "INTO", "UPDATE", "USING"].contains(&pair[0]))
    {
        let schema = pair[1].trim_start_matches('"').split('.').next().unwrap_or_default();
        if pair[1].contains('.') && schema != service && SERVICES.contains(&schema) {
            found.push(format!(
                "{}: `{} {}` — what is needed of {schema} comes in its events",
                source.path, pair[0], pair[1]
            ));
        }
    }
    found
}
