//! Areas, and a point inside.

use crate::shape::Shape;
use crate::{Point, metres};

/// Twice the area a ring encloses, in square e7, positive when it runs counter-clockwise. Exact.
pub(crate) fn doubled_area(ring: &[Point]) -> i128 {
    let sides = crate::edge::sides(ring).map(|(from, to)| (from.wide(), to.wide()));
    let terms = sides.map(|((from_lon, from_lat), (to_lon, to_lat))| {
        i128::from(from_lon) * i128::from(to_lat) - i128::from(to_lon) * i128::from(from_lat)
    });
    terms.sum()
}

impl Shape {
    /// Its area in square metres, measured on the ellipsoid at its middle latitude: good to a thousandth for what is
    /// less than 20 km high.
    pub fn area_m2(&self) -> f64 {
        let doubled = |ring: &crate::shape::Ring| doubled_area(ring).unsigned_abs() as f64;
        let of_polygon = |rings: &Vec<crate::shape::Ring>| {
            let mut areas = rings.iter().map(doubled);
            let shell = areas.next().unwrap_or_default();
            shell - areas.sum::<f64>()
        };
        let doubled: f64 = self.polygons.iter().map(of_polygon).sum();
        doubled / 2.0 * metres::square_e7_in_m2(self.bounds())
    }

    /// A point the shape holds, far from its borders where that is easy. Exactly checked; a shape so thin that no
    /// tried place lies in it answers with its first vertex.
    pub fn interior_point(&self) -> Point {
        let (low, high) = (self.bounds().low().wide(), self.bounds().high().wide());
        let lats = (1..16).map(|part: i64| {
            // The middle first, then outwards: 8, 7, 9, 6, 10 … sixteenths of the height.
            let sixteenths = if part % 2 == 0 { 8 + part / 2 } else { 8 - part / 2 };
            low.1 + (high.1 - low.1) * sixteenths / 16
        });
        let middles = lats.filter_map(|lat| self.widest_middle(lat));
        let fallback = self.rings().next().and_then(|ring| ring.first());
        let inside = middles.into_iter().find(|point| self.contains(*point));
        inside.or(fallback.copied()).expect("a shape has a vertex")
    }

    /// The middle of the widest stretch of the shape at a latitude.
    fn widest_middle(&self, lat: i64) -> Option<Point> {
        let crossed = self.edges().filter(|edge| edge.low().wide().1 <= lat && lat < edge.high().wide().1);
        let mut lons: Vec<f64> = crossed.map(|edge| edge.lon_at(lat as f64)).collect();
        lons.sort_by(f64::total_cmp);
        let width = |stretch: &&[f64]| stretch[1] - stretch[0];
        let stretches = lons.chunks_exact(2);
        let widest = stretches.max_by(|a, b| width(a).total_cmp(&width(b)))?;
        Some(Point::between(f64::midpoint(widest[0], widest[1]).round() as i32, lat as i32))
    }
}
