//! A street's territory from its manifest: every shape checked, then all of them together.

use std::collections::BTreeMap;

use contract::document::Validity;
use contract::document::geojson::{DatumForm, FeatureForm, GeometryForm, LayerForm, TerritoryForm};
use contract::document::territory::{COMMUNITY, Feature, GRID, Layer, Territory};
use ids::TenantId;
use jiff::civil::Date;
use territory::{Datum, LayerKey, Shape, StreetTerritory};

use super::fault::Fault;

/// Most days on which a territory may change: each stretch between them is checked, and compiled by its readers.
const TURNS_MAX: usize = 8;

/// The communities a street lists, and when they are there.
pub(super) type Communities = BTreeMap<TenantId, Validity>;

/// The document of a sound form, or everything that is wrong with it. `communities` are those the street lists: one
/// that is not there on a day takes its shapes and grids with it.
pub(super) fn compile(
    code: TenantId,
    form: Option<TerritoryForm>,
    communities: &Communities,
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
                drawn.push((parsed, shapes));
            }
        }
    }
    let turns = territory.turns();
    if turns.len() > TURNS_MAX {
        faults.push(Fault::too_many_turns(TURNS_MAX));
    }
    if faults.is_empty() {
        faults = wrong_on_some_day(code, &drawn, [Date::MIN].into_iter().chain(turns));
    }
    if faults.is_empty() { Ok(territory) } else { Err(faults) }
}

/// A shape, and the days on which it is there.
type Dated = (territory::Feature, Validity);

/// What is wrong between the shapes that are there together. Before a street is drawn, and after, nothing is.
fn wrong_on_some_day(
    code: TenantId,
    drawn: &[(LayerKey, Vec<Dated>)],
    days: impl Iterator<Item = Date>,
) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for day in days {
        let layers = drawn.iter().map(|(key, features)| {
            let there = features.iter().filter(|(_, validity)| validity.holds(day));
            territory::Layer {
                key: key.clone(),
                features: there.map(|(feature, _)| feature.clone()).collect(),
            }
        });
        let layers: Vec<territory::Layer> = layers.filter(|layer| !layer.features.is_empty()).collect();
        if layers.is_empty() && day > Date::MIN {
            continue;
        }
        let found = StreetTerritory::compile(code, layers).err().unwrap_or_default();
        for fault in found.iter().map(Fault::of_territory) {
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
    }
    faults
}

/// The features of a layer whose shapes are sound, and what is wrong with the others.
fn shapes(key: &str, layer: &LayerForm, datum: Datum, communities: &Communities) -> (Vec<Dated>, Vec<Fault>) {
    let (mut sound, mut faults) = (Vec::new(), Vec::new());
    for (at, form) in layer.geojson.features.iter().enumerate() {
        let whole = above(key, &form.properties.code, communities);
        if whole.is_none() {
            faults.push(Fault::unlisted_community(key, at));
        }
        let (valid_from, valid_until) = (form.properties.valid_from, form.properties.valid_until);
        let own = Validity { valid_from, valid_until };
        if !own.possible() {
            faults.push(Fault::empty_validity(key, at));
        }
        match Shape::from_degrees(form.geometry.polygons(), datum) {
            Ok(shape) => sound.push((feature(form, shape), own.within(&whole.unwrap_or_default()))),
            Err(found) => {
                let several = matches!(form.geometry, GeometryForm::MultiPolygon(_));
                faults.extend(found.iter().map(|fault| Fault::of_shape(key, at, several, fault)));
            }
        }
    }
    (sound, faults)
}

/// When that is there which a feature belongs to; `None` if that is no community of the street. A grid's code begins
/// with its community's; one that is no code at all is told as such later.
fn above(key: &str, code: &str, communities: &Communities) -> Option<Validity> {
    let community = match key {
        COMMUNITY => code,
        GRID if code.len() == 15 && code.is_ascii() => &code[..12],
        _ => return Some(Validity::default()),
    };
    communities.get(&community.parse().ok()?).copied()
}

fn feature(form: &FeatureForm, shape: Shape) -> territory::Feature {
    let name = form.properties.name.as_ref().map(|name| name.zh.clone());
    territory::Feature { code: form.properties.code.clone(), name, shape }
}

fn document(layer: LayerForm, sound: &[Dated]) -> Layer {
    let features = layer.geojson.features.into_iter().zip(sound).map(|(form, (made, validity))| Feature {
        code: form.properties.code,
        name: form.properties.name.map(Into::into),
        validity: *validity,
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
    use contract::document::territory::STREET;
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
        let communities = COMMUNITIES.map(|code| (code.parse().unwrap(), Validity::default())).into();
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
        assert_eq!(
            compile(CODE.parse().unwrap(), None, &Communities::new()),
            Ok(Territory::unknown(CODE.parse().unwrap()))
        );
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
        let unlisted = changed(&properties("grid"), json!("990102001009001")).unwrap_err();
        assert_eq!(unlisted, [at("grid/geojson/features/0/properties/code", "unlisted-community")]);
        assert_eq!(
            changed(&properties("grid"), json!("99010200100100x")).unwrap_err(),
            [at("grid", "territory-invalid")]
        );
        let mut form = form();
        let layers = form["layers"].as_object_mut().unwrap();
        let beats = layers.remove("police-beat").unwrap();
        layers.insert("Police Beat".to_owned(), beats);
        assert_eq!(check(form).unwrap_err(), [at("Police Beat", "bad-layer-key")]);
    }

    /// Two drawings of the same ground, one after the other.
    #[test]
    fn what_follows_on_another_day_does_not_overlap() {
        let mut form = form();
        let [one, two] = COMMUNITIES;
        let dated = |code: &str, west: f64, east: f64, field: &str, day: &str| {
            let mut feature = square(code, west, east);
            feature["properties"][field] = day.into();
            feature
        };
        form["layers"]["grid"]["geojson"]["features"] = json!([
            dated(&format!("{one}001"), 104.0, 104.01, "valid_until", "2026-12-31"),
            dated(&format!("{one}002"), 104.0, 104.01, "valid_from", "2027-01-01"),
            square(&format!("{two}001"), 104.01, 104.02),
        ]);
        let made = check(form.clone()).unwrap();
        let grids = |day: &str| -> Vec<String> {
            let there = made.on(day.parse().unwrap());
            there.layers[GRID].features.iter().map(|feature| feature.code[12..].to_owned()).collect()
        };
        assert_eq!(made.turns().len(), 1);
        assert_eq!(
            (grids("2026-12-31"), grids("2027-01-01")),
            (owned(["001", "001"]), owned(["002", "001"]))
        );
        let first = "/layers/grid/geojson/features/0/properties/valid_until";
        *form.pointer_mut(first).unwrap() = "2027-01-01".into();
        assert_eq!(check(form.clone()).unwrap_err(), [at("grid", "territory-invalid")]);
        *form.pointer_mut(first).unwrap() = "2026-12-31".into();
        form["layers"]["grid"]["geojson"]["features"][0]["properties"]["valid_from"] = "2027-01-01".into();
        let place = "grid/geojson/features/0/properties/valid_until";
        assert_eq!(check(form).unwrap_err(), [at(place, "empty-validity")]);
    }

    fn owned<const N: usize>(texts: [&str; N]) -> Vec<String> {
        texts.map(str::to_owned).to_vec()
    }

    #[test]
    fn a_community_takes_its_shapes_and_grids_with_it() {
        let last = Validity { valid_from: None, valid_until: "2026-06-30".parse().ok() };
        let [one, two] = COMMUNITIES.map(|code| code.parse().unwrap());
        let communities = [(one, last), (two, Validity::default())].into();
        let made =
            compile(CODE.parse().unwrap(), serde_json::from_value(form()).unwrap(), &communities).unwrap();
        let there = made.on("2026-07-01".parse().unwrap());
        assert_eq!((there.layers[COMMUNITY].features.len(), there.layers[GRID].features.len()), (1, 1));
        assert_eq!(made.on("2026-06-30".parse().unwrap()).layers[GRID].features.len(), 2);
    }
}
