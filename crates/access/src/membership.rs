//! Who holds which grants.

use std::collections::BTreeMap;

use ids::TenantId;

use crate::decision::{BodyScope, Denied, Resource, decide};
use crate::{Action, Grant};

/// The grants of every subject, built from People documents (and, for the installation, configuration).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    grants: BTreeMap<String, Vec<Grant>>,
}

impl Membership {
    /// Adds a grant; adding it twice changes nothing.
    pub fn add(&mut self, subject: impl Into<String>, grant: Grant) {
        let grants = self.grants.entry(subject.into()).or_default();
        if let Err(place) = grants.binary_search(&grant) {
            grants.insert(place, grant);
        }
    }

    /// Adds all of another membership, e.g. the district's to the street's.
    pub fn merge(&mut self, other: &Membership) {
        for (subject, grants) in &other.grants {
            grants.iter().for_each(|grant| self.add(subject.as_str(), grant.clone()));
        }
    }

    /// Everybody who may do `action` on `resource`, grant by grant, by subject: a grant that lets its holder do it is one
    /// entry, with the rows it opens.
    pub fn holders<'a>(
        &'a self,
        action: Action,
        resource: &'a Resource,
    ) -> impl Iterator<Item = Holder<'a>> + 'a {
        let every =
            self.grants.iter().flat_map(|(subject, grants)| grants.iter().map(move |grant| (subject, grant)));
        every.filter_map(move |(subject, grant)| {
            let rows = decide(std::slice::from_ref(grant), action, resource).ok()?;
            Some(Holder { subject, grant, rows })
        })
    }

    /// The subject with what it holds; a stranger holds nothing.
    pub fn principal(&self, subject: &str) -> Principal {
        let grants = self.grants.get(subject).cloned().unwrap_or_default();
        Principal { subject: subject.to_owned(), grants }
    }
}

impl<S: Into<String>> FromIterator<(S, Grant)> for Membership {
    fn from_iter<I: IntoIterator<Item = (S, Grant)>>(entries: I) -> Self {
        let mut membership = Membership::default();
        entries.into_iter().for_each(|(subject, grant)| membership.add(subject, grant));
        membership
    }
}

/// A grant that lets its holder do what was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder<'a> {
    /// Who.
    pub subject: &'a str,
    /// By which grant.
    pub grant: &'a Grant,
    /// Which rows it opens.
    pub rows: BodyScope,
}

/// An authenticated subject with its grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    subject: String,
    grants: Vec<Grant>,
}

impl Principal {
    /// The subject of the token; the actor in the journal.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What it holds, sorted.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Whether it may do `action` on `resource`, and which rows it then sees.
    pub fn may(&self, action: Action, resource: &Resource) -> Result<BodyScope, Denied> {
        decide(&self.grants, action, resource)
    }

    /// For a list over several tenants: those of `territory`, as (tenant, its district), in which the caller
    /// may do `action`, each with the rows it sees there. Empty if none.
    pub fn reach(
        &self,
        action: Action,
        territory: impl IntoIterator<Item = (TenantId, TenantId)>,
    ) -> BTreeMap<TenantId, BodyScope> {
        territory
            .into_iter()
            .filter_map(|(tenant, district)| {
                let rows = self.may(action, &Resource::of(tenant, district)).ok()?;
                Some((tenant, rows))
            })
            .collect()
    }
}
