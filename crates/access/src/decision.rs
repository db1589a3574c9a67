//! May this grant do this to that? The answer tells apart what must not be known from what is not allowed.

use ids::{BodyRef, TenantId};

use crate::grant::{Grant, Scope};
use crate::{Action, rights};

/// What an action is asked on: the tenant in the path with its district, and the body if a row has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The tenant whose row it is: a street, or the district itself for the district's own rows.
    pub tenant: TenantId,
    /// The district the tenant belongs to; the tenant itself if it is the district.
    pub district: TenantId,
    /// The body that holds the row (an order, a delivery); `None` for rows without a holder, and for lists.
    pub body: Option<BodyRef>,
}

impl Resource {
    /// A whole tenant, or a row that has no body.
    pub const fn of(tenant: TenantId, district: TenantId) -> Self {
        Self { tenant, district, body: None }
    }

    /// A row held by `body`.
    pub fn held_by(self, body: BodyRef) -> Self {
        Self { body: Some(body), ..self }
    }
}

/// Which rows of an allowed tenant the caller sees. The second of two predicates (D8): every query of a door
/// takes one, so that forgetting it does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyScope {
    /// Every row of the tenant.
    All,
    /// Only rows held by these bodies (of cases: those with an order of theirs); sorted, never empty.
    Only(Vec<BodyRef>),
}

impl BodyScope {
    /// Whether a row held by `body` is inside.
    pub fn contains(&self, body: &BodyRef) -> bool {
        match self {
            BodyScope::All => true,
            BodyScope::Only(bodies) => bodies.binary_search(body).is_ok(),
        }
    }

    /// The bodies as texts for a query parameter; `None` means every row.
    pub fn bodies(&self) -> Option<Vec<String>> {
        match self {
            BodyScope::All => None,
            BodyScope::Only(bodies) => Some(bodies.iter().map(ToString::to_string).collect()),
        }
    }

    fn join(self, other: BodyScope) -> BodyScope {
        match (self, other) {
            (BodyScope::Only(mut ours), BodyScope::Only(theirs)) => {
                ours.extend(theirs);
                ours.sort();
                ours.dedup();
                BodyScope::Only(ours)
            }
            _ => BodyScope::All,
        }
    }
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nothing of the caller's reaches that tenant or row: it must look like an unknown one.
    #[error("not found")]
    NotFound,
    /// The caller sees it, but holds no role that may do this.
    #[error("forbidden")]
    Forbidden,
}

/// Joins what all grants say: any that allows wins; else any that sees makes it forbidden; else it is unknown.
pub(crate) fn decide(grants: &[Grant], action: Action, resource: &Resource) -> Result<BodyScope, Denied> {
    let seeing = || grants.iter().filter(|grant| sees(grant.scope(), resource));
    let allowing = seeing().filter(|grant| rights(grant.role()).contains(&action));
    let allowed = allowing.map(|grant| rows_of(grant.scope())).reduce(BodyScope::join);
    match allowed {
        Some(bodies) => Ok(bodies),
        None if seeing().next().is_some() => Err(Denied::Forbidden),
        None => Err(Denied::NotFound),
    }
}

fn sees(scope: &Scope, resource: &Resource) -> bool {
    match scope {
        Scope::Street(street) => resource.tenant == *street,
        Scope::District(district) => resource.district == *district,
        Scope::Body { home, body } => {
            let reaches = *home == resource.district || *home == resource.tenant;
            reaches && resource.body.as_ref().is_none_or(|holder| holder == body)
        }
        Scope::Installation => true,
    }
}

fn rows_of(scope: &Scope) -> BodyScope {
    match scope {
        Scope::Body { body, .. } => BodyScope::Only(vec![body.clone()]),
        _ => BodyScope::All,
    }
}
