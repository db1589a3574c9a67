//! The answer to "what does this point lie in?".

use std::fmt;

use ids::{GridCode, TenantId};

use crate::street::{Entry, Named};
use crate::{LayerKey, Point, StreetTerritory};

/// What a point lies in. Borrowed from the territory it was found in; making one allocates nothing.
///
/// Outside of every street all of it is empty: a neighbour is never guessed.
#[derive(Clone, Copy, Default)]
pub struct Located<'a> {
    /// The street.
    pub street: Option<TenantId>,
    /// The community; `None` where the street has none.
    pub community: Option<TenantId>,
    /// The grid; `None` in a gap.
    pub grid: Option<GridCode>,
    inside: Option<Inside<'a>>,
}

/// What is needed to say more about a point.
#[derive(Clone, Copy)]
struct Inside<'a> {
    street: &'a StreetTerritory,
    point: Point,
    community_name: Option<&'a str>,
    grid_name: Option<&'a str>,
    /// What of the other layers it may lie in.
    others: &'a [Entry],
}

/// A feature of another layer that holds the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit<'a> {
    /// The layer, e.g. `police-beat`.
    pub layer: &'a LayerKey,
    /// The feature's code.
    pub code: &'a str,
    /// What people call it.
    pub name: Option<&'a str>,
}

impl<'a> Hit<'a> {
    fn key(self) -> (&'a LayerKey, &'a str) {
        (self.layer, self.code)
    }
}

impl<'a> Located<'a> {
    pub(crate) fn found(
        street: &'a StreetTerritory,
        point: Point,
        community: Option<&'a Named<TenantId>>,
        grid: Option<&'a Named<GridCode>>,
        others: &'a [Entry],
    ) -> Self {
        let community_name = community.and_then(|community| community.name.as_deref());
        let grid_name = grid.and_then(|grid| grid.name.as_deref());
        Self {
            street: Some(street.code()),
            community: community.map(|community| community.code),
            grid: grid.map(|grid| grid.code),
            inside: Some(Inside { street, point, community_name, grid_name, others }),
        }
    }

    /// Every feature of the layers besides street, community and grid that holds the point, sorted by layer and code.
    /// Looked up as the iterator goes; allocates nothing.
    pub fn layers(&self) -> impl Iterator<Item = Hit<'a>> + use<'a> {
        self.inside.into_iter().flat_map(|Inside { street, point, others, .. }| {
            let holding = others.iter().filter(move |entry| street.hold(**entry, point));
            holding.map(|entry| {
                let other = street.places().other(entry.place());
                let layer = &street.places().layers[other.layer];
                Hit { layer, code: &other.named.code, name: other.named.name.as_deref() }
            })
        })
    }

    /// What people call the community.
    pub fn community_name(&self) -> Option<&'a str> {
        self.inside?.community_name
    }

    /// What people call the grid.
    pub fn grid_name(&self) -> Option<&'a str> {
        self.inside?.grid_name
    }
}

/// Equal when street, community, grid and the codes of all layers are; names and the point itself do not count.
impl PartialEq for Located<'_> {
    fn eq(&self, other: &Self) -> bool {
        let codes = |located: &Self| (located.street, located.community, located.grid);
        let hits = || self.layers().map(Hit::key).eq(other.layers().map(Hit::key));
        codes(self) == codes(other) && hits()
    }
}

impl Eq for Located<'_> {}

impl fmt::Debug for Located<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layers: Vec<_> = self.layers().map(|hit| format!("{} {}", hit.layer, hit.code)).collect();
        f.debug_struct("Located")
            .field("street", &self.street)
            .field("community", &self.community)
            .field("grid", &self.grid)
            .field("layers", &layers)
            .finish()
    }
}
