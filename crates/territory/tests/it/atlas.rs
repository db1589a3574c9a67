//! Many streets: shared borders, overlaps, replacing one.

use std::sync::Arc;

use proptest::prelude::*;
use territory::{Atlas, Layer, Point, Shape, StreetTerritory};

use crate::lattice::{Block, Lattice};
use crate::streets::layer;

const LATTICE: Lattice =
    Lattice { seed: 3, origin: [1_164_000_000, 399_000_000], cell: [20_000, 16_000], waves: 3 };
const CODES: [&str; 4] = ["990102001000", "990102002000", "990102003000", "990102004000"];

/// A street that is one block of a lattice and has nothing but its boundary.
fn street(lattice: &Lattice, code: &str, block: Block) -> Arc<StreetTerritory> {
    let layers: Vec<Layer> = vec![layer("street", vec![lattice.feature(code.to_owned(), block)])];
    Arc::new(StreetTerritory::compile(code.parse().unwrap(), layers).unwrap().0)
}

/// Two by two streets of two by two cells.
fn four(lattice: &Lattice) -> Vec<Arc<StreetTerritory>> {
    let corners = [(0, 0), (2, 0), (0, 2), (2, 2)].into_iter().zip(CODES);
    let block = |west, south| Block { west, south, east: west + 2, north: south + 2 };
    corners.map(|((west, south), code)| street(lattice, code, block(west, south))).collect()
}

fn owner(atlas: &Atlas, point: Point) -> Option<String> {
    atlas.locate(point).street.map(String::from)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn shared_borders_have_one_owner_in_any_order(seed: u64, order in Just([0, 1, 2, 3]).prop_shuffle()) {
        let lattice = Lattice { seed, ..LATTICE };
        let streets = four(&lattice);
        let atlas = Atlas::new(streets.clone());
        let shuffled = Atlas::new(order.map(|at| streets[at].clone()));
        prop_assert_eq!(atlas.overlaps(), []);
        for street in &streets {
            for [lon, lat] in street.outline().to_e7()[0][0].clone() {
                let point = Point::from_e7(lon, lat).unwrap();
                let holding = streets.iter().filter(|street| street.holds(point)).count();
                prop_assert!(holding <= 1);
                let holder = streets.iter().find(|street| street.holds(point));
                prop_assert_eq!(owner(&atlas, point), holder.map(|street| street.code().to_string()));
                prop_assert_eq!(owner(&shuffled, point), owner(&atlas, point));
            }
        }
    }
}

#[test]
fn where_streets_overlap_the_lowest_code_wins() {
    let low = street(&LATTICE, CODES[0], Block { west: 1, south: 0, east: 3, north: 2 });
    let high = street(&LATTICE, CODES[1], Block { west: 0, south: 0, east: 2, north: 2 });
    let atlas = Atlas::new([high.clone(), low.clone()]);
    let shared =
        Shape::from_e7(&[vec![LATTICE.outline(Block { west: 1, south: 0, east: 2, north: 2 })]]).unwrap();
    assert_eq!(owner(&atlas, shared.interior_point()).as_deref(), Some(CODES[0]));
    let [overlap] = atlas.overlaps()[..] else { panic!("one pair overlaps") };
    assert_eq!((overlap.first, overlap.second), (low.code(), high.code()));
    assert!((overlap.area_m2 as f64 / shared.area_m2() - 1.0).abs() < 1e-4);
}

#[test]
fn a_street_is_replaced_and_taken_out() {
    let atlas = Atlas::new(four(&LATTICE));
    let inside = atlas.street(CODES[3].parse().unwrap()).unwrap().outline().interior_point();
    assert_eq!(owner(&atlas, inside).as_deref(), Some(CODES[3]));
    let smaller = atlas.with(street(&LATTICE, CODES[3], Block { west: 3, south: 3, east: 4, north: 4 }));
    assert_eq!(smaller.streets().count(), 4);
    assert_eq!(owner(&atlas.without(CODES[3].parse().unwrap()), inside), None);
    let far = Point::from_e7(0, 0).unwrap();
    assert_eq!(owner(&smaller, far), None);
    assert_eq!(owner(&Atlas::default(), far), None);
}

#[test]
fn the_ends_of_the_earth_have_an_index() {
    let lattice = Lattice { origin: [1_799_800_000, -899_800_000], cell: [30_000, 30_000], ..LATTICE };
    let atlas = Atlas::new(four(&lattice));
    let inside = atlas.streets().next().unwrap().outline().interior_point();
    assert_eq!(owner(&atlas, inside).as_deref(), Some(CODES[0]));
    assert_eq!(owner(&atlas, Point::from_e7(-1_800_000_000, 900_000_000).unwrap()), None);
}
