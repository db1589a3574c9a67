//! Whether the members of a manifest can be what it says. Readers pass over a grant they cannot use and say so in
//! a log nobody reads; at apply there is still somebody to tell.

use access::{Grant, Role, Scope, ScopeMismatch, UnknownRole};
use contract::document::{Kind, People};
use ids::TenantId;

use super::fault::Fault;

/// Every grant that no reader could use.
pub(super) fn check(tenant: TenantId, kind: Kind, people: &People) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (subject, grants) in &people.members {
        for grant in grants {
            match usable(tenant, kind, grant) {
                Ok(()) => {}
                Err(Unusable::Role(_)) => faults.push(Fault::unknown_role(subject)),
                Err(Unusable::Scope(_)) => faults.push(Fault::role_not_here(subject)),
            }
        }
    }
    faults
}

enum Unusable {
    Role(UnknownRole),
    Scope(ScopeMismatch),
}

fn usable(tenant: TenantId, kind: Kind, grant: &contract::document::Grant) -> Result<(), Unusable> {
    let role: Role = grant.role.parse().map_err(Unusable::Role)?;
    let scope = match (role, &grant.body, kind) {
        // Without a body the compiler has said so already.
        (Role::BodyUser, None, _) => return Ok(()),
        (Role::BodyUser, Some(body), _) => Scope::Body { home: tenant, body: body.clone() },
        (_, _, Kind::District) => Scope::District(tenant),
        (_, _, Kind::Street) => Scope::Street(tenant),
    };
    Grant::new(role, scope).map(|_| ()).map_err(Unusable::Scope)
}
