//! One binary for all tests of who may do what.

mod document;
mod every_pair;
mod table;
mod who_sees_what;

use access::{Grant, Membership, Principal, Role, Scope};
use ids::{BodyRef, TenantId};

const DISTRICT: &str = "990102000000";
const STREET: &str = "990102001000";
const SECOND_STREET: &str = "990102002000";
const FOREIGN_DISTRICT: &str = "990103000000";
const FOREIGN_STREET: &str = "990103001000";

fn tenant(code: &str) -> TenantId {
    code.parse().expect("a code")
}

fn body(text: &str) -> BodyRef {
    text.parse().expect("a body")
}

fn body_scope(home: &str, name: &str) -> Scope {
    Scope::Body { home: tenant(home), body: body(name) }
}

fn holder(grants: impl IntoIterator<Item = (Role, Scope)>) -> Principal {
    let grant = |(role, scope)| ("li", Grant::new(role, scope).expect("a grant the table knows"));
    grants.into_iter().map(grant).collect::<Membership>().principal("li")
}
