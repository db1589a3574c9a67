//! The one rule of containment, in exact whole numbers.
//!
//! A point is inside when a ray from it to the east crosses the border an odd number of times. What happens on the
//! border is decided by two half-open comparisons: an edge holds the latitude of its lower end and not of its upper
//! one, and a point on an edge counts as east of it. That is the answer of a point moved a little to the north and
//! much less little to the east, which lies on no edge at all. So of polygons that share a border exactly, exactly
//! one holds a point on it, always the same, whatever the order, start or direction of their rings ("simulation of
//! simplicity", Edelsbrunner and Mücke 1990; the crossing test itself: Hormann and Agathos 2001).

use crate::{Bounds, Point};

/// A piece of border that is not level, lower end first. Level pieces never count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    low: Point,
    high: Point,
}

impl Edge {
    /// `None` for a level piece.
    pub(crate) fn new(from: Point, to: Point) -> Option<Self> {
        match from.lat_e7().cmp(&to.lat_e7()) {
            std::cmp::Ordering::Less => Some(Self { low: from, high: to }),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(Self { low: to, high: from }),
        }
    }

    pub(crate) fn low(&self) -> Point {
        self.low
    }

    pub(crate) fn high(&self) -> Point {
        self.high
    }

    /// Whether the ray from the point to the east crosses this edge.
    ///
    /// Longitudes differ by at most 3.6e9 and latitudes by 1.8e9, so each product is below 6.5e18 and fits into an
    /// `i64`. Their difference would not, so they are compared. No branch: both halves cost less than a wrong guess.
    #[inline]
    pub(crate) fn crosses_ray_of(&self, point: Point) -> bool {
        let (low_lon, low_lat) = self.low.wide();
        let (high_lon, high_lat) = self.high.wide();
        let (lon, lat) = point.wide();
        let level = (low_lat <= lat) & (lat < high_lat);
        level & ((lon - low_lon) * (high_lat - low_lat) < (high_lon - low_lon) * (lat - low_lat))
    }

    /// Longitude at a latitude, in e7; for areas and candidates, never for containment.
    pub(crate) fn lon_at(&self, lat: f64) -> f64 {
        let (low, high) = (self.low.wide(), self.high.wide());
        let part = (lat - low.1 as f64) / (high.1 - low.1) as f64;
        low.0 as f64 + (high.0 - low.0) as f64 * part
    }
}

/// The edges of closed rings, level ones left out.
pub(crate) fn edges<'a>(rings: impl Iterator<Item = &'a [Point]>) -> impl Iterator<Item = Edge> {
    rings.flat_map(sides).filter_map(|(from, to)| Edge::new(from, to))
}

/// The sides of a closed ring in its order, level ones too; the last leads back to the first vertex.
pub(crate) fn sides(ring: &[Point]) -> impl Iterator<Item = (Point, Point)> {
    let next = ring.iter().cycle().skip(1);
    ring.iter().copied().zip(next.copied())
}

/// Whether a number of edges that close hold the point.
#[inline]
pub(crate) fn inside(edges: &[Edge], point: Point) -> bool {
    edges.iter().fold(false, |inside, edge| inside ^ edge.crosses_ray_of(point))
}

/// Whether a closed ring holds the point.
pub(crate) fn ring_holds(ring: &[Point], point: Point) -> bool {
    let crossed = edges(std::iter::once(ring)).filter(|edge| edge.crosses_ray_of(point));
    Bounds::of(ring).is_some_and(|bounds| bounds.hold(point)) && crossed.count() % 2 == 1
}
