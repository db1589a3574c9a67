//! Every role × action × scope × resource through [`access::Principal::may`], against an oracle of its own: the table
//! written out by hand in [`crate::table`] and the words of `docs/rights.md` about scopes.

use access::{Action, BodyScope, Denied, Grant, Resource, Role, Scope, ScopeKind};

use crate::table::{held_by_hand, right_by_hand};
use crate::{
    DISTRICT, FOREIGN_DISTRICT, FOREIGN_STREET, SECOND_STREET, STREET, body, body_scope, holder, tenant,
};

const STREET_BODY: &str = "street-centre@990102001000";

/// A scope with, in plain words, what of the resources below it covers.
fn scopes() -> Vec<Scope> {
    vec![
        Scope::Street(tenant(STREET)),
        Scope::Street(tenant(SECOND_STREET)),
        Scope::Street(tenant(FOREIGN_STREET)),
        Scope::District(tenant(DISTRICT)),
        Scope::District(tenant(FOREIGN_DISTRICT)),
        body_scope(DISTRICT, "transport"),
        body_scope(FOREIGN_DISTRICT, "transport"),
        body_scope(STREET, STREET_BODY),
        Scope::Installation,
    ]
}

/// A resource: the tenant, its district, and who holds the row.
type Asked = (&'static str, &'static str, Option<&'static str>);

fn resources() -> Vec<Asked> {
    let tenants = [
        (STREET, DISTRICT),
        (SECOND_STREET, DISTRICT),
        (DISTRICT, DISTRICT),
        (FOREIGN_STREET, FOREIGN_DISTRICT),
        (FOREIGN_DISTRICT, FOREIGN_DISTRICT),
    ];
    let bodies = [None, Some("transport"), Some("bus-company"), Some(STREET_BODY)];
    tenants.into_iter().flat_map(|(street, district)| bodies.map(|body| (street, district, body))).collect()
}

/// Whether the scope covers the resource, by cases.
fn covers(scope: &Scope, (street, district, holder): Asked) -> bool {
    match scope {
        Scope::Street(code) => code.to_string() == street,
        Scope::District(code) => code.to_string() == district,
        Scope::Installation => true,
        Scope::Body { home, body } => {
            let (home, body) = (home.to_string(), body.to_string());
            let works_there = home == street || home == district;
            works_there && (holder.is_none() || holder == Some(body.as_str()))
        }
    }
}

#[test]
fn every_role_action_scope_and_resource() {
    let (mut allowed, mut forbidden, mut unknown, mut not_held) = (0, 0, 0, 0);
    for role in Role::ALL {
        for scope in scopes() {
            if !held_by_hand(role, scope.kind()) {
                assert!(Grant::new(role, scope).is_err(), "{role}");
                not_held += 1;
                continue;
            }
            let principal = holder([(role, scope.clone())]);
            for asked in resources() {
                let (street, district, by) = asked;
                let resource =
                    Resource { tenant: tenant(street), district: tenant(district), body: by.map(body) };
                for action in Action::ALL {
                    let expected = match (covers(&scope, asked), right_by_hand(role, action), &scope) {
                        (false, _, _) => Err(Denied::NotFound),
                        (true, false, _) => Err(Denied::Forbidden),
                        (true, true, Scope::Body { body, .. }) => Ok(BodyScope::Only(vec![body.clone()])),
                        (true, true, _) => Ok(BodyScope::All),
                    };
                    match &expected {
                        Ok(_) => allowed += 1,
                        Err(Denied::Forbidden) => forbidden += 1,
                        Err(Denied::NotFound) => unknown += 1,
                    }
                    assert_eq!(
                        principal.may(action, &resource),
                        expected,
                        "{role} {action} {scope:?} {asked:?}"
                    );
                }
            }
        }
    }
    println!(
        "{allowed} allowed, {forbidden} forbidden, {unknown} unknown, {not_held} role and scope pairs refused"
    );
    let held = Role::ALL.len() * scopes().len() - not_held;
    assert_eq!(allowed + forbidden + unknown, held * resources().len() * Action::ALL.len());
    assert!(allowed > 0 && forbidden > 0 && unknown > 0 && not_held > 0);
}

/// None of the administrators, and nobody by configuration, reads what citizens said.
#[test]
fn whoever_administers_reads_no_case() {
    let everywhere = Role::ALL.into_iter().filter(|role| held_by_hand(*role, ScopeKind::Installation));
    for role in everywhere {
        let principal = holder([(role, Scope::Installation)]);
        let case = Resource::of(tenant(STREET), tenant(DISTRICT));
        for action in [Action::CaseList, Action::CaseRead, Action::OrderRead, Action::LiveWatch] {
            assert_eq!(principal.may(action, &case), Err(Denied::Forbidden), "{role} {action}");
        }
    }
}

/// Each grant that lets its holder do it, and none that does not, with the rows it opens.
#[test]
fn holders_are_listed_grant_by_grant() {
    let membership: access::Membership = [
        ("auditor", Role::AuditAdmin, Scope::District(tenant(DISTRICT))),
        ("both", Role::BodyUser, body_scope(DISTRICT, "transport")),
        ("both", Role::Verifier, Scope::Street(tenant(STREET))),
        ("centre", Role::DistrictCentre, Scope::District(tenant(DISTRICT))),
        ("elsewhere", Role::Verifier, Scope::Street(tenant(SECOND_STREET))),
        ("foreign", Role::BodyUser, body_scope(FOREIGN_DISTRICT, "transport")),
        ("resident", Role::Resident, Scope::Street(tenant(STREET))),
    ]
    .into_iter()
    .map(|(subject, role, scope)| (subject, Grant::new(role, scope).unwrap()))
    .collect();
    let case = Resource::of(tenant(STREET), tenant(DISTRICT));
    let listed = membership.holders(Action::CaseRead, &case);
    let listed: Vec<_> = listed.map(|holder| (holder.subject, holder.grant.role(), holder.rows)).collect();
    let transport = BodyScope::Only(vec![body("transport")]);
    assert_eq!(
        listed,
        [
            ("both", Role::BodyUser, transport),
            ("both", Role::Verifier, BodyScope::All),
            ("centre", Role::DistrictCentre, BodyScope::All),
        ]
    );
}
