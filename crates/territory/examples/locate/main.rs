//! How many points a second are placed on one core: 1,000 made-up streets of 106 grids, five million seeded random
//! points, every layer asked for. Prints one line of JSON. Run it with `--release`.
//!
//! Back of the envelope, per look-up: the outer tree, then of street, community, grid and beat one or two candidates
//! by bounds, of each some six edges of its band at about 2 ns; and a dozen cache lines that are not there.

mod lattice;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use lattice::{Lattice, chance};
use territory::{Atlas, Point, StreetTerritory};

const COLUMNS: i32 = 40;
const ROWS: i32 = 25;
const LOOKUPS: usize = 5_000_000;
/// Cells of about 160 by 160 metres: the default pack's street has 2.8 km².
const LATTICE: Lattice =
    Lattice { seed: 20_261_124, origin: [1_040_000_000, 300_000_000], cell: [16_600, 14_400], waves: 3 };

fn main() {
    let began = Instant::now();
    let atlas = atlas();
    let build_s = began.elapsed().as_secs_f64();
    let points = points();

    let (mut inside, mut answers) = (0_usize, 0_usize);
    let began = Instant::now();
    for point in &points {
        let located = atlas.locate(black_box(*point));
        inside += usize::from(located.street.is_some());
        let found = [located.community.is_some(), located.grid.is_some()].into_iter().filter(|there| *there);
        answers += found.count() + located.layers().count();
    }
    let lookups_per_s = LOOKUPS as f64 / began.elapsed().as_secs_f64();

    let streets = atlas.streets().count();
    let again = atlas.streets().next().cloned().expect("there are streets");
    let began = Instant::now();
    black_box(atlas.with(again));
    let rebuild_us = began.elapsed().as_micros();
    println!(
        "{{\"lookups_per_s\":{lookups_per_s:.0},\"lookups\":{LOOKUPS},\"inside\":{inside},\"answers\":{answers},\
         \"streets\":{streets},\"bytes_per_street\":{},\"build_ms_per_street\":{:.2},\"rebuild_us\":{rebuild_us}}}",
        atlas.memory_bytes() / streets,
        build_s * 1e3 / streets as f64,
    );
}

fn atlas() -> Atlas {
    let places = (0..ROWS).flat_map(|row| (0..COLUMNS).map(move |column| (column, row)));
    let streets = places.enumerate().map(|(number, (column, row))| {
        let code = 100_000_000_000 + 1_000 * (number as i64 + 1);
        let layers = LATTICE.street(code, column * 11, row * 10);
        let street = code.to_string().parse().expect("twelve digits");
        Arc::new(StreetTerritory::published(street, layers).expect("made-up streets are sound"))
    });
    Atlas::new(streets)
}

/// Over the whole lattice and a little beyond.
fn points() -> Vec<Point> {
    let mut state = 306;
    let mut within = |origin: i32, length: i32| {
        let beyond = length / 50;
        let offset = chance(&mut state) % (length + 2 * beyond) as u64;
        origin - beyond + offset as i32
    };
    let [lon, lat] = LATTICE.origin;
    let [width, height] = LATTICE.cell;
    let point = |_| Point::from_e7(within(lon, width * 11 * COLUMNS), within(lat, height * 10 * ROWS));
    (0..LOOKUPS).map(point).collect::<Result<_, _>>().expect("points in range")
}
