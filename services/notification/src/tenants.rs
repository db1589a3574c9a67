//! What notification wants of a street's documents: which endpoints tell a body.

use std::collections::BTreeMap;

use contract::document::{Channel, DistrictCore, StreetCore, merge};
use ids::{BodyRef, TenantId};
use snapshot::Project;

/// An endpoint by its owner (the street or its district) and its key there (D1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndpointId {
    /// Who owns it.
    pub tenant: TenantId,
    /// Its key in the owner's document.
    pub key: String,
}

/// The endpoints that matter to one street.
#[derive(Debug, Default)]
pub struct Street {
    bodies: BTreeMap<BodyRef, Vec<EndpointId>>,
    urls: BTreeMap<EndpointId, String>,
}

impl Street {
    /// Where a body is told; empty when nowhere.
    pub fn of_body(&self, body: &BodyRef) -> &[EndpointId] {
        self.bodies.get(body).map_or(&[], Vec::as_slice)
    }

    /// The address of an endpoint as the documents have it now.
    pub fn url(&self, endpoint: &EndpointId) -> Option<&str> {
        self.urls.get(endpoint).map(String::as_str)
    }

    /// Every endpoint.
    pub fn endpoints(&self) -> impl Iterator<Item = &EndpointId> {
        self.urls.keys()
    }
}

/// Compiles a street's endpoints; those of a channel this build does not know are passed over.
#[derive(Debug, Clone, Copy, Default)]
pub struct Endpoints;

impl Project for Endpoints {
    type Street = Street;

    fn street(&self, district: &DistrictCore, street: &StreetCore) -> Result<Street, String> {
        let mut compiled = Street::default();
        for (tenant, key, endpoint) in merge(district, street).endpoints() {
            if endpoint.channel != Channel::Webhook {
                continue;
            }
            let id = EndpointId { tenant, key: key.to_owned() };
            compiled.bodies.entry(endpoint.body.clone()).or_default().push(id.clone());
            compiled.urls.insert(id, endpoint.url.clone());
        }
        Ok(compiled)
    }
}
