//! The datums Chinese map kits give points in, and the way to WGS-84.
//!
//! GCJ-02 moves every point of a rectangle around China by some hundred metres; BD-09 moves the result once more.
//! Neither is published officially. The formulas are the ones the public reconstructions agree on: "Restrictions
//! on geographic data in China" (Wikipedia) and its sources, the projects `eviltransform` (MIT) and `coordtransform`
//! (MIT), whose published examples are in the tests. The inverse has no closed form. Those projects approximate it
//! (up to a metre off for BD-09); here it is iterated until it moves by less than [`STEP_MAX_DEGREES`].
//!
//! Sines are the platform's: results of two machines may differ in the last bits of an `f64`, far below the
//! rounding of [`crate::Point`]. Documents therefore carry converted whole numbers, never the input.

use std::f64::consts::PI;

/// The ellipsoid of Krasovsky 1940, in metres: semi-major axis.
const AXIS_M: f64 = 6_378_245.0;
/// The ellipsoid of Krasovsky 1940: eccentricity squared.
const ECCENTRICITY_SQUARED: f64 = 0.006_693_421_622_965_943;
/// Where GCJ-02 applies, in degrees of longitude and latitude.
const RECTANGLE: [(f64, f64); 2] = [(72.004, 137.8347), (0.8293, 55.8271)];
/// The inverse stops when a step is shorter: 0.1 mm, a hundredth of what a point resolves.
pub const STEP_MAX_DEGREES: f64 = 1e-9;
/// Each step divides the error by more than a hundred, so five suffice; more would be a broken invariant.
const STEPS_MAX: usize = 20;
/// The factor of BD-09 inside its sines.
const TURNS: f64 = PI * 3000.0 / 180.0;

/// What degrees refer to. Declared by whoever gives a point, never guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Datum {
    /// The world's: GPS, GeoJSON, Open311.
    Wgs84,
    /// Of Chinese public maps (国测局坐标).
    Gcj02,
    /// Baidu's, on top of GCJ-02.
    Bd09,
}

impl Datum {
    /// Degrees of this datum as degrees of WGS-84, (longitude, latitude).
    ///
    /// Outside the rectangle of GCJ-02 nothing is moved. Just outside, within some hundred metres of its border, a
    /// point has two possible origins; the one inside is taken. No street lies there.
    pub fn to_wgs84(self, lon: f64, lat: f64) -> (f64, f64) {
        let shift: fn(f64, f64) -> (f64, f64) = match self {
            Self::Wgs84 => return (lon, lat),
            Self::Gcj02 => gcj02_shift,
            Self::Bd09 => |lon, lat| {
                let (gcj_lon, gcj_lat) = moved((lon, lat), gcj02_shift(lon, lat));
                let (more_lon, more_lat) = bd09_shift(gcj_lon, gcj_lat);
                (gcj_lon + more_lon - lon, gcj_lat + more_lat - lat)
            },
        };
        let origin = invert(shift, (lon, lat));
        if in_rectangle(origin) { origin } else { (lon, lat) }
    }

    /// Degrees of WGS-84 as degrees of this datum, (longitude, latitude): for a map that is drawn in it.
    pub fn from_wgs84(self, lon: f64, lat: f64) -> (f64, f64) {
        if self == Self::Wgs84 || !in_rectangle((lon, lat)) {
            return (lon, lat);
        }
        let (gcj_lon, gcj_lat) = moved((lon, lat), gcj02_shift(lon, lat));
        match self {
            Self::Bd09 => moved((gcj_lon, gcj_lat), bd09_shift(gcj_lon, gcj_lat)),
            _ => (gcj_lon, gcj_lat),
        }
    }
}

fn moved(from: (f64, f64), by: (f64, f64)) -> (f64, f64) {
    (from.0 + by.0, from.1 + by.1)
}

fn in_rectangle((lon, lat): (f64, f64)) -> bool {
    let [(west, east), (south, north)] = RECTANGLE;
    (west..=east).contains(&lon) && (south..=north).contains(&lat)
}

/// The fixed point of `origin = target - shift(origin)`. The shift changes by less than a hundredth of a degree per
/// degree, so each step divides the error by more than a hundred.
fn invert(shift: fn(f64, f64) -> (f64, f64), target: (f64, f64)) -> (f64, f64) {
    let mut origin = target;
    for _ in 0..STEPS_MAX {
        let by = shift(origin.0, origin.1);
        let next = (target.0 - by.0, target.1 - by.1);
        let step = (next.0 - origin.0).abs().max((next.1 - origin.1).abs());
        origin = next;
        if step < STEP_MAX_DEGREES {
            break;
        }
    }
    origin
}

/// How far GCJ-02 moves a point of WGS-84, in degrees.
fn gcj02_shift(lon: f64, lat: f64) -> (f64, f64) {
    let (x, y) = (lon - 105.0, lat - 35.0);
    let waves = 20.0 * (6.0 * PI * x).sin() + 20.0 * (2.0 * PI * x).sin();
    let east_m = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + (waves + long_waves(x, [20.0, 40.0, 150.0, 300.0])) * 2.0 / 3.0;
    let north_m = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + (waves + long_waves(y, [20.0, 40.0, 160.0, 320.0])) * 2.0 / 3.0;
    let radians = lat.to_radians();
    let bulge = 1.0 - ECCENTRICITY_SQUARED * radians.sin().powi(2);
    let meridian_m = AXIS_M * (1.0 - ECCENTRICITY_SQUARED) / (bulge * bulge.sqrt());
    let parallel_m = AXIS_M / bulge.sqrt() * radians.cos();
    ((east_m / parallel_m).to_degrees(), (north_m / meridian_m).to_degrees())
}

/// The slow waves along one axis, in metres.
fn long_waves(along: f64, [first, second, third, fourth]: [f64; 4]) -> f64 {
    first * (along * PI).sin()
        + second * (along / 3.0 * PI).sin()
        + third * (along / 12.0 * PI).sin()
        + fourth * (along / 30.0 * PI).sin()
}

/// How far BD-09 moves a point of GCJ-02, in degrees.
fn bd09_shift(lon: f64, lat: f64) -> (f64, f64) {
    let radius = lon.hypot(lat) + 0.000_02 * (lat * TURNS).sin();
    let angle = lat.atan2(lon) + 0.000_003 * (lon * TURNS).cos();
    (radius * angle.cos() + 0.0065 - lon, radius * angle.sin() + 0.006 - lat)
}
