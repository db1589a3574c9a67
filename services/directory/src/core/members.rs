//! Whether the members of a manifest can be what it says. Readers pass over a grant they cannot use and say so in
//! a log nobody reads; at apply there is still somebody to tell.

use access::{Grant, Role, Scope};
use contract::document::{self, Kind, People};
use ids::TenantId;

use super::fault::Fault;

/// Every grant that no reader could use.
pub(super) fn check(tenant: TenantId, kind: Kind, people: &People) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (subject, grants) in &people.members {
        let found =
            grants.iter().enumerate().filter_map(|(n, form)| usable(tenant, kind, subject, n, form).err());
        faults.extend(found);
    }
    faults
}

fn usable(
    tenant: TenantId,
    kind: Kind,
    subject: &str,
    position: usize,
    form: &document::Grant,
) -> Result<(), Fault> {
    let role: Role = form.role.parse().map_err(|_| Fault::unknown_role(subject, position))?;
    let scope = match (role, &form.body, kind) {
        // Without a body the compiler has said so already.
        (Role::BodyUser, None, _) => return Ok(()),
        (Role::BodyUser, Some(body), _) => Scope::Body { home: tenant, body: body.clone() },
        (_, _, Kind::District) => Scope::District(tenant),
        (_, _, Kind::Street) => Scope::Street(tenant),
    };
    Grant::new(role, scope).map(|_| ()).map_err(|_| Fault::role_not_here(subject, position))
}
