//! Where it happens: somewhere new each time, and a second place within walking distance of the first.

use serde::Serialize;

/// A point as the report form takes it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Place {
    lon: f64,
    lat: f64,
    datum: &'static str,
    address: String,
}

/// The middle of the demonstration's map.
const CENTRE: (f64, f64) = (106.55, 29.56);
/// Half the width of the area places are drawn from, in degrees: about thirty kilometres, so that two runs meet
/// within the 500 m of a join about once in five thousand times.
const SPREAD_DEGREES: f64 = 0.3;
/// About 200 m north.
const NEARBY_DEGREES: f64 = 0.0018;

impl Place {
    /// Somewhere new.
    pub fn drawn(address: &str) -> Self {
        let offset = || (rand::random::<f64>() - 0.5) * 2.0 * SPREAD_DEGREES;
        Self::at(CENTRE.0 + offset(), CENTRE.1 + offset(), address)
    }

    /// About 200 m from there.
    pub fn nearby(&self, address: &str) -> Self {
        Self::at(self.lon, self.lat + NEARBY_DEGREES, address)
    }

    /// Within two hundred metres of there, another spot for each number.
    pub fn scattered(&self, number: usize) -> Self {
        let step = NEARBY_DEGREES / 8.0;
        let (east, north) = (number % 8, number / 8 % 8);
        Self::at(self.lon + east as f64 * step, self.lat + north as f64 * step, &self.address)
    }

    fn at(lon: f64, lat: f64, address: &str) -> Self {
        let rounded = |degrees: f64| (degrees * 1e6).round() / 1e6;
        Self { lon: rounded(lon), lat: rounded(lat), datum: "gcj02", address: address.to_owned() }
    }
}
