//! What notification wants of a street's documents: which endpoints tell a body.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use contract::document::{Channel, DistrictCore, Endpoint, StreetCore, Territory, merge};
use ids::{BodyRef, TenantId};
use snapshot::{Project, View};
use url::Url;

/// An endpoint by its owner (the street or its district) and its key there (D1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndpointId {
    /// Who owns it.
    pub tenant: TenantId,
    /// Its key in the owner's document.
    pub key: String,
}

/// The address of an endpoint, read once per document.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// As the document has it: what an endpoint's health is about.
    pub text: String,
    /// Nothing if the text is no URL; then nothing is sent.
    pub url: Option<Url>,
}

impl Target {
    /// Reads an address.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), url: Url::parse(text).ok() }
    }
}

/// The endpoints that matter to one street.
#[derive(Debug, Default)]
pub struct Street {
    bodies: BTreeMap<BodyRef, Vec<EndpointId>>,
    targets: BTreeMap<EndpointId, Arc<Target>>,
    drills: BTreeSet<EndpointId>,
}

impl Street {
    /// Where a body is told; empty when nowhere.
    pub fn of_body(&self, body: &BodyRef) -> &[EndpointId] {
        self.bodies.get(body).map_or(&[], Vec::as_slice)
    }

    /// The address of an endpoint as the documents have it now.
    pub fn target(&self, endpoint: &EndpointId) -> Option<&Arc<Target>> {
        self.targets.get(endpoint)
    }

    /// Whether an endpoint takes drills, too (D26).
    pub fn takes_drills(&self, endpoint: &EndpointId) -> bool {
        self.drills.contains(endpoint)
    }

    /// The endpoints of one owner, by key.
    fn of_owner(&self, owner: TenantId) -> BTreeMap<&str, Owned<'_>> {
        let each = self.bodies.iter().flat_map(|(body, ids)| ids.iter().map(move |id| (body, id)));
        let owned = each.filter(|(_, id)| id.tenant == owner).filter_map(|(body, id)| {
            let url = self.targets.get(id)?.text.as_str();
            Some((id.key.as_str(), Owned { body, url, drills: self.drills.contains(id) }))
        });
        owned.collect()
    }

    /// Every endpoint.
    pub fn endpoints(&self) -> impl Iterator<Item = &EndpointId> {
        self.targets.keys()
    }
}

/// One endpoint as its owner's document has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owned<'a> {
    /// The body it tells.
    pub body: &'a BodyRef,
    /// Its address.
    pub url: &'a str,
    /// Whether it takes drills, too (D26).
    pub drills: bool,
}

/// The endpoints that a street or a district owns itself, by key.
pub fn owned(view: &View<Street>, owner: TenantId) -> BTreeMap<&str, Owned<'_>> {
    let Some(district) = view.district(owner) else {
        return view.street(owner).map(|street| street.of.of_owner(owner)).unwrap_or_default();
    };
    let webhooks = district.endpoints.iter().filter(|(_, endpoint)| endpoint.channel == Channel::Webhook);
    let owned = webhooks.map(|(key, endpoint)| {
        let Endpoint { body, url, drills, .. } = endpoint;
        (key.as_str(), Owned { body, url, drills: *drills })
    });
    owned.collect()
}

/// Compiles a street's endpoints; those of a channel this build does not know are passed over.
#[derive(Debug, Clone, Copy, Default)]
pub struct Endpoints;

impl Project for Endpoints {
    type Street = Street;

    fn street(
        &self,
        district: &DistrictCore,
        street: &StreetCore,
        _territory: Option<&Arc<Territory>>,
    ) -> Result<Street, String> {
        let mut compiled = Street::default();
        for (tenant, key, endpoint) in merge(district, street).endpoints() {
            if endpoint.channel != Channel::Webhook {
                continue;
            }
            let id = EndpointId { tenant, key: key.to_owned() };
            compiled.bodies.entry(endpoint.body.clone()).or_default().push(id.clone());
            if endpoint.drills {
                compiled.drills.insert(id.clone());
            }
            compiled.targets.insert(id, Arc::new(Target::new(&endpoint.url)));
        }
        Ok(compiled)
    }
}
