//! How far two points are apart, on a sphere (haversine). Good to 0.6 %, far better than a declared place.
//!
//! Points are whole ten-millionths of a degree (about 1 cm), so that an explanation holds integers and the same
//! inputs give the same distance (D37).

use serde::{Deserialize, Serialize};

/// Mean radius of the Earth, IUGG.
const EARTH_RADIUS_MM: f64 = 6_371_008_800.0;
const PER_DEGREE: f64 = 1e7;

/// A point in the datum it was declared in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// Degrees east × 10⁷.
    pub lon_e7: i32,
    /// Degrees north × 10⁷.
    pub lat_e7: i32,
}

impl Point {
    /// From degrees; `None` outside ±180 and ±90, and for what is no number.
    pub fn from_degrees(lon: f64, lat: f64) -> Option<Self> {
        let inside = lon.abs() <= 180.0 && lat.abs() <= 90.0;
        let whole = |degrees: f64| (degrees * PER_DEGREE).round() as i32;
        inside.then(|| Self { lon_e7: whole(lon), lat_e7: whole(lat) })
    }

    /// The distance along the surface in millimetres.
    pub fn distance_mm(self, other: Point) -> u64 {
        let radians = |e7: i32| (f64::from(e7) / PER_DEGREE).to_radians();
        let (lat_a, lat_b) = (radians(self.lat_e7), radians(other.lat_e7));
        let half_lat = ((lat_b - lat_a) / 2.0).sin();
        let half_lon = ((radians(other.lon_e7) - radians(self.lon_e7)) / 2.0).sin();
        let chord = half_lat * half_lat + lat_a.cos() * lat_b.cos() * half_lon * half_lon;
        (2.0 * EARTH_RADIUS_MM * chord.clamp(0.0, 1.0).sqrt().asin()).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point() -> impl Strategy<Value = Point> {
        (-180.0..=180.0, -90.0..=90.0).prop_map(|(lon, lat)| Point::from_degrees(lon, lat).unwrap())
    }

    #[test]
    fn known_distances() {
        let at = |lon, lat| Point::from_degrees(lon, lat).unwrap();
        assert_eq!(at(0.0, 0.0).distance_mm(at(0.0, 0.0)), 0);
        // One degree of a great circle: the circumference / 360.
        let degree = at(0.0, 0.0).distance_mm(at(0.0, 1.0));
        assert_eq!(degree, 111_195_080);
        assert_eq!(at(0.0, 0.0).distance_mm(at(1.0, 0.0)), degree);
        assert_eq!(at(179.5, 0.0).distance_mm(at(-179.5, 0.0)), degree, "across the date line");
        assert_eq!(at(-180.0, 90.0).distance_mm(at(42.0, 90.0)), 0, "one pole");
        assert_eq!(at(0.0, 90.0).distance_mm(at(0.0, -90.0)), 20_015_114_442, "half the circumference");
    }

    #[test]
    fn what_is_no_place_is_no_point() {
        for (lon, lat) in [(180.1, 0.0), (0.0, -90.1), (f64::NAN, 0.0), (0.0, f64::NAN), (f64::INFINITY, 0.0)]
        {
            assert_eq!(Point::from_degrees(lon, lat), None);
        }
    }

    proptest! {
        #[test]
        fn symmetric_and_zero_only_to_itself(a in point(), b in point()) {
            prop_assert_eq!(a.distance_mm(b), b.distance_mm(a));
            prop_assert_eq!(a.distance_mm(a), 0);
            prop_assert!(a.distance_mm(b) <= 20_015_115_000, "half the circumference");
        }

        #[test]
        fn no_shorter_way_over_a_third_point(a in point(), b in point(), c in point()) {
            prop_assert!(a.distance_mm(c) <= a.distance_mm(b) + b.distance_mm(c) + 400);
        }
    }
}
