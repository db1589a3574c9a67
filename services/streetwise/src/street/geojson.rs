//! A territory as one GeoJSON FeatureCollection (RFC 7946): WGS 84 in degrees, a feature a polygon set, its layer among its
//! properties.

use contract::document::Territory;
use contract::document::territory::Feature;
use serde_json::{Value, json};

/// Whole ten-millionths to degrees; seven places are exact in text.
fn position(point: &[i32; 2]) -> Value {
    let degrees = |e7: i32| f64::from(e7) / 1e7;
    json!([degrees(point[0]), degrees(point[1])])
}

/// All layers in the order of their keys.
pub(super) fn of(territory: &Territory) -> Value {
    let features = territory
        .layers
        .iter()
        .flat_map(|(key, layer)| layer.features.iter().map(move |part| feature(key, part)));
    json!({ "type": "FeatureCollection", "features": features.collect::<Vec<_>>() })
}

fn feature(layer: &str, part: &Feature) -> Value {
    let rings = |polygon: &Vec<Vec<[i32; 2]>>| -> Vec<Vec<Value>> {
        polygon.iter().map(|ring| ring.iter().map(position).collect()).collect()
    };
    let polygons: Vec<_> = part.polygons.iter().map(rings).collect();
    let name = part.name.as_ref().map(|name| json!({ "zh": name.zh, "en": name.en }));
    json!({
        "type": "Feature",
        "properties": { "layer": layer, "code": part.code, "name": name },
        "geometry": { "type": "MultiPolygon", "coordinates": polygons },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_millionths_become_degrees() {
        let territory = json!({
            "code": "990102001000",
            "layers": { "grid": { "features": [{ "code": "990102001001001",
                "polygons": [[[[1065000001, 295000000], [1066000000, 295000000], [1065000001, 296000000],
                    [1065000001, 295000000]]]] }] } },
        });
        let written = of(&serde_json::from_value(territory).unwrap());
        let feature = &written["features"][0];
        assert_eq!(feature["properties"]["layer"], "grid");
        assert_eq!(feature["geometry"]["coordinates"][0][0][0], json!([106.5000001, 29.5]));
    }
}
