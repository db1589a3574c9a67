//! A street's territory from its manifest: every shape checked, then all of them together.

use contract::document::geojson::{DatumForm, FeatureForm, GeometryForm, LayerForm, TerritoryForm};
use contract::document::territory::{COMMUNITY, Feature, Layer, Territory};
use ids::TenantId;
use territory::{Datum, LayerKey, Shape, StreetTerritory};

use super::fault::Fault;

/// The document of a sound form, or everything that is wrong with it. `communities` are those the street lists.
pub(super) fn compile(
    code: TenantId,
    form: Option<TerritoryForm>,
    communities: &[TenantId],
) -> Result<Territory, Vec<Fault>> {
    let Some(form) = form else { return Ok(Territory::unknown(code)) };
    let datum = datum(form.datum);
    let mut faults = Vec::new();
    let mut drawn = Vec::new();
    let mut territory = Territory::unknown(code);
    for (key, layer) in form.layers {
        match key.parse::<LayerKey>() {
            Err(_) => faults.push(Fault::bad_layer_key(&key)),
            Ok(parsed) => {
                let (shapes, found) = shapes(&key, &layer, datum, communities);
                faults.extend(found);
                territory.layers.insert(key, document(layer, &shapes));
                drawn.push(territory::Layer { key: parsed, features: shapes });
            }
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    match StreetTerritory::compile(code, drawn) {
        Ok(_) => Ok(territory),
        Err(found) => Err(found.iter().map(Fault::of_territory).collect()),
    }
}

/// The features of a layer whose shapes are sound, and what is wrong with the others.
fn shapes(
    key: &str,
    layer: &LayerForm,
    datum: Datum,
    communities: &[TenantId],
) -> (Vec<territory::Feature>, Vec<Fault>) {
    let (mut sound, mut faults) = (Vec::new(), Vec::new());
    for (at, form) in layer.geojson.features.iter().enumerate() {
        let listed = |code: TenantId| communities.contains(&code);
        if key == COMMUNITY && !form.properties.code.parse().is_ok_and(listed) {
            faults.push(Fault::unlisted_community(key, at));
        }
        match Shape::from_degrees(form.geometry.polygons(), datum) {
            Ok(shape) => sound.push(feature(form, shape)),
            Err(found) => {
                let several = matches!(form.geometry, GeometryForm::MultiPolygon(_));
                faults.extend(found.iter().map(|fault| Fault::of_shape(key, at, several, fault)));
            }
        }
    }
    (sound, faults)
}

fn feature(form: &FeatureForm, shape: Shape) -> territory::Feature {
    let name = form.properties.name.as_ref().map(|name| name.zh.clone());
    territory::Feature { code: form.properties.code.clone(), name, shape }
}

fn document(layer: LayerForm, sound: &[territory::Feature]) -> Layer {
    let features = layer.geojson.features.into_iter().zip(sound).map(|(form, made)| Feature {
        code: form.properties.code,
        name: form.properties.name.map(Into::into),
        polygons: made.shape.to_e7(),
    });
    Layer { name: layer.name.map(Into::into), features: features.collect() }
}

const fn datum(form: DatumForm) -> Datum {
    match form {
        DatumForm::Wgs84 => Datum::Wgs84,
        DatumForm::Gcj02 => Datum::Gcj02,
        DatumForm::Bd09 => Datum::Bd09,
    }
}

#[cfg(test)]
mod tests {
    use contract::document::territory::{GRID, STREET};
    use serde_json::{Value, json};

    use super::*;

    const CODE: &str = "990102001000";
    const COMMUNITIES: [&str; 2] = ["990102001001", "990102001002"];

    fn square(code: &str, west: f64, east: f64) -> Value {
        let ring = [[west, 30.0], [east, 30.0], [east, 30.01], [west, 30.01], [west, 30.0]];
        json!({"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Polygon", "coordinates": [ring]}})
    }

    fn form() -> Value {
        let layer = |features: Value| json!({"geojson": {"type": "FeatureCollection", "features": features}});
        let [one, two] = COMMUNITIES;
        json!({"datum": "wgs84", "layers": {
            STREET: layer(json!([square(CODE, 104.0, 104.02)])),
            COMMUNITY: layer(json!([square(one, 104.0, 104.01), square(two, 104.01, 104.02)])),
            GRID: layer(json!([square("990102001001001", 104.0, 104.01), square("990102001002001", 104.01, 104.02)])),
            "police-beat": layer(json!([square("B1", 104.0, 104.02)])),
        }})
    }

    fn check(form: Value) -> Result<Territory, Vec<(String, &'static str)>> {
        let communities = COMMUNITIES.map(|code| code.parse().unwrap());
        let form = serde_json::from_value(form).unwrap();
        let made = compile(CODE.parse().unwrap(), Some(form), &communities);
        made.map_err(|faults| faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect())
    }

    fn changed(pointer: &str, to: Value) -> Result<Territory, Vec<(String, &'static str)>> {
        let mut form = form();
        *form.pointer_mut(pointer).unwrap() = to;
        check(form)
    }

    fn at(pointer: &str, code: &'static str) -> (String, &'static str) {
        (format!("/spec/territory/layers/{pointer}"), code)
    }

    #[test]
    fn a_sound_territory_is_a_document_of_whole_numbers() {
        let made = check(form()).unwrap();
        assert_eq!(made.layers.len(), 4);
        let shell = &made.layers[STREET].features[0].polygons[0][0];
        assert_eq!((shell.len(), shell[0]), (5, [1_040_000_000, 300_000_000]));
        assert_eq!(compile(CODE.parse().unwrap(), None, &[]), Ok(Territory::unknown(CODE.parse().unwrap())));
    }

    #[test]
    fn a_declared_datum_is_converted() {
        let converted = changed("/datum", json!("gcj02")).unwrap();
        let (east, north) = Datum::Gcj02.to_wgs84(104.0, 30.0);
        let [lon, lat] = converted.layers[STREET].features[0].polygons[0][0][0];
        assert!((f64::from(lon) / 1e7 - east).abs() < 1e-6 && (f64::from(lat) / 1e7 - north).abs() < 1e-6);
    }

    #[test]
    fn what_is_wrong_with_a_shape_is_told_where_it_is() {
        let ring = "/layers/grid/geojson/features/1/geometry/coordinates/0";
        let open = json!([[104.01, 30.0], [104.02, 30.0], [104.02, 30.01], [104.01, 30.01]]);
        let place = "grid/geojson/features/1/geometry/coordinates/0";
        assert_eq!(changed(ring, open).unwrap_err(), [at(place, "geometry-invalid")]);
        let bow = json!([[104.01, 30.0], [104.02, 30.01], [104.02, 30.0], [104.01, 30.01], [104.01, 30.0]]);
        assert!(changed(ring, bow).unwrap_err().contains(&at(&format!("{place}/0"), "geometry-invalid")));
        let far = changed(&format!("{ring}/2"), json!([204.0, 30.01])).unwrap_err();
        assert!(far.contains(&at(&format!("{place}/2"), "geometry-invalid")), "{far:?}");
    }

    #[test]
    fn what_is_wrong_between_shapes_is_told_by_their_layer() {
        let ring = "/layers/community/geojson/features/0/geometry/coordinates/0";
        let wide = json!([[104.0, 30.0], [104.015, 30.0], [104.015, 30.01], [104.0, 30.01], [104.0, 30.0]]);
        assert_eq!(changed(ring, wide).unwrap_err(), [at("community", "territory-invalid")]);
        let outside = json!([[103.9, 30.0], [104.01, 30.0], [104.01, 30.01], [103.9, 30.01], [103.9, 30.0]]);
        assert_eq!(changed(ring, outside).unwrap_err(), [at("community", "territory-invalid")]);
    }

    #[test]
    fn codes_are_the_street_s_own() {
        let properties = |layer: &str| format!("/layers/{layer}/geojson/features/0/properties/code");
        let unlisted = changed(&properties("community"), json!("990102001009")).unwrap_err();
        assert_eq!(unlisted, [at("community/geojson/features/0/properties/code", "unlisted-community")]);
        assert_eq!(
            changed(&properties("grid"), json!("990102002001001")).unwrap_err(),
            [at("grid", "territory-invalid")]
        );
        let mut form = form();
        let layers = form["layers"].as_object_mut().unwrap();
        let beats = layers.remove("police-beat").unwrap();
        layers.insert("Police Beat".to_owned(), beats);
        assert_eq!(check(form).unwrap_err(), [at("Police Beat", "bad-layer-key")]);
    }
}
