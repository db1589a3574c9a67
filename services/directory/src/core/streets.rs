//! What a district's new document would do to the streets that stand on it.

use contract::document::{self, DistrictCore, Document, DocumentBody, People, Problem, StreetCore, merge};
use ids::TenantId;

use super::fault::Fault;

/// Faults the streets' documents would get by `new`. What is wrong with a street today already is not the
/// district's doing, and must not keep it from moving.
pub(crate) fn broken_by(old: &DistrictCore, new: &DistrictCore, streets: &[Document]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for document in streets {
        if let DocumentBody::Street(core) = &document.body {
            let people = people_of(core.code, streets);
            let before = faults_of(old, core, people);
            let fresh = faults_of(new, core, people).into_iter().filter(|fault| !before.contains(fault));
            faults.extend(fresh.map(|fault| Fault::breaks_street(core.code, &fault)));
        }
    }
    faults
}

fn people_of(street: TenantId, documents: &[Document]) -> Option<&People> {
    documents.iter().find_map(|document| match &document.body {
        DocumentBody::People(people) if document.header.tenant == street => Some(&**people),
        _ => None,
    })
}

/// Everything wrong with a street on a district's core: its own document, members and keys that act for no body, posts of none.
fn faults_of(district: &DistrictCore, core: &StreetCore, people: Option<&People>) -> Vec<document::Fault> {
    let mut faults = document::check_street(district, core);
    let pack = merge(district, core);
    let members = people.into_iter().flat_map(|people| &people.members);
    let members = members.map(|(subject, grants)| (format!("members.{subject}"), grants));
    let keys = people.into_iter().flat_map(|people| &people.keys);
    let keys = keys.map(|(name, key)| (format!("keys.{name}"), &key.grants));
    for (path, grants) in members.chain(keys) {
        for body in grants.iter().filter_map(|grant| grant.body.as_ref()) {
            if pack.body(body).is_none() {
                let problem = Problem::ForeignBody(body.clone());
                faults.push(document::Fault { path: path.clone(), problem });
            }
        }
    }
    let posts = people.into_iter().flat_map(|people| &people.posts);
    for (key, post) in posts.filter(|(_, post)| pack.body(&post.body).is_none()) {
        let problem = Problem::ForeignBody(post.body.clone());
        faults.push(document::Fault { path: format!("posts.{key}.body"), problem });
    }
    faults
}
