//! What stands in which cell: the index of a street.
//!
//! The street's bounds are cut into square cells. Of each the features it may lie in are known, and of most features
//! whether it lies in them whole, because no border runs through the cell. Only the others are asked exactly. So most
//! look-ups read one cell and its list, which many cells share.

use crate::region::Region;
use crate::street::nested::Nested;
use crate::street::raster::Raster;
use crate::street::table::Table;
use crate::{Bounds, Point, Shape};

/// Cells of a street per feature: of a grid's 64 cells about half are crossed by a border.
const CELLS_A_FEATURE: usize = 256;
const CELLS_MAX: usize = 1 << 16;

/// A feature that may hold the points of a cell: its place among the street's features, and whether that is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Entry(pub(super) u32);

impl Entry {
    pub(super) const CERTAIN: u32 = 1 << 31;

    pub(crate) fn place(self) -> usize {
        (self.0 & !Self::CERTAIN) as usize
    }

    /// Whether the cell lies in the feature whole.
    pub(crate) fn certain(self) -> bool {
        self.0 & Self::CERTAIN != 0
    }
}

/// Cells and their lists, each in the order of places. Aligned to be read as one line of the cache: looking up is
/// waiting for memory.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(crate) struct Cells {
    bounds: Bounds,
    /// Width and height of a cell: 2 to the power of this, in e7.
    shift: u32,
    table: Table,
    /// Lists: each its length, then its entries.
    lists: Box<[Entry]>,
}

impl Cells {
    /// Of features in the order of their places; the first is the boundary.
    pub(crate) fn new(features: &[(&Shape, &Region)]) -> Self {
        let bounds = features[0].1.bounds();
        let many = (CELLS_A_FEATURE * features.len()).min(CELLS_MAX);
        let fits = |shift: &u32| {
            let (columns, rows) = size(bounds, *shift);
            columns * rows <= many
        };
        let finest = (0..32).find(fits).unwrap_or(32);
        // Coarser cells have fewer lists; at 32 there is one cell with a list of everything.
        let drawn = (finest..=32).find_map(|shift| Self::drawn(bounds, shift, features));
        drawn.expect("a street has fewer features than vertices, and of those 100,000")
    }

    /// With cells of one size, if their lists are few enough for the table.
    fn drawn(bounds: Bounds, shift: u32, features: &[(&Shape, &Region)]) -> Option<Self> {
        let (columns, rows) = size(bounds, shift);
        let raster = Raster { bounds, shift, columns };
        let mut nested = Nested::new(columns * rows);
        for (place, (shape, region)) in (0..).zip(features) {
            raster.enter(&mut nested, place, shape, region);
        }
        let (starts, lists) = nested.flat()?;
        let table = Table::new(columns, &starts)?;
        Some(Self { bounds, shift, table, lists })
    }

    /// The features that may hold a point, in the order of their places; none outside of the bounds.
    #[inline]
    pub(crate) fn at(&self, point: Point) -> &[Entry] {
        if !self.bounds.hold(point) {
            return &[];
        }
        let list = self.table.at(cell_of(self.bounds, self.shift, point.wide()));
        let length = self.lists[list].0 as usize;
        &self.lists[list + 1..=list + length]
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.table.heap_bytes() + size_of_val(&*self.lists)
    }
}

#[inline]
pub(super) fn cell_of(bounds: Bounds, shift: u32, (lon, lat): (i64, i64)) -> (usize, usize) {
    let low = bounds.low().wide();
    (((lon - low.0) >> shift) as usize, ((lat - low.1) >> shift) as usize)
}

/// How many cells of a size bounds have, along and up.
fn size(bounds: Bounds, shift: u32) -> (usize, usize) {
    let (low, high) = (bounds.low().wide(), bounds.high().wide());
    (((high.0 - low.0) >> shift) as usize + 1, ((high.1 - low.1) >> shift) as usize + 1)
}
