//! Every role × action, and every role × kind of scope, against tables written out by hand.

use access::{Action, BodyScope, Denied, Grant, Resource, Role, Scope, ScopeKind};

use crate::{DISTRICT, STREET, body, body_scope, holder, tenant};

/// Columns as in `Action::ALL`; `x` is a right.
const EXPECTED: &str = "
                submit assign drill reveal follow c.list c.read verify review r.district o.list o.read o.act direct link adj replan c.canc deliv rotate live doc.r apply cl.r cl.p examples clock park rights offb export removals
grid-worker     x . . . x x x . . . . . . . . . . . . . x . . . . . . . . . . .
resident        x . . . x . . . . . . . . . . . . . . . . . . . . . . . . . . .
device          x . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . .
body-user       . . . . . x x . . . x x x . x . . . x x x . . . . . . . . . . .
street-centre   x x . x x x x . x . x x . x x . . x x . x x . x . x . . . . . .
verifier        . . . x x x x x . . x x . . . . . . . . x . . . . . . . . . . .
district-centre x x . x x x x . x x x x . x x x x x x . x x . x . x . . . . . .
sre             . . x . . . . . . . . . . . . . . . x . . x . x . . x x . . . .
directory-admin . . x . . . . . . . . . . . . . . . . . . x x x x . . . . . . .
trainer         . . . . . . . . . . . . . . . . . . . . . . . x x x . . . . . .
system-admin    . . x . . . . . . . . . . . . . . . . . . x . x . . x x . x x x
security-admin  . . . . . . . . . . . . . . . . . . . x . x . x . . . . x . . .
audit-admin     . . . . . . . . . . . . . . . . . . x . . x . x . . . . x . . x
";

/// Columns street, district, body, installation.
const HELD_IN: &str = "
grid-worker      x x . .
resident         x x . .
device           x x . .
body-user        . . x .
street-centre    x . . .
verifier         x x . .
district-centre  . x . .
sre              . x . x
directory-admin  x x . x
trainer          x x . .
system-admin     . x . x
security-admin   . x . x
audit-admin      . x . x
";

fn scopes() -> [Scope; 4] {
    [
        Scope::Street(tenant(STREET)),
        Scope::District(tenant(DISTRICT)),
        body_scope(DISTRICT, "transport"),
        Scope::Installation,
    ]
}

/// Whether the role has the right, by the table above.
pub fn right_by_hand(role: Role, action: Action) -> bool {
    let column = Action::ALL.iter().position(|known| *known == action).expect("a known action");
    lines(EXPECTED).into_iter().any(|(known, rights)| known == role && rights[column])
}

/// Whether the role may be held there, by the table above.
pub fn held_by_hand(role: Role, kind: ScopeKind) -> bool {
    let column = scopes().iter().position(|scope| scope.kind() == kind).expect("a known kind");
    lines(HELD_IN).into_iter().any(|(known, held)| known == role && held[column])
}

fn lines(table: &str) -> Vec<(Role, Vec<bool>)> {
    let rows = table.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let role = words.next()?.parse().ok()?;
        Some((role, words.map(|word| word == "x").collect()))
    });
    rows.collect()
}

#[test]
fn every_role_has_exactly_the_rights_of_the_table_in_every_scope_it_may_be_held_in() {
    let rows = lines(EXPECTED);
    assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), Role::ALL);
    let resource = Resource::of(tenant(STREET), tenant(DISTRICT)).held_by(body("transport"));
    for (role, rights) in rows {
        assert_eq!(rights.len(), Action::ALL.len(), "{role}");
        for scope in scopes() {
            let Ok(grant) = Grant::new(role, scope) else { continue };
            let principal = holder([(grant.role(), grant.scope().clone())]);
            for (action, right) in Action::ALL.into_iter().zip(&rights) {
                let rows = match grant.scope().kind() {
                    ScopeKind::Body => BodyScope::Only(vec![body("transport")]),
                    _ => BodyScope::All,
                };
                let expected = if *right { Ok(rows) } else { Err(Denied::Forbidden) };
                assert_eq!(principal.may(action, &resource), expected, "{role} {action} {grant:?}");
            }
        }
    }
}

#[test]
fn a_role_is_held_only_where_the_table_says() {
    let rows = lines(HELD_IN);
    assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), Role::ALL);
    for (role, allowed) in rows {
        let granted = scopes().map(|scope| Grant::new(role, scope).is_ok());
        assert_eq!(allowed, granted, "{role}");
    }
}

#[test]
fn roles_are_named_alike_in_text_and_in_documents() {
    for role in Role::ALL {
        assert_eq!(role.as_str().parse(), Ok(role));
        assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
    }
    assert!("root".parse::<Role>().is_err());
}
