//! What console takes from a tenant's documents: what its bodies are called, and, which every snapshot holds by
//! itself, who may read. Items come with the events.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::document::successors::{Successors, in_place_of};
use contract::document::{DistrictCore, Name, StreetCore, Territory};
use ids::{BodyKey, BodyRef, TenantId};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use snapshot::Project;

/// The names of the bodies a street's orders may name.
#[derive(Debug)]
pub struct Names {
    bodies: BTreeMap<BodyKey, Name>,
    communities: BTreeMap<TenantId, Name>,
    successors: Successors,
    zone: TimeZone,
}

impl Names {
    /// The body that has taken the place of one since, for an item; `None` where nobody has.
    pub fn successor(&self, body: &str, item: Option<&str>, now: Timestamp) -> Option<BodyRef> {
        let of: BodyRef = body.parse().ok()?;
        let day = now.to_zoned(self.zone.clone()).date();
        let heir = in_place_of(&self.successors, &of.key, item, day);
        (*heir != of.key).then(|| BodyRef { key: heir.clone(), at: of.at })
    }

    /// What a body is called, with its community where it serves one. `None` for a body the documents do not know
    /// (any more), and for what is no body.
    pub fn of(&self, body: &str) -> Option<Name> {
        let body: BodyRef = body.parse().ok()?;
        let name = self.bodies.get(&body.key)?;
        let community = body.at.and_then(|at| self.communities.get(&at));
        Some(match community {
            None => name.clone(),
            Some(of) => {
                Name { zh: format!("{} · {}", of.zh, name.zh), en: format!("{} · {}", of.en, name.en) }
            }
        })
    }
}

/// Compiles a street's names; its own go before the pack's.
#[derive(Debug, Clone, Copy, Default)]
pub struct BodyNames;

impl Project for BodyNames {
    type Street = Names;

    fn street(
        &self,
        district: &DistrictCore,
        street: &StreetCore,
        _territory: Option<&Arc<Territory>>,
    ) -> Result<Names, String> {
        let bodies = district.bodies.iter().chain(&street.bodies);
        let zone = TimeZone::get(&district.time_zone).map_err(|error| error.to_string())?;
        Ok(Names {
            bodies: bodies.map(|(key, body)| (key.clone(), body.name.clone())).collect(),
            communities: street.communities.iter().map(|of| (of.code, of.name.clone())).collect(),
            successors: district.successors.clone(),
            zone,
        })
    }
}
