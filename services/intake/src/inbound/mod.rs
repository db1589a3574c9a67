//! The doors of intake: parse, authenticate, make a command; decide nothing.

mod form;
mod hashed;
pub mod http;
mod refusals;
mod reveal;
pub(crate) mod rpc;

use access::{Action, Scope, rights};
use bootstrap::Admitted;

/// The source of a drill: nobody reports it in a role.
pub(crate) const DRILL: &str = "drill";

/// The role in which the caller reports here: the first that allows it.
pub(crate) fn source_of(admitted: &Admitted) -> &'static str {
    let here = |scope: &Scope| match scope {
        Scope::Street(street) => *street == admitted.tenant,
        Scope::District(district) => *district == admitted.district,
        Scope::Body { .. } | Scope::Installation => false,
    };
    let mut grants = admitted.principal.grants().iter();
    let grant =
        grants.find(|grant| here(grant.scope()) && rights(grant.role()).contains(&Action::ReportSubmit));
    grant.map_or("unknown", |grant| grant.role().as_str())
}
