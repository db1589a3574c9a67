//! Every point of a tiling belongs to exactly one tile, whatever the order, start or direction of rings.

use proptest::prelude::*;
use territory::{Point, Shape};

use crate::lattice::{Block, Lattice};

const CELLS: i32 = 3;

type Ring = Vec<[i32; 2]>;

/// Cells of a few e7: borders run through many whole points.
fn lattices() -> impl Strategy<Value = Lattice> {
    let origins = prop_oneof![
        Just([1_164_000_000, 399_000_000]),
        Just([-20, -20]),
        Just([-1_800_000_000, 899_999_900])
    ];
    (any::<u64>(), origins, 12..22_i32, 12..22_i32, 0..3_i32).prop_map(
        |(seed, origin, width, height, waves)| {
            // The westernmost origin leaves room for corners that are moved outwards.
            let origin = [origin[0] + 10, origin[1].min(900_000_000 - height * CELLS - 10)];
            Lattice { seed, origin, cell: [width, height], waves }
        },
    )
}

/// The cells, some of them cut in two along a diagonal.
fn tiles(lattice: &Lattice, cut: u16) -> Vec<Ring> {
    let mut tiles = Vec::new();
    for (number, (south, west)) in
        (0..CELLS).flat_map(|south| (0..CELLS).map(move |west| (south, west))).enumerate()
    {
        let outline = lattice.outline(Block { west, south, east: west + 1, north: south + 1 });
        let opposite = lattice.corner(west + 1, south + 1);
        let across = outline.iter().position(|vertex| *vertex == opposite).unwrap();
        let halves = [&outline[..=across], &outline[across..outline.len() - 1]];
        let halves = [
            halves[0].iter().chain([&outline[0]]).copied().collect::<Ring>(),
            halves[1].iter().chain([&outline[0], &opposite]).copied().collect(),
        ];
        let sound = halves.iter().all(|half| sound(half));
        if cut >> number & 1 == 1 && sound { tiles.extend(halves) } else { tiles.push(outline) }
    }
    tiles
}

/// By all the checks of a shape from outside.
fn sound(ring: &[[i32; 2]]) -> bool {
    let degrees = ring.iter().map(|[lon, lat]| [f64::from(*lon) / 1e7, f64::from(*lat) / 1e7]).collect();
    Shape::from_degrees(&[vec![degrees]], territory::Datum::Wgs84).is_ok()
}

fn shape(ring: Ring) -> Shape {
    Shape::from_e7(&[vec![ring]]).unwrap()
}

/// The same ring from another vertex, the other way round.
fn turned(ring: &Ring, by: usize, back: bool) -> Ring {
    let mut open = ring[1..].to_vec();
    open.rotate_left(by % (ring.len() - 1));
    if back {
        open.reverse();
    }
    open.push(open[0]);
    open
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_point_lies_in_exactly_one_tile(lattice in lattices(), cut: u16, by in 0..20_usize, back: bool) {
        let rings = tiles(&lattice, cut);
        prop_assume!(rings.iter().all(|ring| sound(ring)));
        let hull = shape(lattice.outline(Block { west: 0, south: 0, east: CELLS, north: CELLS }));
        let shapes: Vec<_> = rings.iter().cloned().map(shape).collect();
        let others: Vec<_> = rings.iter().map(|ring| shape(turned(ring, by, back))).collect();
        let (low, high) = (hull.bounds().low(), hull.bounds().high());
        for lat in low.lat_e7() - 1..=high.lat_e7() + 1 {
            for lon in low.lon_e7() - 1..=high.lon_e7() + 1 {
                let Ok(point) = Point::from_e7(lon, lat) else { continue };
                let holding: Vec<_> = shapes.iter().map(|tile| tile.contains(point)).collect();
                let count = holding.iter().filter(|holds| **holds).count();
                prop_assert_eq!(count, usize::from(hull.contains(point)), "{:?}", point);
                let again: Vec<_> = others.iter().map(|tile| tile.contains(point)).collect();
                prop_assert_eq!(holding, again);
            }
        }
    }

    #[test]
    fn vertices_and_middles_of_city_sized_tiles_have_one_owner(seed: u64, width in 3_000..40_000_i32, height in 3_000..40_000_i32) {
        let lattice = Lattice { seed, origin: [1_040_000_000, 300_000_000], cell: [width & !1, height & !1], waves: 3 };
        let rings = tiles(&lattice, seed as u16);
        let hull = shape(lattice.outline(Block { west: 0, south: 0, east: CELLS, north: CELLS }));
        let shapes: Vec<_> = rings.iter().cloned().map(shape).collect();
        for pair in rings.iter().flat_map(|ring| ring.windows(2)) {
            let middle = [0, 1].map(|axis| pair[0][axis].midpoint(pair[1][axis]));
            for [lon, lat] in [pair[0], middle] {
                let point = Point::from_e7(lon, lat).unwrap();
                let count = shapes.iter().filter(|tile| tile.contains(point)).count();
                prop_assert_eq!(count, usize::from(hull.contains(point)), "{:?}", point);
            }
        }
    }
}

#[test]
fn a_border_belongs_to_the_north_and_the_east() {
    let square = |west: i32, south: i32| {
        shape(vec![
            [west, south],
            [west + 10, south],
            [west + 10, south + 10],
            [west, south + 10],
            [west, south],
        ])
    };
    let tile = square(0, 0);
    for (lon, lat, holds) in [
        (5, 5, true),
        (0, 0, true),
        (0, 5, true),
        (5, 0, true),
        (10, 5, false),
        (5, 10, false),
        (10, 10, false),
        (0, 10, false),
        (10, 0, false),
    ] {
        assert_eq!(tile.contains(Point::from_e7(lon, lat).unwrap()), holds, "{lon} {lat}");
    }
}

#[test]
fn the_whole_earth_does_not_overflow() {
    let (east, north) = (1_800_000_000, 900_000_000);
    let earth = shape(vec![[-east, -north], [east, -north], [east, north], [-east, north], [-east, -north]]);
    let slanted = shape(vec![[-east, -north], [east, north], [-east, north], [-east, -north]]);
    for (lon, lat, in_slanted) in
        [(0, 0, false), (-1, 0, true), (1, 0, false), (1_799_999_999, 899_999_999, false)]
    {
        let point = Point::from_e7(lon, lat).unwrap();
        assert!(earth.contains(point));
        assert_eq!(slanted.contains(point), in_slanted, "{lon} {lat}");
    }
}
