//! The compiled view: what readers take.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::Membership;
use contract::document::{DistrictCore, Document, DocumentBody, People, StreetCore};
use ids::TenantId;

use crate::people;

/// What a service wants of a street: compiled once per generation, off the hot path.
pub trait Project: Send + Sync + 'static {
    /// The compiled street.
    type Street: Send + Sync + 'static;

    /// Compiles a street with its district's pack. An error keeps the last good one; its text is logged.
    fn street(&self, district: &DistrictCore, street: &StreetCore) -> Result<Self::Street, String>;
}

/// One street as its service sees it.
#[derive(Debug)]
pub struct StreetView<S> {
    /// The street.
    pub code: TenantId,
    /// Its district.
    pub district: TenantId,
    /// Generation of the street's own document.
    pub generation: u64,
    /// Generation of the district's pack it is compiled with.
    pub pack_generation: u64,
    /// What the service made of it.
    pub of: S,
}

/// Everything known, immutable; readers hold it as long as they like.
#[derive(Debug)]
pub struct View<S> {
    streets: BTreeMap<TenantId, Arc<StreetView<S>>>,
    districts: BTreeMap<TenantId, Arc<DistrictCore>>,
    membership: Membership,
}

impl<S> Default for View<S> {
    fn default() -> Self {
        Self { streets: BTreeMap::new(), districts: BTreeMap::new(), membership: Membership::default() }
    }
}

impl<S> View<S> {
    /// One street, if its documents are here.
    pub fn street(&self, code: TenantId) -> Option<&Arc<StreetView<S>>> {
        self.streets.get(&code)
    }

    /// All streets.
    pub fn streets(&self) -> impl Iterator<Item = &Arc<StreetView<S>>> {
        self.streets.values()
    }

    /// A street's district; `None` for a district and for unknown tenants.
    pub fn district_of(&self, street: TenantId) -> Option<TenantId> {
        self.streets.get(&street).map(|view| view.district)
    }

    /// The district's own document.
    pub fn district(&self, code: TenantId) -> Option<&Arc<DistrictCore>> {
        self.districts.get(&code)
    }

    /// Every district.
    pub fn districts(&self) -> impl Iterator<Item = (TenantId, &Arc<DistrictCore>)> {
        self.districts.iter().map(|(code, core)| (*code, core))
    }

    /// Who may do what.
    pub fn membership(&self) -> &Membership {
        &self.membership
    }
}

/// Decoded documents and what was made of them; owned by the poller.
pub(crate) struct Workshop<P: Project> {
    project: P,
    districts: BTreeMap<TenantId, (u64, Arc<DistrictCore>)>,
    streets: BTreeMap<TenantId, (u64, Arc<StreetCore>)>,
    people: BTreeMap<TenantId, (Option<TenantId>, Arc<People>)>,
    made: BTreeMap<TenantId, Arc<StreetView<P::Street>>>,
}

impl<P: Project> Workshop<P> {
    pub(crate) fn new(project: P) -> Self {
        let (districts, streets, people) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { project, districts, streets, people, made: BTreeMap::new() }
    }

    pub(crate) fn take(&mut self, document: Document) {
        let header = document.header;
        match document.body {
            DocumentBody::District(core) => {
                self.districts.insert(header.tenant, (header.generation, Arc::new(*core)));
            }
            DocumentBody::Street(core) => {
                self.streets.insert(header.tenant, (header.generation, Arc::new(*core)));
            }
            DocumentBody::People(people) => {
                self.people.insert(header.tenant, (header.parent, Arc::new(*people)));
            }
        }
    }

    /// Compiles what changed: a street whose own or whose district's generation moved.
    pub(crate) fn view(&mut self) -> View<P::Street> {
        for (code, (generation, core)) in &self.streets {
            let Some((pack_generation, district)) = self.districts.get(&core.district) else { continue };
            let current = self.made.get(code);
            if current.is_some_and(|m| (m.generation, m.pack_generation) == (*generation, *pack_generation)) {
                continue;
            }
            match self.project.street(district, core) {
                Ok(of) => {
                    let (district, generation) = (core.district, *generation);
                    let pack_generation = *pack_generation;
                    let view = StreetView { code: *code, district, generation, pack_generation, of };
                    self.made.insert(*code, Arc::new(view));
                }
                Err(reason) => {
                    tracing::error!(tenant = %code, generation, reason, "document does not compile; last good kept");
                }
            }
        }
        View {
            streets: self.made.clone(),
            districts: self.districts.iter().map(|(code, (_, core))| (*code, core.clone())).collect(),
            membership: self.membership(),
        }
    }

    fn membership(&self) -> Membership {
        let district_of = |street: TenantId| self.streets.get(&street).map(|(_, core)| core.district);
        let mut membership = Membership::default();
        for (tenant, (parent, people)) in &self.people {
            for (subject, grants) in &people.members {
                for grant in grants {
                    match people::grant(*tenant, *parent, grant, district_of) {
                        Ok(grant) => membership.add(subject.as_str(), grant),
                        Err(error) => {
                            tracing::error!(%tenant, role = grant.role, error = %error, "grant is passed over");
                        }
                    }
                }
            }
        }
        membership
    }
}
