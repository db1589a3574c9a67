//! The grid in which candidates to join are found (ADR 019): every point lies in one cell, and every point within
//! [`super::join::RADIUS_MM`] of it lies in that cell or one of its eight neighbours. So a search is a comparison of
//! whole numbers with an index, which row security does not get in the way of (D7).
//!
//! Bands of 0.005° of latitude (556 m) are cut into columns of 0.01° of longitude; towards the poles, where degrees
//! of longitude get short, columns are twice as wide, and again, so that none is under 550 m. The last degree has no
//! columns. All in whole ten-millionths of a degree of the point's own datum.
//!
//! Cells are stored: another grid needs a migration that computes them again.

use std::collections::BTreeSet;

use super::distance::Point;

const BAND_E7: i64 = 50_000;
const BANDS: i64 = 36_000;
const COLUMN_E7: i64 = 100_000;
const CIRCLE_E7: i64 = 3_600_000_000;
/// Most columns of a band; bands are numbered this far apart.
const COLUMNS_MAX: i64 = CIRCLE_E7 / COLUMN_E7;
/// Up to which latitude columns have one, two, four … times their width.
const WIDENED_AT_E7: [i64; 6] =
    [600_000_000, 750_000_000, 820_000_000, 860_000_000, 880_000_000, 890_000_000];

/// The cell a point lies in.
pub fn cell_of(point: Point) -> i64 {
    let (band, east) = place(point);
    cell(band, east / column_e7(band))
}

/// The cells in which every point near this one lies, its own among them: at most nine.
pub fn cells_around(point: Point) -> BTreeSet<i64> {
    let (band, east) = place(point);
    let bands = (band - 1).max(0)..=(band + 1).min(BANDS - 1);
    bands.flat_map(|band| columns_around(band, east).map(move |column| cell(band, column))).collect()
}

/// Band, and how far east of the date line, less than a full circle.
fn place(point: Point) -> (i64, i64) {
    let north = i64::from(point.lat_e7) + 900_000_000;
    let east = i64::from(point.lon_e7) + CIRCLE_E7 / 2;
    ((north / BAND_E7).min(BANDS - 1), east % CIRCLE_E7)
}

/// The column of a longitude in a band and those beside it, over the date line where it ends.
fn columns_around(band: i64, east: i64) -> impl Iterator<Item = i64> {
    let width = column_e7(band);
    let (column, columns) = (east / width, CIRCLE_E7 / width);
    (-1..=1).map(move |by| (column + by).rem_euclid(columns))
}

/// The width of a band's columns, decided at its edge nearer to a pole.
fn column_e7(band: i64) -> i64 {
    let edge = |band: i64| (band * BAND_E7 - 900_000_000).abs();
    let poleward = edge(band).max(edge(band + 1));
    let widened = WIDENED_AT_E7.iter().position(|up_to| poleward <= *up_to);
    widened.map_or(CIRCLE_E7, |times| COLUMN_E7 << times)
}

fn cell(band: i64, column: i64) -> i64 {
    band * COLUMNS_MAX + column
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::join::RADIUS_MM;
    use super::*;

    fn at(lon: f64, lat: f64) -> Point {
        Point::from_degrees(lon, lat).unwrap()
    }

    #[test]
    fn known_cells() {
        assert_eq!(cell_of(at(-180.0, -90.0)), 0);
        assert_eq!(cell_of(at(106.5512, 29.5628)), 23_912 * 36_000 + 28_655);
        assert_eq!(cell_of(at(180.0, 10.0)), cell_of(at(-180.0, 10.0)), "the date line is one line");
        assert_eq!(cell_of(at(12.0, 89.5)), cell_of(at(-170.0, 89.5)), "the last degree has no columns");
        assert_eq!(cell_of(at(0.0, 90.0)), 35_999 * 36_000);
    }

    #[test]
    fn columns_divide_the_circle_and_are_never_too_narrow() {
        for band in 0..BANDS {
            let width = column_e7(band);
            assert_eq!(CIRCLE_E7 % width, 0);
            let edge = |band: i64| ((band * BAND_E7 - 900_000_000) as i32).clamp(-900_000_000, 900_000_000);
            let poleward = edge(band).abs().max(edge(band + 1).abs());
            if width < CIRCLE_E7 {
                let across = Point { lon_e7: 0, lat_e7: poleward }
                    .distance_mm(Point { lon_e7: width as i32, lat_e7: poleward });
                assert!(across > RADIUS_MM * 11 / 10, "band {band}: {across} mm");
            }
        }
    }

    /// Anywhere, and often where it is hard: at borders of cells, where columns widen, the poles, the date line.
    fn point() -> impl Strategy<Value = Point> {
        let anywhere = (-180.0..=180.0, -90.0..=90.0);
        let border = (-36_000i32..=36_000, -18_000i32..=18_000)
            .prop_map(|(column, band)| (f64::from(column) * 0.005, f64::from(band) * 0.005));
        let lats = prop::sample::select(vec![60.0, 75.0, 82.0, 86.0, 88.0, 89.0, 89.99, 89.9999, 90.0]);
        let edge = (-180.0..=180.0, lats, any::<bool>())
            .prop_map(|(lon, lat, north)| (lon, if north { lat } else { -lat }));
        let date_line =
            (any::<bool>(), -90.0..=90.0).prop_map(|(east, lat)| (if east { 180.0 } else { -180.0 }, lat));
        let near = |(lon, lat): (f64, f64)| {
            (Just(lon), Just(lat), -0.006f64..0.006, -0.006f64..0.006).prop_map(|(lon, lat, east, north)| {
                at((lon + east).clamp(-180.0, 180.0), (lat + north).clamp(-90.0, 90.0))
            })
        };
        prop_oneof![
            anywhere.prop_flat_map(near),
            border.prop_flat_map(near),
            edge.prop_flat_map(near),
            date_line.prop_flat_map(near),
        ]
    }

    /// A point at most 500 m away in any direction, by the direct problem on the sphere, and a hand's breadth more
    /// for the rounding: whether it is within the radius is for `distance_mm` to say.
    fn away(from: Point, bearing: f64, metres: f64) -> Point {
        let (lat, lon) =
            ((f64::from(from.lat_e7) / 1e7).to_radians(), (f64::from(from.lon_e7) / 1e7).to_radians());
        let angle = metres / 6_371_008.8;
        let to_lat =
            (lat.sin() * angle.cos() + lat.cos() * angle.sin() * bearing.cos()).clamp(-1.0, 1.0).asin();
        let east = (bearing.sin() * angle.sin() * lat.cos()).atan2(angle.cos() - lat.sin() * to_lat.sin());
        let to_lon = (lon + east).to_degrees();
        at((to_lon + 540.0).rem_euclid(360.0) - 180.0, to_lat.to_degrees().clamp(-90.0, 90.0))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn whatever_is_near_lies_around(from in point(), bearing in 0.0..std::f64::consts::TAU, part in 0.0..=1.0f64) {
            let to = away(from, bearing, 500.05 * part.sqrt().sqrt());
            if from.distance_mm(to) <= RADIUS_MM {
                prop_assert!(cells_around(from).contains(&cell_of(to)), "{from:?} {to:?}");
            }
            prop_assert!(cells_around(from).contains(&cell_of(from)));
            prop_assert!(cells_around(from).len() <= 9);
        }
    }
}
