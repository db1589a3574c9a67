//! Who could see a case, and why, in words. Pure: from grants, by the one table of crate `access`.

use access::{Action, BodyScope, Holder, Membership, Resource, Role, Scope};
use ids::BodyRef;

/// A grant that opens the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reader {
    pub subject: String,
    pub role: Role,
    pub scope: Scope,
    /// The body whose orders in the case it sees; without one it sees the whole case.
    pub only: Option<BodyRef>,
    pub why_zh: String,
    pub why_en: String,
}

/// Everybody who could read a case in which these bodies have orders, grant by grant. A body's user reads it only if its
/// body is among them.
pub(crate) fn readers(membership: &Membership, resource: &Resource, bodies: &[BodyRef]) -> Vec<Reader> {
    membership.holders(Action::CaseRead, resource).filter_map(|holder| reader(holder, bodies)).collect()
}

fn reader(holder: Holder<'_>, bodies: &[BodyRef]) -> Option<Reader> {
    let only = match holder.rows {
        BodyScope::All => None,
        BodyScope::Only(own) => Some(own.into_iter().find(|body| bodies.contains(body))?),
    };
    let (role, scope) = (holder.grant.role(), holder.grant.scope().clone());
    let (why_zh, why_en) = why(role, &scope);
    Some(Reader { subject: holder.subject.to_owned(), role, scope, only, why_zh, why_en })
}

fn why(role: Role, scope: &Scope) -> (String, String) {
    let (zh, en) = role.name();
    match scope {
        Scope::Street(street) => (
            format!("街道 {street} 的{zh}，可查看该街道的全部案件"),
            format!("{en} of street {street}: reads every case of it"),
        ),
        Scope::District(district) => (
            format!("区 {district} 的{zh}，可查看该区各街道的全部案件"),
            format!("{en} of district {district}: reads every case of its streets"),
        ),
        Scope::Body { home, body } => (
            format!("{home} 所属单位 {body} 的{zh}，该单位在本案中有工单"),
            format!("{en} {body} of {home}, which has an order in this case"),
        ),
        Scope::Installation => (format!("全系统的{zh}"), format!("{en} of the whole installation")),
    }
}

#[cfg(test)]
mod tests {
    use access::Grant;
    use ids::TenantId;

    use super::*;

    #[test]
    fn a_body_s_user_reads_a_case_with_an_order_of_its_body_only() {
        let tenant = |code: &str| code.parse::<TenantId>().unwrap();
        let (street, district) = (tenant("990102001000"), tenant("990102000000"));
        let body = |name: &str| name.parse::<BodyRef>().unwrap();
        let of = |name: &str| Scope::Body { home: district, body: body(name) };
        let membership: Membership = [
            ("bus", Role::BodyUser, of("bus-company")),
            ("police", Role::BodyUser, of("traffic-police")),
            ("worker", Role::GridWorker, Scope::Street(street)),
        ]
        .into_iter()
        .map(|(subject, role, scope)| (subject, Grant::new(role, scope).unwrap()))
        .collect();
        let resource = Resource::of(street, district);
        let told = |bodies: &[BodyRef]| -> Vec<(String, Option<BodyRef>)> {
            let readers = readers(&membership, &resource, bodies);
            readers.into_iter().map(|reader| (reader.subject, reader.only)).collect()
        };
        let worker = ("worker".to_owned(), None);
        assert_eq!(told(&[]), std::slice::from_ref(&worker));
        let police = ("police".to_owned(), Some(body("traffic-police")));
        assert_eq!(told(&[body("transport"), body("traffic-police")]), [police, worker]);
    }
}
