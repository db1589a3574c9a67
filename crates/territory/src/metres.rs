//! From ten-millionths of a degree to metres, on the ellipsoid of WGS-84.
//!
//! Lengths of a degree by the radii of curvature of meridian and parallel (NIMA TR8350.2, "World Geodetic System
//! 1984", chapter 3 and 4). For areas only; nothing here decides where a point lies.

use crate::Bounds;
use crate::point::E7;

/// Semi-major axis in metres.
const AXIS_M: f64 = 6_378_137.0;
/// First eccentricity squared.
const ECCENTRICITY_SQUARED: f64 = 0.006_694_379_990_141_3;

/// The area of a square of one ten-millionth of a degree at the middle latitude of `bounds`.
pub(crate) fn square_e7_in_m2(bounds: Bounds) -> f64 {
    let middle = f64::midpoint(bounds.low().degrees().1, bounds.high().degrees().1);
    let sine = middle.to_radians().sin();
    let bulge = 1.0 - ECCENTRICITY_SQUARED * sine * sine;
    let meridian_m = AXIS_M * (1.0 - ECCENTRICITY_SQUARED) / (bulge * bulge.sqrt());
    let parallel_m = AXIS_M / bulge.sqrt() * middle.to_radians().cos();
    let e7_in_radians = (1.0 / E7).to_radians();
    meridian_m * parallel_m * e7_in_radians * e7_in_radians
}
