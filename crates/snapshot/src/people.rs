//! From the plain words of a People document to the grants of crate `access`.

use access::{Grant, Role, Scope};
use contract::document;
use ids::TenantId;

/// Why a grant is passed over. The others of the document stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    /// No such role in this build.
    #[error("unknown role")]
    UnknownRole,
    /// A `body-user` without a body.
    #[error("a body-user needs a body")]
    NoBody,
    /// A document grants something outside its own tenant.
    #[error("the scope is not of this tenant")]
    ForeignScope,
    /// The role cannot be held there.
    #[error("the role cannot be held in this scope")]
    Mismatch,
}

/// The grant a member of `tenant`'s document holds. `parent` is a street's district; `district_of` answers for
/// the streets that are known, so that a district may name members of one of its streets.
pub(crate) fn grant(
    tenant: TenantId,
    parent: Option<TenantId>,
    form: &document::Grant,
    district_of: impl Fn(TenantId) -> Option<TenantId>,
) -> Result<Grant, Unusable> {
    let role: Role = form.role.parse().map_err(|_| Unusable::UnknownRole)?;
    let scope = if role == Role::BodyUser {
        let body = form.body.clone().ok_or(Unusable::NoBody)?;
        Scope::Body { home: tenant, body }
    } else if form.scope == tenant {
        if parent.is_some() { Scope::Street(tenant) } else { Scope::District(tenant) }
    } else if parent.is_none() && district_of(form.scope) == Some(tenant) {
        Scope::Street(form.scope)
    } else {
        return Err(Unusable::ForeignScope);
    };
    Grant::new(role, scope).map_err(|_| Unusable::Mismatch)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISTRICT: &str = "990102000000";
    const STREET: &str = "990102001000";
    const FOREIGN: &str = "990103001000";

    fn check(
        tenant: &str,
        parent: Option<&str>,
        role: &str,
        scope: &str,
        body: Option<&str>,
    ) -> Result<Scope, Unusable> {
        let form = document::Grant {
            role: role.to_owned(),
            scope: scope.parse().unwrap(),
            body: body.map(|body| body.parse().unwrap()),
        };
        let known = |street: TenantId| (street.to_string() == STREET).then(|| DISTRICT.parse().unwrap());
        let parent = parent.map(|code| code.parse().unwrap());
        grant(tenant.parse().unwrap(), parent, &form, known).map(|grant| grant.scope().clone())
    }

    #[test]
    fn a_document_grants_inside_its_own_tenant_only() {
        let street: TenantId = STREET.parse().unwrap();
        assert_eq!(check(STREET, Some(DISTRICT), "verifier", STREET, None), Ok(Scope::Street(street)));
        assert_eq!(check(DISTRICT, None, "grid-worker", STREET, None), Ok(Scope::Street(street)));
        assert_eq!(check(STREET, Some(DISTRICT), "verifier", DISTRICT, None), Err(Unusable::ForeignScope));
        assert_eq!(check(DISTRICT, None, "verifier", FOREIGN, None), Err(Unusable::ForeignScope));
        assert_eq!(check(DISTRICT, None, "body-user", DISTRICT, None), Err(Unusable::NoBody));
        assert_eq!(check(DISTRICT, None, "emperor", DISTRICT, None), Err(Unusable::UnknownRole));
        assert_eq!(check(STREET, Some(DISTRICT), "district-centre", STREET, None), Err(Unusable::Mismatch));
    }
}
