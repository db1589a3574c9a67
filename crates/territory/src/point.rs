//! Points in whole ten-millionths of a degree (`e7`, about 1.1 cm of latitude), WGS-84.
//!
//! Whole numbers, so that the question on which side of a border a point lies has one answer, on every machine.

use crate::Datum;

/// Ten-millionths in one degree.
pub(crate) const E7: f64 = 1e7;
const LON_MAX_E7: i32 = 1_800_000_000;
const LAT_MAX_E7: i32 = 900_000_000;

/// A place on the earth: longitude −180° to 180°, latitude −90° to 90°, WGS-84.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    lon_e7: i32,
    lat_e7: i32,
}

/// Why two numbers are no point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPoint {
    /// NaN or infinite.
    #[error("a coordinate is not a finite number")]
    NotFinite,
    /// Longitude outside −180° to 180°, or latitude outside −90° to 90°.
    #[error("a coordinate is out of range")]
    OutOfRange,
}

impl Point {
    /// From whole ten-millionths of a degree, WGS-84.
    pub fn from_e7(lon_e7: i32, lat_e7: i32) -> Result<Self, InvalidPoint> {
        let lon_fits = (-LON_MAX_E7..=LON_MAX_E7).contains(&lon_e7);
        let lat_fits = (-LAT_MAX_E7..=LAT_MAX_E7).contains(&lat_e7);
        if lon_fits && lat_fits { Ok(Self { lon_e7, lat_e7 }) } else { Err(InvalidPoint::OutOfRange) }
    }

    /// From degrees in the declared datum; converted to WGS-84, then rounded to the nearest ten-millionth.
    pub fn from_degrees(lon: f64, lat: f64, datum: Datum) -> Result<Self, InvalidPoint> {
        if !(lon.is_finite() && lat.is_finite()) {
            return Err(InvalidPoint::NotFinite);
        }
        if lon.abs() > 180.0 || lat.abs() > 90.0 {
            return Err(InvalidPoint::OutOfRange);
        }
        let (lon, lat) = datum.to_wgs84(lon, lat);
        // Both fit: the conversions move by less than 0.02°, inside China only.
        Self::from_e7((lon * E7).round() as i32, (lat * E7).round() as i32)
    }

    /// Longitude in ten-millionths of a degree.
    pub const fn lon_e7(self) -> i32 {
        self.lon_e7
    }

    /// Latitude in ten-millionths of a degree.
    pub const fn lat_e7(self) -> i32 {
        self.lat_e7
    }

    /// Longitude and latitude in degrees, WGS-84.
    pub fn degrees(self) -> (f64, f64) {
        (f64::from(self.lon_e7) / E7, f64::from(self.lat_e7) / E7)
    }

    /// Longitude and latitude, wide enough to be multiplied.
    pub(crate) const fn wide(self) -> (i64, i64) {
        (self.lon_e7 as i64, self.lat_e7 as i64)
    }

    /// For what lies between points that are in range.
    pub(crate) const fn between(lon_e7: i32, lat_e7: i32) -> Self {
        Self { lon_e7, lat_e7 }
    }
}
