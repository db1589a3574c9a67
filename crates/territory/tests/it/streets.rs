//! Compiling a street: its faults and warnings, and what it then answers.

use proptest::prelude::*;
use territory::{Fault, Feature, Layer, LayerKey, Point, SLIVER_M2_MAX, Shape, StreetTerritory, Warning};

use crate::lattice::{Lattice, chance};

const STREET: &str = "990102001000";
/// One step is 11 m of latitude and, here at 60° north, 5.6 m of longitude.
const STEP_E7: i32 = 1_000;
const ORIGIN: [i32; 2] = [1_200_000_000, 600_000_000];

pub(crate) fn feature(code: &str, shape: Shape) -> Feature {
    Feature { code: code.to_owned(), name: Some(format!("name of {code}")), shape }
}

pub(crate) fn layer(key: &str, features: Vec<Feature>) -> Layer {
    Layer { key: key.parse().unwrap(), features }
}

/// A rectangle in steps: west, south, east, north.
fn rectangle([west, south, east, north]: [i32; 4]) -> Shape {
    let at = |lon: i32, lat: i32| [ORIGIN[0] + lon * STEP_E7, ORIGIN[1] + lat * STEP_E7];
    let ring = vec![at(west, south), at(east, south), at(east, north), at(west, north), at(west, south)];
    Shape::from_e7(&[vec![ring]]).unwrap()
}

fn rectangles(key: &str, features: &[(&str, [i32; 4])]) -> Layer {
    layer(key, features.iter().map(|(code, place)| feature(code, rectangle(*place))).collect())
}

/// 20 × 10 steps: two communities side by side, four grids, beats over each other.
fn sound() -> Vec<Layer> {
    vec![
        rectangles("street", &[(STREET, [0, 0, 20, 10])]),
        rectangles("community", &[("990102001002", [10, 0, 20, 10]), ("990102001001", [0, 0, 10, 10])]),
        rectangles(
            "grid",
            &[
                ("990102001002001", [10, 0, 20, 5]),
                ("990102001001001", [0, 0, 10, 5]),
                ("990102001001002", [0, 5, 10, 10]),
                ("990102001002002", [10, 5, 20, 10]),
            ],
        ),
        rectangles("police-beat", &[("PB-2", [5, -5, 40, 20]), ("PB-1", [-5, -5, 10, 20])]),
    ]
}

fn compile(layers: Vec<Layer>) -> Result<(StreetTerritory, Vec<Warning>), Vec<Fault>> {
    StreetTerritory::compile(STREET.parse().unwrap(), layers)
}

/// What replicas make of a published document answers as what the directory checked, and refuses what has no answer.
#[test]
fn a_published_street_is_the_same_without_measuring() {
    let street = STREET.parse().unwrap();
    let (checked, published) =
        (compile(sound()).unwrap().0, StreetTerritory::published(street, sound()).unwrap());
    let corner =
        |at: i32| [ORIGIN[0] + at % 61 * STEP_E7 / 2 - 10_000, ORIGIN[1] + at / 61 * STEP_E7 / 2 - 10_000];
    for at in 0..61 * 61 {
        let [lon, lat] = corner(at);
        let point = Point::from_e7(lon, lat).unwrap();
        assert_eq!(checked.locate(point), published.locate(point), "{point:?}");
    }
    let mut orphan = sound();
    orphan[2].features.push(feature("990102001003001", rectangle([30, 30, 31, 31])));
    let faults = StreetTerritory::published(street, orphan).unwrap_err();
    assert_eq!(faults, [Fault::NoCommunity { grid: "990102001003001".to_owned() }]);
    let mut twice = sound();
    twice.extend(sound());
    assert!(StreetTerritory::published(street, twice).is_err());
}

/// The faults of the sound street after a change.
fn faults(change: impl FnOnce(&mut Vec<Layer>)) -> Vec<Fault> {
    let mut layers = sound();
    change(&mut layers);
    compile(layers).err().unwrap_or_default()
}

fn key(text: &str) -> LayerKey {
    text.parse().unwrap()
}

fn at(lon: i32, lat: i32) -> Point {
    Point::from_e7(ORIGIN[0] + lon * STEP_E7, ORIGIN[1] + lat * STEP_E7).unwrap()
}

#[test]
fn a_sound_street_answers() {
    let (street, warnings) = compile(sound()).unwrap();
    assert_eq!(warnings, []);
    let located = street.locate(at(7, 7));
    assert_eq!(located.street, STREET.parse().ok());
    assert_eq!(located.community, "990102001001".parse().ok());
    assert_eq!(located.grid, "990102001001002".parse().ok());
    assert_eq!(located.community_name(), Some("name of 990102001001"));
    assert_eq!(located.grid_name(), Some("name of 990102001001002"));
    let hits: Vec<_> = located.layers().map(|hit| (hit.layer.as_str(), hit.code, hit.name)).collect();
    let named =
        [("police-beat", "PB-1", Some("name of PB-1")), ("police-beat", "PB-2", Some("name of PB-2"))];
    assert_eq!(hits, named);
    assert_eq!(street.parent("990102001002001".parse().unwrap()), "990102001002".parse().ok());
    assert_eq!(street.parent("990102001009001".parse().unwrap()), None);
}

#[test]
fn outside_nothing_is_answered() {
    let (street, _) = compile(sound()).unwrap();
    // The beat reaches there, the street does not; its eastern border is the neighbour's.
    for point in [at(-1, 5), at(25, 5), at(20, 5), at(5, 10)] {
        let located = street.locate(point);
        assert_eq!((located.street, located.community, located.grid), (None, None, None));
        assert_eq!(located.layers().count(), 0);
    }
}

#[test]
fn a_boundary_is_needed_and_its_own() {
    assert_eq!(faults(|layers| drop(layers.remove(0))), [Fault::Boundary { count: 0 }]);
    let two = faults(|layers| layers[0].features.push(feature("990102002000", rectangle([30, 0, 40, 10]))));
    let street = STREET.parse().unwrap();
    let foreign = Fault::ForeignCode { layer: key("street"), code: "990102002000".to_owned(), street };
    assert_eq!(two, [foreign, Fault::Boundary { count: 2 }]);
}

#[test]
fn codes_are_checked() {
    let found = faults(|layers| {
        layers[1].features[0].code = "990103001002".to_owned();
        layers[1].features[1].code = STREET.to_owned();
        layers[2].features[0].code = "9901020010020".to_owned();
        layers[2].features[1].code = "990102001001002".to_owned();
        layers[3].features[0].code = "街".to_owned();
        layers.push(rectangles("police-beat", &[]));
    });
    let (code, street) = (|text: &str| text.to_owned(), STREET.parse().unwrap());
    assert_eq!(
        found,
        [
            Fault::Code { layer: key("community"), code: code(STREET) },
            Fault::ForeignCode { layer: key("community"), code: code("990103001002"), street },
            Fault::Code { layer: key("grid"), code: code("9901020010020") },
            Fault::CodeTwice { layer: key("grid"), code: code("990102001001002") },
            Fault::Code { layer: key("police-beat"), code: code("街") },
            Fault::LayerTwice { layer: key("police-beat") },
        ]
    );
}

/// Square metres of so many steps, as the street's middle latitude has it.
fn steps_m2(wide: i32, high: i32) -> f64 {
    let whole = rectangle([0, 0, 20, 10]).area_m2();
    whole * f64::from(wide) * f64::from(high) / 200.0
}

#[test]
fn overlaps_and_what_lies_outside_are_measured() {
    let found = faults(|layers| {
        layers[2].features[1].shape = rectangle([0, 0, 12, 5]);
        layers[2].features[3].shape = rectangle([10, 5, 23, 10]);
    });
    let grid = || key("grid");
    assert_eq!(
        found,
        [
            Fault::Outside {
                layer: grid(),
                code: "990102001002002".to_owned(),
                area_m2: steps_m2(3, 5).round() as u64
            },
            Fault::Overlap {
                layer: grid(),
                first: "990102001001001".to_owned(),
                second: "990102001002001".to_owned(),
                area_m2: steps_m2(2, 5).round() as u64,
            },
        ]
    );
    let said = found[1].to_string();
    assert!(said.starts_with("grid 990102001001001 and 990102001002001 overlap with 6"), "{said}");
}

#[test]
fn slivers_are_tolerated_and_have_one_answer() {
    let mut layers = sound();
    // 20 cm too far to the east, over 55 m.
    let rings = layers[2].features[1].shape.to_e7();
    let wider = rings[0][0].iter().map(|[lon, lat]| [if *lon > ORIGIN[0] { lon + 36 } else { *lon }, *lat]);
    layers[2].features[1].shape = Shape::from_e7(&[vec![wider.collect()]]).unwrap();
    let (street, warnings) = compile(layers).unwrap();
    assert_eq!(warnings, []);
    let in_both = Point::from_e7(ORIGIN[0] + 10 * STEP_E7 + 5, ORIGIN[1] + 2 * STEP_E7).unwrap();
    assert_eq!(street.locate(in_both).grid, "990102001001001".parse().ok());
    assert_eq!(street.locate(in_both).community, "990102001002".parse().ok());
}

#[test]
fn a_gap_is_a_warning_with_a_place() {
    let mut layers = sound();
    layers[2].features.remove(1);
    let (street, warnings) = compile(layers).unwrap();
    let [Warning::Gap { area_m2, at }] = warnings[..] else { panic!("{warnings:?}") };
    assert_eq!(area_m2, steps_m2(10, 5).round() as u64);
    let located = street.locate(at);
    assert_eq!((located.street.is_some(), located.grid), (true, None));
}

#[test]
fn a_street_may_have_its_boundary_only() {
    let (street, warnings) = compile(sound().drain(..1).collect()).unwrap();
    assert!(matches!(warnings[..], [Warning::Gap { .. }]));
    assert_eq!(street.locate(at(5, 5)).street, STREET.parse().ok());
}

#[test]
fn a_grid_without_a_community_is_named() {
    let found = faults(|layers| drop(layers[1].features.remove(0)));
    let lost = |grid: &str| Fault::NoCommunity { grid: grid.to_owned() };
    assert_eq!(found, [lost("990102001002001"), lost("990102001002002")]);
}

#[test]
fn layer_keys_are_words() {
    for good in ["street", "police-beat", "a1"] {
        assert_eq!(good.parse::<LayerKey>().unwrap().as_str(), good);
    }
    for bad in ["", "-", "a-", "-a", "a--b", "A", "a b", "1a", "x-2nd", "网格", &"a".repeat(65)] {
        assert!(bad.parse::<LayerKey>().is_err(), "{bad}");
    }
}

const WIDE: Lattice = Lattice { seed: 7, origin: ORIGIN, cell: [16_600, 14_400], waves: 3 };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// The index answers as asking every shape does; vertices included.
    #[test]
    fn the_index_and_the_shapes_agree(seed: u64, width in 60..20_000_i32, height in 60..20_000_i32) {
        let lattice = Lattice { seed, cell: [width, height], ..WIDE };
        let layers = lattice.street(990_102_001_000, 0, 0);
        let (street, warnings) = compile(layers.clone()).unwrap();
        prop_assert_eq!(warnings, []);
        let mut state = seed;
        let mut within = |length: i32| (chance(&mut state) % (length as u64 + 2_000)) as i32 - 1_000;
        let random = (0..2_000).map(|_| [ORIGIN[0] + within(width * 11), ORIGIN[1] + within(height * 10)]);
        let mut points: Vec<_> = random.collect();
        points.extend(layers.iter().flat_map(|layer| &layer.features).flat_map(|feature| feature.shape.to_e7()[0][0].clone()));
        for [lon, lat] in points {
            let point = Point::from_e7(lon, lat).unwrap();
            let located = street.locate(point);
            let held = |layer: usize| layers[layer].features.iter().filter(move |feature| feature.shape.contains(point)).map(|feature| feature.code.clone());
            let inside = held(0).next().is_some();
            let expected = |layer: usize| held(layer).next().filter(|_| inside);
            prop_assert_eq!(located.street.map(String::from), expected(0));
            prop_assert_eq!(located.community.map(String::from), expected(1));
            prop_assert_eq!(located.grid.map(String::from), expected(2));
            prop_assert_eq!(located.layers().map(|hit| hit.code.to_owned()).next(), expected(3));
            prop_assert!(!inside || (held(1).count(), held(2).count(), held(3).count()) == (1, 1, 1));
        }
    }
}

#[test]
fn the_made_up_street_is_as_the_default_pack_says() {
    let (street, _) = compile(WIDE.street(990_102_001_000, 0, 0)).unwrap();
    assert_eq!((street.communities().count(), street.grids().count()), (17, 106));
    assert!(street.grids().all(|(grid, _)| street.parent(grid).is_some()));
    assert!(SLIVER_M2_MAX < street.outline().area_m2() / 1e4);
}
