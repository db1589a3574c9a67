//! Layers of a made-up street as GeoJSON.

use serde_json::{Value, json};

use super::lattice::{Lattice, Point, Tile};
use super::names;

/// One layer: its key, its name if it is none that every street has, and its FeatureCollection.
pub(super) struct Layer {
    pub key: &'static str,
    pub name: Option<(&'static str, &'static str)>,
    pub geojson: Value,
}

/// All layers of street `n`, whose code begins with the nine digits `prefix`.
pub(super) fn layers(seed: u64, n: u16, prefix: &str) -> Vec<Layer> {
    let lattice = Lattice::new(seed, n);
    let feature = |code: String, (zh, en): (String, String), tile: Tile| {
        json!({
            "type": "Feature",
            "properties": { "code": code, "name": { "zh": zh, "en": en } },
            "geometry": { "type": "Polygon", "coordinates": [closed(lattice.ring(tile))] },
        })
    };
    let street = feature(format!("{prefix}000"), names::street(n), lattice.whole());
    let mut communities = Vec::new();
    let mut grids = Vec::new();
    for (community, number) in lattice.communities().into_iter().zip(1..) {
        let code = format!("{prefix}{number:03}");
        for (tile, part) in community.grids.into_iter().zip(1..) {
            grids.push(feature(format!("{code}{part:03}"), names::grid(seed, n, number, part), tile));
        }
        communities.push(feature(code, names::community(seed, n, number), community.tile));
    }
    let beats = lattice
        .rows()
        .zip(1..)
        .map(|(tile, number)| feature(format!("B{number}"), names::beat(number), tile));
    let beats = beats.collect();
    let layer = |key, name, features: Vec<Value>| Layer {
        key,
        name,
        geojson: json!({ "type": "FeatureCollection", "features": features }),
    };
    vec![
        layer("street", None, vec![street]),
        layer("community", None, communities),
        layer("grid", None, grids),
        layer("police-beat", Some(("警务区", "Police beats")), beats),
    ]
}

/// Degrees, the first position again at the end.
fn closed(ring: Vec<Point>) -> Vec<[f64; 2]> {
    let degrees = |(east, north): Point| [f64::from(east) / 1e7, f64::from(north) / 1e7];
    let first = ring.first().copied();
    ring.into_iter().chain(first).map(degrees).collect()
}
