//! Whether the members of a manifest can be what it says. Readers pass over a grant they cannot use and say so in
//! a log nobody reads; at apply there is still somebody to tell.

use access::{Grant, Role, Scope};
use contract::document::{self, KEY_SUBJECT, Kind, LINK_SUBJECT, People};
use ids::TenantId;

use super::fault::Fault;

/// Every grant that no reader could use.
pub(super) fn check(tenant: TenantId, kind: Kind, people: &People) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (subject, grants) in &people.members {
        if subject.starts_with(KEY_SUBJECT) {
            let detail = "key: 开头的标识只属于接口密钥 / a subject that begins with key: is an API key's";
            faults.push(Fault::people(&["members", subject], "subject-reserved", detail));
        }
        if subject.starts_with(LINK_SUBJECT) {
            let detail = "link: 开头的标识只属于工单链接 / a subject that begins with link: is a link's";
            faults.push(Fault::people(&["members", subject], "subject-reserved", detail));
        }
        faults.extend(grants.iter().enumerate().filter_map(|(position, form)| {
            let position = position.to_string();
            usable(tenant, kind, form).map(|unusable| unusable.fault(&["members", subject, &position]))
        }));
    }
    faults
}

/// Why no reader could use a grant.
#[derive(Clone, Copy)]
pub(super) enum Unusable {
    UnknownRole,
    NotHere,
}

impl Unusable {
    /// At the grant of these steps below `spec`.
    pub(super) fn fault(self, grant: &[&str]) -> Fault {
        let (code, detail) = match self {
            Self::UnknownRole => ("unknown-role", "未知角色 / unknown role"),
            Self::NotHere => {
                ("role-not-here", "该角色不能在此范围担任 / the role cannot be held in this scope")
            }
        };
        Fault::people(&[grant, &["role"]].concat(), code, detail)
    }
}

pub(super) fn usable(tenant: TenantId, kind: Kind, form: &document::Grant) -> Option<Unusable> {
    let Ok(role) = form.role.parse::<Role>() else { return Some(Unusable::UnknownRole) };
    let scope = match (role, &form.body, kind) {
        // Without a body the compiler has said so already.
        (Role::BodyUser, None, _) => return None,
        (Role::BodyUser, Some(body), _) => Scope::Body { home: tenant, body: body.clone() },
        (_, _, Kind::District) => Scope::District(tenant),
        (_, _, Kind::Street) => Scope::Street(tenant),
    };
    Grant::new(role, scope).err().map(|_| Unusable::NotHere)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_member_is_called_as_the_holder_of_a_key_or_a_link_is() {
        let tenant: TenantId = "990102001000".parse().unwrap();
        let grant = document::Grant { role: "resident".to_owned(), scope: tenant, body: None };
        let codes = |subject: &str| {
            let members = [(subject.to_owned(), vec![grant.clone()])].into();
            let faults = check(tenant, Kind::Street, &People { members, ..People::default() });
            faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect::<Vec<_>>()
        };
        let place = "/spec/members/key:990102001000:sensors".to_owned();
        assert_eq!(codes("key:990102001000:sensors"), [(place, "subject-reserved")]);
        let place = "/spec/members/link:5f3c6c1e".to_owned();
        assert_eq!(codes("link:5f3c6c1e"), [(place, "subject-reserved")]);
        assert!(codes("keyholder").is_empty() && codes("linkman").is_empty());
    }
}
