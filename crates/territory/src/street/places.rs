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
    pub(crate) communities: Named<TenantId>,
    /// Behind the communities.
    pub(crate) grids: Named<GridCode>,
    /// Behind the grids.
    pub(crate) others: Box<[Other]>,
    /// The keys of the other layers.
    pub(crate) layers: Box<[LayerKey]>,
}

/// What features are called; `C` are their codes. Names apart: looking up needs none, and codes alone stay in the cache.
#[derive(Debug, Clone)]
pub(crate) struct Named<C> {
    pub(crate) codes: Box<[C]>,
    names: Box<[Option<Box<str>>]>,
}

/// A feature of a layer that has no rule of its own.
#[derive(Debug, Clone)]
pub(crate) struct Other {
    /// Position in the layers' keys.
    pub(crate) layer: usize,
    pub(crate) code: Box<str>,
    pub(crate) name: Option<Box<str>>,
}

impl<C> FromIterator<(C, Option<Box<str>>)> for Named<C> {
    fn from_iter<I: IntoIterator<Item = (C, Option<Box<str>>)>>(features: I) -> Self {
        let (codes, names): (Vec<C>, Vec<_>) = features.into_iter().unzip();
        Self { codes: codes.into(), names: names.into() }
    }
}

impl<C: Copy> Named<C> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (C, Option<&str>)> {
        self.codes.iter().copied().zip(self.names.iter().map(Option::as_deref))
    }

    pub(crate) fn name(&self, at: usize) -> Option<&str> {
        self.names[at].as_deref()
    }

    fn heap_bytes(&self) -> usize {
        let texts: usize = self.names.iter().flatten().map(|name| name.len()).sum();
        texts + size_of_val(&*self.codes) + size_of_val(&*self.names)
    }
}

impl Places {
    pub(crate) fn community_range(&self) -> Range<usize> {
        1..1 + self.communities.codes.len()
    }

    pub(crate) fn grid_range(&self) -> Range<usize> {
        let start = self.community_range().end;
        start..start + self.grids.codes.len()
    }

    /// The other feature of a place.
    pub(crate) fn other(&self, place: usize) -> &Other {
        &self.others[place - self.grid_range().end]
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let others = self.others.iter();
        let texts: usize =
            others.map(|other| other.code.len() + other.name.as_deref().map_or(0, str::len)).sum();
        let edges: usize = self.regions.iter().map(Region::heap_bytes).sum();
        let keys: usize = self.layers.iter().map(|layer| layer.as_str().len()).sum();
        let named = self.communities.heap_bytes() + self.grids.heap_bytes();
        let tables = size_of_val(&*self.regions) + size_of_val(&*self.others) + size_of_val(&*self.layers);
        texts + edges + keys + named + tables
    }
}
