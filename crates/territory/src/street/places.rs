//! The features of a street side by side, each with its place: the boundary first, then communities, grids and the
//! other layers, within a layer by code. So the order of places is the order of answers.

use std::ops::Range;

use ids::{GridCode, TenantId};

use crate::LayerKey;
use crate::region::Region;

/// The boundary's place.
pub(crate) const BOUNDARY: usize = 0;

/// Where everything is.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// By place.
    pub(crate) regions: Box<[Region]>,
    /// From place 1 on.
    pub(crate) communities: Box<[Named<TenantId>]>,
    /// Behind the communities.
    pub(crate) grids: Box<[Named<GridCode>]>,
    /// Behind the grids.
    pub(crate) others: Box<[Other]>,
    /// The keys of the other layers.
    pub(crate) layers: Box<[LayerKey]>,
}

/// What a feature is called; `C` is its code.
#[derive(Debug, Clone)]
pub(crate) struct Named<C> {
    pub(crate) code: C,
    pub(crate) name: Option<Box<str>>,
}

/// A feature of a layer that has no rule of its own.
#[derive(Debug, Clone)]
pub(crate) struct Other {
    /// Position in the layers' keys.
    pub(crate) layer: usize,
    pub(crate) named: Named<Box<str>>,
}

impl<C: Copy> Named<C> {
    pub(crate) fn both(&self) -> (C, Option<&str>) {
        (self.code, self.name.as_deref())
    }
}

impl Places {
    pub(crate) fn community_range(&self) -> Range<usize> {
        1..1 + self.communities.len()
    }

    pub(crate) fn grid_range(&self) -> Range<usize> {
        let start = self.community_range().end;
        start..start + self.grids.len()
    }

    /// The other feature of a place.
    pub(crate) fn other(&self, place: usize) -> &Other {
        &self.others[place - self.grid_range().end]
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let named = |name: &Option<Box<str>>| name.as_deref().map_or(0, str::len);
        let communities = self.communities.iter().map(|community| named(&community.name));
        let grids = self.grids.iter().map(|grid| named(&grid.name));
        let others = self.others.iter().map(|other| other.named.code.len() + named(&other.named.name));
        let texts: usize = communities.chain(grids).chain(others).sum();
        let edges: usize = self.regions.iter().map(Region::heap_bytes).sum();
        let keys: usize = self.layers.iter().map(|layer| layer.as_str().len()).sum();
        let tables =
            size_of_val(&*self.regions) + size_of_val(&*self.communities) + size_of_val(&*self.grids);
        texts + edges + keys + tables + size_of_val(&*self.others) + size_of_val(&*self.layers)
    }
}
