//! Polygons and multipolygons with holes, checked when they are made.
//!
//! A [`Shape`] that exists is sound: rings closed, no two edges meeting but neighbours at their vertex, holes in
//! their shells, every ring with an area. Rings may run either way round and start anywhere. Two rings of a shape may
//! not even touch, which is stricter than the OGC's rule and leaves no doubt what is inside.
//! Not here: reading GeoJSON (nesting, `crs`), shapes across the date line.

mod check;
mod contacts;
mod fault;
mod measure;
mod nesting;

pub use fault::{Contact, ShapeFault, Spot};

use crate::edge::{Edge, edges};
use crate::{Bounds, Datum, Point};

/// A shape has at most so many positions (`docs/bad-input.md`, row GeoJSON).
pub const VERTICES_MAX: usize = 10_000;
/// So many pairs of edges that meet are listed; a scribble has millions.
pub const CONTACTS_MAX: usize = 100;

/// A closed ring; the first vertex is not repeated at the end.
pub(crate) type Ring = Vec<Point>;

/// A checked polygon or multipolygon with holes, in whole ten-millionths of a degree, WGS-84.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Polygons; of each the shell, then its holes.
    polygons: Vec<Vec<Ring>>,
    bounds: Bounds,
}

impl Shape {
    /// From the coordinates of a GeoJSON MultiPolygon: polygons, rings, positions `[longitude, latitude]` in degrees
    /// of the declared datum. A Polygon is a list of one. The error holds every fault.
    pub fn from_degrees(polygons: &[Vec<Vec<[f64; 2]>>], datum: Datum) -> Result<Self, Vec<ShapeFault>> {
        let draft = check::draft(polygons, |&[lon, lat]| Point::from_degrees(lon, lat, datum));
        draft.and_then(check::thorough).and_then(Self::made)
    }

    /// From checked rings as documents carry them: as [`Shape::from_degrees`], in ten-millionths of a degree of
    /// WGS-84, closed. Checks again what costs little: all but whether edges meet and what lies in what.
    pub fn from_e7(polygons: &[Vec<Vec<[i32; 2]>>]) -> Result<Self, Vec<ShapeFault>> {
        let draft = check::draft(polygons, |&[lon, lat]| Point::from_e7(lon, lat));
        draft.and_then(check::cheap).and_then(Self::made)
    }

    fn made(polygons: Vec<Vec<Ring>>) -> Result<Self, Vec<ShapeFault>> {
        let bounds = Bounds::of(polygons.iter().flatten().flatten()).ok_or(vec![ShapeFault::Empty])?;
        Ok(Self { polygons, bounds })
    }

    /// For documents: closed rings, as [`Shape::from_e7`] takes them.
    pub fn to_e7(&self) -> Vec<Vec<Vec<[i32; 2]>>> {
        let closed = |ring: &Ring| {
            let around = ring.iter().chain(ring.first());
            around.map(|point| [point.lon_e7(), point.lat_e7()]).collect()
        };
        self.polygons.iter().map(|rings| rings.iter().map(closed).collect()).collect()
    }

    /// Whether the shape holds the point. Exact; of shapes that share a border exactly, one holds a point on it:
    /// the one to the north of a level border, otherwise the one to the east.
    pub fn contains(&self, point: Point) -> bool {
        let crossed = self.edges().filter(|edge| edge.crosses_ray_of(point));
        self.bounds.hold(point) && crossed.count() % 2 == 1
    }

    /// The smallest upright rectangle around it.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// How many vertices all rings have together.
    pub fn vertices(&self) -> usize {
        self.rings().map(<[Point]>::len).sum()
    }

    pub(crate) fn rings(&self) -> impl Iterator<Item = &[Point]> {
        self.polygons.iter().flatten().map(Vec::as_slice)
    }

    pub(crate) fn edges(&self) -> impl Iterator<Item = Edge> {
        edges(self.rings())
    }
}
