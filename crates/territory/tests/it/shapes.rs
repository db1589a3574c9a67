//! Every fault of a shape, with its place; and what is no fault.

use proptest::prelude::*;
use rstest::rstest;
use territory::{Contact, Datum, Point, Shape, ShapeFault, Spot};

type Rings = Vec<Vec<[f64; 2]>>;

/// A square by its south-western corner and its side, closed.
fn square(west: f64, south: f64, side: f64) -> Vec<[f64; 2]> {
    let (east, north) = (west + side, south + side);
    vec![[west, south], [east, south], [east, north], [west, north], [west, south]]
}

fn spot(polygon: usize, ring: usize, vertex: usize) -> Spot {
    Spot { polygon, ring, vertex }
}

fn faults(polygons: &[Rings]) -> Vec<ShapeFault> {
    Shape::from_degrees(polygons, Datum::Wgs84).err().unwrap_or_default()
}

#[rstest]
#[case::plain(vec![vec![square(0., 0., 10.)]])]
#[case::clockwise(vec![vec![square(0., 0., 10.).into_iter().rev().collect()]])]
#[case::hole(vec![vec![square(0., 0., 10.), square(2., 2., 3.)]])]
#[case::two_holes(vec![vec![square(0., 0., 10.), square(1., 1., 2.), square(5., 5., 2.)]])]
#[case::two_polygons(vec![vec![square(0., 0., 2.)], vec![square(5., 5., 2.)]])]
#[case::island_in_a_lake(vec![vec![square(0., 0., 10.), square(2., 2., 6.)], vec![square(4., 4., 2.)]])]
#[case::vertex_on_a_straight_side(vec![vec![vec![[0., 0.], [5., 0.], [10., 0.], [0., 10.], [0., 0.]]]])]
fn sound_shapes_pass(#[case] polygons: Vec<Rings>) {
    assert_eq!(faults(&polygons), []);
    let shape = Shape::from_degrees(&polygons, Datum::Wgs84).unwrap();
    assert_eq!(Shape::from_e7(&shape.to_e7()), Ok(shape));
}

#[rstest]
#[case::nothing(vec![], vec![ShapeFault::Empty])]
#[case::no_ring(vec![vec![square(0., 0., 1.)], vec![]], vec![ShapeFault::NoRing { polygon: 1 }])]
#[case::nan(
    vec![vec![vec![[0., 0.], [f64::NAN, 0.], [1., 200.], [0., 0.]]]],
    vec![ShapeFault::NotFinite { at: spot(0, 0, 1) }, ShapeFault::OutOfRange { at: spot(0, 0, 2) }],
)]
#[case::open(
    vec![vec![vec![[0., 0.], [1., 0.], [1., 1.], [0., 1.]]]],
    vec![ShapeFault::NotClosed { polygon: 0, ring: 0 }],
)]
#[case::short_and_open(
    vec![vec![vec![[0., 0.], [1., 0.], [1., 1.]]]],
    vec![ShapeFault::TooFewPositions { polygon: 0, ring: 0, count: 3 }, ShapeFault::NotClosed { polygon: 0, ring: 0 }],
)]
#[case::empty_ring(vec![vec![vec![]]], vec![ShapeFault::TooFewPositions { polygon: 0, ring: 0, count: 0 }])]
#[case::repeated(
    vec![vec![vec![[0., 0.], [1., 0.], [1., 0.000_000_001], [1., 1.], [0., 0.]]]],
    vec![ShapeFault::Repeated { at: spot(0, 0, 2) }],
)]
#[case::closed_twice(
    vec![vec![vec![[0., 0.], [1., 0.], [1., 1.], [0., 0.], [0., 0.]]]],
    vec![ShapeFault::Repeated { at: spot(0, 0, 4) }],
)]
#[case::bow_tie(
    vec![vec![vec![[0., 0.], [2., 2.], [2., 0.], [0., 3.], [0., 0.]]]],
    vec![ShapeFault::Meets { first: spot(0, 0, 0), second: spot(0, 0, 2), contact: Contact::Crosses }],
)]
#[case::vertex_twice(
    vec![vec![vec![[0., 0.], [4., 0.], [2., 2.], [4., 4.], [0., 4.], [2., 2.], [0., 0.]]]],
    vec![ShapeFault::Meets { first: spot(0, 0, 2), second: spot(0, 0, 5), contact: Contact::Touches }],
)]
#[case::vertex_on_an_edge(
    vec![vec![vec![[0., 0.], [4., 0.], [4., 4.], [2., 0.], [0., 4.], [0., 0.]]]],
    vec![ShapeFault::Meets { first: spot(0, 0, 0), second: spot(0, 0, 3), contact: Contact::Touches }],
)]
#[case::spike(
    vec![vec![vec![[0., 0.], [4., 0.], [8., 0.], [4., 0.], [4., 4.], [0., 0.]]]],
    vec![
        ShapeFault::Meets { first: spot(0, 0, 1), second: spot(0, 0, 2), contact: Contact::Overlaps },
        ShapeFault::Meets { first: spot(0, 0, 1), second: spot(0, 0, 3), contact: Contact::Touches },
    ],
)]
#[case::there_and_back(
    vec![vec![vec![[0., 0.], [1., 1.], [2., 2.], [0., 0.]]]],
    vec![
        ShapeFault::ZeroArea { polygon: 0, ring: 0 },
        ShapeFault::Meets { first: spot(0, 0, 0), second: spot(0, 0, 2), contact: Contact::Overlaps },
        ShapeFault::Meets { first: spot(0, 0, 1), second: spot(0, 0, 2), contact: Contact::Overlaps },
    ],
)]
#[case::hole_outside(
    vec![vec![square(0., 0., 2.), square(5., 5., 1.)]],
    vec![ShapeFault::HoleOutside { polygon: 0, ring: 1 }],
)]
#[case::hole_around_its_shell(
    vec![vec![square(2., 2., 2.), square(0., 0., 9.)]],
    vec![ShapeFault::HoleOutside { polygon: 0, ring: 1 }],
)]
#[case::hole_in_hole(
    vec![vec![square(0., 0., 10.), square(1., 1., 8.), square(2., 2., 2.)]],
    vec![ShapeFault::HoleInHole { polygon: 0, ring: 2, outer: 1 }],
)]
#[case::hole_through_its_shell(
    vec![vec![square(0., 0., 4.), square(3., 1., 2.)]],
    vec![
        ShapeFault::Meets { first: spot(0, 0, 1), second: spot(0, 1, 0), contact: Contact::Crosses },
        ShapeFault::Meets { first: spot(0, 0, 1), second: spot(0, 1, 2), contact: Contact::Crosses },
    ],
)]
#[case::hole_touches_its_shell(
    vec![vec![square(0., 0., 4.), vec![[4., 2.], [2., 3.], [2., 1.], [4., 2.]]]],
    vec![ShapeFault::Meets { first: spot(0, 0, 1), second: spot(0, 1, 0), contact: Contact::Touches }],
)]
#[case::polygon_in_polygon(
    vec![vec![square(0., 0., 9.)], vec![square(2., 2., 2.)]],
    vec![ShapeFault::PolygonInside { polygon: 1, outer: 0 }],
)]
#[case::polygons_touch(
    vec![vec![square(0., 0., 2.)], vec![square(2., 2., 2.)]],
    vec![ShapeFault::Meets { first: spot(0, 0, 2), second: spot(1, 0, 0), contact: Contact::Touches }],
)]
fn every_fault_has_its_place(#[case] polygons: Vec<Rings>, #[case] expected: Vec<ShapeFault>) {
    assert_eq!(faults(&polygons), expected);
}

#[test]
fn faults_of_all_rings_are_told() {
    let bow_tie = |by: f64| vec![[by, 0.], [by + 2., 2.], [by + 2., 0.], [by, 3.], [by, 0.]];
    let open = vec![[50., 50.], [51., 50.], [51., 51.], [50., 51.]];
    let found = faults(&[vec![bow_tie(0.)], vec![open], vec![bow_tie(20.), square(60., 60., 1.)]]);
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn too_many_vertices_are_counted_over_all_rings() {
    let mut ring: Vec<[f64; 2]> = (0..5_000).map(|n| [f64::from(n) / 1e3, f64::from(n % 2)]).collect();
    ring.push(ring[0]);
    assert_eq!(faults(&[vec![ring.clone()], vec![ring]]), [ShapeFault::TooManyVertices { count: 10_002 }]);
}

#[test]
fn a_fault_is_a_short_sentence() {
    let fault = ShapeFault::Meets { first: spot(1, 2, 3), second: spot(4, 5, 6), contact: Contact::Crosses };
    let said = "the edge from polygon 1 ring 2 vertex 3 crosses the edge from polygon 4 ring 5 vertex 6";
    assert_eq!(fault.to_string(), said);
}

#[test]
fn a_datum_moves_the_whole_shape() {
    let there = |[lon, lat]: [f64; 2]| {
        let (lon, lat) = Datum::Bd09.from_wgs84(lon, lat);
        [lon, lat]
    };
    let ring = square(104., 30., 0.01);
    let moved = ring.iter().copied().map(there).collect();
    let (given, moved) =
        (Shape::from_degrees(&[vec![ring]], Datum::Wgs84), Shape::from_degrees(&[vec![moved]], Datum::Bd09));
    assert_eq!(given, moved);
}

/// Positions a person or a fuzzer may send.
fn positions() -> impl Strategy<Value = Vec<Rings>> {
    let number = prop_oneof![8 => (0..8_i32).prop_map(f64::from), 1 => any::<f64>()];
    let ring = prop::collection::vec([number.clone(), number], 0..9).prop_map(|mut ring| {
        if let (Some(first), true) = (ring.first().copied(), ring.len() % 4 != 0) {
            ring.push(first);
        }
        ring
    });
    prop::collection::vec(prop::collection::vec(ring, 0..3), 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn whatever_comes_is_a_shape_or_faults(polygons in positions()) {
        match Shape::from_degrees(&polygons, Datum::Wgs84) {
            Ok(shape) => {
                prop_assert!(shape.area_m2() > 0.0);
                prop_assert!(shape.contains(shape.interior_point()));
                prop_assert_eq!(Shape::from_e7(&shape.to_e7()), Ok(shape));
            }
            Err(faults) => prop_assert!(!faults.is_empty()),
        }
    }

    #[test]
    fn rings_nobody_checked_never_panic(polygons in prop::collection::vec(prop::collection::vec(
        prop::collection::vec([any::<i32>(), any::<i32>()], 0..9), 0..3), 0..3), lon in -1_800_000_000..=1_800_000_000_i32) {
        if let Ok(shape) = Shape::from_e7(&polygons) {
            let _ = shape.contains(Point::from_e7(lon, 0).unwrap());
            let _ = (shape.interior_point(), shape.area_m2());
        }
    }
}
