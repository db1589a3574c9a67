//! The answer to "what does this point lie in?".

use std::fmt;

use ids::{GridCode, TenantId};

use crate::street::Entry;
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
    /// Positions among the street's.
    community: Option<usize>,
    grid: Option<usize>,
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
        community: Option<usize>,
        grid: Option<usize>,
        others: &'a [Entry],
    ) -> Self {
        let places = street.places();
        Self {
            street: Some(street.code()),
            community: community.map(|at| places.communities.codes[at]),
            grid: grid.map(|at| places.grids.codes[at]),
            inside: Some(Inside { street, point, community, grid, others }),
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
                Hit { layer, code: &other.code, name: other.name.as_deref() }
            })
        })
    }

    /// What people call the community.
    pub fn community_name(&self) -> Option<&'a str> {
        let Inside { street, community, .. } = self.inside?;
        street.places().communities.name(community?)
    }

    /// What people call the grid.
    pub fn grid_name(&self) -> Option<&'a str> {
        let Inside { street, grid, .. } = self.inside?;
        street.places().grids.name(grid?)
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
