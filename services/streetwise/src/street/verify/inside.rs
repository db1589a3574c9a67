//! A point inside a drawn feature, and the features a point lies in.

use contract::document::Territory;
use contract::document::territory::Feature;
use territory::{Point, Shape};

/// A feature of a layer, ready to be asked.
pub(super) struct Drawn {
    pub layer: String,
    pub code: String,
    shape: Shape,
    /// A point inside; nothing where the feature is thinner than a centimetre wherever it was looked.
    pub inside: Option<Point>,
}

impl Drawn {
    pub fn holds(&self, point: Point) -> bool {
        self.shape.contains(point)
    }
}

/// Every feature of every layer. One that does not compile is left out: the directory has checked them all, so it was
/// written by another build, and its drills then fail with what is missing.
pub(super) fn drawn(territory: &Territory) -> Vec<Drawn> {
    let features =
        territory.layers.iter().flat_map(|(layer, of)| of.features.iter().map(move |f| (layer, f)));
    features.filter_map(|(layer, feature)| read(layer, feature)).collect()
}

fn read(layer: &str, feature: &Feature) -> Option<Drawn> {
    let shape = Shape::from_e7(&feature.polygons).ok()?;
    let inside = inside(feature, &shape);
    Some(Drawn { layer: layer.to_owned(), code: feature.code.clone(), shape, inside })
}

/// Looks along a few parallels through the first shell: between two crossings of the border next to each other lies a
/// stretch that is inside or outside as a whole. The longest stretch inside is the safest.
fn inside(feature: &Feature, shape: &Shape) -> Option<Point> {
    let ring = feature.polygons.first()?.first()?;
    let (south, north) = (ring.iter().map(|at| at[1]).min()?, ring.iter().map(|at| at[1]).max()?);
    let parallels = (1..8).map(|n| south + (north - south) / 8 * n + 1);
    let stretches = parallels.flat_map(|lat| stretches(feature, lat));
    let mut middles: Vec<(i32, Point)> = stretches
        .filter_map(|(west, east, lat)| {
            let middle = Point::from_e7(west + (east - west) / 2, lat).ok()?;
            shape.contains(middle).then_some((east - west, middle))
        })
        .collect();
    middles.sort_by_key(|(length, _)| *length);
    middles.pop().map(|(_, point)| point)
}

/// The stretches of a parallel between neighbouring crossings with any ring: west, east, the parallel.
fn stretches(feature: &Feature, lat: i32) -> Vec<(i32, i32, i32)> {
    let rings = feature.polygons.iter().flatten();
    let edges = rings.flat_map(|ring| ring.windows(2).map(|edge| (edge[0], edge[1])));
    let mut crossings: Vec<i32> = edges.filter_map(|(from, to)| crossing(from, to, lat)).collect();
    crossings.sort_unstable();
    crossings.windows(2).map(|pair| (pair[0], pair[1], lat)).collect()
}

fn crossing([x1, y1]: [i32; 2], [x2, y2]: [i32; 2], lat: i32) -> Option<i32> {
    if (y1 <= lat) == (y2 <= lat) {
        return None;
    }
    let (x1, y1, x2, y2) = (i64::from(x1), i64::from(y1), i64::from(x2), i64::from(y2));
    i32::try_from(x1 + (x2 - x1) * (i64::from(lat) - y1) / (y2 - y1)).ok()
}

#[cfg(test)]
mod tests {
    use contract::document::Validity;

    use super::*;

    fn feature(rings: Vec<Vec<[i32; 2]>>) -> Feature {
        Feature { code: "a".to_owned(), name: None, validity: Validity::default(), polygons: vec![rings] }
    }

    #[test]
    fn a_point_of_a_hollow_or_bent_shape_lies_in_it() {
        let square = |west: i32, south: i32, size: i32| {
            let (east, north) = (west + size, south + size);
            vec![[west, south], [east, south], [east, north], [west, north], [west, south]]
        };
        let hole: Vec<[i32; 2]> = square(1_020_000_000, 300_020_000, 60_000).into_iter().rev().collect();
        let hollow = feature(vec![square(1_020_000_000 - 20_000, 300_000_000, 100_000), hole]);
        let horseshoe = vec![
            [0, 0],
            [900_000, 0],
            [900_000, 900_000],
            [800_000, 900_000],
            [800_000, 100_000],
            [100_000, 100_000],
            [100_000, 900_000],
            [0, 900_000],
            [0, 0],
        ];
        for feature in [hollow, feature(vec![horseshoe])] {
            let shape = Shape::from_e7(&feature.polygons).expect("a sound shape");
            let point = inside(&feature, &shape).expect("a point inside");
            assert!(shape.contains(point), "{point:?}");
        }
    }
}
