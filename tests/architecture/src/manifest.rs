//! What every member's `Cargo.toml` inherits: versions stand in the root table only.

/// Keys of `[package]` that come from the workspace.
pub const INHERITED: [&str; 5] = ["edition", "rust-version", "license", "version", "publish"];

/// What is wrong with a member's manifest.
pub fn offences(path: &str, text: &str) -> Vec<String> {
    let lines = sections(text);
    let mut found = Vec::new();
    for key in INHERITED {
        if !lines.contains(&("package".to_owned(), format!("{key}.workspace = true"))) {
            found.push(format!("{path}: write `{key}.workspace = true` in [package]"));
        }
    }
    if !lines.contains(&("lints".to_owned(), "workspace = true".to_owned())) {
        found.push(format!("{path}: write `workspace = true` in [lints]"));
    }
    for (section, line) in &lines {
        if section.ends_with("dependencies") && !inherits(line) {
            found.push(format!(
                "{path}: `{line}` — put the version into the root table, write `x.workspace = true`"
            ));
        }
        if section.contains("dependencies.") {
            found.push(format!("{path}: [{section}] — write the dependency on one line"));
        }
    }
    found.extend(forbidden(path, text));
    found
}

/// No features of ours, no patched forks, no profiles beside the root's.
fn forbidden(path: &str, text: &str) -> Vec<String> {
    let headers = text.lines().filter(|line| line.starts_with('['));
    let banned = headers
        .filter(|line| ["[features", "[patch", "[profile", "[replace"].iter().any(|b| line.starts_with(b)));
    banned.map(|line| format!("{path}: {line} is not used in this house")).collect()
}

/// `x.workspace = true` or `x = { workspace = true, … }`.
fn inherits(line: &str) -> bool {
    let (name, value) = line.split_once('=').unwrap_or((line, ""));
    let (name, value) = (name.trim(), value.trim());
    let pinned = ["version", "path", "git", "registry"].iter().any(|key| value.contains(&format!("{key} =")));
    (name.ends_with(".workspace") && value == "true") || (value.contains("workspace = true") && !pinned)
}

/// Every line that says something, with its section; a value over several lines is joined.
fn sections(text: &str) -> Vec<(String, String)> {
    let (mut section, mut lines, mut open) = (String::new(), Vec::new(), String::new());
    for line in text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim()) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        open = if open.is_empty() { line.to_owned() } else { format!("{open} {line}") };
        if open.matches(['{', '[']).count() > open.matches(['}', ']']).count() {
            continue;
        }
        let whole = std::mem::take(&mut open);
        if whole.starts_with('[') && whole.ends_with(']') {
            section = whole.trim_matches(['[', ']']).to_owned();
        } else {
            lines.push((section.clone(), whole));
        }
    }
    lines
}
