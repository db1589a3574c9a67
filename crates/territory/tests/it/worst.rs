//! Bounds hold: what a hostile file may cost. Correct answers are what is asserted; a hang would be seen.

use territory::{CONTACTS_MAX, Datum, Fault, Point, Shape, ShapeFault, StreetTerritory};

use crate::streets::{feature, layer};

/// Thousands of long slanted teeth: every two edges lie near each other.
fn comb() -> Vec<[f64; 2]> {
    let tooth = |n: i32| {
        let along = f64::from(n) * 1e-5;
        if n % 2 == 0 { [100.0 + along, 30.0] } else { [100.5 + along, 31.0] }
    };
    let mut ring: Vec<_> = (0..9_996).map(tooth).collect();
    ring.extend([[101.0, 29.9], [99.9, 29.9], [100.0, 30.0]]);
    ring
}

#[test]
fn a_comb_is_judged_and_its_index_stays_small() {
    let shape = match Shape::from_degrees(&[vec![comb()]], Datum::Wgs84) {
        Ok(shape) => shape,
        Err(faults) => panic!("{:?}", &faults[..3.min(faults.len())]),
    };
    let layers = vec![layer("street", vec![feature("990102001000", shape.clone())])];
    let (street, _) = StreetTerritory::compile("990102001000".parse().unwrap(), layers).unwrap();
    assert!(street.memory_bytes() < 2_000_000, "{}", street.memory_bytes());
    let inside = shape.interior_point();
    assert!(street.holds(inside) && shape.contains(inside));
    assert!(!street.holds(Point::from_degrees(101.0, 30.0, Datum::Wgs84).unwrap()));
}

#[test]
fn a_scribble_is_told_in_short() {
    let scribble =
        (0..2_000).map(|n| [f64::from(n * 7_919 % 1_999) / 1e2, f64::from(n * 104_729 % 1_997) / 1e2]);
    let mut ring: Vec<[f64; 2]> = scribble.collect();
    ring.push(ring[0]);
    let faults = Shape::from_degrees(&[vec![ring]], Datum::Wgs84).unwrap_err();
    assert_eq!(faults.len(), CONTACTS_MAX + 1);
    assert_eq!(faults.last(), Some(&ShapeFault::MoreContacts));
}

#[test]
fn the_same_feature_many_times_is_told_in_short() {
    let square = vec![[104.0, 30.0], [104.01, 30.0], [104.01, 30.01], [104.0, 30.01], [104.0, 30.0]];
    let shape = Shape::from_degrees(&[vec![square]], Datum::Wgs84).unwrap();
    let grids = (1..=900).map(|n| feature(&format!("990102001001{n:03}"), shape.clone())).collect();
    let layers = vec![
        layer("street", vec![feature("990102001000", shape.clone())]),
        layer("community", vec![feature("990102001001", shape.clone())]),
        layer("grid", grids),
    ];
    let faults = StreetTerritory::compile("990102001000".parse().unwrap(), layers).unwrap_err();
    assert!(faults.iter().all(|fault| matches!(fault, Fault::Overlap { .. })));
    assert!((1..=28).contains(&faults.len()), "{}", faults.len());
}
