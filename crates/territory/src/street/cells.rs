//! What stands in which cell: the index of a street.
//!
//! The street's bounds are cut into square cells. Of each the features it may lie in are known, and of most features
//! whether it lies in them whole, because no border runs through the cell. Only the others are asked exactly. So most
//! look-ups read one cell and its list, which many cells share.

use std::collections::HashMap;

use crate::edge::sides;
use crate::region::Region;
use crate::{Bounds, Point, Shape};

/// Cells of a street per feature: of a grid's 64 cells about half are crossed by a border.
const CELLS_A_FEATURE: usize = 256;
const CELLS_MAX: usize = 1 << 16;

/// A feature that may hold the points of a cell: its place among the street's features, and whether that is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Entry(u32);

impl Entry {
    const CERTAIN: u32 = 1 << 31;

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
    columns: usize,
    /// Where the list of each cell begins.
    cells: Box<[u32]>,
    /// Lists: each its length, then its entries.
    lists: Box<[Entry]>,
}

impl Cells {
    /// Of features in the order of their places; the first is the boundary.
    pub(crate) fn new(features: &[(&Shape, &Region)]) -> Self {
        let bounds = features[0].1.bounds();
        let (low, high) = (bounds.low().wide(), bounds.high().wide());
        let size =
            |shift: u32| (((high.0 - low.0) >> shift) as usize + 1, ((high.1 - low.1) >> shift) as usize + 1);
        let many = (CELLS_A_FEATURE * features.len()).min(CELLS_MAX);
        let fits = |shift: &u32| size(*shift).0 * size(*shift).1 <= many;
        let shift = (0..32).find(fits).unwrap_or(32);
        let (columns, rows) = size(shift);
        let mut cells = Self { bounds, shift, columns, cells: Box::default(), lists: Box::default() };
        let mut found = vec![Vec::new(); columns * rows];
        for (place, (shape, region)) in (0..).zip(features) {
            cells.enter(&mut found, place, shape, region);
        }
        cells.keep(&found);
        cells
    }

    /// The features that may hold a point, in the order of their places; none outside of the bounds.
    #[inline]
    pub(crate) fn at(&self, point: Point) -> &[Entry] {
        if !self.bounds.hold(point) {
            return &[];
        }
        let (column, row) = self.cell_of(point.wide());
        let list = self.cells[row * self.columns + column] as usize;
        let length = self.lists[list].0 as usize;
        &self.lists[list + 1..=list + length]
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.cells) + size_of_val(&*self.lists)
    }

    fn cell_of(&self, (lon, lat): (i64, i64)) -> (usize, usize) {
        let low = self.bounds.low().wide();
        (((lon - low.0) >> self.shift) as usize, ((lat - low.1) >> self.shift) as usize)
    }

    /// A place inside the bounds, for one that may lie outside.
    fn clamped(&self, (lon, lat): (i64, i64)) -> (i64, i64) {
        let (low, high) = (self.bounds.low().wide(), self.bounds.high().wide());
        (lon.clamp(low.0, high.0), lat.clamp(low.1, high.1))
    }

    /// Enters a feature into every cell it may hold points of.
    fn enter(&self, found: &mut [Vec<Entry>], place: u32, shape: &Shape, region: &Region) {
        if !shape.bounds().meet(&self.bounds) {
            return;
        }
        let low = self.cell_of(self.clamped(shape.bounds().low().wide()));
        let high = self.cell_of(self.clamped(shape.bounds().high().wide()));
        let crossed = self.crossed(shape);
        for row in low.1..=high.1 {
            for column in low.0..=high.0 {
                let cell = row * self.columns + column;
                if crossed[cell] {
                    found[cell].push(Entry(place));
                } else if region.contains(self.corner(column, row)) {
                    found[cell].push(Entry(place | Entry::CERTAIN));
                }
            }
        }
    }

    /// The south-western point of a cell. Where no border runs through the cell it speaks for all points of it.
    fn corner(&self, column: usize, row: usize) -> Point {
        let (lon, lat) = self.bounds.low().wide();
        let along = |low: i64, cell: usize| (low + ((cell as i64) << self.shift)) as i32;
        Point::between(along(lon, column), along(lat, row))
    }

    /// Cells a border of the shape runs through or may touch.
    fn crossed(&self, shape: &Shape) -> Vec<bool> {
        let mut crossed = vec![false; self.cells_len()];
        for (from, to) in shape.rings().flat_map(sides) {
            let (from, to) = if from.lat_e7() <= to.lat_e7() { (from, to) } else { (to, from) };
            self.cross(&mut crossed, from.wide(), to.wide());
        }
        crossed
    }

    fn cells_len(&self) -> usize {
        let (_, top) = self.cell_of(self.bounds.high().wide());
        (top + 1) * self.columns
    }

    /// Marks the cells of a side, row by row; `low` is not north of `high`.
    fn cross(&self, crossed: &mut [bool], low: (i64, i64), high: (i64, i64)) {
        let bounds = (self.bounds.low().wide(), self.bounds.high().wide());
        if high.1 < bounds.0.1 || low.1 > bounds.1.1 {
            return;
        }
        let rows = self.cell_of(self.clamped(low)).1..=self.cell_of(self.clamped(high)).1;
        for row in rows {
            let south = bounds.0.1 + ((row as i64) << self.shift);
            let (west, east) = stretch(low, high, (south, south + (1 << self.shift)));
            if east < bounds.0.0 || west > bounds.1.0 {
                continue;
            }
            let first = self.cell_of(self.clamped((west, south))).0;
            let last = self.cell_of(self.clamped((east, south))).0;
            crossed[row * self.columns + first..=row * self.columns + last].fill(true);
        }
    }

    /// Equal lists are kept once.
    fn keep(&mut self, found: &[Vec<Entry>]) {
        let (mut known, mut lists) = (HashMap::new(), Vec::new());
        let start = |list: &Vec<Entry>| {
            *known.entry(list.clone()).or_insert_with(|| {
                let start = lists.len() as u32;
                lists.push(Entry(list.len() as u32));
                lists.extend(list);
                start
            })
        };
        self.cells = found.iter().map(start).collect();
        self.lists = lists.into();
    }
}

/// The longitudes a side has between two latitudes, at least: one e7 wider than the arithmetic says, which is far
/// above its error.
fn stretch(low: (i64, i64), high: (i64, i64), (south, north): (i64, i64)) -> (i64, i64) {
    let (width, height) = ((high.0 - low.0) as f64, (high.1 - low.1).max(1) as f64);
    let lon_at = |lat: i64| low.0 as f64 + width * ((lat.clamp(low.1, high.1) - low.1) as f64 / height);
    let level = low.1 == high.1;
    let (one, other) = if level { (low.0 as f64, high.0 as f64) } else { (lon_at(south), lon_at(north)) };
    (one.min(other).floor() as i64 - 1, one.max(other).ceil() as i64 + 1)
}
