//! What changes hands when a street is redrawn.

use territory::{Layer, Point, StreetTerritory, redraw};

use crate::lattice::{Block, Lattice};

const LATTICE: Lattice =
    Lattice { seed: 5, origin: [1_164_000_000, 399_000_000], cell: [20_000, 16_000], waves: 2 };

fn compile(layers: Vec<Layer>) -> StreetTerritory {
    StreetTerritory::compile("990102001000".parse().unwrap(), layers).unwrap().0
}

/// The middle of a cell of the lattice.
fn middle(column: i32, row: i32) -> Point {
    let cell = Block { west: column, south: row, east: column + 1, north: row + 1 };
    LATTICE.feature("x".to_owned(), cell).shape.interior_point()
}

#[test]
fn the_same_territory_moves_nothing_and_names_do_not_count() {
    let layers = LATTICE.street(990_102_001_000, 0, 0);
    let mut renamed = layers.clone();
    renamed.iter_mut().flat_map(|layer| &mut layer.features).for_each(|feature| feature.name = None);
    let (old, new) = (compile(layers), compile(renamed));
    let points = (0..10).map(|row| (row, middle(row, row)));
    assert_eq!(redraw(&old, &new, points), []);
}

#[test]
fn every_kind_of_change_is_told_in_order() {
    let layers = LATTICE.street(990_102_001_000, 0, 0);
    let old = compile(layers.clone());
    let mut redrawn = layers;
    let swapped = |layer: &mut Layer, one: usize, other: usize| {
        let shape = layer.features[one].shape.clone();
        layer.features[one].shape = std::mem::replace(&mut layer.features[other].shape, shape);
    };
    // The last two communities, two grids of the fifth row, two beats; and the north-western cell leaves the street.
    swapped(&mut redrawn[1], 15, 16);
    swapped(&mut redrawn[2], 40, 41);
    swapped(&mut redrawn[3], 0, 1);
    let new = compile(redrawn);
    let points =
        [("beat", middle(1, 1)), ("grid", middle(0, 4)), ("same", middle(1, 8)), ("community", middle(9, 9))];
    let outside = Point::from_e7(0, 0).unwrap();
    let moves = redraw(&old, &new, points.into_iter().chain([("nowhere", outside)]));
    let keys: Vec<_> = moves.iter().map(|moved| moved.key).collect();
    assert_eq!(keys, ["beat", "grid", "community"]);
    let beats = |at: usize| {
        (moves[at].from.layers().next().unwrap().code, moves[at].to.layers().next().unwrap().code)
    };
    assert_eq!(beats(0), ("PB-1", "PB-2"));
    assert_ne!(moves[1].from.grid, moves[1].to.grid);
    assert_ne!(moves[2].from.community, moves[2].to.community);
}

#[test]
fn leaving_the_street_is_a_move() {
    let block = |east: i32| Block { west: 0, south: 0, east, north: 2 };
    let only = |east: i32| {
        let boundary = LATTICE.feature("990102001000".to_owned(), block(east));
        compile(vec![Layer { key: "street".parse().unwrap(), features: vec![boundary] }])
    };
    let (old, new) = (only(3), only(2));
    let moves = redraw(&old, &new, [("stays", middle(1, 1)), ("leaves", middle(2, 1))]);
    assert_eq!(moves.len(), 1);
    assert_eq!((moves[0].key, moves[0].to.street), ("leaves", None));
    assert_eq!(moves[0].from.street, Some(old.code()));
}
