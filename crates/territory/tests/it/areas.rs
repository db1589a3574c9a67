//! Areas, against an independent way of cutting polygons.

use proptest::prelude::*;
use territory::{Atlas, Datum, Layer, Shape, StreetTerritory};

use crate::streets::{feature, layer};

type P = [f64; 2];

/// What of a polygon lies in a convex one, counter-clockwise (Sutherland and Hodgman 1974).
fn clipped(mut subject: Vec<P>, clip: &[P]) -> Vec<P> {
    for (at, a) in clip.iter().enumerate() {
        let b = clip[(at + 1) % clip.len()];
        let side = |p: P| (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
        let mut kept = Vec::new();
        for (at, p) in subject.iter().enumerate() {
            let q = subject[(at + 1) % subject.len()];
            let (p_side, q_side) = (side(*p), side(q));
            if p_side >= 0.0 {
                kept.push(*p);
            }
            if (p_side >= 0.0) != (q_side >= 0.0) {
                let part = p_side / (p_side - q_side);
                kept.push([p[0] + (q[0] - p[0]) * part, p[1] + (q[1] - p[1]) * part]);
            }
        }
        subject = kept;
    }
    subject
}

fn area(ring: &[P]) -> f64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum::<f64>() / 2.0
}

/// A star around a place: radii in e7 at equal angles; convex when they are equal.
fn star(centre: [i32; 2], radii: &[i32]) -> Vec<[i32; 2]> {
    let turn = std::f64::consts::TAU / radii.len() as f64;
    let vertex = |(at, radius): (usize, &i32)| {
        let (sine, cosine) = (turn * at as f64).sin_cos();
        let along = |part: f64, from: i32| from + (part * f64::from(*radius)).round() as i32;
        [along(cosine, centre[0]), along(sine, centre[1])]
    };
    let mut ring: Vec<_> = radii.iter().enumerate().map(vertex).collect();
    ring.push(ring[0]);
    ring
}

/// The ring without its closing, relative to a place so that products stay exact.
fn local(ring: &[[i32; 2]], origin: [i32; 2]) -> Vec<P> {
    let open = &ring[..ring.len() - 1];
    open.iter().map(|p| [0, 1].map(|axis| f64::from(p[axis] - origin[axis]))).collect()
}

fn street(code: &str, ring: &[[i32; 2]]) -> StreetTerritory {
    let shape = Shape::from_e7(&[vec![ring.to_vec()]]).unwrap();
    let layers: Vec<Layer> = vec![layer("street", vec![feature(code, shape)])];
    StreetTerritory::compile(code.parse().unwrap(), layers).unwrap().0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn overlaps_are_what_clipping_says(
        radii in prop::collection::vec(20_000..90_000_i32, 5..30), convex in 3..12_usize, east in 0..150_000_i32, north in 0..150_000_i32,
    ) {
        let origin = [1_040_000_000, 300_000_000];
        let a = star(origin, &radii);
        let b = star([origin[0] + east, origin[1] + north], &vec![60_000; convex]);
        let atlas = Atlas::new([street("990102001000", &a), street("990102002000", &b)].map(std::sync::Arc::new));
        // What the crate says one square e7 is, taken from a shape it does not measure by sweeping.
        let square_m2 = Shape::from_e7(&[vec![a.clone()]]).unwrap().area_m2() / area(&local(&a, origin)).abs();
        let expected = area(&clipped(local(&a, origin), &local(&b, origin))).abs() * square_m2;
        let found = atlas.overlaps().first().map_or(0, |overlap| overlap.area_m2) as f64;
        if expected > 101.0 || found > 0.0 {
            prop_assert!((found - expected).abs() <= 1.0 + expected * 1e-9, "{} {}", found, expected);
        }
    }
}

#[test]
fn a_square_kilometre_is_one() {
    // 0.01° of latitude at 30° are 1,108.5 m, of longitude 964.9 m (tables of the ellipsoid).
    let ring = vec![[104.0, 29.995], [104.01, 29.995], [104.01, 30.005], [104.0, 30.005], [104.0, 29.995]];
    let shape = Shape::from_degrees(&[vec![ring]], Datum::Wgs84).unwrap();
    assert!((shape.area_m2() / (1_108.52 * 964.86) - 1.0).abs() < 1e-4, "{}", shape.area_m2());
}
