//! Features drawn into cells: which of them a feature may hold points of, and which lie in it whole.

use crate::edge::sides;
use crate::region::Region;
use crate::street::cells::{Entry, cell_of};
use crate::street::nested::Nested;
use crate::{Bounds, Point, Shape};

/// Cells of one size over the bounds of a street.
pub(super) struct Raster {
    pub(super) bounds: Bounds,
    /// Width and height of a cell: 2 to the power of this, in e7.
    pub(super) shift: u32,
    pub(super) columns: usize,
}

impl Raster {
    fn cell_of(&self, place: (i64, i64)) -> (usize, usize) {
        cell_of(self.bounds, self.shift, place)
    }

    /// A place inside the bounds, for one that may lie outside.
    fn clamped(&self, (lon, lat): (i64, i64)) -> (i64, i64) {
        let (low, high) = (self.bounds.low().wide(), self.bounds.high().wide());
        (lon.clamp(low.0, high.0), lat.clamp(low.1, high.1))
    }

    /// Enters a feature into every cell it may hold points of.
    pub(super) fn enter(&self, nested: &mut Nested, place: u32, shape: &Shape, region: &Region) {
        if !shape.bounds().meet(&self.bounds) {
            return;
        }
        let low = self.cell_of(self.clamped(shape.bounds().low().wide()));
        let high = self.cell_of(self.clamped(shape.bounds().high().wide()));
        let window = Window { low, columns: high.0 - low.0 + 1, rows: high.1 - low.1 + 1 };
        let crossed = self.crossed(shape, &window);
        for (row, crossed) in (low.1..).zip(crossed.chunks(window.columns)) {
            // No border runs between two neighbours that none runs through: both are inside or both outside.
            let mut whole = None;
            for (column, crossed) in (low.0..).zip(crossed) {
                let cell = row * self.columns + column;
                if *crossed {
                    nested.push(cell, Entry(place));
                    whole = None;
                } else if *whole.get_or_insert_with(|| region.contains(self.corner(column, row))) {
                    nested.push(cell, Entry(place | Entry::CERTAIN));
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

    /// Cells of the shape's window that a border of it runs through or may touch.
    fn crossed(&self, shape: &Shape, window: &Window) -> Vec<bool> {
        let mut crossed = vec![false; window.columns * window.rows];
        for (from, to) in shape.rings().flat_map(sides) {
            let (from, to) = if from.lat_e7() <= to.lat_e7() { (from, to) } else { (to, from) };
            self.cross(&mut crossed, window, from.wide(), to.wide());
        }
        crossed
    }

    /// Marks the cells of a side, row by row; `low` is not north of `high`.
    fn cross(&self, crossed: &mut [bool], window: &Window, low: (i64, i64), high: (i64, i64)) {
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
            // A stretch is a little wider than its side and may leave the window.
            let (first, last) = (window.column(first), window.column(last));
            let start = (row - window.low.1) * window.columns;
            crossed[start + first..=start + last].fill(true);
        }
    }
}

/// The cells a feature's bounds reach into.
struct Window {
    /// Column and row of the south-western one.
    low: (usize, usize),
    columns: usize,
    rows: usize,
}

impl Window {
    /// The column inside the window that is the nearest to a column of the street.
    fn column(&self, column: usize) -> usize {
        column.clamp(self.low.0, self.low.0 + self.columns - 1) - self.low.0
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
