//! The territory part: where a street and its parts lie, as polygons of layers.
//!
//! Coordinates are whole 1e-7 degrees of WGS-84, about a centimetre: what was declared in another datum was converted
//! when the manifest was compiled, so that every service counts with the same integers.

use std::collections::{BTreeMap, BTreeSet};

use ids::TenantId;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::core::Name;
use super::validity::Validity;

/// Layer of the street's own boundary; one feature.
pub const STREET: &str = "street";
/// Layer of communities; features are called by the communities' codes.
pub const COMMUNITY: &str = "community";
/// Layer of grids (网格); features are called by 15 digits.
pub const GRID: &str = "grid";

/// Where a street lies. Empty: not known, and nothing is placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Territory {
    /// The street's code: the tenant.
    pub code: TenantId,
    /// By key: [`STREET`], [`COMMUNITY`], [`GRID`] and whatever else the street has, e.g. `police-beat`.
    #[serde(default)]
    pub layers: BTreeMap<String, Layer>,
}

/// One division of the street.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Its name, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// Its parts; they may overlap, but for communities and grids.
    pub features: Vec<Feature>,
}

/// One part of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// Its code, unique in the layer.
    pub code: String,
    /// Its name, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// The days on which it is there.
    #[serde(flatten)]
    pub validity: Validity,
    /// Polygons of rings of points; the first ring is the shell, the others are holes. The last point of a ring is the
    /// first again.
    pub polygons: Vec<Vec<Ring>>,
}

/// Points of a ring: east and north in 1e-7 degrees.
pub type Ring = Vec<[i32; 2]>;

impl Territory {
    /// Of a street that has not drawn any.
    pub fn unknown(code: TenantId) -> Self {
        Self { code, layers: BTreeMap::new() }
    }

    /// The days on which the drawing changes, in order. Before the first of them, and between two, it stays the same.
    pub fn turns(&self) -> BTreeSet<Date> {
        let features = self.layers.values().flat_map(|layer| &layer.features);
        features.flat_map(|feature| feature.validity.turns()).collect()
    }

    /// What is there on a day.
    pub fn on(&self, day: Date) -> Self {
        let mut there = self.clone();
        for layer in there.layers.values_mut() {
            layer.features.retain(|feature| feature.validity.holds(day));
        }
        there.layers.retain(|_, layer| !layer.features.is_empty());
        there
    }
}
