//! The compiled view: what readers take.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::Membership;
use contract::document::{
    ApiKey, Classifier, ClassifierModel, DistrictCore, Document, DocumentBody, People, StreetCore, Territory,
};
use ids::TenantId;
use jiff::Timestamp;

use crate::people;
use crate::spread::spread;
use crate::store::removals::Row;

/// What a service wants of a street: compiled once per generation, off the hot path.
pub trait Project: Send + Sync + 'static {
    /// The compiled street.
    type Street: Send + Sync + 'static;

    /// Whether it wants territories: polygons are most of a street's bytes, and who needs none keeps none.
    const TERRITORY: bool = false;
    /// Whether it wants classifiers, for the same reason.
    const CLASSIFIER: bool = false;

    /// Compiles a street with its district's pack. `territory` is of the street's own generation; nothing where the
    /// street never said where it lies, or nobody wants to know. An error keeps the last good one; its text is logged.
    fn street(
        &self,
        district: &DistrictCore,
        street: &StreetCore,
        territory: Option<&Arc<Territory>>,
    ) -> Result<Self::Street, String>;

    /// Gives a compiled street the model its texts are judged by: its own, else its district's. Not asked where neither has
    /// one. With an error the street counts as it was left, so that a faulty model holds no other document back; the
    /// text is logged. Whoever has a last good model may leave that in the street.
    fn learned(&self, _street: &mut Self::Street, _learned: &Learned) -> Result<(), String> {
        Ok(())
    }
}

/// A published model.
#[derive(Debug)]
pub struct Learned {
    /// Whose it is: a street, or its district.
    pub tenant: TenantId,
    /// Of its document.
    pub generation: u64,
    /// What was published.
    pub model: ClassifierModel,
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
    /// Whether it is compiled with the street's territory.
    pub placed: bool,
    /// Whose published model it was given, of which generation.
    pub learned: Option<(TenantId, u64)>,
    /// What the service made of it.
    pub of: S,
}

/// A tenant that is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// Its district.
    pub district: TenantId,
    /// Of its tombstone; documents of the tenant up to it are of before.
    pub generation: u64,
    /// When this service heard of it.
    pub begun_at: Timestamp,
}

/// Everything known, immutable; readers hold it as long as they like.
#[derive(Debug)]
pub struct View<S> {
    streets: BTreeMap<TenantId, Arc<StreetView<S>>>,
    districts: BTreeMap<TenantId, Arc<DistrictCore>>,
    membership: Membership,
    people: BTreeMap<TenantId, Arc<People>>,
    removed: BTreeMap<TenantId, Removed>,
}

impl<S> Default for View<S> {
    fn default() -> Self {
        Self {
            streets: BTreeMap::new(),
            districts: BTreeMap::new(),
            membership: Membership::default(),
            people: BTreeMap::new(),
            removed: BTreeMap::new(),
        }
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

    /// Whether it is this very view of the street.
    pub(crate) fn shows(&self, street: &Arc<StreetView<S>>) -> bool {
        self.street(street.code).is_some_and(|present| Arc::ptr_eq(present, street))
    }

    /// All streets, given away.
    pub(crate) fn into_streets(self) -> impl Iterator<Item = Arc<StreetView<S>>> {
        self.streets.into_values()
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

    /// A tenant that was removed and not onboarded again.
    pub fn removed(&self, code: TenantId) -> Option<Removed> {
        self.removed.get(&code).filter(|_| !self.streets.contains_key(&code)).copied()
    }

    /// Every tenant that was ever removed, with the generation of its newest tombstone; also those onboarded again.
    pub fn ever_removed(&self) -> impl Iterator<Item = (TenantId, u64)> {
        self.removed.iter().map(|(code, removed)| (*code, removed.generation))
    }

    /// What is known of a tenant's key of this name.
    pub fn key(&self, tenant: TenantId, name: &str) -> Option<&ApiKey> {
        self.people.get(&tenant)?.keys.get(name)
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
    territories: BTreeMap<TenantId, (u64, Arc<Territory>)>,
    people: BTreeMap<TenantId, (Option<TenantId>, Arc<People>)>,
    /// Those that are published; nobody's who has withdrawn it.
    learned: BTreeMap<TenantId, Learned>,
    made: BTreeMap<TenantId, Arc<StreetView<P::Street>>>,
    removed: BTreeMap<TenantId, Removed>,
}

impl<P: Project> Workshop<P> {
    pub(crate) fn new(project: P) -> Self {
        Self {
            project,
            districts: BTreeMap::new(),
            streets: BTreeMap::new(),
            territories: BTreeMap::new(),
            people: BTreeMap::new(),
            learned: BTreeMap::new(),
            made: BTreeMap::new(),
            removed: BTreeMap::new(),
        }
    }

    /// Forgets a tenant that is no more, with all that was made of it.
    pub(crate) fn forget(&mut self, removal: &Row) {
        let (tenant, district) =
            (TenantId::from_i64(removal.removed_id), TenantId::from_i64(removal.district_id));
        let (Ok(tenant), Ok(district)) = (tenant, district) else {
            tracing::error!(tenant = removal.removed_id, "a removal names no tenant");
            return;
        };
        self.districts.remove(&tenant);
        self.streets.remove(&tenant);
        self.territories.remove(&tenant);
        self.people.remove(&tenant);
        self.learned.remove(&tenant);
        self.made.remove(&tenant);
        let (generation, begun_at) = (removal.generation.unsigned_abs(), removal.begun_at.to_jiff());
        self.removed.insert(tenant, Removed { district, generation, begun_at });
    }

    /// Takes a document in, unless it is of a removed tenant: its rows may still be there when somebody starts.
    pub(crate) fn take(&mut self, document: Document) {
        let header = document.header;
        if self.removed.get(&header.tenant).is_some_and(|removed| header.generation <= removed.generation) {
            return;
        }
        match document.body {
            DocumentBody::District(core) => {
                self.districts.insert(header.tenant, (header.generation, Arc::new(*core)));
            }
            DocumentBody::Street(core) => {
                self.streets.insert(header.tenant, (header.generation, Arc::new(*core)));
            }
            DocumentBody::Territory(territory) => {
                self.territories.insert(header.tenant, (header.generation, Arc::new(*territory)));
            }
            DocumentBody::People(people) => {
                self.people.insert(header.tenant, (header.parent, Arc::new(*people)));
            }
            DocumentBody::Classifier(classifier) => self.learn(header.tenant, header.generation, *classifier),
        }
    }

    fn learn(&mut self, tenant: TenantId, generation: u64, classifier: Classifier) {
        match classifier.model {
            Some(model) => self.learned.insert(tenant, Learned { tenant, generation, model }),
            None => self.learned.remove(&tenant),
        };
    }

    /// The model a street's texts are judged by: its own before its district's.
    fn learned_of(&self, street: TenantId, district: TenantId) -> Option<&Learned> {
        self.learned.get(&street).or_else(|| self.learned.get(&district))
    }

    /// Compiles what changed.
    pub(crate) fn view(&mut self) -> View<P::Street> {
        let changed: Vec<TenantId> =
            self.streets.keys().copied().filter(|code| self.changed(*code)).collect();
        let made = spread(&changed, |code| self.compile(*code));
        self.made.extend(changed.into_iter().zip(made).filter_map(|(code, view)| Some((code, view?))));
        View {
            streets: self.made.clone(),
            districts: self.districts.iter().map(|(code, (_, core))| (*code, core.clone())).collect(),
            membership: self.membership(),
            people: self.people.iter().map(|(code, (_, people))| (*code, people.clone())).collect(),
            removed: self.removed.clone(),
        }
    }

    /// Whether a street's own or its district's generation moved, its territory came, or its model is another. While core
    /// and territory are of two generations, the other one is on its way: they are said together.
    fn changed(&self, code: TenantId) -> bool {
        let (generation, core) = &self.streets[&code];
        let Some((pack_generation, _)) = self.districts.get(&core.district) else { return false };
        let territory = self.territories.get(&code);
        if territory.is_some_and(|(of, _)| of != generation) {
            return false;
        }
        let learned =
            self.learned_of(code, core.district).map(|learned| (learned.tenant, learned.generation));
        let current = self.made.get(&code);
        let current = current.map(|made| (made.generation, made.pack_generation, made.placed, made.learned));
        current != Some((*generation, *pack_generation, territory.is_some(), learned))
    }

    /// Nothing where it does not compile.
    fn compile(&self, code: TenantId) -> Option<Arc<StreetView<P::Street>>> {
        let (generation, core) = &self.streets[&code];
        let (pack_generation, district) = &self.districts[&core.district];
        let territory = self.territories.get(&code).map(|(_, territory)| territory);
        match self.project.street(district, core, territory) {
            Ok(mut of) => {
                let learned = self.learned_of(code, core.district);
                if let Some(Err(reason)) = learned.map(|learned| self.project.learned(&mut of, learned)) {
                    does_not_compile(code, *generation, &reason);
                }
                let view = StreetView {
                    code,
                    district: core.district,
                    generation: *generation,
                    pack_generation: *pack_generation,
                    placed: territory.is_some(),
                    learned: learned.map(|learned| (learned.tenant, learned.generation)),
                    of,
                };
                Some(Arc::new(view))
            }
            Err(reason) => {
                does_not_compile(code, *generation, &reason);
                None
            }
        }
    }

    fn membership(&self) -> Membership {
        let district_of = |street: TenantId| self.streets.get(&street).map(|(_, core)| core.district);
        let mut membership = Membership::default();
        for (tenant, (parent, people)) in &self.people {
            let members = people.members.iter().map(|(subject, grants)| (subject.clone(), grants));
            let keys = people.keys.iter().map(|(name, key)| (ApiKey::subject(*tenant, name), &key.grants));
            for (subject, grants) in members.chain(keys) {
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

/// Of a street's own documents, or of a model: then the street counts, with the last good model.
fn does_not_compile(street: TenantId, generation: u64, reason: &str) {
    tracing::error!(tenant = %street, generation, reason, "document does not compile; last good kept");
}
