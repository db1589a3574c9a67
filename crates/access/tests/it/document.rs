//! `docs/rights.md` is the table of this crate, in words. `STREETWISE_RENEW=1` writes it anew (`./dev generate`).

use std::fmt::Write;

use access::{Action, Role, ScopeKind, held_in, rights};

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rights.md");

const HEAD: &str = "# 权限表 / Who may do what

Generated from `crates/access/src/rights.rs` by `./dev generate`; do not edit.

A right counts where its role is held. Held in a **street** it covers that street; in a **district** the district's own rows and those of all its
streets; in the **installation** everything. Held in a **body** it covers the rows that body holds (of cases: those with an order of it) in
every street the body works for. Whoever sees a street without the role for an action is refused with 403 `forbidden`; to everybody else the
street looks like an unknown one, 404 `not-found`. Grants add up. No role is held in the installation by a document: only the
configuration grants that. Which person holds what is asked by `streetwise who-can`.

";

fn names((zh, en): access::Name) -> String {
    format!("{zh} {en}")
}

/// A table of rows × columns; `has` says where a tick stands.
fn table(
    text: &mut String,
    first: &str,
    rows: &[String],
    columns: &[String],
    has: impl Fn(usize, usize) -> bool,
) {
    let _ = writeln!(text, "| {first} | {} |\n|---|{}", columns.join(" | "), ":-:|".repeat(columns.len()));
    for (row, called) in rows.iter().enumerate() {
        let cells: String =
            (0..columns.len()).map(|column| if has(row, column) { " ✓ |" } else { " |" }).collect();
        let _ = writeln!(text, "| {called} |{cells}");
    }
    text.push('\n');
}

fn rendered() -> String {
    let roles: Vec<String> =
        Role::ALL.iter().map(|role| format!("{}<br>`{role}`", names(role.name()))).collect();
    let kinds: Vec<String> = ScopeKind::ALL.iter().map(|kind| names(kind.name())).collect();
    let actions: Vec<String> =
        Action::ALL.iter().map(|action| format!("{}<br>`{action}`", names(action.name()))).collect();
    let mut text = HEAD.to_owned();
    text.push_str("## 角色可授予的范围 / Where a role may be held\n\n");
    table(&mut text, "角色 role", &roles, &kinds, |role, kind| {
        held_in(Role::ALL[role]).contains(&ScopeKind::ALL[kind])
    });
    text.push_str("## 角色可做的事 / What a role may do there\n\n");
    table(&mut text, "动作 action", &actions, &roles, |action, role| {
        rights(Role::ALL[role]).contains(&Action::ALL[action])
    });
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[test]
fn the_committed_rights_are_those_of_the_table() {
    let now = rendered();
    if std::env::var("STREETWISE_RENEW").is_ok() {
        std::fs::write(COMMITTED, &now).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(committed == now, "docs/rights.md is not what the table says: run ./dev generate");
}

#[test]
fn nothing_has_two_names_or_shares_one() {
    let mut all: Vec<_> = Action::ALL.iter().map(|action| action.name()).collect();
    all.extend(Role::ALL.iter().map(|role| role.name()));
    let (mut zh, mut en): (Vec<_>, Vec<_>) = all.iter().copied().unzip();
    zh.sort_unstable();
    zh.dedup();
    en.sort_unstable();
    en.dedup();
    assert_eq!((zh.len(), en.len()), (all.len(), all.len()));
    assert!(zh.iter().all(|name| !name.is_ascii()) && en.iter().all(|name| name.is_ascii()));
}
