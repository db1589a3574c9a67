//! `docs/rights.md` is written from the table.

use std::fmt::Write as _;
use std::path::Path;

use access::{Action, Grant, Role, Scope, rights};

use crate::{DISTRICT, STREET, body_scope, tenant};

const HEAD: &str = "# 权限表 / Rights

谁可以做什么。一个角色在某处持有（街道、区、单位、全安装），就能在那里做下列的事；在单位持有的，只及于该单位的行。由 `access::rights` 写出，勿手改。
Who may do what. A role is held somewhere (a street, a district, a body, the installation) and may there do what stands in its row; held in a body, it
reaches that body's rows only. Written from crate `access` by `./dev generate`; do not edit it by hand. Members are named in manifests
([manifest reference](manifest-reference.md)), the installation's own administrators in its configuration. Each pair is tested
(`access::it table`): what is not in the table is refused, 403 where the caller sees the tenant, 404 where not.

The three administrators are separate: none of them reads cases.

";

fn scopes() -> [(&'static str, Scope); 4] {
    [
        ("街道 street", Scope::Street(tenant(STREET))),
        ("区 district", Scope::District(tenant(DISTRICT))),
        ("单位 body", body_scope(DISTRICT, "transport")),
        ("全安装 installation", Scope::Installation),
    ]
}

fn document() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("| 角色 role | 持有处 held in | 可做 may |\n|---|---|---|\n");
    for role in Role::ALL {
        let held = scopes().into_iter().filter(|(_, scope)| Grant::new(role, scope.clone()).is_ok());
        let held: Vec<&str> = held.map(|(name, _)| name).collect();
        let may: Vec<String> = rights(role).iter().map(|action| format!("`{action}`")).collect();
        let _infallible = writeln!(text, "| `{role}` | {} | {} |", held.join("、"), may.join(", "));
    }
    text.push_str("\n| 事 action | 角色 roles |\n|---|---|\n");
    for action in Action::ALL {
        let roles = Role::ALL.into_iter().filter(|role| rights(*role).contains(&action));
        let roles: Vec<String> = roles.map(|role| format!("`{role}`")).collect();
        let _infallible = writeln!(text, "| `{action}` | {} |", roles.join(", "));
    }
    text
}

/// Renewed by `./dev generate`.
#[test]
fn the_committed_rights_are_those_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rights.md");
    let made = document();
    if std::env::var_os("STREETWISE_RENEW").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "docs/rights.md is not what the table says: ./dev generate");
}
