//! One street, compiled: asked for a point it answers with everything the point lies in.

mod build;
mod cells;
mod check;
mod nested;
mod places;
mod raster;
mod table;

use ids::{GridCode, TenantId};

use crate::fault::{Fault, Warning};
use crate::located::Located;
use crate::street::cells::Cells;
use crate::street::places::BOUNDARY;
use crate::{Bounds, Layer, Point, Shape};

pub(crate) use cells::Entry;
pub(crate) use places::Places;

/// All layers of a street together have at most so many vertices; a street of a hundred grids has some thousand.
pub const TERRITORY_VERTICES_MAX: usize = 100_000;

/// A street's territory that passed [`StreetTerritory::compile`].
#[derive(Debug, Clone)]
pub struct StreetTerritory {
    code: TenantId,
    /// For measuring against other streets.
    outline: Shape,
    cells: Cells,
    places: Places,
    /// The community of each grid, in the grids' order.
    parents: Box<[TenantId]>,
}

impl StreetTerritory {
    /// Checks the layers of a street and prepares them for looking up. The error holds every fault, in the order of
    /// layers and codes.
    ///
    /// Checked: one boundary, of this street; codes well formed, unique in their layer, and for communities and grids
    /// with the street's first nine digits; communities and grids inside the boundary and not over each other, beyond
    /// [`crate::SLIVER_M2_MAX`]; every grid's interior point in a community, which becomes its parent. Other layers
    /// may overlap and reach beyond the street. What no grid covers is a warning.
    pub fn compile(street: TenantId, layers: Vec<Layer>) -> Result<(Self, Vec<Warning>), Vec<Fault>> {
        let findings = check::thorough(street, &layers);
        if !findings.faults.is_empty() {
            return Err(findings.faults);
        }
        Ok((build::build(street, layers)?, findings.warnings))
    }

    /// Of layers that passed [`StreetTerritory::compile`] where they come from: checks again what costs little, which is
    /// all but areas. A service that starts among a thousand streets cannot measure them once more.
    pub fn published(street: TenantId, layers: Vec<Layer>) -> Result<Self, Vec<Fault>> {
        let findings = check::cheap(street, &layers);
        if !findings.faults.is_empty() {
            return Err(findings.faults);
        }
        build::build(street, layers)
    }

    /// The street's code.
    pub fn code(&self) -> TenantId {
        self.code
    }

    /// The street's boundary.
    pub fn outline(&self) -> &Shape {
        &self.outline
    }

    /// The smallest upright rectangle around the street.
    pub fn bounds(&self) -> Bounds {
        self.outline.bounds()
    }

    /// The community that holds a grid's interior point.
    pub fn parent(&self, grid: GridCode) -> Option<TenantId> {
        let at = self.places.grids.codes.binary_search(&grid).ok()?;
        self.parents.get(at).copied()
    }

    /// Codes and names of the communities, by code.
    pub fn communities(&self) -> impl Iterator<Item = (TenantId, Option<&str>)> {
        self.places.communities.iter()
    }

    /// Codes and names of the grids, by code.
    pub fn grids(&self) -> impl Iterator<Item = (GridCode, Option<&str>)> {
        self.places.grids.iter()
    }

    /// Whether the street holds the point.
    pub fn holds(&self, point: Point) -> bool {
        self.inside(point).is_some()
    }

    /// Everything of this street the point lies in; nothing when it lies outside. Where slivers of communities or
    /// grids overlap, the lowest code wins.
    pub fn locate(&self, point: Point) -> Located<'_> {
        self.inside(point).map_or_else(Located::default, |entries| self.locate_among(entries, point))
    }

    /// What a point of the street may lie in besides, or nothing where the street does not hold it.
    #[inline]
    pub(crate) fn inside(&self, point: Point) -> Option<&[Entry]> {
        let (boundary, entries) = self.cells.at(point).split_first()?;
        (boundary.place() == BOUNDARY && self.hold(*boundary, point)).then_some(entries)
    }

    /// For what [`Self::inside`] found.
    #[inline]
    pub(crate) fn locate_among<'a>(&'a self, entries: &'a [Entry], point: Point) -> Located<'a> {
        let (mut community, mut grid) = (None, None);
        let (communities, grids) = (self.places.community_range(), self.places.grid_range());
        let first_other = entries.iter().position(|entry| entry.place() >= grids.end);
        let (own, others) = entries.split_at(first_other.unwrap_or(entries.len()));
        for entry in own {
            let place = entry.place();
            if place < communities.end {
                if community.is_none() && self.hold(*entry, point) {
                    community = Some(place - communities.start);
                }
            } else if self.hold(*entry, point) {
                grid = Some(place - grids.start);
                break;
            }
        }
        Located::found(self, point, community, grid, others)
    }

    /// Whether a feature holds a point of the cell it was found in.
    #[inline]
    pub(crate) fn hold(&self, entry: Entry, point: Point) -> bool {
        entry.certain() || self.places.regions[entry.place()].contains(point)
    }

    pub(crate) fn places(&self) -> &Places {
        &self.places
    }

    /// Bytes this street takes in memory, without what the allocator adds.
    pub fn memory_bytes(&self) -> usize {
        let outline = self.outline.vertices() * size_of::<Point>();
        let heap = self.cells.heap_bytes() + self.places.heap_bytes() + size_of_val(&*self.parents);
        size_of::<Self>() + outline + heap
    }
}
